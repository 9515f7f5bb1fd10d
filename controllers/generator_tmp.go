package controllers

import (
	"context"

	"github.com/serin-dev/serin/api/v1alpha1"
)

type generator struct{}

func (r *CanaryReconciler) generator() generator { return generator{} }

func (r *routes) generate(ctx context.Context) error { return nil }

func generatedRoute(c *v1alpha1.Canary) v1alpha1.RouteReference {
	return v1alpha1.RouteReference{Group: "gateway.networking.k8s.io", Kind: "HTTPRoute", Name: c.Name}
}
