package rollout

import (
	"fmt"
	"time"
)

// poll is how often a split that has not settled, or a pod that is not ready, is looked at again.
const poll = 500 * time.Millisecond

// Decide says what to remember, what to bring about and when to look again. It is total: every plan, memory and observation has an answer.
func Decide(p Plan, s State, o Observation) Decision {
	if s.Phase == "" {
		s.Phase = Idle
	}
	t := &turn{p: p, s: s, o: o, before: s}
	switch s.Phase {
	case Progressing:
		t.progress()
	case Promoting:
		t.promote()
	case Finalizing:
		t.finalize()
	case RollingBack:
		t.rollBack()
	case Idle, Succeeded, Failed:
		t.rest()
	}
	return Decision{
		State:        t.s,
		Desired:      t.desired(),
		Message:      t.message,
		Event:        t.event,
		RequeueAfter: t.requeueAfter(),
		Done:         t.done(),
	}
}

// turn is one call of Decide: what came in, and what becomes of it.
type turn struct {
	p         Plan
	s, before State
	o         Observation
	message   string
	event     *Event
}

// rest watches for a new template while no release is under way.
func (t *turn) rest() {
	w := t.o.Workload
	switch {
	case t.o.Ending:
		t.message = "the Canary is being deleted; nothing of it is left"
	case !w.Exists:
		t.s = State{Phase: Idle, Acknowledged: t.s.Acknowledged, Reason: t.s.Reason}
		t.wait(ReasonTargetNotFound, "the workload does not exist; waiting for it")
	case t.s.Baseline == "":
		t.firstSight()
	case t.isBaseline():
		t.restOnBaseline()
	case w.Complete:
		t.s = State{Phase: Idle, Baseline: w.Wanted, Acknowledged: t.s.Acknowledged}
		t.tell(ReasonPassedThrough, true, "revision %s rolled out while nobody watched; it serves without having been judged", w.Wanted)
	case w.Replicas == 0:
		t.s.Baseline = w.Wanted
		t.forget()
		t.enter(Finalizing, ReasonPassedThrough)
		t.tell(ReasonPassedThrough, false, "revision %s passes without a release: the workload asks for 0 replicas, so nothing serves that could be compared", w.Wanted)
	case t.s.Refused && t.isCandidate():
		t.restOnRefusal()
	default:
		t.start(w.Wanted)
	}
}

// firstSight finds the baseline of a workload that this Canary has not seen before.
func (t *turn) firstSight() {
	w := t.o.Workload
	switch {
	case w.Complete || w.Replicas == 0:
		t.s.Baseline = w.Wanted
		t.wait(ReasonWatching, fmt.Sprintf("revision %s serves; waiting for a new template", w.Wanted))
	case w.Paused && w.Serving != "" && w.Serving != w.Wanted:
		t.s.Baseline = w.Serving
		t.start(w.Wanted)
	default:
		t.wait(ReasonDeploymentRolling, "the workload is in the middle of a rollout of its own; waiting for its end before watching over the next")
	}
}

func (t *turn) restOnBaseline() {
	w := t.o.Workload
	switch {
	case t.s.Phase == Failed:
		t.forget()
		t.enter(Finalizing, ReasonReverted)
		t.tell(ReasonReverted, false, "the template is the baseline's again: revision %s goes on serving", t.s.Baseline)
	case w.Wanted != t.s.Baseline && w.Complete:
		t.s.Baseline = w.Wanted
		t.wait(ReasonWatching, fmt.Sprintf("revision %s serves after a restart; waiting for a new template", w.Wanted))
	case w.Wanted != t.s.Baseline:
		t.wait(ReasonDeploymentRolling, "the workload restarts its pods with the same template, which is no release")
	default:
		t.wait(ReasonWatching, fmt.Sprintf("revision %s serves; waiting for a new template", t.s.Baseline))
	}
}

func (t *turn) restOnRefusal() {
	if t.wished(t.o.Wishes.Retry, &t.s.Acknowledged.Retry) {
		t.start(t.s.Candidate)
		return
	}
	t.message = t.s.Cause
}

// start begins a release of revision.
func (t *turn) start(revision string) {
	baseline, acknowledged := t.s.Baseline, t.s.Acknowledged
	t.s = State{
		Phase: Progressing, Baseline: baseline, Candidate: revision,
		StartedAt: t.o.Now, EnteredAt: t.o.Now, Reason: ReasonReleaseStarted, Acknowledged: acknowledged,
	}
	t.tell(ReasonReleaseStarted, false, "revision %s is released in %d steps against baseline %s", revision, len(t.p.Steps), baseline)
}

// finalize waits until the route is as its owner wrote it and the workload rolls by itself again.
func (t *turn) finalize() {
	w, split := t.o.Workload, t.o.Split
	home := split.Gone || split.Home && split.Settled
	free := !w.Exists || !w.Paused || !t.isBaseline()
	switch {
	case home && free, !w.Exists, split.Home && free && t.overdue(t.p.ReadyDeadline):
		t.s.Phase = Idle
		if t.s.Reason == ReasonPromoted {
			t.s.Phase = Succeeded
		}
		t.message = fmt.Sprintf("revision %s serves; waiting for a new template", t.s.Baseline)
		if w.Exists && !t.isBaseline() {
			t.rest()
		}
	case !home:
		t.message = "giving the route back to its owner: " + orElse(split.Message, "waiting for the gateway to acknowledge it")
	default:
		t.message = "letting the workload roll by itself again"
	}
}

// promote waits until the candidate is the workload's own.
func (t *turn) promote() {
	w := t.o.Workload
	switch {
	case w.HandedOver:
		t.s.Baseline = t.s.Candidate
		t.forget()
		t.enter(Finalizing, ReasonPromoted)
		t.tell(ReasonPromoted, false, "revision %s is promoted: the pods that were judged now belong to the workload", t.s.Baseline)
	case w.Adopted:
		t.message = "the candidate belongs to the workload; the old pods are leaving"
	case t.o.Ending:
		t.leave(ReasonCanaryDeleted, "the Canary was deleted before the hand-over")
	case !w.Exists:
		t.leave(ReasonTargetDeleted, "the workload was deleted")
	case t.isBaseline():
		t.leave(ReasonReverted, "the template is the baseline's again")
	case t.wished(t.o.Wishes.Abort, &t.s.Acknowledged.Abort):
		t.refuse(ReasonAborted, "a person aborted it")
	case w.Fatal:
		t.refuse(ReasonCandidateFailed, w.Trouble)
	case t.overdue(t.p.ReadyDeadline):
		t.refuse(ReasonHandOverIncomplete, fmt.Sprintf("the hand-over did not complete within %s: %s", t.p.ReadyDeadline, t.podsMessage(w.Replicas)))
	default:
		t.message = "handing the candidate over to the workload: " + t.podsMessage(w.Replicas)
	}
}

// rollBack takes the traffic, then the pods away from the candidate, and then finds out what the workload wants by now.
func (t *turn) rollBack() {
	w, split := t.o.Workload, t.o.Split
	switch {
	case w.CandidatePods == 0 && (split.Gone || split.Home && (split.Settled || t.overdue(t.p.ReadyDeadline))):
		t.concludeRollBack()
	case w.CandidatePods == 0:
		t.message = "the candidate is gone; giving the route back to its owner"
	case !t.atZero():
		t.s.SettledAt = time.Time{}
		t.message = "taking the traffic off the candidate: " + orElse(split.Message, "waiting for the gateway to acknowledge weight 0")
	case t.s.SettledAt.IsZero():
		t.s.SettledAt = t.o.Now
		t.message = "the traffic is off the candidate; its last requests drain"
	default:
		t.message = "the traffic is off the candidate; its pods are leaving"
	}
}

func (t *turn) concludeRollBack() {
	w := t.o.Workload
	switch {
	case !w.Exists, t.o.Ending && !t.isBaseline():
		t.s.Phase = Idle
		t.forget()
		t.rest()
	case t.isBaseline():
		t.forget()
		t.enter(Finalizing, ReasonReverted)
		t.message = fmt.Sprintf("the template is the baseline's again: revision %s goes on serving", t.s.Baseline)
	case t.s.Refused && t.isCandidate():
		t.s.Phase = Failed
		t.message = t.s.Cause
	default:
		t.s.Phase = Idle
		t.forget()
		t.rest()
	}
}

// atZero says that no routed request can reach the candidate any more. A Canary that is being deleted doesn't wait for ever for a gateway that
// does not answer.
func (t *turn) atZero() bool {
	split := t.o.Split
	if split.Gone || t.p.PodShare {
		return true
	}
	if t.o.Ending && t.overdue(t.p.ReadyDeadline) {
		return true
	}
	return split.Settled && !split.Home && split.Weight == 0
}

// enter starts a phase.
func (t *turn) enter(phase Phase, reason Reason) {
	t.s.Phase, t.s.Reason = phase, reason
	t.s.EnteredAt, t.s.SettledAt = t.o.Now, time.Time{}
}

// forget drops everything about the candidate.
func (t *turn) forget() {
	t.s = State{
		Phase: t.s.Phase, Baseline: t.s.Baseline, Reason: t.s.Reason, Acknowledged: t.s.Acknowledged,
		StartedAt: t.s.StartedAt, EnteredAt: t.s.EnteredAt,
	}
}

// leave ends a release that nobody refused: the template moved on, or the workload or the Canary went away.
func (t *turn) leave(reason Reason, why string) {
	candidate := t.s.Candidate
	t.dropWeight(reason)
	t.tell(reason, false, "the release of revision %s ends: %s", candidate, why)
}

// refuse ends a release with a judgement on its candidate. The cause stands alone for whoever reads nothing else.
func (t *turn) refuse(reason Reason, why string) {
	at := "before it got any traffic"
	if t.s.Weight > 0 {
		at = fmt.Sprintf("at step %d of %d (weight %d%%)", t.stepNumber(), len(t.p.Steps), t.s.Weight)
	}
	cause := fmt.Sprintf("revision %s was refused %s: %s. Baseline %s serves everything. Push a fix, revert, or retry with serin.dev/retry=%s",
		t.s.Candidate, at, why, t.s.Baseline, t.s.Candidate)
	t.dropWeight(reason)
	t.s.Refused, t.s.Cause = true, cause
	t.tell(ReasonRolledBack, true, "%s", cause)
}

func (t *turn) dropWeight(reason Reason) {
	t.enter(RollingBack, reason)
	t.s.Weight, t.s.Passed, t.s.Waived, t.s.Forced, t.s.Paused, t.s.ApprovedWeight = 0, false, false, false, false, 0
}

// tell sets the message and the event of this turn.
func (t *turn) tell(reason Reason, warning bool, format string, args ...any) {
	t.message = fmt.Sprintf(format, args...)
	t.event = &Event{Reason: reason, Message: t.message, Warning: warning}
}

// wait stays where it is, for a reason. People are told once, when the reason is new and worth it.
func (t *turn) wait(reason Reason, message string) {
	news := t.s.Reason != reason && worthTelling(reason)
	t.s.Reason, t.message = reason, message
	if news && t.event == nil {
		t.event = &Event{Reason: reason, Message: message, Warning: reason != ReasonAwaitingApproval && reason != ReasonPaused}
	}
}

func worthTelling(r Reason) bool {
	switch r { //nolint:exhaustive // the other reasons are outcomes, told by themselves, or too small to tell
	case ReasonTargetNotFound, ReasonHolding, ReasonSourceUnavailable, ReasonRouteReverted, ReasonAwaitingApproval, ReasonPaused:
		return true
	default:
		return false
	}
}

// overdue says that the present wait has lasted longer than d.
func (t *turn) overdue(d time.Duration) bool { return t.o.Now.Sub(t.s.EnteredAt) > d }

func (t *turn) isBaseline() bool {
	w := t.o.Workload
	return w.Exists && t.s.Baseline != "" && (w.Wanted == t.s.Baseline || w.RestartOf == t.s.Baseline)
}

func (t *turn) isCandidate() bool {
	w := t.o.Workload
	return w.Exists && t.s.Candidate != "" && (w.Wanted == t.s.Candidate || w.RestartOf == t.s.Candidate)
}

// done says that a Canary that is being deleted has left no trace.
func (t *turn) done() bool {
	if !t.o.Ending || t.o.Workload.CandidatePods > 0 || !t.o.Split.Home && !t.o.Split.Gone {
		return false
	}
	return t.s.Phase == Idle || t.s.Phase == Succeeded || t.s.Phase == Failed
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
