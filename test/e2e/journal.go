package e2e

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// journal holds every version of every object of a namespace that the API server told of.
type journal struct {
	mu      sync.Mutex
	entries []entry
	now     *world
	changed chan struct{} // closed and made anew with every entry
	broken  error
}

// entry is one write to one object.
type entry struct {
	at       time.Time
	revision uint64 // of the whole store, so that entries of different kinds can be put in order
	deleted  bool
	object   client.Object
}

// watched are the kinds that journeys are about.
func watched() []client.ObjectList {
	return []client.ObjectList{
		&v1alpha1.CanaryList{}, &appsv1.DeploymentList{}, &appsv1.ReplicaSetList{}, &corev1.PodList{}, &corev1.ServiceList{},
		&discoveryv1.EndpointSliceList{}, &gatewayv1.HTTPRouteList{}, &eventsv1.EventList{},
	}
}

// watchNamespace begins a journal, which ends with ctx.
func watchNamespace(ctx context.Context, c client.WithWatch, namespace string) *journal {
	j := &journal{now: newWorld(), changed: make(chan struct{})}
	for _, list := range watched() {
		go func() {
			if err := j.follow(ctx, c, namespace, list); err != nil && ctx.Err() == nil {
				j.mu.Lock()
				j.broken = err
				j.mu.Unlock()
			}
		}()
	}
	return j
}

// follow watches one kind, from where the last watch ended. The namespace is new, so that there is nothing to list first. A kind that is gone, because Serin is
// being uninstalled, may come back, and one whose definition changes, because Serin is being upgraded, begins anew: the API server forgets what it knew of the past then.
func (j *journal) follow(ctx context.Context, c client.WithWatch, namespace string, list client.ObjectList) error {
	from := ""
	for ctx.Err() == nil {
		w, err := c.Watch(ctx, list, client.InNamespace(namespace), &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: from}})
		if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
			from = ""
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		if err == nil {
			from, err = j.take(w, from)
			w.Stop()
		}
		if _, defined := list.(*v1alpha1.CanaryList); defined && from != "" && (apierrors.IsResourceExpired(err) || apierrors.IsGone(err)) {
			from, err = "", nil
		}
		if err != nil {
			return fmt.Errorf("watching %T: %w", list, err)
		}
	}
	return nil
}

// take takes in what a watch tells until it ends, and answers how far that was.
func (j *journal) take(w watch.Interface, from string) (string, error) {
	for event := range w.ResultChan() {
		object, ok := event.Object.(client.Object)
		if event.Type == watch.Error || !ok {
			return from, apierrors.FromObject(event.Object)
		}
		from = object.GetResourceVersion()
		j.add(object, event.Type == watch.Deleted)
	}
	return from, nil
}

func (j *journal) add(object client.Object, deleted bool) {
	revision, _ := strconv.ParseUint(object.GetResourceVersion(), 10, 64)
	e := entry{at: time.Now(), revision: revision, deleted: deleted, object: object}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, e)
	j.now.apply(e)
	close(j.changed)
	j.changed = make(chan struct{})
}

// look calls see with the present world, which must not be kept.
func (j *journal) look(see func(*world)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	see(j.now)
}

// await answers nil as soon as the world is as wanted. It looks again with every write, and every second for what is no object.
func (j *journal) await(ctx context.Context, within time.Duration, wanted func(*world) bool) error {
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		j.mu.Lock()
		done, broken, changed := wanted(j.now), j.broken, j.changed
		j.mu.Unlock()
		switch {
		case done:
			return nil
		case broken != nil:
			return broken
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-deadline.C:
			return fmt.Errorf("not within %s", within)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// history is everything so far in the order in which it was stored.
func (j *journal) history() []entry {
	j.mu.Lock()
	entries := slices.Clone(j.entries)
	j.mu.Unlock()
	slices.SortStableFunc(entries, func(a, b entry) int {
		switch {
		case a.revision < b.revision:
			return -1
		case a.revision > b.revision:
			return 1
		}
		return 0
	})
	return entries
}

// replay calls see with the world as it was after each write.
func (j *journal) replay(see func(w *world, e entry)) {
	w := newWorld()
	for _, e := range j.history() {
		w.apply(e)
		see(w, e)
	}
}
