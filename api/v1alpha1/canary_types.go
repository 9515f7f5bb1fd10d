package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Canary names a workload and says how a new version of it earns the traffic: which steps it climbs, what it is judged by, and which route carries the split.
// The workload stays as it is; a Canary only watches over its changes.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=cny,categories=serin
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`,description="Phase of the release."
// +kubebuilder:printcolumn:name="Weight",type=integer,JSONPath=`.status.weight`,description="Share of the traffic granted to the candidate, in percent."
// +kubebuilder:printcolumn:name="Step",type=string,JSONPath=`.status.step`,description="Current step of the plan."
// +kubebuilder:printcolumn:name="Verdict",type=string,JSONPath=`.status.verdict`,description="Verdict of the last look at the evidence."
// +kubebuilder:printcolumn:name="Revision",type=string,JSONPath=`.status.revision`,description="Revision under test, or the one last decided upon."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`,description="Time since the Canary was created."
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.message`,description="What is going on, in one sentence."
// +kubebuilder:validation:XValidation:rule=`self.metadata.name.size() <= 53 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')`,message="metadata.name must have at most 53 characters, lowercase letters, digits and '-', begin with a letter and end with a letter or digit: the Services <name>-baseline and <name>-candidate are named after it"
// +kubebuilder:validation:XValidation:rule=`!has(self.spec.traffic) || !(self.spec.traffic.service.name in [self.metadata.name + '-baseline', self.metadata.name + '-candidate'])`,message="spec.traffic.service.name must be your own Service, the one that clients call: <name>-baseline and <name>-candidate are made by Serin",fieldPath=".spec.traffic.service.name"
type Canary struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the object's metadata. Its name has at most 53 characters, for Services are named after it.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says what is released and what a release must show.
	// +required
	Spec CanarySpec `json:"spec"`
	// status tells what is going on and why.
	// +optional
	Status CanaryStatus `json:"status,omitzero"`
}

// CanaryList is a list of Canaries.
//
// +kubebuilder:object:root=true
type CanaryList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Canary `json:"items"`
}

// CanarySpec says what is released and what a release must show.
type CanarySpec struct {
	// targetRef is the workload that this Canary watches over, in the Canary's own namespace. It can't be changed.
	//
	// +required
	// +kubebuilder:validation:XValidation:rule=`self == oldSelf`,message="targetRef can't be changed: make a new Canary for the other workload and delete this one"
	TargetRef TargetReference `json:"targetRef"`
	// traffic says which Service and route carry the split.
	// Left out, the candidate's share follows the number of its pods: right for queue consumers and plain Services.
	//
	// +optional
	Traffic *Traffic `json:"traffic,omitempty"`
	// steps are climbed in order; weights rise and the last one is 100.
	// Left out: 10, 20 ... 100, one minute of bake each.
	// Example: [{weight: 10, bake: 2m}, {weight: 50, bake: 5m, approval: true}, {weight: 100, bake: 10m}]
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:XValidation:rule=`self.map(s, s.weight).isSorted() && self.all(s, self.exists_one(t, t.weight == s.weight))`,message="steps must rise in weight from one to the next: write 10, 50, 100, each weight once"
	// +kubebuilder:validation:XValidation:rule=`self.size() == 0 || self[self.size() - 1].weight == 100`,message="steps must end with weight 100: add {weight: 100} as the last step"
	Steps []Step `json:"steps,omitempty"`
	// analysis says where the evidence comes from and what the candidate is judged by.
	// Left out, the default MetricSource is asked for error rate and p95 latency.
	//
	// +optional
	// +kubebuilder:default={}
	Analysis Analysis `json:"analysis,omitempty"`
}

// TargetReference names a workload in the Canary's namespace.
type TargetReference struct {
	// apiVersion of the workload: apps/v1.
	//
	// +required
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self == 'apps/v1'`,message="targetRef.apiVersion must be apps/v1"
	APIVersion string `json:"apiVersion"`
	// kind of the workload: Deployment.
	//
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self == 'Deployment'`,message="targetRef.kind must be Deployment: Serin releases no other kind of workload"
	Kind string `json:"kind"`
	// name of the workload.
	//
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')`,message="targetRef.name must be the name of a Deployment: lowercase letters, digits, '-' and '.'"
	Name string `json:"name"`
}

// Traffic says which Service and route carry the split: either routes that exist, or a gateway for a route that Serin makes and owns.
//
// +kubebuilder:validation:XValidation:rule=`has(self.routes) != has(self.gateway)`,message="traffic needs either routes (existing routes of yours) or gateway (Serin makes a route attached to it): write one of them, not both"
type Traffic struct {
	// service is the Service that the route sends requests to. It stays yours and stays as it is.
	//
	// +required
	Service ServiceReference `json:"service"`
	// routes are existing routes, owned by you, whose rules send requests to the service. Rules that send them elsewhere stay as they are.
	// Example: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: read-api}]
	//
	// +optional
	// +listType=map
	// +listMapKey=group
	// +listMapKey=kind
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Routes []RouteReference `json:"routes,omitempty"`
	// gateway asks for an HTTPRoute that Serin makes and owns, attached to the gateway named here.
	//
	// +optional
	Gateway *GatewayTraffic `json:"gateway,omitempty"`
}

// ServiceReference names a port of a Service in the Canary's namespace.
type ServiceReference struct {
	// name of the Service.
	//
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')`,message="service.name must be the name of a Service: lowercase letters, digits and '-', beginning with a letter"
	Name string `json:"name"`
	// port of the Service that the route names, 1 to 65535. Not the port of the container.
	//
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port"`
}

// RouteReference names a route in the Canary's namespace; its kind selects the router.
type RouteReference struct {
	// group of the route, such as gateway.networking.k8s.io.
	//
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')`,message="routes.group must be an API group without its version, such as gateway.networking.k8s.io"
	Group string `json:"group"`
	// kind of the route, such as HTTPRoute. A kind that this installation has no router for is reported as Stalled.
	//
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[A-Z][A-Za-z0-9]*$')`,message="routes.kind must be a kind in CamelCase, such as HTTPRoute"
	Kind string `json:"kind"`
	// name of the route.
	//
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')`,message="routes.name must be the name of a route: lowercase letters, digits, '-' and '.'"
	Name string `json:"name"`
}

// GatewayTraffic describes the HTTPRoute that Serin makes and owns.
type GatewayTraffic struct {
	// parentRefs name the Gateways that the route attaches to.
	//
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	ParentRefs []ParentReference `json:"parentRefs"`
	// hostnames that the route answers to, such as api.example.com or *.example.com. Left out, those of the Gateway.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.all(h, h.matches('^([*][.])?[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'))`,message="gateway.hostnames must be lowercase host names without scheme and port, such as api.example.com or *.example.com"
	Hostnames []string `json:"hostnames,omitempty"`
}

// ParentReference names the Gateway that a generated route attaches to.
type ParentReference struct {
	// name of the Gateway.
	//
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')`,message="parentRefs.name must be the name of a Gateway: lowercase letters, digits, '-' and '.'"
	Name string `json:"name"`
	// namespace of the Gateway. Left out, the Canary's own.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')`,message="parentRefs.namespace must be the name of a namespace: lowercase letters, digits and '-'"
	Namespace string `json:"namespace,omitempty"`
	// sectionName is the name of one listener of the Gateway, such as https. Left out, every listener.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')`,message="parentRefs.sectionName must be the name of a listener: lowercase letters, digits, '-' and '.'"
	SectionName string `json:"sectionName,omitempty"`
}

// Step is one share of the traffic, and how long the candidate must hold it.
type Step struct {
	// weight is the candidate's share of the traffic in percent, 1 to 100, rising from step to step.
	//
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Weight int32 `json:"weight"`
	// bake is the least time spent at this weight, counted from when the split has settled: 0s to 7 days (168h).
	// Left out: 1m.
	// Example: 2m
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) <= duration('168h')`,message="bake must be a time from 0s to 168h (7 days), such as 90s, 2m or 1h30m"
	Bake *metav1.Duration `json:"bake,omitempty"`
	// approval makes the step wait after the bake for a person:
	// kubectl annotate --overwrite canary NAME serin.dev/approve=REVISION
	// Left out: false.
	//
	// +optional
	Approval bool `json:"approval,omitempty"`
}
