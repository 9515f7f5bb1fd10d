package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// MetricSource is a metrics backend that Canaries take their evidence from. The platform team sets it up once for the cluster;
// its credentials live in a Secret in the operator's own namespace.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster
type MetricSource struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   MetricSourceSpec   `json:"spec"`
	Status MetricSourceStatus `json:"status,omitempty"`
}

// MetricSourceList is a list of MetricSources.
//
// +kubebuilder:object:root=true
type MetricSourceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []MetricSource `json:"items"`
}

// MetricSourceSpec says where the backend is and how to ask it.
type MetricSourceSpec struct {
	// type of the backend, such as prometheus.
	Type string `json:"type"`
	// address is the backend's base URL.
	Address string `json:"address"`
	// default marks the source of Canaries that name none. At most one MetricSource is the default.
	Default bool `json:"default,omitempty"`
	// preset is the query family used by metrics that name none, such as opentelemetry.
	Preset string `json:"preset,omitempty"`
	// timeout of one request, 1s to 60s.
	Timeout *metav1.Duration `json:"timeout,omitempty"`
	// secretRef names a Secret in the operator's namespace. Keys: token, or username and password, ca.crt, tls.crt and tls.key, and header.NAME for custom headers.
	SecretRef *SecretReference `json:"secretRef,omitempty"`
	// headers are plain HTTP headers sent along, such as a tenant's name. They are no place for secrets.
	Headers map[string]string `json:"headers,omitempty"`
}

// SecretReference names a Secret in the operator's namespace.
type SecretReference struct {
	Name string `json:"name"`
}

// MetricSourceStatus tells whether the backend answers.
type MetricSourceStatus struct {
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	// lastSuccess is when the backend last answered.
	LastSuccess *metav1.Time `json:"lastSuccess,omitempty"`
}
