// Package v1alpha1 is the API of Serin, and the only package of this module meant for import.
//
// A [Canary] names a workload and says how a new version of it earns the traffic; a [MetricSource] says where
// the evidence comes from. Numbers with a unit are strings ("0.1%", "500ms"): no field is a float.
//
// # Defaults
//
// Fields outside of lists are defaulted by the schema, so that kubectl shows what counts. Lists, and the fields of their items, are
// never defaulted there: a merge patch compares a list as a whole, so an item that is longer in the cluster than in Git would
// show as a difference for ever. Read those through [CanarySpec.StepsOrDefault] and [Analysis.MetricsOrDefault].
//
// # Rules
//
// What can be refused is refused at kubectl apply, by rules whose message names the field and says what to write. Every string, list and map is bounded.
//
// +kubebuilder:object:generate=true
// +groupName=serin.dev
package v1alpha1
