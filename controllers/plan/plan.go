// Package plan reads what a Canary asks for: the plan of its releases, and the policy that they are judged by. The operator and whoever
// looks at a Canary away from a cluster read it alike.
package plan

import (
	"fmt"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/traffic/podshare"
)

// Plan is what a Canary asks for.
type Plan struct {
	// Release lacks what the Canary does not say: ReadyDeadline and Drain.
	Release rollout.Plan
	Queries []analysis.Query
	Policy  analysis.Policy
}

// Of reads a Canary, with the defaults of everything left out. The error names the field that can't be read.
func Of(spec v1alpha1.CanarySpec) (Plan, error) {
	a := spec.Analysis
	p := Plan{
		Release: rollout.Plan{
			Interval:         a.IntervalOrDefault(),
			EvidenceDeadline: a.DeadlineOrDefault(),
			Capacity:         podshare.Capacity,
			PodShare:         spec.Traffic == nil,
		},
		Policy: analysis.Policy{MinRequests: float64(a.MinRequestsOrDefault()), WarmUp: a.WarmUpOrDefault()},
	}
	if p.Release.PodShare {
		p.Release.Capacity = podshare.Pods
	}
	for _, s := range spec.StepsOrDefault() {
		p.Release.Steps = append(p.Release.Steps, rollout.Step{Weight: s.Weight, Bake: s.BakeOrDefault(), Approval: s.Approval})
	}
	var err error
	if p.Release.OnInconclusive, err = Inconclusive(a.OnInconclusiveOrDefault()); err != nil {
		return p, fmt.Errorf("spec.analysis.onInconclusive: %w", err)
	}
	rate, err := v1alpha1.ParsePercent(a.FalseRollbackRateOrDefault())
	if err != nil {
		return p, fmt.Errorf("spec.analysis.falseRollbackRate: %w", err)
	}
	p.Policy.FalseRollbackRate = rate
	for i, m := range a.MetricsOrDefault() {
		query, criterion, err := metricFrom(m)
		if err != nil {
			return p, fmt.Errorf("spec.analysis.metrics[%d]: %w", i, err)
		}
		p.Queries = append(p.Queries, query)
		p.Policy.Criteria = append(p.Policy.Criteria, criterion)
	}
	return p, nil
}

// Inconclusive reads what a Canary says in onInconclusive.
func Inconclusive(p v1alpha1.InconclusivePolicy) (rollout.InconclusivePolicy, error) {
	switch p {
	case v1alpha1.InconclusiveRollBack:
		return rollout.RollBackIfInconclusive, nil
	case v1alpha1.InconclusiveHold:
		return rollout.HoldIfInconclusive, nil
	case v1alpha1.InconclusiveAdvance:
		return rollout.AdvanceIfInconclusive, nil
	}
	return rollout.RollBackIfInconclusive, fmt.Errorf("%q: write %s, %s or %s", p, v1alpha1.InconclusiveRollBack, v1alpha1.InconclusiveHold, v1alpha1.InconclusiveAdvance)
}

func metricFrom(m v1alpha1.Metric) (analysis.Query, analysis.Criterion, error) {
	if m.ErrorRate != nil {
		return errorRateFrom(m.Name, m.ErrorRate)
	}
	if m.Latency != nil {
		return latencyFrom(m.Name, m.Latency)
	}
	if m.Value != nil {
		return valueFrom(m.Name, m.Value)
	}
	return analysis.Query{}, analysis.Criterion{}, fmt.Errorf("write errorRate, latency or value for the metric %s", m.Name)
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
	err := parseInto(
		field{"latency.quantile", m.Quantile, v1alpha1.ParseQuantile, &c.Quantile},
		field{"latency.maxIncrease.relative", increase.Relative, v1alpha1.ParsePercent, &c.Relative},
		field{"latency.maxIncrease.absolute", increase.Absolute, latencySeconds, &c.Absolute},
		field{"latency.limit", m.Limit, latencySeconds, &c.Limit},
	)
	q.Quantile = c.Quantile
	return q, c, err
}

func valueFrom(name string, m *v1alpha1.ValueMetric) (analysis.Query, analysis.Criterion, error) {
	q := analysis.Query{Metric: name, Custom: &analysis.CustomQuery{Value: m.Query}}
	c := analysis.Criterion{Name: name}
	switch m.Worse {
	case v1alpha1.WorseHigher:
		c.Worse = analysis.Higher
	case v1alpha1.WorseLower:
		c.Worse = analysis.Lower
	default:
		return q, c, fmt.Errorf("value.worse: %q: write %s or %s", m.Worse, v1alpha1.WorseHigher, v1alpha1.WorseLower)
	}
	var change v1alpha1.ValueChange
	if m.MaxChange != nil {
		change = *m.MaxChange
	}
	return q, c, parseInto(
		field{"value.maxChange.relative", change.Relative, v1alpha1.ParsePercent, &c.Relative},
		field{"value.maxChange.absolute", change.Absolute, v1alpha1.ParseNumber, &c.Absolute},
		field{"value.limit", m.Limit, v1alpha1.ParseNumber, &c.Limit},
	)
}

// field is one number, and where it goes.
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
