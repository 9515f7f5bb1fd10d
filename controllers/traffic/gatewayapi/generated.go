package gatewayapi

import (
	"context"
	"fmt"
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/controllers/traffic"
)

// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=httproutes,verbs=create

// Generated keeps the HTTPRoute of a Canary that names a gateway instead of a route. The route is controlled by the Canary and goes with
// it. Splits are made and undone by the router of [HTTPRoute], which treats it like any other route.
type Generated struct {
	// Client is used as [HTTPRoute] says.
	Client client.Client
}

// Ensure makes the route r.Object what it is to be: attached to the gateways, with one rule that sends every request to r.Service, or, if
// it carries a split now, to the two generated Services in the same shares. It writes nothing when that is so already. It answers
// [traffic.ErrUnsupported] when the cluster has no HTTPRoutes, when no gateway is named, or when a route of this name exists
// that owner does not control.
func (g Generated) Ensure(ctx context.Context, owner client.Object, r traffic.Route, to traffic.Attachment) error {
	h := routerOf("HTTPRoute", g.Client)
	if len(to.Gateways) == 0 {
		return h.failed("making", r.Object, fmt.Errorf("%w: no gateway to attach it to; name one in spec.traffic.gateway.parentRefs of the Canary",
			traffic.ErrUnsupported))
	}
	route := &unstructured.Unstructured{}
	route.SetGroupVersionKind(h.kind)
	err := g.Client.Get(ctx, r.Object, route)
	switch {
	case apierrors.IsNotFound(err):
		err = g.create(ctx, owner, h, r, to)
	case err == nil:
		err = g.repair(ctx, owner, route, r, to)
	default:
		err = h.explained(err)
	}
	if err != nil {
		return h.failed("making", r.Object, err)
	}
	return nil
}

func (g Generated) create(ctx context.Context, owner client.Object, h router, r traffic.Route, to traffic.Attachment) error {
	route := &unstructured.Unstructured{Object: map[string]any{"spec": attached(to)}}
	route.SetGroupVersionKind(h.kind)
	route.SetNamespace(r.Object.Namespace)
	route.SetName(r.Object.Name)
	if err := unstructured.SetNestedSlice(route.Object, homeRules(r), "spec", "rules"); err != nil {
		return err
	}
	if err := traffic.Own(owner, route, g.Client.Scheme()); err != nil {
		return err
	}
	return g.Client.Create(ctx, route, client.FieldOwner(traffic.FieldManager))
}

func (g Generated) repair(ctx context.Context, owner client.Object, route *unstructured.Unstructured, r traffic.Route, to traffic.Attachment) error {
	if err := traffic.OwnedBy(owner, route, g.Client.Scheme()); err != nil {
		return err
	}
	before := route.DeepCopy()
	if err := traffic.Own(owner, route, g.Client.Scheme()); err != nil {
		return err
	}
	spec := attached(to)
	rules := homeRules(r)
	if held := shares(rulesOf(route), r); len(held) > 0 {
		parted, originals, err := split(rules, r, weight(held), nil)
		if err != nil {
			return err
		}
		rules = parted
		was, _ := recall(route, r)
		if err := remember(route, was.with(r, originals)); err != nil {
			return err
		}
	}
	spec["rules"] = rules
	route.Object["spec"] = spec
	if reflect.DeepEqual(before.Object, route.Object) {
		return nil
	}
	return g.Client.Update(ctx, route, client.FieldOwner(traffic.FieldManager))
}

// attached is the spec of a generated route apart from its rules. What the API server would fill in is written out, here and in
// homeRules, so that the route read back compares equal.
func attached(to traffic.Attachment) map[string]any {
	var parents []any
	for _, gateway := range to.Gateways {
		parent := map[string]any{"group": Group, "kind": "Gateway", "name": gateway.Name}
		if gateway.Namespace != "" {
			parent["namespace"] = gateway.Namespace
		}
		if gateway.Section != "" {
			parent["sectionName"] = gateway.Section
		}
		parents = append(parents, parent)
	}
	spec := map[string]any{"parentRefs": parents}
	var hosts []any
	for _, host := range to.Hostnames {
		hosts = append(hosts, host)
	}
	if len(hosts) > 0 {
		spec["hostnames"] = hosts
	}
	return spec
}

// homeRules send everything to the Service.
func homeRules(r traffic.Route) []any {
	return []any{map[string]any{
		"matches": []any{map[string]any{"path": map[string]any{"type": "PathPrefix", "value": "/"}}},
		"backendRefs": []any{map[string]any{
			"group": "", "kind": "Service", "name": r.Service.Service, "port": int64(r.Service.Port), "weight": int64(1),
		}},
	}}
}
