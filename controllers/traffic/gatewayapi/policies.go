package gatewayapi

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/controllers/traffic"
)

// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=backendtlspolicies,verbs=list

// tlsFollows answers ErrUnsupported when a BackendTLSPolicy says how gateways speak to r.Service, and none says it for the generated
// Services. A policy is attached to a Service by name, so with the first split the gateway would speak plain HTTP to pods that want
// TLS: every request would fail, the baseline's too, and no weight would help.
func (h router) tlsFollows(ctx context.Context, r traffic.Route) error {
	policies := &unstructured.UnstructuredList{}
	policies.SetGroupVersionKind(schema.GroupVersionKind{Group: Group, Version: "v1", Kind: "BackendTLSPolicyList"})
	err := h.client.List(ctx, policies, client.InNamespace(r.Object.Namespace))
	if meta.IsNoMatchError(err) || apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
		// No such kind, or a platform team that does not let us look: both are no reason to refuse a release.
		return nil
	}
	if err != nil {
		return fmt.Errorf("listing BackendTLSPolicies: %w", err)
	}
	policy := map[string]string{}
	for _, p := range policies.Items {
		for _, name := range targets(p) {
			policy[name] = p.GetName()
		}
	}
	name, ok := policy[r.Service.Service]
	if !ok {
		return nil
	}
	for _, service := range []string{r.Baseline.Service, r.Candidate.Service} {
		if policy[service] == "" {
			return fmt.Errorf("%w: BackendTLSPolicy %s applies to Service %s only; add %s and %s to its targetRefs",
				traffic.ErrUnsupported, name, r.Service.Service, r.Baseline.Service, r.Candidate.Service)
		}
	}
	return nil
}

// targets are the names of the Services that a policy is attached to.
func targets(policy unstructured.Unstructured) []string {
	var out []string
	refs, _, _ := unstructured.NestedSlice(policy.Object, "spec", "targetRefs")
	for _, ref := range refs {
		if m, ok := ref.(map[string]any); ok && text(m, "group") == "" && text(m, "kind") == "Service" {
			out = append(out, text(m, "name"))
		}
	}
	return out
}
