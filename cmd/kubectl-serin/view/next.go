package view

import (
	"fmt"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-serin/verb"
)

// Next is what happens next, as far as the status tells.
type Next struct {
	// Text is a sentence without its full stop.
	Text string `json:"text"`
	// At is when it happens, or the latest moment until which it may; nil when nobody can say.
	At *time.Time `json:"at,omitempty"`
	// NeedsPerson is true when nothing goes on by itself.
	NeedsPerson bool `json:"needsPerson,omitempty"`
}

// standardDeadline is Kubernetes' own for a Deployment that says nothing.
const standardDeadline = 10 * time.Minute

// nextOf finds out what happens next.
func nextOf(s Scene) Next {
	c, m := s.Canary, s.Canary.Status.Rollout
	ready := s.ReadyDeadline
	if ready == 0 {
		ready = standardDeadline
	}
	switch p := ProblemOf(c); {
	case m == nil || m.Phase == "":
		return Next{Text: "the operator looks at the Canary for the first time; if this stays, it is not running"}
	case p != nil && (m.Phase != v1alpha1.PhaseRollingBack && m.Phase != v1alpha1.PhaseFinalizing):
		return Next{Text: "nothing, until a person mends what is named above; then it goes on by itself", NeedsPerson: true}
	}
	switch m.Phase {
	case v1alpha1.PhaseProgressing:
		return climbing(s, m, ready)
	case v1alpha1.PhasePromoting:
		return Next{Text: "the judged pods become the Deployment's own; refused if that is not over by then", At: after(timeOf(m.EnteredAt), ready)}
	case v1alpha1.PhaseFinalizing:
		return delayed(m, Next{Text: "the route goes back to what its owner wrote, and the Deployment rolls by itself again", At: after(timeOf(m.EnteredAt), ready)})
	case v1alpha1.PhaseRollingBack:
		return delayed(m, Next{Text: "the traffic leaves the candidate, then its pods go", At: after(timeOf(m.EnteredAt), ready)})
	case v1alpha1.PhaseFailed:
		return Next{Text: fmt.Sprintf("nothing, until a new template is pushed, the old one comes back, or a person retries revision %s; %s says why", m.Candidate, Command("explain", c)), NeedsPerson: true}
	case v1alpha1.PhaseIdle, v1alpha1.PhaseSucceeded:
	}
	if m.Reason == v1alpha1.ReasonDeploymentRollingOut {
		return Next{Text: "the Deployment ends a rollout of its own; the change after it is a release"}
	}
	return Next{Text: "the next change of the Deployment's template starts a release"}
}

// delayed says of a way back that takes too long that somebody has to look.
func delayed(m *v1alpha1.RolloutStatus, n Next) Next {
	if m.Delayed {
		return Next{Text: n.Text + "; it takes longer than it should, and what it waits for has to be mended", NeedsPerson: true}
	}
	return n
}

// climbing is what happens next on the way up.
func climbing(s Scene, m *v1alpha1.RolloutStatus, ready time.Duration) Next {
	steps := s.Canary.Spec.StepsOrDefault()
	n := verb.Step(steps, m.Weight)
	reward := "the hand-over to the Deployment"
	if n < len(steps) {
		reward = fmt.Sprintf("%d%% of the traffic", steps[n].Weight)
	}
	switch {
	case m.Forced:
		return Next{Text: reward + ", as soon as pods and route follow: a person asked for it", At: after(timeOf(m.EnteredAt), ready)}
	case m.Reason == v1alpha1.ReasonHolding:
		return Next{Text: "nothing: no verdict came in time, and the policy is to hold. More traffic may bring one; a person may promote or abort", NeedsPerson: true}
	case m.Paused:
		return Next{Text: "nothing, until a person resumes the release; evidence against the candidate still rolls it back", NeedsPerson: true}
	case m.Reason == v1alpha1.ReasonSourceRejected && m.Weight == 0:
		return Next{Text: "nothing, until the candidate can be judged as the message says, or a person promotes it unjudged", NeedsPerson: true}
	case m.Reason == v1alpha1.ReasonAwaitingApproval:
		return Next{Text: reward + ", as soon as a person approves", NeedsPerson: true}
	case n == 0:
		return Next{Text: fmt.Sprintf("%s, as soon as the candidate's pods are ready and the route has settled; refused if they are not by then", reward), At: after(timeOf(m.EnteredAt), ready)}
	}
	return baking(s, m, steps[n-1], reward, ready)
}

// baking is what happens next at a step.
func baking(s Scene, m *v1alpha1.RolloutStatus, step v1alpha1.Step, reward string, ready time.Duration) Next {
	bake, a := step.BakeOrDefault(), s.Canary.Spec.Analysis
	if m.SettledAt == nil {
		if m.Reason == v1alpha1.ReasonSettling || m.Reason == v1alpha1.ReasonRouteReverted {
			return Next{Text: fmt.Sprintf("the route settles at %d%%, and %s of bake begin; refused if it does not by then", m.Weight, short(bake)), At: after(timeOf(m.EnteredAt), ready)}
		}
		return Next{Text: fmt.Sprintf("%s, at the earliest; the bake of %s counts from when the route has settled", reward, short(bake)), At: after(timeOf(m.EnteredAt), bake)}
	}
	over := after(timeOf(m.SettledAt), bake)
	if s.Now.Before(*over) {
		what := "then " + reward + " if the verdict is Pass"
		if step.Approval && m.ApprovedWeight != step.Weight {
			what = "then a person is asked to approve, if the verdict is Pass"
		}
		return Next{Text: "the bake ends, " + what, At: over}
	}
	since := over
	if entered := timeOf(m.EnteredAt); entered != nil && entered.After(*since) {
		since = entered
	}
	otherwise := map[v1alpha1.InconclusivePolicy]string{
		v1alpha1.InconclusiveRollBack: "rolled back", v1alpha1.InconclusiveHold: "held there", v1alpha1.InconclusiveAdvance: "passed without a verdict",
	}[a.OnInconclusiveOrDefault()]
	return Next{Text: fmt.Sprintf("%s, as soon as the verdict is Pass; without one it is %s at the deadline", reward, otherwise), At: after(since, a.DeadlineOrDefault())}
}

// after is a moment some time after another; nil after one that nobody knows.
func after(t *time.Time, d time.Duration) *time.Time {
	if t == nil {
		return nil
	}
	at := t.Add(d)
	return &at
}

// stepsOf says which steps are done, present and to come.
func stepsOf(s Scene) []Step {
	c, m := s.Canary, s.Canary.Status.Rollout
	all := c.Spec.StepsOrDefault()
	present, refused := 0, 0
	if m != nil {
		present, refused = verb.Step(all, m.Weight), refusedAt(m)
	}
	steps := make([]Step, len(all))
	for i, step := range all {
		steps[i] = Step{Weight: step.Weight, Bake: short(step.BakeOrDefault()), Approval: step.Approval, State: stepToCome}
		switch {
		case m == nil:
		case m.Phase == v1alpha1.PhaseSucceeded, m.Phase == v1alpha1.PhasePromoting, m.Phase == v1alpha1.PhaseFinalizing && m.Reason == v1alpha1.ReasonPromoted:
			steps[i].State = stepDone
		case i+1 == refused:
			steps[i].State, steps[i].Note = stepRefused, "refused here"
		case i+1 < refused:
			steps[i].State = stepDone
		case m.Phase != v1alpha1.PhaseProgressing:
		case i+1 < present:
			steps[i].State = stepDone
		case i+1 == present:
			steps[i].State, steps[i].Note = stepPresent, noteOf(s, m, step)
		}
	}
	return steps
}

// refusedAt is the number of the step at which the candidate was refused, as the operator's message tells; 0 when it does not.
func refusedAt(m *v1alpha1.RolloutStatus) int {
	n := 0
	if m.Refused {
		// A message that says otherwise leaves 0.
		_, _ = fmt.Sscanf(placeOf(m.Cause), "at step %d", &n)
	}
	return n
}

// noteOf says how far the present step is.
func noteOf(s Scene, m *v1alpha1.RolloutStatus, step v1alpha1.Step) string {
	bake := step.BakeOrDefault()
	switch {
	case m.Reason == v1alpha1.ReasonAwaitingApproval:
		return "waits for approval"
	case m.Paused:
		return "paused"
	case m.SettledAt == nil:
		return "not known to have settled"
	case step.Approval && m.ApprovedWeight == step.Weight:
		return "approved, " + baked(s.Now.Sub(m.SettledAt.Time), bake)
	}
	return baked(s.Now.Sub(m.SettledAt.Time), bake)
}

func baked(so, bake time.Duration) string {
	if so >= bake {
		return "baked"
	}
	return fmt.Sprintf("baked %s of %s", short(max(so, 0)), short(bake))
}
