package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Defaults of fields outside of lists. The schema repeats them, and a test compares: an object from the API server holds them already.
const (
	DefaultInterval       = 15 * time.Second
	DefaultWarmUp         = 30 * time.Second
	DefaultDeadline       = 15 * time.Minute
	DefaultOnInconclusive = InconclusiveRollBack
	DefaultMinRequests    = int32(50)
	DefaultTimeout        = 10 * time.Second

	DefaultFalseRollbackRate = "1%"
)

// Defaults of lists and of the fields of their items, which the schema leaves alone.
const (
	DefaultBake     = time.Minute
	DefaultQuantile = "p95"
)

// StepsOrDefault is the plan: the steps as written, each with its bake, or 10, 20 ... 100 with one minute of bake each.
func (s CanarySpec) StepsOrDefault() []Step {
	steps := make([]Step, 0, max(len(s.Steps), 10))
	for _, step := range s.Steps {
		step.Bake = &metav1.Duration{Duration: step.BakeOrDefault()}
		steps = append(steps, step)
	}
	if len(steps) > 0 {
		return steps
	}
	for weight := int32(10); weight <= 100; weight += 10 {
		steps = append(steps, Step{Weight: weight, Bake: &metav1.Duration{Duration: DefaultBake}})
	}
	return steps
}

// BakeOrDefault is the least time spent at the step's weight.
func (s Step) BakeOrDefault() time.Duration {
	return durationOr(s.Bake, DefaultBake)
}

// IntervalOrDefault is the time between two looks at the evidence.
func (a Analysis) IntervalOrDefault() time.Duration {
	return durationOr(a.Interval, DefaultInterval)
}

// WarmUpOrDefault is the age that a candidate pod reaches before its requests count.
func (a Analysis) WarmUpOrDefault() time.Duration {
	return durationOr(a.WarmUp, DefaultWarmUp)
}

// DeadlineOrDefault is the longest time that a step waits for a verdict beyond its bake.
func (a Analysis) DeadlineOrDefault() time.Duration {
	return durationOr(a.Deadline, DefaultDeadline)
}

// OnInconclusiveOrDefault says what happens at the deadline without a verdict.
func (a Analysis) OnInconclusiveOrDefault() InconclusivePolicy {
	if a.OnInconclusive == "" {
		return DefaultOnInconclusive
	}
	return a.OnInconclusive
}

// MinRequestsOrDefault is the least number of the candidate's requests before any verdict.
func (a Analysis) MinRequestsOrDefault() int32 {
	if a.MinRequests == nil {
		return DefaultMinRequests
	}
	return *a.MinRequests
}

// FalseRollbackRateOrDefault is the share of releases that may be rolled back by mistake.
func (a Analysis) FalseRollbackRateOrDefault() string {
	if a.FalseRollbackRate == "" {
		return DefaultFalseRollbackRate
	}
	return a.FalseRollbackRate
}

// MetricsOrDefault says what may not get worse: the metrics as written, each latency with its quantile, or error rate and p95 latency by the source's preset.
// The result shares nothing with a that a caller may change.
func (a Analysis) MetricsOrDefault() []Metric {
	if len(a.Metrics) == 0 {
		return []Metric{
			{Name: "errors", ErrorRate: &ErrorRateMetric{MaxIncrease: &ErrorRateIncrease{Relative: "25%", Absolute: "0.1%"}}},
			{Name: "latency", Latency: &LatencyMetric{Quantile: DefaultQuantile, MaxIncrease: &LatencyIncrease{Relative: "10%", Absolute: "5ms"}}},
		}
	}
	metrics := make([]Metric, 0, len(a.Metrics))
	for _, metric := range a.Metrics {
		metric = *metric.DeepCopy()
		if metric.Latency != nil && metric.Latency.Quantile == "" {
			metric.Latency.Quantile = DefaultQuantile
		}
		metrics = append(metrics, metric)
	}
	return metrics
}

// TimeoutOrDefault is the longest time that one request to the backend may take.
func (s MetricSourceSpec) TimeoutOrDefault() time.Duration {
	return durationOr(s.Timeout, DefaultTimeout)
}

func durationOr(d *metav1.Duration, otherwise time.Duration) time.Duration {
	if d == nil {
		return otherwise
	}
	return d.Duration
}
