package controllers

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/serin-dev/serin/controllers/rollout"
)

// recall keeps, per Canary, what need not survive a restart: the part of the memory that is not worth a write of its own, and the evidence counted so far at the
// present step. Losing it only makes a step take longer. The zero value is ready for use.
type recall struct {
	mu      sync.Mutex
	entries map[types.UID]*recollection
}

// recollection is used by one worker at a time: the queue never hands one Canary to two.
type recollection struct {
	state    rollout.State
	evidence evidence
	// wrote is the resource version of the last status that this process wrote, and when.
	wrote   string
	wroteAt time.Time
	// route is what the routes last said, and acknowledged since when; the zero time is long ago.
	route             rollout.Split
	acknowledgedSince time.Time
	// readySince is since when the endpoints that the next split needs have been ready; zero while they are not.
	readySince time.Time
	// homeward is since when the routes are to go home; zero while they are not.
	homeward time.Time
	// held is the revision with which the workload was last seen paused.
	held string
	// unkept is the compact trace of the last release, until it is written.
	unkept string
	// untidy is true until it was made sure that nothing of a past release is left.
	untidy bool
}

// of answers what is remembered of a Canary whose status holds persisted.
func (r *recall) of(uid types.UID, persisted rollout.State, now time.Time) *recollection {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, known := r.entries[uid]
	if !known {
		if r.entries == nil {
			r.entries = map[types.UID]*recollection{}
		}
		e = &recollection{untidy: true}
		r.entries[uid] = e
		// Waits begin anew after a restart: nobody was there to see them end.
		if !persisted.EnteredAt.IsZero() {
			persisted.EnteredAt = now
		}
	}
	if e.state.Significant() != persisted.Significant() {
		e.state = persisted
	}
	return e
}

// outdated says that the cache has not yet seen what this process itself wrote last; deciding on that would be deciding on a memory long overtaken.
func (r *recall) outdated(uid types.UID, cached string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, known := r.entries[uid]
	if !known || e.wrote == "" {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(cached, e.wrote)
	return err == nil && order < 0
}

func (r *recall) forget(uid types.UID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.entries, uid)
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
