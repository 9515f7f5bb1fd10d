package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Canary names a workload and says how a new version of it earns the traffic: which steps it climbs, what it is
// judged by, and which route carries the split. The workload stays as it is; a Canary only watches over its changes.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
type Canary struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   CanarySpec   `json:"spec"`
	Status CanaryStatus `json:"status,omitempty"`
}

// CanaryList is a list of Canaries.
//
// +kubebuilder:object:root=true
type CanaryList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Canary `json:"items"`
}

// CanarySpec says what is released and what a release must show.
type CanarySpec struct {
	// targetRef is the workload that this Canary watches over, in the Canary's own namespace. It can't be changed.
	TargetRef TargetReference `json:"targetRef"`
	// traffic says which Service and route carry the split. Left out, the candidate's share follows the number of its pods.
	Traffic *Traffic `json:"traffic,omitempty"`
	// steps are climbed in order. Left out: 10, 20 ... 100, one minute of bake each. The last one has weight 100.
	Steps []Step `json:"steps,omitempty"`
	// analysis says what the candidate is judged by.
	Analysis Analysis `json:"analysis,omitempty"`
}

// TargetReference names a workload in the Canary's namespace.
type TargetReference struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
}

// Traffic says which Service and route carry the split: either routes that exist, or a gateway for a route that Serin makes and owns.
type Traffic struct {
	// service is the Service that the route sends requests to.
	Service ServiceReference `json:"service"`
	// routes are existing routes, owned by you, whose rules send requests to the service.
	Routes []RouteReference `json:"routes,omitempty"`
	// gateway asks for a route that Serin makes and owns, attached to the gateway named here.
	Gateway *GatewayTraffic `json:"gateway,omitempty"`
}

// ServiceReference names a port of a Service in the Canary's namespace.
type ServiceReference struct {
	Name string `json:"name"`
	Port int32  `json:"port"`
}

// RouteReference names a route in the Canary's namespace; its kind selects the router.
type RouteReference struct {
	Group string `json:"group"`
	Kind  string `json:"kind"`
	Name  string `json:"name"`
}

// GatewayTraffic describes the HTTPRoute that Serin makes and owns.
type GatewayTraffic struct {
	ParentRefs []ParentReference `json:"parentRefs"`
	Hostnames  []string          `json:"hostnames,omitempty"`
}

// ParentReference names the Gateway that a generated route attaches to.
type ParentReference struct {
	Name        string `json:"name"`
	Namespace   string `json:"namespace,omitempty"`
	SectionName string `json:"sectionName,omitempty"`
}

// Step is one share of the traffic, and how long the candidate must hold it.
type Step struct {
	// weight is the candidate's share of the traffic in percent, 1 to 100, rising from step to step.
	Weight int32 `json:"weight"`
	// bake is the least time spent at this weight, counted from when the split has settled.
	Bake *metav1.Duration `json:"bake,omitempty"`
	// approval, when true, waits after the bake for a person: kubectl annotate canary NAME serin.dev/approve=REVISION.
	Approval bool `json:"approval,omitempty"`
}

// InconclusivePolicy says what to do at a step's deadline when the evidence still allows no verdict.
type InconclusivePolicy string

// What to do at a step's deadline without a verdict.
const (
	InconclusiveRollBack InconclusivePolicy = "RollBack"
	InconclusiveHold     InconclusivePolicy = "Hold"
	InconclusiveAdvance  InconclusivePolicy = "Advance"
)

// Analysis says where the evidence comes from, how often it is looked at, and what may not get worse.
type Analysis struct {
	// source is the name of a MetricSource. Left out, the default one.
	Source string `json:"source,omitempty"`
	// interval is the time between two looks at the evidence, 1s to 10m.
	Interval *metav1.Duration `json:"interval,omitempty"`
	// warmUp is the age a candidate pod reaches before its requests count.
	WarmUp *metav1.Duration `json:"warmUp,omitempty"`
	// deadline is the longest time spent at one step waiting for evidence; then onInconclusive decides. It counts from when the step was entered
	// and stands still while a person has paused the release or an approval is awaited.
	Deadline *metav1.Duration `json:"deadline,omitempty"`
	// onInconclusive says what happens when a step's deadline passes without a verdict: RollBack, Hold or Advance.
	OnInconclusive InconclusivePolicy `json:"onInconclusive,omitempty"`
	// minRequests is the least number of the candidate's requests at a step before any verdict on it.
	MinRequests *int32 `json:"minRequests,omitempty"`
	// metrics say what may not get worse, and by how much. Left out: error rate and p95 latency by the source's preset.
	Metrics []Metric `json:"metrics,omitempty"`
}

// Metric is one thing that may not get worse: exactly one of errorRate and latency is set.
type Metric struct {
	Name      string           `json:"name"`
	ErrorRate *ErrorRateMetric `json:"errorRate,omitempty"`
	Latency   *LatencyMetric   `json:"latency,omitempty"`
}

// ErrorRateMetric bounds the share of requests that fail.
type ErrorRateMetric struct {
	// maxIncrease is the tolerated increase over the baseline; the larger of relative and absolute counts.
	MaxIncrease *ErrorRateIncrease `json:"maxIncrease,omitempty"`
	// limit is an absolute ceiling for the candidate, such as 1%.
	Limit string `json:"limit,omitempty"`
	// preset names a query family of the source. Left out, the source's own.
	Preset string `json:"preset,omitempty"`
	// query brings the series yourself, instead of a preset.
	Query *ErrorRateQuery `json:"query,omitempty"`
}

// ErrorRateIncrease is a tolerated increase of an error rate.
type ErrorRateIncrease struct {
	// relative to the baseline's rate, such as 10%.
	Relative string `json:"relative,omitempty"`
	// absolute, in percentage points, such as 0.1%.
	Absolute string `json:"absolute,omitempty"`
}

// ErrorRateQuery selects the counters of all requests and of failed ones. "$arm" stands for the matchers that select an arm.
type ErrorRateQuery struct {
	Requests string `json:"requests"`
	Errors   string `json:"errors"`
}

// LatencyMetric bounds a quantile of the request duration.
type LatencyMetric struct {
	// quantile is one of p50, p90, p95, p99.
	Quantile string `json:"quantile,omitempty"`
	// maxIncrease is the tolerated increase over the baseline; the larger of relative and absolute counts.
	MaxIncrease *LatencyIncrease `json:"maxIncrease,omitempty"`
	// limit is an absolute ceiling for the candidate, such as 500ms.
	Limit string `json:"limit,omitempty"`
	// preset names a query family of the source. Left out, the source's own.
	Preset string `json:"preset,omitempty"`
	// query brings the series yourself, instead of a preset.
	Query *LatencyQuery `json:"query,omitempty"`
}

// LatencyIncrease is a tolerated increase of a latency quantile.
type LatencyIncrease struct {
	// relative to the baseline's quantile, such as 10%.
	Relative string `json:"relative,omitempty"`
	// absolute, such as 5ms.
	Absolute string `json:"absolute,omitempty"`
}

// LatencyQuery selects a histogram of request durations in seconds (the base name of a classic one, or a native one). "$arm" stands for the matchers that select an arm.
type LatencyQuery struct {
	Histogram string `json:"histogram"`
}
