package view_test

import (
	"math"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-serin/view"
	"github.com/serin-dev/serin/controllers/rollout"
)

// now is when all scenes are looked at.
var now = time.Date(2026, time.March, 4, 12, 10, 0, 0, time.UTC)

// at is so long before now.
func at(before time.Duration) *metav1.Time { return &metav1.Time{Time: now.Add(-before)} }

// canary is one of three steps, about which nothing is known.
func canary() *v1alpha1.Canary {
	c := &v1alpha1.Canary{ObjectMeta: metav1.ObjectMeta{Name: "read-api", Namespace: "shop", Generation: 3}}
	c.Spec.TargetRef = v1alpha1.TargetReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "read-api"}
	minutes := func(n int) *metav1.Duration { return &metav1.Duration{Duration: time.Duration(n) * time.Minute} }
	c.Spec.Steps = []v1alpha1.Step{{Weight: 10, Bake: minutes(2)}, {Weight: 50, Bake: minutes(5), Approval: true}, {Weight: 100, Bake: minutes(10)}}
	return c
}

const candidate, baseline = "7b5f8c9d4f", "6c8d7f9b5d"

// in is a Canary whose status tells of a phase.
func in(phase v1alpha1.Phase, weight int32, reason, message string, more ...func(*v1alpha1.Canary)) *v1alpha1.Canary {
	c := canary()
	written := at(12 * time.Second)
	c.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl", Time: at(time.Second)}, {Manager: "serin", Subresource: "status", Time: written}}
	c.Status = v1alpha1.CanaryStatus{
		Phase: phase, Weight: weight, Revision: candidate, Message: message, ObservedGeneration: 3, ObservedRevision: candidate,
		Rollout: &v1alpha1.RolloutStatus{
			Phase: phase, Baseline: baseline, Candidate: candidate, Weight: weight, Reason: reason,
			StartedAt: at(6 * time.Minute), EnteredAt: at(100 * time.Second), SettledAt: at(80 * time.Second),
		},
	}
	for _, change := range more {
		change(c)
	}
	return c
}

// judged adds the evidence of a good candidate.
func judged(c *v1alpha1.Canary) {
	c.Status.Verdict = "Pass"
	c.Status.Analysis = &v1alpha1.AnalysisStatus{
		Since: at(6 * time.Minute), Until: at(20 * time.Second), Verdict: "Pass",
		Message: "errors 0.19% vs 0.21% on the baseline (-0.02 points; between -0.2 and +0.1; allowed +0.1) of 9,120 requests",
		Metrics: []v1alpha1.MetricStatus{
			{Name: "errors", Verdict: "Pass", Baseline: "0.21%", Candidate: "0.19%", Difference: "-0.02 points (-0.2 to +0.1)", Limit: "0.31%", BaselineRequests: 82117, CandidateRequests: 9120},
			{Name: "latency", Verdict: "Pass", Baseline: "93ms", Candidate: "95ms", Difference: "+2ms (-4ms to +8ms)", Limit: "103ms", BaselineRequests: 82117, CandidateRequests: 9120},
		},
	}
}

// failed adds the evidence of a bad one.
func failed(c *v1alpha1.Canary) {
	judged(c)
	c.Status.Verdict, c.Status.Analysis.Verdict = "Fail", "Fail"
	c.Status.Analysis.Message = report().Message
	m := &c.Status.Analysis.Metrics[1]
	m.Verdict, m.Candidate, m.Difference = "Fail", "142ms", "+49ms (+26ms to +71ms)"
}

func memory(change func(*v1alpha1.RolloutStatus)) func(*v1alpha1.Canary) {
	return func(c *v1alpha1.Canary) { change(c.Status.Rollout) }
}

func stalled(reason, message string) func(*v1alpha1.Canary) {
	return func(c *v1alpha1.Canary) {
		c.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: reason, Message: message, LastTransitionTime: *at(3 * time.Minute)}}
	}
}

func report() analysis.Report {
	return analysis.Report{
		Verdict: analysis.Fail,
		Message: "latency p95 142ms vs 93ms on the baseline (+49ms; between +26ms and +71ms; allowed +10ms), 61.2% of 9,120 requests slower than 90ms against 20.1%",
		Results: []analysis.Result{{Name: "latency", Verdict: analysis.Fail, Baseline: 0.093, Candidate: 0.142, Difference: 0.049, Low: 0.026, High: 0.071, Limit: math.NaN()}},
	}
}

// refusal is what the operator itself says of a refused candidate: a step on which the evidence fails, or pods that can't run.
func refusal(weight int32, trouble string) rollout.State {
	plan := rollout.Plan{
		Steps:         []rollout.Step{{Weight: 10, Bake: 2 * time.Minute}, {Weight: 50, Bake: 5 * time.Minute, Approval: true}, {Weight: 100, Bake: 10 * time.Minute}},
		Interval:      15 * time.Second,
		ReadyDeadline: 10 * time.Minute,
		Capacity:      func(replicas, weight int32) int32 { return min(replicas, weight) },
	}
	state := rollout.State{Phase: rollout.Progressing, Baseline: baseline, Candidate: candidate, Weight: weight, StartedAt: now.Add(-6 * time.Minute), EnteredAt: now.Add(-100 * time.Second), SettledAt: now.Add(-80 * time.Second)}
	seen := rollout.Observation{
		Now:      now.Add(-15 * time.Second),
		Workload: rollout.Workload{Exists: true, Paused: true, Replicas: 4, Wanted: candidate, Serving: baseline, BaselineAvailable: 4, MinAvailable: 3, CandidatePods: 4, CandidateAvailable: 4},
		Split:    rollout.Split{Weight: weight, Settled: true},
	}
	if trouble != "" {
		seen.Workload.Trouble, seen.Workload.Fatal = trouble, true
		return rollout.Decide(plan, state, seen).State
	}
	seen.Report = report()
	return rollout.Decide(plan, state, seen).State
}

// refused is a Canary whose candidate was refused, in the operator's words.
func refused(s rollout.State, more ...func(*v1alpha1.Canary)) *v1alpha1.Canary {
	c := in("Failed", 0, string(s.Reason), s.Cause, more...)
	c.Status.Rollout.Refused, c.Status.Rollout.Cause, c.Status.Rollout.SettledAt = true, s.Cause, nil
	c.Status.History = []v1alpha1.Release{
		{Revision: candidate, Outcome: "RolledBack", Reason: string(s.Reason), Message: s.Cause, StartedAt: at(6 * time.Minute), EndedAt: at(15 * time.Second)},
		{Revision: baseline, Outcome: "Promoted", Reason: "Promoted", Message: "revision " + baseline + " is promoted: the pods that were judged now belong to the workload", StartedAt: at(26 * time.Hour), EndedAt: at(25*time.Hour + 30*time.Minute)},
	}
	stalled(string(s.Reason), s.Cause)(c)
	return c
}

// looks are some that one invocation has seen.
func looks() []view.Look {
	var all []view.Look
	for i := range 12 {
		l := view.Look{At: now.Add(time.Duration(i-12) * 15 * time.Second), Values: map[string]view.Pair{}}
		l.Values["errors"] = view.Pair{Baseline: 0.002, Candidate: 0.001 * float64(i%4)}
		l.Values["latency"] = view.Pair{Baseline: 0.093, Candidate: 0.09 + 0.004*float64(i)}
		if i == 5 {
			l.Values["latency"] = view.Pair{Baseline: 0.093, Candidate: math.NaN()}
		}
		all = append(all, l)
	}
	return all
}

// scenes are what a person may look at, by what there is to see.
func scenes() map[string]view.Scene {
	promoted := func(m *v1alpha1.RolloutStatus) { m.Baseline, m.Candidate = candidate, "" }
	of := func(c *v1alpha1.Canary) view.Scene {
		return view.Scene{Canary: c, Now: now, ReadyDeadline: 5 * time.Minute}
	}
	withLooks := of(in("Progressing", 50, "Observing", "step 2 of 3 (weight 50%) bakes for at least 3m40s more", judged))
	withLooks.Looks = looks()
	drawn := of(in("Progressing", 50, "Observing", "step 2 of 3 (weight 50%) bakes for at least 3m40s more", judged, func(c *v1alpha1.Canary) {
		c.Status.Analysis.Metrics[1].Trend = &v1alpha1.TrendStatus{Baseline: "▅▅▅▅▅▅▅▅", Candidate: "▅▅▅ ▆▇██", Most: "134ms"}
	}))
	drawn.Looks = looks()[:1]
	return map[string]view.Scene{
		"empty-status":     of(canary()),
		"idle":             of(in("Idle", 0, "Watching", "revision "+baseline+" serves; waiting for a new template", memory(func(m *v1alpha1.RolloutStatus) { m.Candidate = "" }), func(c *v1alpha1.Canary) { c.Status.Revision = baseline })),
		"before-any-step":  of(in("Progressing", 0, "CandidateNotReady", "waiting for the candidate: 0 of 1 pods available", memory(func(m *v1alpha1.RolloutStatus) { m.SettledAt = nil }))),
		"settling":         of(in("Progressing", 10, "Settling", "setting weight 10%: waiting for the gateway to acknowledge the split", memory(func(m *v1alpha1.RolloutStatus) { m.SettledAt = nil }))),
		"at-a-step":        withLooks,
		"seen-once":        drawn,
		"without-verdict":  of(in("Progressing", 10, "Inconclusive", "step 1 of 3 (weight 10%) waits for evidence: 12 requests of at least 50", memory(func(m *v1alpha1.RolloutStatus) { m.SettledAt = at(4 * time.Minute) }))),
		"approval":         of(in("Progressing", 50, "AwaitingApproval", "step 2 of 3 (weight 50%) passed and waits for approval: serin.dev/approve="+candidate, judged)),
		"paused":           of(in("Progressing", 10, "Paused", "step 1 of 3 (weight 10%) is paused by a person; serin.dev/resume="+candidate+" goes on", memory(func(m *v1alpha1.RolloutStatus) { m.Paused = true }))),
		"holding":          of(in("Progressing", 10, "Holding", "step 1 of 3 (weight 10%) has had no verdict for 15m and is held there: 12 requests of at least 50. serin.dev/promote="+candidate+" or serin.dev/abort="+candidate+" ends it")),
		"forced":           of(in("Progressing", 50, "StepAdvanced", "revision "+candidate+" gets 50% of the traffic (step 2 of 3), as a person asked without waiting for evidence", memory(func(m *v1alpha1.RolloutStatus) { m.Forced = true }))),
		"source-trouble":   of(in("Progressing", 10, "SourceUnavailable", "step 1 of 3 (weight 10%) bakes for at least 40s more; the source brings no evidence: http://prometheus.monitoring:9090: connection refused")),
		"unjudgeable":      of(in("Progressing", 0, "SourceRejected", "revision "+candidate+" could not be judged and gets no traffic: no label", stalled("SourceRejected", "rejected by the metrics backend: no label tags.datadoghq.com/version"))),
		"missing-route":    of(in("Idle", 0, "Watching", "route HTTPRoute read-api does not exist; create it, or correct spec.traffic.routes[0].name", stalled("RouteNotFound", "route HTTPRoute read-api does not exist; create it, or correct spec.traffic.routes[0].name"))),
		"promoting":        of(in("Promoting", 100, "Promoting", "handing the candidate over to the workload: 3 of 4 pods available", judged, memory(func(m *v1alpha1.RolloutStatus) { m.SettledAt = nil }))),
		"finalizing":       of(in("Finalizing", 0, "Promoted", "giving the route back to its owner: waiting for the gateway to acknowledge it", memory(promoted), func(c *v1alpha1.Canary) { c.Status.Revision = candidate })),
		"rolling-back":     of(in("RollingBack", 0, "AnalysisFailed", "taking the traffic off the candidate: waiting for the gateway to acknowledge weight 0", failed, memory(func(m *v1alpha1.RolloutStatus) { m.Refused, m.SettledAt, m.Cause = true, nil, refusal(50, "").Cause }))),
		"rollback-delayed": of(in("RollingBack", 0, "AnalysisFailed", "taking the traffic off the candidate: waiting for the gateway to acknowledge weight 0", failed, memory(func(m *v1alpha1.RolloutStatus) { m.Refused, m.Delayed = true, true }))),
		"failed":           of(refused(refusal(10, ""), failed)),
		"failed-at-once":   of(refused(refusal(0, "container app: ImagePullBackOff: not found"))),
		"succeeded":        of(in("Succeeded", 0, "Watching", "revision "+candidate+" serves; waiting for a new template", judged, memory(promoted))),
		"default-steps":    of(in("Progressing", 60, "Observing", "step 6 of 10 (weight 60%) bakes for at least 10s more", func(c *v1alpha1.Canary) { c.Spec.Steps = nil })),
		"many-steps": of(in("Progressing", 40, "Observing", "step 20 of 50 (weight 40%) bakes for at least 10s more", func(c *v1alpha1.Canary) {
			c.Spec.Steps = nil
			for i := range int32(50) {
				c.Spec.Steps = append(c.Spec.Steps, v1alpha1.Step{Weight: 2 * (i + 1)})
			}
		})),
		"being-deleted": of(in("RollingBack", 0, "CanaryDeleted", "the release of revision "+candidate+" ends: the Canary is being deleted before its judgement", func(c *v1alpha1.Canary) { c.DeletionTimestamp = at(time.Second) })),
	}
}
