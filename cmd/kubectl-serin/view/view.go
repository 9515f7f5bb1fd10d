// Package view turns a Canary into what a person on call wants to see of it.
//
// It is pure: an object, what was seen beside it and the time go in; a model comes out, and a model and a width make a text. Nothing here asks a
// cluster or a clock, so that every phase of a release can be looked at in a test.
package view

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-serin/verb"
)

// Scene is what was seen, and when.
type Scene struct {
	Canary *v1alpha1.Canary
	Now    time.Time
	// Looks are the values of both arms over time, oldest first, as far as they are known.
	Looks []Look
	// ReadyDeadline is the longest wait for pods and route, the Deployment's own; 0 when the Deployment could not be read.
	ReadyDeadline time.Duration
}

// Status is a release on one screen.
type Status struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Target    string `json:"target"`
	Phase     string `json:"phase"`
	Weight    int32  `json:"weight"`
	// Revision is the one under test, or the one last decided upon.
	Revision  string     `json:"revision,omitempty"`
	Baseline  string     `json:"baseline,omitempty"`
	StartedAt *time.Time `json:"startedAt,omitempty"`
	// WrittenAt is when the operator last wrote the status. It does not write every look.
	WrittenAt *time.Time `json:"writtenAt,omitempty"`
	Message   string     `json:"message,omitempty"`
	Problem   *Problem   `json:"problem,omitempty"`
	Steps     []Step     `json:"steps"`
	Evidence  *Evidence  `json:"evidence,omitempty"`
	Plots     []Plot     `json:"plots,omitempty"`
	Next      Next       `json:"next"`
	Verbs     []Verb     `json:"verbs"`
}

// Problem is what a person has to mend.
type Problem struct {
	Reason  string     `json:"reason"`
	Message string     `json:"message"`
	Since   *time.Time `json:"since,omitempty"`
	Do      string     `json:"do,omitempty"`
}

// Step is one step of the plan. State is done, present, to come, or refused.
type Step struct {
	Weight   int32  `json:"weight"`
	Bake     string `json:"bake"`
	Approval bool   `json:"approval,omitempty"`
	State    string `json:"state"`
	// Note says what the present step is at.
	Note string `json:"note,omitempty"`
}

// The states of a step.
const (
	stepDone    = "done"
	stepPresent = "present"
	stepToCome  = "to come"
	stepRefused = "refused"
)

// Evidence is the last look that was written down.
type Evidence struct {
	Verdict string     `json:"verdict,omitempty"`
	Message string     `json:"message,omitempty"`
	UpTo    *time.Time `json:"upTo,omitempty"`
	Metrics []Metric   `json:"metrics"`
}

// Metric is what the last look showed of one metric.
type Metric struct {
	// Title is the name with the quantile, where there is one.
	Title             string `json:"title"`
	Name              string `json:"name"`
	Verdict           string `json:"verdict,omitempty"`
	Baseline          string `json:"baseline,omitempty"`
	Candidate         string `json:"candidate,omitempty"`
	Difference        string `json:"difference,omitempty"`
	Limit             string `json:"limit,omitempty"`
	BaselineRequests  int64  `json:"baselineRequests"`
	CandidateRequests int64  `json:"candidateRequests"`
	Message           string `json:"message,omitempty"`
	// Trend is what the operator drew of the newest looks when it wrote the status.
	Trend *v1alpha1.TrendStatus `json:"trend,omitempty"`
}

// Verb is what a person can say now.
type Verb struct {
	Verb    string `json:"verb"`
	Command string `json:"command"`
	Then    string `json:"then"`
}

// Of is the view of a scene.
func Of(s Scene) Status {
	c := s.Canary
	v := Status{
		Name: c.Name, Namespace: c.Namespace, Target: c.Spec.TargetRef.Kind + " " + c.Spec.TargetRef.Name,
		Phase: string(c.Status.Phase), Weight: c.Status.Weight, Revision: c.Status.Revision, Message: c.Status.Message,
		WrittenAt: writtenAt(c), Problem: ProblemOf(c), Steps: stepsOf(s), Evidence: evidenceOf(c), Plots: plotsOf(c, s.Looks), Next: nextOf(s), Verbs: []Verb{},
	}
	if m := c.Status.Rollout; m != nil {
		v.Baseline = m.Baseline
		if v.Baseline == v.Revision {
			v.Baseline = ""
		}
		if InFlight(c) {
			v.StartedAt = timeOf(m.StartedAt)
		}
	}
	for _, m := range verb.Possible(c) {
		v.Verbs = append(v.Verbs, Verb{Verb: string(m.Verb), Command: Command(string(m.Verb), c), Then: m.Then})
	}
	return v
}

// Command is how a person says a verb, or asks a question, about a Canary.
func Command(name string, c *v1alpha1.Canary) string {
	return "kubectl serin " + name + " " + c.Name + " -n " + c.Namespace
}

// InFlight says that a release is under way.
func InFlight(c *v1alpha1.Canary) bool {
	switch c.Status.Phase {
	case v1alpha1.PhaseProgressing, v1alpha1.PhasePromoting, v1alpha1.PhaseFinalizing, v1alpha1.PhaseRollingBack:
		return true
	case v1alpha1.PhaseIdle, v1alpha1.PhaseSucceeded, v1alpha1.PhaseFailed:
	}
	return false
}

// ProblemOf is what a person has to mend before anything goes on; nil when there is nothing. A refusal is no problem of the Canary.
func ProblemOf(c *v1alpha1.Canary) *Problem {
	stalled := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionStalled)
	if stalled == nil || stalled.Status != metav1.ConditionTrue {
		return nil
	}
	if m := c.Status.Rollout; c.Status.Phase == v1alpha1.PhaseFailed && m != nil && stalled.Reason == m.Reason {
		return nil
	}
	since := stalled.LastTransitionTime.UTC()
	return &Problem{Reason: stalled.Reason, Message: stalled.Message, Since: &since, Do: Advice(stalled.Reason)}
}

// evidenceOf is the last look that was written down, if any.
func evidenceOf(c *v1alpha1.Canary) *Evidence {
	a := c.Status.Analysis
	if a == nil {
		return nil
	}
	e := &Evidence{Verdict: a.Verdict, Message: a.Message, UpTo: timeOf(a.Until), Metrics: []Metric{}}
	for _, m := range a.Metrics {
		e.Metrics = append(e.Metrics, Metric{
			Title: titleOf(c, m.Name), Name: m.Name, Verdict: m.Verdict, Baseline: m.Baseline, Candidate: m.Candidate, Difference: m.Difference, Limit: m.Limit,
			BaselineRequests: m.BaselineRequests, CandidateRequests: m.CandidateRequests, Message: m.Message, Trend: m.Trend,
		})
	}
	return e
}

// titleOf is a metric's name with the quantile that is judged.
func titleOf(c *v1alpha1.Canary, name string) string {
	for _, m := range c.Spec.Analysis.MetricsOrDefault() {
		if m.Name == name && m.Latency != nil {
			return name + " " + m.Latency.Quantile
		}
	}
	return name
}

// writtenAt is when somebody last wrote the status: nobody but the operator does.
func writtenAt(c *v1alpha1.Canary) *time.Time {
	var last *time.Time
	for _, m := range c.ManagedFields {
		if m.Subresource == "status" && m.Time != nil && (last == nil || m.Time.After(*last)) {
			last = timeOf(m.Time)
		}
	}
	return last
}

func timeOf(t *metav1.Time) *time.Time {
	if t == nil || t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}
