package story

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// Patience is how long to wait for what.
type Patience struct {
	Poll   time.Duration // between two looks
	Notice time.Duration // until Serin answers a new template
	End    time.Duration // until a release has ended
	Calm   time.Duration // until nothing is under way
}

// DefaultPatience is many times what things take on a machine that is not busy.
func DefaultPatience() Patience {
	return Patience{Poll: 400 * time.Millisecond, Notice: time.Minute, End: 12 * time.Minute, Calm: 2 * time.Minute}
}

// Release is how a release went.
type Release struct {
	v1alpha1.Release
	Took    time.Duration
	Reached int32 // the highest weight seen
	// Judged are the candidate's pods as they were last seen under all the traffic.
	Judged []corev1.Pod
	End    Look
}

// Follow waits until the release that was pushed after before has ended: everything of it, down to the route. each sees every look,
// and whether Serin has noticed the release yet.
func (c Cluster) Follow(ctx context.Context, p Patience, before Look, each func(l Look, noticed bool)) (Release, error) {
	var r Release
	began := time.Now()
	noticed := false
	last, err := c.until(ctx, p.Poll, func(l Look) (bool, error) {
		noticed = noticed || l.Canary.Status.ObservedRevision != before.Canary.Status.ObservedRevision
		each(l, noticed)
		r.Reached = max(r.Reached, l.Canary.Status.Weight)
		if l.Canary.Status.Weight == 100 && len(l.Candidate) > 0 {
			r.Judged = l.Candidate
		}
		waited := time.Since(began)
		switch {
		case noticed && !l.underWay() && l.lastRelease() != before.lastRelease():
			return true, nil
		case !noticed && waited > p.Notice:
			return false, fmt.Errorf("serin did not notice the new template within %s; last seen: %s", p.Notice, l)
		case waited > p.End:
			return false, fmt.Errorf("the release did not end within %s; last seen: %s", p.End, l)
		}
		return false, nil
	})
	if err != nil {
		return r, err
	}
	r.Release, r.Took, r.End = last.Canary.Status.History[0], time.Since(began), last
	return r, nil
}

// Calm waits until nothing is under way, the Canary is ready and the Deployment complete, answering for revision if one is given.
func (c Cluster) Calm(ctx context.Context, p Patience, revision string, each func(Look)) (Look, error) {
	began := time.Now()
	return c.until(ctx, p.Poll, func(l Look) (bool, error) {
		each(l)
		if l.calm() && (revision == "" || l.Canary.Status.ObservedRevision == revision) {
			return true, nil
		}
		if time.Since(began) > p.Calm {
			return false, fmt.Errorf("serin and the Deployment did not come to rest within %s; last seen: paused %v, %s", p.Calm, l.Deployment.Spec.Paused, l)
		}
		return false, nil
	})
}

// until looks until done says so. Looks that fail are tried again for a while: an API server may restart.
func (c Cluster) until(ctx context.Context, every time.Duration, done func(Look) (bool, error)) (Look, error) {
	const tries = 20
	for failed := 0; ; {
		l, err := c.Look(ctx)
		switch {
		case ctx.Err() != nil:
			return l, context.Cause(ctx)
		case err != nil:
			if failed++; failed == tries {
				return l, errors.Join(fmt.Errorf("%d looks at the cluster failed in a row", tries), err)
			}
		default:
			failed = 0
			if ok, err := done(l); ok || err != nil {
				return l, err
			}
		}
		select {
		case <-ctx.Done():
			return l, context.Cause(ctx)
		case <-time.After(every):
		}
	}
}
