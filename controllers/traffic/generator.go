package traffic

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Generator keeps the route of a Canary that names a gateway instead of a route. Splits are made and undone by the [Router] of its kind, which treats it like
// any other route.
type Generator interface {
	// Ensure makes the route r.Object what it is to be at rest, attached as to says, or leaves it split. It writes nothing when that is so already, and answers
	// [ErrUnsupported] when a route of this name exists that owner does not control.
	Ensure(ctx context.Context, owner client.Object, r Route, to Attachment) error
}

// Attachment says where a generated route is attached, and which hosts it answers for; no hosts means all of the gateway's.
type Attachment struct {
	Gateways  []Gateway
	Hostnames []string
}

// Gateway names a Gateway. No namespace means that of the route, no section all of its listeners that allow the route.
type Gateway struct{ Name, Namespace, Section string }
