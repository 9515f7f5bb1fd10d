package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// InconclusivePolicy says what to do at a step's deadline when the evidence still allows no verdict.
//
// +kubebuilder:validation:Enum=RollBack;Hold;Advance
type InconclusivePolicy string

// What to do at a step's deadline without a verdict.
const (
	// InconclusiveRollBack gives the traffic back to the baseline.
	InconclusiveRollBack InconclusivePolicy = "RollBack"
	// InconclusiveHold stays at the step until there is a verdict or a person decides.
	InconclusiveHold InconclusivePolicy = "Hold"
	// InconclusiveAdvance goes on to the next step, and says that it did so without evidence.
	InconclusiveAdvance InconclusivePolicy = "Advance"
)

// Analysis says where the evidence comes from, how often it is looked at, and what may not get worse.
//
// +kubebuilder:validation:XValidation:rule=`!has(self.deadline) || !has(self.interval) || !has(self.warmUp) || [self.deadline, self.interval, self.warmUp].exists(d, !d.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$')) || duration(self.deadline) >= duration(self.interval) + duration(self.warmUp)`,message="analysis.deadline must leave room for warmUp and one interval: write a longer deadline, or a shorter warmUp or interval",fieldPath=".deadline"
type Analysis struct {
	// source is the name of a MetricSource. Left out, the one marked default.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')`,message="analysis.source must be the name of a MetricSource: see kubectl get metricsources, or leave it out for the default one"
	Source string `json:"source,omitempty"`
	// interval is the time between two looks at the evidence, 1s to 10m. No shorter than the source's scrape interval makes sense.
	// Example: 15s
	//
	// +optional
	// +kubebuilder:default="15s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('1s') && duration(self) <= duration('10m')`,message="analysis.interval must be a time from 1s to 10m, such as 15s"
	Interval *metav1.Duration `json:"interval,omitempty"`
	// warmUp is the age a candidate pod reaches before its requests count, 0s to 30m: cold caches and compilers are no regression.
	// Example: 30s
	//
	// +optional
	// +kubebuilder:default="30s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) <= duration('30m')`,message="analysis.warmUp must be a time from 0s to 30m, such as 30s"
	WarmUp *metav1.Duration `json:"warmUp,omitempty"`
	// deadline is the longest time that a step waits for a verdict beyond its bake, 1m to 7 days (168h); then onInconclusive decides.
	// It counts from the end of the bake, and stands still while a person has paused the release or an approval is awaited.
	// Example: 15m
	//
	// +optional
	// +kubebuilder:default="15m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('1m') && duration(self) <= duration('168h')`,message="analysis.deadline must be a time from 1m to 168h (7 days), such as 15m; it counts from the end of a step's bake"
	Deadline *metav1.Duration `json:"deadline,omitempty"`
	// onInconclusive says what happens when a step's deadline passes without a verdict: RollBack, Hold or Advance.
	//
	// +optional
	// +kubebuilder:default=RollBack
	OnInconclusive InconclusivePolicy `json:"onInconclusive,omitempty"`
	// minRequests is the least number of the candidate's requests at a step before any verdict on it, 1 to 1000000.
	//
	// +optional
	// +kubebuilder:default=50
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	MinRequests *int32 `json:"minRequests,omitempty"`
	// falseRollbackRate is the share of releases that may be rolled back by mistake although nothing got worse, 0.01% to 20%. It holds for a whole release, all its metrics and every
	// look together. Less of it takes more evidence before a rollback, and so more requests of a bad version.
	// Example: 1%
	//
	// +optional
	// +kubebuilder:default="1%"
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[0-9]{1,2}([.][0-9]{1,6})?%$') && double(self.split('%')[0]) >= 0.01 && double(self.split('%')[0]) <= 20.0`,message="analysis.falseRollbackRate must be a percentage from 0.01% to 20%, such as 1%"
	FalseRollbackRate string `json:"falseRollbackRate,omitempty"`
	// metrics say what may not get worse, and by how much.
	// Left out: an error rate that may rise by a quarter or 0.1 percentage points, whichever is more, and a p95 latency that may rise by 10% or 5ms, whichever is more, both by the source's preset.
	//
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	Metrics []Metric `json:"metrics,omitempty"`
}

// Metric is one thing that may not get worse: exactly one of errorRate, latency and value is set.
//
// +kubebuilder:validation:XValidation:rule=`[has(self.errorRate), has(self.latency), has(self.value)].filter(x, x).size() == 1`,message="metrics need exactly one of errorRate, latency and value each: write two metrics to judge two of them"
type Metric struct {
	// name of the metric, of your choice; it appears in status and events. Example: errors
	//
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')`,message="metrics.name must be lowercase letters, digits and '-', beginning with a letter, such as checkout-latency"
	Name string `json:"name"`
	// errorRate bounds the share of requests that fail.
	// Example: {maxIncrease: {absolute: 0.1%}, limit: 1%}
	//
	// +optional
	ErrorRate *ErrorRateMetric `json:"errorRate,omitempty"`
	// latency bounds a quantile of the request duration.
	// Example: {quantile: p95, maxIncrease: {relative: 10%, absolute: 5ms}, limit: 500ms}
	//
	// +optional
	Latency *LatencyMetric `json:"latency,omitempty"`
	// value bounds any other number that a query yields: the lag of a queue, the share of orders that are paid.
	// Example: {query: "max(records_lag_max{$arm})", worse: Higher, maxChange: {relative: 20%, absolute: "500"}, limit: "10000"}
	//
	// +optional
	Value *ValueMetric `json:"value,omitempty"`
}

// ErrorRateMetric bounds the share of requests that fail.
//
// +kubebuilder:validation:XValidation:rule=`has(self.maxIncrease) || has(self.limit)`,message="errorRate needs maxIncrease or limit: write what may not get worse, such as maxIncrease: {absolute: 0.1%} or limit: 1%"
// +kubebuilder:validation:XValidation:rule=`!has(self.preset) || !has(self.query)`,message="errorRate takes preset or query, not both: leave out preset to use your own query"
type ErrorRateMetric struct {
	// maxIncrease is the tolerated increase over the baseline; the larger of relative and absolute counts.
	//
	// +optional
	MaxIncrease *ErrorRateIncrease `json:"maxIncrease,omitempty"`
	// limit is an absolute ceiling for the candidate, above 0% and at most 100%, whatever the baseline does. Example: 1%
	//
	// +optional
	// +kubebuilder:validation:MaxLength=10
	// +kubebuilder:validation:XValidation:rule=`self.matches('^(100([.]0{1,4})?|[0-9]{1,2}([.][0-9]{1,4})?)%$') && self.matches('[1-9]')`,message="errorRate.limit must be a percentage above 0% and at most 100%, such as 1% or 0.5%"
	Limit string `json:"limit,omitempty"`
	// preset names a query family of the source. Left out, the source's own.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')`,message="errorRate.preset must be the name of a query family of the source: lowercase letters, digits and '-'"
	Preset string `json:"preset,omitempty"`
	// query brings the series yourself, instead of a preset.
	//
	// +optional
	Query *ErrorRateQuery `json:"query,omitempty"`
}

// ErrorRateIncrease is a tolerated increase of an error rate.
//
// +kubebuilder:validation:XValidation:rule=`has(self.relative) || has(self.absolute)`,message="maxIncrease needs relative or absolute: write absolute: 0.1% (percentage points), relative: 10% (of the baseline's rate), or both"
type ErrorRateIncrease struct {
	// relative increase over the baseline's rate, above 0% and at most 1000%. Example: 10%, by which 2% may become 2.2%
	//
	// +optional
	// +kubebuilder:validation:MaxLength=10
	// +kubebuilder:validation:XValidation:rule=`self.matches('^(1000([.]0{1,4})?|[0-9]{1,3}([.][0-9]{1,4})?)%$') && self.matches('[1-9]')`,message="maxIncrease.relative must be a percentage above 0% and at most 1000%, such as 10%"
	Relative string `json:"relative,omitempty"`
	// absolute increase in percentage points, above 0% and at most 100%. Example: 0.1%, by which 2% may become 2.1%
	//
	// +optional
	// +kubebuilder:validation:MaxLength=10
	// +kubebuilder:validation:XValidation:rule=`self.matches('^(100([.]0{1,4})?|[0-9]{1,2}([.][0-9]{1,4})?)%$') && self.matches('[1-9]')`,message="maxIncrease.absolute must be percentage points above 0% and at most 100%, such as 0.1%"
	Absolute string `json:"absolute,omitempty"`
}

// ErrorRateQuery selects the counters of all requests and of failed ones, in the source's own language. "$arm" stands for the matchers that select an arm.
type ErrorRateQuery struct {
	// requests selects the counters of all requests. Example: http_requests_total{$arm}
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule=`self.contains('$arm')`,message="query.requests must contain $arm, which stands for the matchers that select baseline or candidate, such as http_requests_total{$arm}"
	Requests string `json:"requests"`
	// errors selects the counters of failed requests, a part of requests. Example: http_requests_total{$arm,code=~"5.."}
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule=`self.contains('$arm')`,message="query.errors must contain $arm, which stands for the matchers that select baseline or candidate, such as http_requests_total{$arm,code=~\"5..\"}"
	Errors string `json:"errors"`
}

// LatencyMetric bounds a quantile of the request duration.
//
// +kubebuilder:validation:XValidation:rule=`has(self.maxIncrease) || has(self.limit)`,message="latency needs maxIncrease or limit: write what may not get worse, such as maxIncrease: {relative: 10%} or limit: 500ms"
// +kubebuilder:validation:XValidation:rule=`!has(self.preset) || !has(self.query)`,message="latency takes preset or query, not both: leave out preset to use your own query"
type LatencyMetric struct {
	// quantile is one of p50, p90, p95, p99. Left out: p95.
	//
	// +optional
	// +kubebuilder:validation:Enum=p50;p90;p95;p99
	Quantile string `json:"quantile,omitempty"`
	// maxIncrease is the tolerated increase over the baseline; the larger of relative and absolute counts.
	//
	// +optional
	MaxIncrease *LatencyIncrease `json:"maxIncrease,omitempty"`
	// limit is an absolute ceiling for the candidate, above 0 and at most 10m, whatever the baseline does. Example: 500ms
	//
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[0-9]{1,9}([.][0-9]{1,3})?(us|ms|s|m)$') && duration(self) > duration('0s') && duration(self) <= duration('10m')`,message="latency.limit must be a time above 0 and at most 10m, with its unit: 500ms or 1.5s"
	Limit string `json:"limit,omitempty"`
	// preset names a query family of the source. Left out, the source's own.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')`,message="latency.preset must be the name of a query family of the source: lowercase letters, digits and '-'"
	Preset string `json:"preset,omitempty"`
	// query brings the series yourself, instead of a preset.
	//
	// +optional
	Query *LatencyQuery `json:"query,omitempty"`
}

// LatencyIncrease is a tolerated increase of a latency quantile.
//
// +kubebuilder:validation:XValidation:rule=`has(self.relative) || has(self.absolute)`,message="maxIncrease needs relative or absolute: write relative: 10%, absolute: 5ms, or both"
type LatencyIncrease struct {
	// relative increase over the baseline's quantile, above 0% and at most 1000%. Example: 10%, by which 200ms may become 220ms
	//
	// +optional
	// +kubebuilder:validation:MaxLength=10
	// +kubebuilder:validation:XValidation:rule=`self.matches('^(1000([.]0{1,4})?|[0-9]{1,3}([.][0-9]{1,4})?)%$') && self.matches('[1-9]')`,message="maxIncrease.relative must be a percentage above 0% and at most 1000%, such as 10%"
	Relative string `json:"relative,omitempty"`
	// absolute increase, above 0 and at most 10m. Example: 5ms, by which 200ms may become 205ms
	//
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[0-9]{1,9}([.][0-9]{1,3})?(us|ms|s|m)$') && duration(self) > duration('0s') && duration(self) <= duration('10m')`,message="maxIncrease.absolute must be a time above 0 and at most 10m, with its unit: 5ms or 0.1s"
	Absolute string `json:"absolute,omitempty"`
}

// LatencyQuery selects a histogram of request durations in seconds, in the source's own language. "$arm" stands for the matchers that select an arm.
type LatencyQuery struct {
	// histogram selects the histogram: the base name of a classic one (without _bucket), or a native one.
	// Example: http_request_duration_seconds{$arm}
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule=`self.contains('$arm')`,message="query.histogram must contain $arm, which stands for the matchers that select baseline or candidate, such as http_request_duration_seconds{$arm}"
	Histogram string `json:"histogram"`
}
