package traffictest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/controllers/traffic"
)

// Router is a [traffic.Router] in memory, for tests of what calls one. Its routes, and what the data plane says about them, change only
// as a test asks for it. The zero value has no routes. It may be used by several goroutines at once.
type Router struct {
	// Prompt makes every write count as acknowledged at once.
	Prompt bool

	mu       sync.Mutex
	routes   map[types.NamespacedName]*route
	failures map[string]error
	writes   []string
}

type route struct {
	home, even             bool
	weight                 int32
	generation, acceptance int64
}

// Factory makes this router, whatever the client.
func (f *Router) Factory(client.Client) traffic.Router { return f }

// Add makes a route, home and not yet acknowledged unless the router is prompt.
func (f *Router) Add(name types.NamespacedName) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.routes == nil {
		f.routes = map[types.NamespacedName]*route{}
	}
	f.routes[name] = &route{home: true, even: true}
	f.changed(f.routes[name])
}

// Remove deletes a route, as a person would.
func (f *Router) Remove(name types.NamespacedName) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.routes, name)
}

// Acknowledge makes the route settled as it is now.
func (f *Router) Acknowledge(name types.NamespacedName) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r := f.routes[name]; r != nil {
		r.acceptance = r.generation
	}
}

// Revert brings the rules of a route home behind the router's back, as a sync of the manifest does. What Release would undo is still there.
func (f *Router) Revert(name types.NamespacedName) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r := f.routes[name]; r != nil && !r.home {
		r.weight, r.even = 0, false
		f.changed(r)
	}
}

// Fail makes one method, Observe, SetWeight or Release, answer err until it is called with nil.
func (f *Router) Fail(method string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failures == nil {
		f.failures = map[string]error{}
	}
	f.failures[method] = err
}

// Writes lists the writes so far, such as "shop/read-api weight 10" and "shop/read-api released". Calls that had nothing to change
// are not among them.
func (f *Router) Writes() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.writes)
}

// Observe implements [traffic.Router].
func (f *Router) Observe(ctx context.Context, r traffic.Route) (traffic.Split, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	held, err := f.find(ctx, "Observe", r)
	if err != nil {
		return traffic.Split{}, err
	}
	split := traffic.Split{Home: held.home, Alike: held.home || !held.even, Weight: held.weight, Even: held.even}
	switch {
	case !held.even:
		split.Message = fmt.Sprintf("route %s was edited", r.Object.Name)
	case held.acceptance < held.generation:
		split.Message = fmt.Sprintf("route %s waits for its gateway", r.Object.Name)
	default:
		split.Settled = true
	}
	return split, nil
}

// SetWeight implements [traffic.Router].
func (f *Router) SetWeight(ctx context.Context, r traffic.Route, percent int32) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	held, err := f.find(ctx, "SetWeight", r)
	if err != nil {
		return err
	}
	if percent < 0 || percent > 100 {
		return fmt.Errorf("weight %d is not from 0 to 100", percent)
	}
	if !held.home && held.even && held.weight == percent {
		return nil
	}
	held.home, held.even, held.weight = false, true, percent
	f.changed(held)
	f.writes = append(f.writes, fmt.Sprintf("%s weight %d", r.Object, percent))
	return nil
}

// Release implements [traffic.Router].
func (f *Router) Release(ctx context.Context, r traffic.Route) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.failures["Release"]; err != nil {
		return err
	}
	held := f.routes[r.Object]
	if held == nil || held.home {
		return ctx.Err()
	}
	held.home, held.even, held.weight = true, true, 0
	f.changed(held)
	f.writes = append(f.writes, fmt.Sprintf("%s released", r.Object))
	return nil
}

func (f *Router) find(ctx context.Context, method string, r traffic.Route) (*route, error) {
	if err := f.failures[method]; err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	held := f.routes[r.Object]
	if held == nil {
		return nil, fmt.Errorf("route %s: %w", r.Object, traffic.ErrRouteNotFound)
	}
	return held, nil
}

func (f *Router) changed(r *route) {
	r.generation++
	if f.Prompt {
		r.acceptance = r.generation
	}
}
