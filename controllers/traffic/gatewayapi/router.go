// Package gatewayapi divides the traffic of Gateway API's routes.
//
// A route belongs to its owner. During a release only the backendRefs of the rules that refer to the Service differ from what the owner
// wrote, and at the end they are again what they were, down to who owns them in managedFields.
package gatewayapi

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/controllers/traffic"
)

// Group is the API group of the routes.
const Group = "gateway.networking.k8s.io"

// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=httproutes,verbs=get;update

// HTTPRoute returns the router of HTTPRoutes.
//
// It reads routes through c as unstructured objects and expects c not to cache those: a cache would start to watch a kind that may
// not be installed, and would answer with the route as it was before the last write.
func HTTPRoute(c client.Client) traffic.Router {
	return routerOf("HTTPRoute", c)
}

// GRPCRoute returns the router of GRPCRoutes; what HTTPRoute says about c holds here too. No installation registers it yet: whoever does adds grpcroutes to the rule above,
// and a journey with a gateway that carries gRPC.
func GRPCRoute(c client.Client) traffic.Router {
	return routerOf("GRPCRoute", c)
}

type router struct {
	client client.Client
	kind   schema.GroupVersionKind
}

func routerOf(kind string, c client.Client) router {
	return router{client: c, kind: schema.GroupVersionKind{Group: Group, Version: "v1", Kind: kind}}
}

// Observe reads the route.
func (h router) Observe(ctx context.Context, r traffic.Route) (traffic.Split, error) {
	route, err := h.get(ctx, r.Object)
	if err != nil {
		return traffic.Split{}, err
	}
	was, trace := recall(route, r)
	rules := rulesOf(route)
	held := shares(rules, r)
	split := traffic.Split{
		Home:   len(held) == 0 && !trace,
		Alike:  len(held) == 0,
		Weight: weight(held),
	}
	split.Even = split.Home || even(rules, r, split.Weight, was.originals(r))

	parents, err := parentsOf(route)
	if err != nil {
		return split, h.failed("reading", r.Object, err)
	}
	if err := h.carries(rules, r, was.originals(r), len(parents)); err != nil {
		return split, h.failed("reading", r.Object, err)
	}
	if split.Home {
		// Later it would be too late to refuse.
		if err := h.tlsFollows(ctx, r); err != nil {
			return split, h.failed("reading", r.Object, err)
		}
	}
	switch split.Message, err = waitsFor(route, parents); {
	case err != nil:
		return split, h.failed("reading", r.Object, err)
	case !split.Even:
		split.Message = fmt.Sprintf("%s %s: not every rule that sends requests to Service %s carries the same split; somebody else may have written the route",
			h.kind.Kind, r.Object.Name, r.Service.Service)
	case split.Message != "":
		split.Message = fmt.Sprintf("%s %s: %s", h.kind.Kind, r.Object.Name, split.Message)
	default:
		split.Settled = true
	}
	return split, nil
}

// carries answers ErrUnsupported when the route can't carry a split.
func (h router) carries(rules []any, r traffic.Route, was []original, parents int) error {
	if parents == 0 {
		return fmt.Errorf("%w: it has no spec.parentRefs, so no gateway serves it; attach it to one", traffic.ErrUnsupported)
	}
	// Whether rules can be split does not depend on the weight.
	_, _, err := split(rules, r, 0, was)
	return err
}

// SetWeight writes the split and, in the annotation beside it, what it replaced.
func (h router) SetWeight(ctx context.Context, r traffic.Route, percent int32) error {
	if percent < 0 || percent > 100 {
		return fmt.Errorf("setting the weight of %s %s: %d is not from 0 to 100", h.kind.Kind, r.Object, percent)
	}
	route, err := h.get(ctx, r.Object)
	if err != nil {
		return err
	}
	was, _ := recall(route, r)
	rules := rulesOf(route)
	parted, originals, err := split(rules, r, percent, was.originals(r))
	if err != nil {
		return h.failed("splitting", r.Object, err)
	}
	if sameDivision(parted, rules) {
		parted = rules
	}
	was.Owners = rightfulOwners(route, was)
	return h.write(ctx, "splitting", route, parted, func() error { return remember(route, was.with(r, originals)) })
}

// Release writes the rules back, and then, in a second write, gives them back to their owners and removes the annotation: the comment
// in memory.go says why that takes two. Stopped in between, it goes on where it was. Of several Canaries that split the route,
// the last one to release it gives it back.
func (h router) Release(ctx context.Context, r traffic.Route) error {
	var err error
	for range 3 {
		// The data plane reports on the first write within milliseconds, so the second one often meets a newer route than it was made
		// for. Everything is then read and thought through again.
		var again bool
		if again, err = h.release(ctx, r); !again {
			break
		}
	}
	return err
}

// release is one attempt. again is true when only the second write met a conflict.
func (h router) release(ctx context.Context, r traffic.Route) (again bool, err error) {
	route, err := h.get(ctx, r.Object)
	if errors.Is(err, traffic.ErrRouteNotFound) || errors.Is(err, traffic.ErrUnsupported) {
		// There is no such route, or no such kind any more.
		return false, nil
	}
	if err != nil {
		return false, err
	}
	was, trace := recall(route, r)
	rules := rulesOf(route)
	if !trace && len(shares(rules, r)) == 0 {
		return false, nil
	}
	was.Owners = rightfulOwners(route, was)
	home := restore(rules, r, was.originals(r))
	if others := was.without(r); len(others.Splits) > 0 {
		return false, h.write(ctx, "restoring", route, home, func() error { return remember(route, others) })
	}
	if !reflect.DeepEqual(home, rules) {
		if err := h.write(ctx, "restoring", route, home, func() error { return remember(route, was) }); err != nil {
			return false, err
		}
	}
	err = h.write(ctx, "giving back", route, home, func() error {
		route.SetManagedFields(giveBack(route.GetManagedFields(), was.Owners))
		forget(route)
		return nil
	})
	return apierrors.IsConflict(err), err
}

func (h router) get(ctx context.Context, name types.NamespacedName) (*unstructured.Unstructured, error) {
	route := &unstructured.Unstructured{}
	route.SetGroupVersionKind(h.kind)
	if err := h.client.Get(ctx, name, route); err != nil {
		return nil, h.failed("reading", name, h.explained(err))
	}
	return route, nil
}

// explained turns the API's errors about what isn't there into those of a router.
func (h router) explained(err error) error {
	switch {
	case apierrors.IsNotFound(err):
		return fmt.Errorf("%w: create it, or correct spec.traffic.routes of the Canary", traffic.ErrRouteNotFound)
	case meta.IsNoMatchError(err):
		return fmt.Errorf("%w: this cluster has no %s; install the CRDs of Gateway API", traffic.ErrUnsupported, h.kind.GroupKind())
	}
	return err
}

// write gives the route these rules and lets annotate complete it. It sends nothing when nothing has changed; otherwise the write holds
// the resourceVersion that was read, so that it fails with a conflict when somebody else has written since.
func (h router) write(ctx context.Context, verb string, route *unstructured.Unstructured, rules []any, annotate func() error) error {
	before := route.DeepCopy()
	if !reflect.DeepEqual(rules, rulesOf(route)) {
		if err := unstructured.SetNestedSlice(route.Object, rules, "spec", "rules"); err != nil {
			return h.failed(verb, client.ObjectKeyFromObject(route), err)
		}
	}
	if err := annotate(); err != nil {
		return h.failed(verb, client.ObjectKeyFromObject(route), err)
	}
	if reflect.DeepEqual(before.Object, route.Object) {
		return nil
	}
	if err := h.client.Update(ctx, route, client.FieldOwner(traffic.FieldManager)); err != nil {
		return h.failed(verb, client.ObjectKeyFromObject(route), err)
	}
	return nil
}

func (h router) failed(verb string, name types.NamespacedName, err error) error {
	return fmt.Errorf("%s %s %s: %w", verb, h.kind.Kind, name, err)
}

func rulesOf(route *unstructured.Unstructured) []any {
	rules, _, _ := unstructured.NestedSlice(route.Object, "spec", "rules")
	return rules
}
