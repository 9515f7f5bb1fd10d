package controllers

import (
	"context"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/traffic"
)

// generates says that Serin makes and owns this Canary's route.
func generates(c *v1alpha1.Canary) bool {
	return c.Spec.Traffic != nil && c.Spec.Traffic.Gateway != nil
}

// generatedRoute is the route that Serin makes; it has the Canary's name.
func generatedRoute(c *v1alpha1.Canary) v1alpha1.RouteReference {
	return v1alpha1.RouteReference{Group: "gateway.networking.k8s.io", Kind: "HTTPRoute", Name: c.Name}
}

// generate keeps the generated route, when there is to be one. It goes with the Canary, whose deletion ends the release first.
func (r *routes) generate(ctx context.Context) error {
	canary := r.scene.canary
	if !generates(canary) || r.scene.observation.Ending || !r.scene.workload.Exists {
		return nil
	}
	gateway := canary.Spec.Traffic.Gateway
	to := traffic.Attachment{Hostnames: gateway.Hostnames}
	for _, parent := range gateway.ParentRefs {
		to.Gateways = append(to.Gateways, traffic.Gateway{Name: parent.Name, Namespace: parent.Namespace, Section: parent.SectionName})
	}
	return r.generated.Ensure(ctx, canary, r.bound[0].route, to)
}
