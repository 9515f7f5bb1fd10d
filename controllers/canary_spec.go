package controllers

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/traffic/podshare"
	"github.com/serin-dev/serin/controllers/workload"
)

// analysisPlan is what the evidence is asked and held against.
type analysisPlan struct {
	queries []analysis.Query
	policy  analysis.Policy
}

// planFrom reads what the Canary asks for, with the defaults of everything left out.
func planFrom(c *v1alpha1.Canary, w workload.Observation, drain time.Duration) (rollout.Plan, analysisPlan, error) {
	spec, a := c.Spec, c.Spec.Analysis
	plan := rollout.Plan{
		Interval:         a.IntervalOrDefault(),
		EvidenceDeadline: a.DeadlineOrDefault(),
		OnInconclusive:   policyFrom(a.OnInconclusiveOrDefault()),
		ReadyDeadline:    readyDeadline(w),
		Drain:            drain,
		Capacity:         podshare.Capacity,
		PodShare:         spec.Traffic == nil,
	}
	if plan.PodShare {
		plan.Capacity = podshare.Pods
	}
	for _, s := range spec.StepsOrDefault() {
		plan.Steps = append(plan.Steps, rollout.Step{Weight: s.Weight, Bake: s.BakeOrDefault(), Approval: s.Approval})
	}
	asked := analysisPlan{policy: analysis.Policy{MinRequests: float64(a.MinRequestsOrDefault()), WarmUp: a.WarmUpOrDefault()}}
	rate, err := v1alpha1.ParsePercent(a.FalseRollbackRateOrDefault())
	if err != nil {
		return plan, asked, fmt.Errorf("spec.analysis.falseRollbackRate: %w", err)
	}
	asked.policy.FalseRollbackRate = rate
	for i, m := range a.MetricsOrDefault() {
		query, criterion, err := metricFrom(m)
		if err != nil {
			return plan, asked, fmt.Errorf("spec.analysis.metrics[%d]: %w", i, err)
		}
		asked.queries = append(asked.queries, query)
		asked.policy.Criteria = append(asked.policy.Criteria, criterion)
	}
	return plan, asked, nil
}

// readyDeadline is the workload's own, and Kubernetes' default for one that is gone.
func readyDeadline(w workload.Observation) time.Duration {
	if w.ProgressDeadlineSeconds == 0 {
		return 10 * time.Minute
	}
	return time.Duration(w.ProgressDeadlineSeconds) * time.Second
}

func policyFrom(p v1alpha1.InconclusivePolicy) rollout.InconclusivePolicy {
	switch p {
	case v1alpha1.InconclusiveHold:
		return rollout.HoldIfInconclusive
	case v1alpha1.InconclusiveAdvance:
		return rollout.AdvanceIfInconclusive
	case v1alpha1.InconclusiveRollBack:
	}
	return rollout.RollBackIfInconclusive
}

func metricFrom(m v1alpha1.Metric) (analysis.Query, analysis.Criterion, error) {
	if m.ErrorRate != nil {
		return errorRateFrom(m.Name, m.ErrorRate)
	}
	if m.Latency != nil {
		return latencyFrom(m.Name, m.Latency)
	}
	return analysis.Query{}, analysis.Criterion{}, fmt.Errorf("write errorRate or latency for the metric %s", m.Name)
}

func errorRateFrom(name string, m *v1alpha1.ErrorRateMetric) (analysis.Query, analysis.Criterion, error) {
	q := analysis.Query{Metric: name, Preset: m.Preset, Errors: true}
	if m.Query != nil {
		q.Custom = &analysis.CustomQuery{Requests: m.Query.Requests, Errors: m.Query.Errors}
	}
	c := analysis.Criterion{Name: name, Errors: true}
	var increase v1alpha1.ErrorRateIncrease
	if m.MaxIncrease != nil {
		increase = *m.MaxIncrease
	}
	return q, c, parseInto(
		field{"errorRate.maxIncrease.relative", increase.Relative, v1alpha1.ParsePercent, &c.Relative},
		field{"errorRate.maxIncrease.absolute", increase.Absolute, v1alpha1.ParsePercent, &c.Absolute},
		field{"errorRate.limit", m.Limit, v1alpha1.ParsePercent, &c.Limit},
	)
}

func latencyFrom(name string, m *v1alpha1.LatencyMetric) (analysis.Query, analysis.Criterion, error) {
	q := analysis.Query{Metric: name, Preset: m.Preset, Latency: true}
	if m.Query != nil {
		q.Custom = &analysis.CustomQuery{Histogram: m.Query.Histogram}
	}
	c := analysis.Criterion{Name: name}
	var increase v1alpha1.LatencyIncrease
	if m.MaxIncrease != nil {
		increase = *m.MaxIncrease
	}
	return q, c, parseInto(
		field{"latency.quantile", m.Quantile, v1alpha1.ParseQuantile, &c.Quantile},
		field{"latency.maxIncrease.relative", increase.Relative, v1alpha1.ParsePercent, &c.Relative},
		field{"latency.maxIncrease.absolute", increase.Absolute, latencySeconds, &c.Absolute},
		field{"latency.limit", m.Limit, latencySeconds, &c.Limit},
	)
}

// field is one number with a unit, and where it goes.
type field struct {
	name, text string
	parse      func(string) (float64, error)
	into       *float64
}

func parseInto(fields ...field) error {
	for _, f := range fields {
		value, err := f.parse(f.text)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		*f.into = value
	}
	return nil
}

func latencySeconds(s string) (float64, error) {
	d, err := v1alpha1.ParseLatency(s)
	return d.Seconds(), err
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
