// Package v1alpha1 is the API of Serin, and the only package of this module meant for import.
//
// A [Canary] names a workload and says how a new version of it earns the traffic; a [MetricSource] says where
// the evidence comes from. Numbers with a unit are strings ("0.1%", "500ms"): no field is a float.
//
// +kubebuilder:object:generate=true
// +groupName=serin.dev
package v1alpha1
