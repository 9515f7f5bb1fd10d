package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// MetricSource is a metrics backend that Canaries take their evidence from.
// The platform team sets it up once for the cluster; its credentials live in a Secret in the operator's own namespace.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=msrc,categories=serin
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.spec.type`,description="Type of the backend."
// +kubebuilder:printcolumn:name="Default",type=boolean,JSONPath=`.spec.default`,description="Whether Canaries that name no source use this one."
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether the backend answers."
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="How it answers, or what keeps it from answering."
// +kubebuilder:printcolumn:name="Latency",type=string,JSONPath=`.status.latency`,description="Time that an answer takes, roughly."
// +kubebuilder:printcolumn:name="Left",type=integer,JSONPath=`.status.budget.left`,description="Requests that the backend's rate limit left when the status was written."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`,description="Time since the MetricSource was created."
// +kubebuilder:printcolumn:name="Address",type=string,priority=1,JSONPath=`.spec.address`,description="Base URL of the backend."
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,description="What keeps it from answering, and what to do."
type MetricSource struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says where the backend is and how to ask it.
	// +required
	Spec MetricSourceSpec `json:"spec"`
	// status tells whether the backend answers.
	// +optional
	Status MetricSourceStatus `json:"status,omitzero"`
}

// MetricSourceList is a list of MetricSources.
//
// +kubebuilder:object:root=true
type MetricSourceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []MetricSource `json:"items"`
}

// MetricSourceSpec says where the backend is and how to ask it.
//
// +kubebuilder:validation:XValidation:rule=`!has(self.sigV4) || self.type == 'prometheus'`,message="spec.sigV4 is for type prometheus: leave it out"
// +kubebuilder:validation:XValidation:rule=`!has(self.sigV4) || has(self.secretRef)`,message="spec.sigV4 needs secretRef: a Secret with aws_access_key_id and aws_secret_access_key"
type MetricSourceSpec struct {
	// type of the backend, such as prometheus or datadog. A type that this installation does not know is reported as Stalled.
	//
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')`,message="type must name a backend in lowercase, such as prometheus or datadog"
	Type string `json:"type"`
	// address is the backend's base URL, http or https, without credentials, query and fragment.
	// Example: http://prometheus.monitoring:9090
	//
	// +required
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule=`isURL(self) && url(self).getScheme() in ['http', 'https'] && url(self).getHostname() != ''`,message="address must be a complete http or https URL, such as http://prometheus.monitoring:9090"
	// +kubebuilder:validation:XValidation:rule=`!self.matches('^[^/]*//[^/]*@')`,message="address must hold no user name and no password: put them under username and password in the Secret that secretRef names"
	// +kubebuilder:validation:XValidation:rule=`!self.contains('?') && !self.contains('#')`,message="address must end after the path: leave out everything from ? or # on"
	Address string `json:"address"`
	// default marks the source of Canaries that name none. At most one MetricSource is the default.
	//
	// +optional
	// +kubebuilder:default=false
	Default bool `json:"default,omitempty"`
	// preset is the query family used by metrics that name none, such as opentelemetry. Left out, the one that the type's documentation names.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')`,message="preset must be the name of a query family: lowercase letters, digits and '-', such as opentelemetry"
	Preset string `json:"preset,omitempty"`
	// timeout of one request, 1s to 60s.
	//
	// +optional
	// +kubebuilder:default="10s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('1s') && duration(self) <= duration('60s')`,message="timeout must be a time from 1s to 60s, such as 10s"
	Timeout *metav1.Duration `json:"timeout,omitempty"`
	// delay is how long after a moment the backend can be asked about it, 1s to 5m: until what was measured then is sent, stored and shown.
	// What it shows later than that is lost to the judgement. A store that is written to remotely needs more than one that scrapes by itself.
	// Left out: a tenth of the Canary's interval, 1s to 10s.
	// Example: 30s
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') && duration(self) >= duration('1s') && duration(self) <= duration('5m')`,message="delay must be a time from 1s to 5m, such as 30s"
	Delay *metav1.Duration `json:"delay,omitempty"`
	// sigV4 signs every request as Amazon Web Services want it, with aws_access_key_id and aws_secret_access_key of the Secret.
	// Left out: requests are not signed.
	// Example: {region: eu-central-1}
	//
	// +optional
	SigV4 *SigV4 `json:"sigV4,omitempty"`
	// secretRef names a Secret in the operator's namespace.
	// Keys: token, or username and password, ca.crt, tls.crt and tls.key, and header.NAME for custom headers.
	// With sigV4: aws_access_key_id, aws_secret_access_key, and aws_session_token if there is one.
	// Of type datadog: api-key and app-key.
	//
	// +optional
	SecretRef *SecretReference `json:"secretRef,omitempty"`
	// headers are plain HTTP headers sent along, such as a tenant's name.
	// They are no place for secrets: those belong in the Secret, under header.NAME.
	// Example: {X-Scope-OrgID: shop}
	//
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=10
	// +kubebuilder:validation:XValidation:rule=`self.all(k, k.size() <= 128 && k.matches('^[A-Za-z0-9-]+$'))`,message="headers must have names of letters, digits and '-', such as X-Scope-OrgID"
	// +kubebuilder:validation:XValidation:rule=`!self.exists(k, k.matches('(?i)(authorization|cookie|token|secret|password|credential|api-?key|application-key|app-?key)'))`,message="headers must hold no credentials: put this one in the Secret that secretRef names, under the key header.NAME (or use its token, or username and password)"
	// +kubebuilder:validation:XValidation:rule=`!self.exists(k, k.matches('(?i)^(host|connection|content-.*|transfer-encoding|te|trailer|upgrade)$'))`,message="headers must leave Host, Connection, Content-*, Transfer-Encoding, TE, Trailer and Upgrade to the HTTP client"
	// +kubebuilder:validation:XValidation:rule=`self.all(k, self[k].size() <= 1024 && self[k].matches('^[ -~]*$'))`,message="headers must have values of at most 1024 printable ASCII characters on one line"
	Headers map[string]string `json:"headers,omitempty"`
}

// SigV4 says how to sign requests to Amazon Web Services.
type SigV4 struct {
	// region that the workspace is in.
	// Example: eu-central-1
	//
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z]{2}(-[a-z]+)+-[0-9]+$')`,message="sigV4.region must be the name of a region, such as eu-central-1"
	Region string `json:"region"`
}

// SecretReference names a Secret in the operator's namespace.
type SecretReference struct {
	// name of the Secret.
	//
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')`,message="secretRef.name must be the name of a Secret in the operator's namespace: lowercase letters, digits, '-' and '.'"
	Name string `json:"name"`
}

// MetricSourceStatus tells whether the backend answers.
type MetricSourceStatus struct {
	// conditions follow kstatus: Ready, and Reconciling or Stalled while true.
	//
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// observedGeneration is the generation of the spec that this status answers.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// lastSuccess is when the backend last answered. While it goes on answering it is written once an hour.
	//
	// +optional
	LastSuccess *metav1.Time `json:"lastSuccess,omitempty"`
	// latency is how long an answer takes, roughly: 1, 2 or 5 and zeros.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=24
	Latency *metav1.Duration `json:"latency,omitempty"`
	// budget is what the backend's rate limit left when the status was written; the metrics of the operator tell it of every minute.
	// Left out: the backend tells of no limit.
	//
	// +optional
	Budget *SourceBudget `json:"budget,omitempty"`
}

// SourceBudget is how often a backend may be asked.
type SourceBudget struct {
	// limit is the number of requests in a period.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	Limit int32 `json:"limit,omitempty"`
	// left is what is left of them.
	//
	// +required
	// +kubebuilder:validation:Minimum=0
	Left int32 `json:"left"`
	// period is the time that limit is for.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=24
	Period *metav1.Duration `json:"period,omitempty"`
}
