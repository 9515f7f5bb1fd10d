package v1alpha1_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
)

func step(weight int32, bake time.Duration) v1alpha1.Step {
	return v1alpha1.Step{Weight: weight, Bake: &metav1.Duration{Duration: bake}}
}

func TestStepsOrDefault(t *testing.T) {
	tests := map[string]struct{ steps, want []v1alpha1.Step }{
		"left out, ten steps of a minute": {nil, []v1alpha1.Step{
			step(10, time.Minute), step(20, time.Minute), step(30, time.Minute), step(40, time.Minute), step(50, time.Minute),
			step(60, time.Minute), step(70, time.Minute), step(80, time.Minute), step(90, time.Minute), step(100, time.Minute),
		}},
		"as written":                   {[]v1alpha1.Step{step(5, 0), step(100, time.Hour)}, []v1alpha1.Step{step(5, 0), step(100, time.Hour)}},
		"a bake left out is a minute":  {[]v1alpha1.Step{{Weight: 100}}, []v1alpha1.Step{step(100, time.Minute)}},
		"approval stays with its step": {[]v1alpha1.Step{{Weight: 100, Approval: true}}, []v1alpha1.Step{{Weight: 100, Approval: true, Bake: &metav1.Duration{Duration: time.Minute}}}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := v1alpha1.CanarySpec{Steps: tc.steps}.StepsOrDefault()
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadingDefaultsWritesNothing(t *testing.T) {
	spec := v1alpha1.CanarySpec{
		Steps:    []v1alpha1.Step{{Weight: 100}},
		Analysis: v1alpha1.Analysis{Metrics: []v1alpha1.Metric{{Name: "latency", Latency: &v1alpha1.LatencyMetric{Limit: "1s"}}}},
	}
	before := spec.DeepCopy()
	steps, metrics := spec.StepsOrDefault(), spec.Analysis.MetricsOrDefault()
	steps[0].Weight, steps[0].Bake.Duration = 1, time.Hour
	metrics[0].Latency.Limit = "2s"
	if diff := cmp.Diff(*before, spec); diff != "" {
		t.Errorf("the spec changed (-before +after):\n%s", diff)
	}
}

func TestMetricsOrDefault(t *testing.T) {
	tests := map[string]struct{ metrics, want []v1alpha1.Metric }{
		"left out, error rate and p95 latency": {nil, []v1alpha1.Metric{
			{Name: "errors", ErrorRate: &v1alpha1.ErrorRateMetric{MaxIncrease: &v1alpha1.ErrorRateIncrease{Relative: "25%", Absolute: "0.1%"}}},
			{Name: "latency", Latency: &v1alpha1.LatencyMetric{Quantile: "p95", MaxIncrease: &v1alpha1.LatencyIncrease{Relative: "10%", Absolute: "5ms"}}},
		}},
		"a quantile left out is p95": {
			[]v1alpha1.Metric{{Name: "a", Latency: &v1alpha1.LatencyMetric{Limit: "1s"}}},
			[]v1alpha1.Metric{{Name: "a", Latency: &v1alpha1.LatencyMetric{Limit: "1s", Quantile: "p95"}}},
		},
		"as written": {
			[]v1alpha1.Metric{{Name: "a", Latency: &v1alpha1.LatencyMetric{Limit: "1s", Quantile: "p50"}}, {Name: "b", ErrorRate: &v1alpha1.ErrorRateMetric{Limit: "1%"}}},
			[]v1alpha1.Metric{{Name: "a", Latency: &v1alpha1.LatencyMetric{Limit: "1s", Quantile: "p50"}}, {Name: "b", ErrorRate: &v1alpha1.ErrorRateMetric{Limit: "1%"}}},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := v1alpha1.Analysis{Metrics: tc.metrics}.MetricsOrDefault()
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("metrics (-want +got):\n%s", diff)
			}
		})
	}
}

func TestScalarsOrDefault(t *testing.T) {
	hour := &metav1.Duration{Duration: time.Hour}
	written := v1alpha1.Analysis{Interval: hour, WarmUp: hour, Deadline: hour, OnInconclusive: v1alpha1.InconclusiveHold, MinRequests: new(int32(7))}
	type values struct {
		Interval, WarmUp, Deadline time.Duration
		OnInconclusive             v1alpha1.InconclusivePolicy
		MinRequests                int32
	}
	read := func(a v1alpha1.Analysis) values {
		return values{a.IntervalOrDefault(), a.WarmUpOrDefault(), a.DeadlineOrDefault(), a.OnInconclusiveOrDefault(), a.MinRequestsOrDefault()}
	}
	if diff := cmp.Diff(values{15 * time.Second, 30 * time.Second, 15 * time.Minute, v1alpha1.InconclusiveRollBack, 50}, read(v1alpha1.Analysis{})); diff != "" {
		t.Errorf("left out (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(values{time.Hour, time.Hour, time.Hour, v1alpha1.InconclusiveHold, 7}, read(written)); diff != "" {
		t.Errorf("as written (-want +got):\n%s", diff)
	}
	if got := (v1alpha1.MetricSourceSpec{}).TimeoutOrDefault(); got != 10*time.Second {
		t.Errorf("timeout left out is %s, want 10s", got)
	}
	if got := (v1alpha1.MetricSourceSpec{Timeout: hour}).TimeoutOrDefault(); got != time.Hour {
		t.Errorf("timeout as written is %s, want 1h", got)
	}
}
