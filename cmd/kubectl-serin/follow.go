package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// sighting is one news of a Canary that is followed.
type sighting struct {
	canary *v1alpha1.Canary
	// trouble is why there is no news for now; it passes by itself, or the wait runs out.
	trouble error
	// end is why nothing more will come.
	end error
}

// errGone means that the Canary was deleted while somebody followed it.
var errGone = errors.New("the Canary was deleted")

const (
	// soonest and latest bound the pause before a dropped watch is opened again.
	soonest, latest = time.Second, 15 * time.Second
	// watchFor is how long one watch lasts at most. A new one begins by reading anew, so that a connection that died without a word costs no more.
	watchFor = 5 * time.Minute
)

// follow tells of a Canary as it is, and of each change, until ctx ends. It survives dropped watches; the first read must succeed.
func (c *cluster) follow(ctx context.Context, name string, now clock.Clock) <-chan sighting {
	news := make(chan sighting)
	tell := func(s sighting) bool {
		select {
		case news <- s:
			return true
		case <-ctx.Done():
			return false
		}
	}
	go func() {
		defer close(news)
		pause, once := soonest, false
		for ctx.Err() == nil {
			seen, err := c.watchOnce(ctx, name, tell)
			once = once || seen
			switch {
			case err == nil: // the server ended the watch, as it does now and then
				pause = soonest
			case !once || final(err):
				tell(sighting{end: err})
				return
			case !tell(sighting{trouble: err}):
				return
			}
			timer := now.NewTimer(pause)
			select {
			case <-timer.C():
			case <-ctx.Done():
				timer.Stop()
				return
			}
			pause = min(2*pause, latest)
		}
	}()
	return news
}

// final says that asking again will not help: the cluster answered, and said no.
func final(err error) bool {
	var f failure
	return !errors.As(err, &f) || errors.Is(err, errGone) || apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err)
}

// watchOnce reads the Canary and tells of each change until the watch ends. seen is true once it was read.
func (c *cluster) watchOnce(ctx context.Context, name string, tell func(sighting) bool) (seen bool, err error) {
	canary, err := c.canary(ctx, name)
	if err != nil {
		return false, err
	}
	if !tell(sighting{canary: canary}) {
		return true, nil
	}
	seconds := int64(watchFor / time.Second)
	watcher, err := c.client.Watch(ctx, &v1alpha1.CanaryList{}, client.InNamespace(c.namespace), client.MatchingFields{"metadata.name": name},
		&client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: canary.ResourceVersion, TimeoutSeconds: &seconds}})
	if err != nil {
		return true, c.refusal("watching the Canary "+name, err)
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		switch event.Type {
		case watch.Added, watch.Modified:
			if changed, ok := event.Object.(*v1alpha1.Canary); ok && !tell(sighting{canary: changed}) {
				return true, nil
			}
		case watch.Deleted:
			return true, failure{exitFailed, fmt.Errorf("%w while it was followed: its traffic is back on the baseline", errGone)}
		case watch.Error:
			if err := apierrors.FromObject(event.Object); !apierrors.IsResourceExpired(err) && !apierrors.IsGone(err) {
				return true, c.refusal("watching the Canary "+name, err)
			}
			return true, nil
		case watch.Bookmark:
		}
	}
	return true, nil
}
