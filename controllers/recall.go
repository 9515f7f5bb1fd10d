package controllers

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload"
)

// recall keeps, per Canary, what need not survive a restart: the part of the memory that is not worth a write of its own, and the evidence counted so far at the
// present step. Losing it only makes a step take longer. The zero value is ready for use.
type recall struct {
	mu      sync.Mutex
	entries map[types.NamespacedName]*recollection
}

// recollection is used by one worker at a time: the queue never hands one Canary to two.
type recollection struct {
	// uid tells the Canary from an earlier one of the same name.
	uid      types.UID
	state    rollout.State
	evidence evidence
	// expected is when the next pass was to be at the latest; zero when none was.
	expected time.Time
	// wrote is the resource version of the last status that this process wrote, and when; before its first, when it began: a process that keeps dying must not spend its
	// life on writing what only readers miss.
	wrote   string
	wroteAt time.Time
	// route is what the routes last said, and acknowledged since when; the zero time is long ago.
	route             rollout.Split
	acknowledgedSince time.Time
	// seen is the workload as it was read last.
	seen seenWorkload
	// copyable is when the user's Service was last seen to be as it has to be, for the Canary of a generation; zero while it is not.
	copyable           time.Time
	copyableGeneration int64
	// readySince is since when the endpoints that the next split needs have been ready; zero while they are not.
	readySince time.Time
	// taken is the name of something of Serin's that something else has, as the last try to make it found; nil when none has.
	taken *problem
	// homeward is since when the routes are to go home; zero while they are not.
	homeward time.Time
	// refusedAt is since when the candidate is to have no traffic; zero when it has none.
	refusedAt time.Time
	// held is the revision with which the workload was last seen paused.
	held string
	// unkept is the compact trace of the last release, until it is written.
	unkept string
	// untidy is true until it was made sure that nothing of a past release is left.
	untidy bool
}

// seenWorkload is a workload as it was read. It is believed until something is heard of a change, and never for longer than [silentRetry].
type seenWorkload struct {
	version, baseline, candidate string
	at                           time.Time
	observation                  workload.Observation
}

// of answers what is remembered of a Canary whose status holds persisted.
func (r *recall) of(c *v1alpha1.Canary, persisted rollout.State, now time.Time) *recollection {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := client.ObjectKeyFromObject(c)
	e, known := r.entries[name]
	if !known || e.uid != c.UID {
		if r.entries == nil {
			r.entries = map[types.NamespacedName]*recollection{}
		}
		e = &recollection{uid: c.UID, untidy: true, wroteAt: now}
		r.entries[name] = e
		// Waits begin anew after a restart: nobody was there to see them end.
		if !persisted.EnteredAt.IsZero() {
			persisted.EnteredAt = now
		}
	}
	if e.state.Significant() != persisted.Significant() {
		e.state = persisted
	}
	if !e.expected.IsZero() && now.Sub(e.expected) > overslept && !e.state.EnteredAt.IsZero() {
		e.state.EnteredAt = now // as after a restart
	}
	e.expected = now.Add(slowestRetry) // should this one fail: what can't be done must not put off the deadline that is its way out
	return e
}

// overslept is how late a pass may be, for a busy machine. When it is later this process did not run, and what it waits for may have come to pass unseen.
const overslept = 10 * time.Second

// expect notes when the next pass is to be.
func (e *recollection) expect(now time.Time, in time.Duration) {
	if e.expected = now.Add(in); in == 0 {
		e.expected = time.Time{}
	}
}

// outdated says that the cache has not yet seen what this process itself wrote last; deciding on that would be deciding on a memory long overtaken.
func (r *recall) outdated(cached *v1alpha1.Canary) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, known := r.entries[client.ObjectKeyFromObject(cached)]
	if !known || e.uid != cached.UID || e.wrote == "" {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(cached.ResourceVersion, e.wrote)
	return err == nil && order < 0
}

// forget drops what is remembered of a Canary that is gone: whoever takes the finalizer off by hand, or deletes one at rest, leaves nobody else to do it.
func (r *recall) forget(ctx context.Context, name types.NamespacedName) {
	r.mu.Lock()
	e := r.entries[name]
	delete(r.entries, name)
	r.mu.Unlock()
	if e != nil {
		e.evidence.tracer.close(ctx, nil)
	}
}

// serve takes Settled back until the data plane has had the time lag to serve what it acknowledged: gateways are known to acknowledge a route when they have read it. A
// split that was there before this process began is old enough.
func (e *recollection) serve(now *rollout.Split, at time.Time, lag time.Duration) {
	same := e.route.Home == now.Home && e.route.Weight == now.Weight && e.route.Settled
	known := e.route != (rollout.Split{})
	e.route = rollout.Split{Home: now.Home, Gone: now.Gone, Weight: now.Weight, Settled: now.Settled, Message: "known"}
	switch {
	case !now.Settled:
		return
	case known && !same:
		e.acknowledgedSince = at
	}
	if at.Sub(e.acknowledgedSince) < lag {
		now.Settled = false
		now.Message = "the gateway acknowledged the route; giving it time to serve it"
	}
}
