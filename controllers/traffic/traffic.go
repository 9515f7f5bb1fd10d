// Package traffic divides requests between two Services of one workload.
//
// A [Router] speaks to one kind of route. The kind named in the Canary selects it from a [Registry]; adding a kind
// means one package, one line in that registry and one call of the conformance suite in traffictest.
package traffic

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// FieldManager is the name under which Serin's writes are recorded in managedFields. While a release is under way it is the owner of
// what the split changed, so that Argo CD can be told to leave exactly that alone.
const FieldManager = "serin"

// Router divides the traffic of one route. Every method may be called every few seconds for hours: each compares
// before it writes, and none waits for the data plane.
type Router interface {
	// Observe says what the route holds now. It answers [ErrRouteNotFound] when there is no such route and
	// [ErrUnsupported] when the route can't carry a split, with an error text that says what to change; the Split beside
	// [ErrUnsupported] is still what the route holds, as far as there is a route.
	Observe(ctx context.Context, r Route) (Split, error)
	// SetWeight makes the route send percent (0 to 100) of the requests that went to r.Service to the candidate and the
	// rest to the baseline. A nil error means that the route object holds the weight, not that packets follow it already.
	SetWeight(ctx context.Context, r Route, percent int32) error
	// Release undoes every trace of SetWeight: the route is again as its owner wrote it. A route that is gone is released. A nil error
	// means that nothing is left to undo, not that the data plane has left the generated Services already: wait for a Split that
	// is Home and Settled before they go.
	Release(ctx context.Context, r Route) error
}

// Route says which route carries the split, and between what.
type Route struct {
	// Object is the route's namespace and name.
	Object types.NamespacedName
	// Service is where the route sends requests while no release is under way.
	Service Backend
	// Baseline and Candidate are where SetWeight sends them.
	Baseline, Candidate Backend
}

// Backend is a port of a Service in the route's namespace.
type Backend struct {
	Service string
	Port    int32
}

// Split is what a route says.
type Split struct {
	// Home is true when the route is as its owner wrote it and no trace of a release is left: everything goes to Route.Service.
	Home bool
	// Alike is true when no rule sends requests to the baseline or the candidate, so that they reach all pods alike: also where somebody wrote the owner's rules back
	// and left the trace of a release.
	Alike bool
	// Weight is the candidate's share in percent; 0 while Home. Of several rules with different shares, the largest counts.
	Weight int32
	// Even is false when some rules that should carry the split do not, or carry another weight; such a split never counts as settled.
	Even bool
	// Settled is true when every parent of the route has acknowledged the route as it is now, and the split is Even. Acknowledged is not
	// served yet: data planes report a route when they have read it and act on it a moment later (Traefik, as it comes, up to two
	// seconds later). What can't be taken back, such as deleting the pods that requests went to, has to wait that long.
	Settled bool
	// Message says what the split waits for while it has not settled, in words for the person on call.
	Message string
}

// Factory makes a Router that speaks through c.
type Factory func(c client.Client) Router

// Registry maps a kind of route to its router.
type Registry map[schema.GroupKind]Factory

var (
	// ErrRouteNotFound means that the named route does not exist.
	ErrRouteNotFound = errors.New("route not found")
	// ErrServiceNotFound means that the Service which the route sends requests to does not exist.
	ErrServiceNotFound = errors.New("service not found")
	// ErrUnsupported means that this route, as written, can't carry a split; a person has to change something.
	ErrUnsupported = errors.New("route can't carry a split")
	// ErrNameTaken means that something else has the name of an object that is to be made; it matches ErrUnsupported.
	ErrNameTaken = fmt.Errorf("%w: a name is taken", ErrUnsupported)
)
