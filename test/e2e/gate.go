package e2e

import (
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// gateWorks asks, without changing anything, whether a push would be gated.
func (a *app) gateWorks(want bool) error {
	d := &appsv1.Deployment{}
	if err := a.cluster.Get(a.Context(), client.ObjectKey{Namespace: a.ns, Name: appName}, d); err != nil {
		return err
	}
	d.Spec.Paused = false
	if d.Spec.Replicas != nil && *d.Spec.Replicas == 0 {
		one := int32(1) // the gate leaves a Deployment of 0 replicas alone
		d.Spec.Replicas = &one
	}
	d.Spec.Template.Annotations = map[string]string{"e2e": "would this be gated?"}
	if err := a.cluster.Update(a.Context(), d, client.DryRunAll); err != nil {
		return err
	}
	if d.Spec.Paused != want {
		return errGate
	}
	return nil
}

var errGate = errorString("the API server still decides by the gate as it was")

type errorString string

func (e errorString) Error() string { return string(e) }
