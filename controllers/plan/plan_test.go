package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/plan"
	"github.com/serin-dev/serin/controllers/rollout"
)

func TestOf(t *testing.T) {
	seconds := func(n int) *metav1.Duration { return &metav1.Duration{Duration: time.Duration(n) * time.Second} }
	spec := v1alpha1.CanarySpec{
		Traffic: &v1alpha1.Traffic{},
		Steps:   []v1alpha1.Step{{Weight: 10, Bake: seconds(5)}, {Weight: 100, Bake: seconds(7), Approval: true}},
		Analysis: v1alpha1.Analysis{
			Interval: seconds(2), WarmUp: seconds(3), Deadline: seconds(60), OnInconclusive: v1alpha1.InconclusiveHold, FalseRollbackRate: "0.5%",
			Metrics: []v1alpha1.Metric{
				{Name: "errors", ErrorRate: &v1alpha1.ErrorRateMetric{MaxIncrease: &v1alpha1.ErrorRateIncrease{Absolute: "0.1%"}, Limit: "1%"}},
				{Name: "latency", Latency: &v1alpha1.LatencyMetric{Quantile: "p99", MaxIncrease: &v1alpha1.LatencyIncrease{Relative: "10%", Absolute: "5ms"}, Limit: "500ms"}},
				{Name: "lag", Value: &v1alpha1.ValueMetric{Query: "max(lag{$arm})", Worse: v1alpha1.WorseHigher, MaxChange: &v1alpha1.ValueChange{Relative: "20%", Absolute: "500"}, Limit: "10000"}},
				{Name: "paid", Value: &v1alpha1.ValueMetric{Query: "avg(paid{$arm})", Worse: v1alpha1.WorseLower, Limit: "0.95"}},
			},
		},
	}
	got, err := plan.Of(spec)
	if err != nil {
		t.Fatal(err)
	}
	if got.Release.Capacity == nil || got.Release.PodShare {
		t.Errorf("a routed Canary needs a capacity and is no pod share: %+v", got.Release)
	}
	got.Release.Capacity = nil
	want := plan.Plan{
		Release: rollout.Plan{
			Steps:    []rollout.Step{{Weight: 10, Bake: 5 * time.Second}, {Weight: 100, Bake: 7 * time.Second, Approval: true}},
			Interval: 2 * time.Second, EvidenceDeadline: time.Minute, OnInconclusive: rollout.HoldIfInconclusive,
		},
		Queries: []analysis.Query{
			{Metric: "errors", Errors: true},
			{Metric: "latency", Latency: true, Quantile: 0.99},
			{Metric: "lag", Custom: &analysis.CustomQuery{Value: "max(lag{$arm})"}},
			{Metric: "paid", Custom: &analysis.CustomQuery{Value: "avg(paid{$arm})"}},
		},
		Policy: analysis.Policy{
			Criteria: []analysis.Criterion{
				{Name: "errors", Errors: true, Absolute: 0.001, Limit: 0.01},
				{Name: "latency", Quantile: 0.99, Relative: 0.1, Absolute: 0.005, Limit: 0.5},
				{Name: "lag", Worse: analysis.Higher, Relative: 0.2, Absolute: 500, Limit: 10000},
				{Name: "paid", Worse: analysis.Lower, Limit: 0.95},
			},
			FalseRollbackRate: 0.005, MinRequests: float64(v1alpha1.DefaultMinRequests), WarmUp: 3 * time.Second,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

func TestWithoutTrafficThePodsAreTheShare(t *testing.T) {
	p, err := plan.Of(v1alpha1.CanarySpec{})
	if err != nil {
		t.Fatal(err)
	}
	if pods := p.Release.Capacity(10, 80); !p.Release.PodShare || pods != 10 {
		t.Errorf("80%% beside 10 pods takes %d pods, want 10 and a pod share: %+v", pods, p.Release)
	}
}

func TestOfNamesTheFieldItCannotRead(t *testing.T) {
	metrics := func(m v1alpha1.Metric) v1alpha1.Analysis { return v1alpha1.Analysis{Metrics: []v1alpha1.Metric{m}} }
	for want, asked := range map[string]v1alpha1.Analysis{
		"spec.analysis.metrics[0]: errorRate.limit":               metrics(v1alpha1.Metric{Name: "m", ErrorRate: &v1alpha1.ErrorRateMetric{Limit: "1"}}),
		"spec.analysis.metrics[0]: latency.maxIncrease.absolute":  metrics(v1alpha1.Metric{Name: "m", Latency: &v1alpha1.LatencyMetric{MaxIncrease: &v1alpha1.LatencyIncrease{Absolute: "5"}}}),
		"spec.analysis.metrics[0]: latency.quantile":              metrics(v1alpha1.Metric{Name: "m", Latency: &v1alpha1.LatencyMetric{Quantile: "p42"}}),
		"spec.analysis.metrics[0]: write errorRate, latency":      metrics(v1alpha1.Metric{Name: "m"}),
		`spec.analysis.metrics[0]: value.worse: "": write Higher`: metrics(v1alpha1.Metric{Name: "m", Value: &v1alpha1.ValueMetric{Limit: "1"}}),
		"spec.analysis.metrics[0]: value.limit":                   metrics(v1alpha1.Metric{Name: "m", Value: &v1alpha1.ValueMetric{Worse: "Lower", Limit: "1%"}}),
		"spec.analysis.metrics[0]: value.maxChange.absolute":      metrics(v1alpha1.Metric{Name: "m", Value: &v1alpha1.ValueMetric{Worse: "Lower", MaxChange: &v1alpha1.ValueChange{Absolute: "1k"}}}),
		"spec.analysis.falseRollbackRate":                         {FalseRollbackRate: "0.01"},
		`spec.analysis.onInconclusive: "Wait": write RollBack`:    {OnInconclusive: "Wait"},
	} {
		if _, err := plan.Of(v1alpha1.CanarySpec{Analysis: asked}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error is %v, want one that begins with %q", err, want)
		}
	}
}
