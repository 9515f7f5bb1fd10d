package controllers

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/plan"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload"
)

// analysisPlan is what the evidence is asked and held against.
type analysisPlan struct {
	queries []analysis.Query
	policy  analysis.Policy
}

// planFrom reads what the Canary asks for, and adds what the cluster and the operator say.
func planFrom(c *v1alpha1.Canary, w workload.Observation, drain time.Duration) (rollout.Plan, analysisPlan, error) {
	asked, err := plan.Of(c.Spec)
	asked.Release.ReadyDeadline, asked.Release.Drain = readyDeadline(w), drain
	return asked.Release, analysisPlan{queries: asked.Queries, policy: asked.Policy}, err
}

// readyDeadline is the workload's own, and Kubernetes' default for one that is gone.
func readyDeadline(w workload.Observation) time.Duration {
	if w.ProgressDeadlineSeconds == 0 {
		return 10 * time.Minute
	}
	return time.Duration(w.ProgressDeadlineSeconds) * time.Second
}

// stateFrom reads the memory of a release from the status.
func stateFrom(m *v1alpha1.RolloutStatus) rollout.State {
	if m == nil {
		return rollout.State{}
	}
	verbs := m.Acknowledged
	return rollout.State{
		Phase: rollout.Phase(m.Phase), Baseline: m.Baseline, Candidate: m.Candidate,
		Refused: m.Refused, Weight: m.Weight, Passed: m.Passed, Waived: m.Waived, Paused: m.Paused, Forced: m.Forced, Delayed: m.Delayed, ApprovedWeight: m.ApprovedWeight,
		StartedAt: timeFrom(m.StartedAt), EnteredAt: timeFrom(m.EnteredAt), SettledAt: timeFrom(m.SettledAt),
		Reason: rollout.Reason(m.Reason), Cause: m.Cause, Ignored: m.Ignored,
		Acknowledged: rollout.Wishes{
			Promote: verbs["promote"], Abort: verbs["abort"], Approve: verbs["approve"],
			Pause: verbs["pause"], Resume: verbs["resume"], Retry: verbs["retry"],
		},
	}
}

// memoryOf writes the memory of a release as the status holds it; stateFrom reads the same back.
func memoryOf(s rollout.State) *v1alpha1.RolloutStatus {
	verbs := map[string]string{
		"promote": s.Acknowledged.Promote, "abort": s.Acknowledged.Abort, "approve": s.Acknowledged.Approve,
		"pause": s.Acknowledged.Pause, "resume": s.Acknowledged.Resume, "retry": s.Acknowledged.Retry,
	}
	for verb, value := range verbs {
		if value == "" {
			delete(verbs, verb)
		}
	}
	if len(verbs) == 0 {
		verbs = nil
	}
	return &v1alpha1.RolloutStatus{
		Phase: v1alpha1.Phase(s.Phase), Baseline: s.Baseline, Candidate: s.Candidate,
		Refused: s.Refused, Weight: s.Weight, Passed: s.Passed, Waived: s.Waived, Paused: s.Paused, Forced: s.Forced, Delayed: s.Delayed, ApprovedWeight: s.ApprovedWeight,
		StartedAt: timeOf(s.StartedAt), EnteredAt: timeOf(s.EnteredAt), SettledAt: timeOf(s.SettledAt),
		Reason: string(s.Reason), Cause: s.Cause, Ignored: s.Ignored, Acknowledged: verbs,
	}
}

func timeFrom(t *metav1.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func timeOf(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	return &metav1.Time{Time: t}
}
