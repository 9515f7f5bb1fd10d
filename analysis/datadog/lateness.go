package datadog

import (
	"sync"
	"time"

	"github.com/serin-dev/serin/analysis"
)

const (
	// firstDelay is how long after its end a bucket is deemed complete before anything is known; leastDelay and mostDelay bound what is learned.
	firstDelay, leastDelay, mostDelay = 30 * time.Second, 10 * time.Second, 2 * time.Minute
	// patience is how many comparisons without a late point it takes to forget most of a delay.
	patience = 20
	// mostTrails bounds what is remembered.
	mostTrails = 1000
)

// lateness learns how long the backend takes to complete a bucket, from those that changed after they were first seen. It is
// shared by all questions of a source. That a bucket has no point says nothing: there may have been no requests.
type lateness struct {
	mu     sync.Mutex
	delay  time.Duration
	trails map[string]trail
	// step is the length of the buckets last asked for.
	step time.Duration
}

// trail is what the newest buckets held when they were seen last.
type trail struct {
	seen time.Time
	sums map[int64]float64 // by begin
}

func newLateness() *lateness {
	return &lateness{delay: firstDelay, trails: map[string]trail{}, step: bucket}
}

// of is how long after its end a bucket of such a length is deemed complete.
func (l *lateness) of(step time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.step = step
	return l.delay
}

// ofWindows is how long after its end a window is complete, whose last bucket may reach beyond it.
func (l *lateness) ofWindows() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.delay + l.step
}

// learn compares an answer with the one before it to the same questions.
func (l *lateness) learn(p *plan, a *answer, s span, now time.Time) {
	step := time.Duration(s.step) * time.Millisecond
	if a.step(s.step) != s.step {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key := p.key()
	before := l.trails[key]
	newest := trail{seen: now, sums: map[int64]float64{}}
	latest, compared := time.Duration(0), false
	for i, t := range a.times {
		end := time.UnixMilli(t).Add(step)
		if now.Sub(end) > mostDelay || end.After(now) {
			continue
		}
		sum := a.sum(p, i)
		newest.sums[t] = sum
		if old, ok := before.sums[t]; ok && old+sum > 0 {
			compared = true
			if sum > old {
				latest = max(latest, before.seen.Sub(end))
			}
		}
	}
	if len(l.trails) >= mostTrails {
		l.forget(now)
	}
	l.trails[key] = newest
	if compared {
		l.adapt(latest + step)
	}
}

// adapt raises the delay at once, and lowers it little by little.
func (l *lateness) adapt(needed time.Duration) {
	if needed < l.delay {
		needed = l.delay - (l.delay-needed)/patience
	}
	l.delay = min(max(needed, leastDelay), mostDelay)
}

// forget leaves out trails that nobody adds to, or else all.
func (l *lateness) forget(now time.Time) {
	for key, t := range l.trails {
		if now.Sub(t.seen) > mostDelay {
			delete(l.trails, key)
		}
	}
	if len(l.trails) >= mostTrails {
		clear(l.trails)
	}
}

// sum of all requests in a bucket.
func (a *answer) sum(p *plan, i int) float64 {
	sum := 0.0
	for _, all := range p.parts {
		for _, one := range all {
			for _, at := range []int{one.requests, one.total} {
				if at == none {
					continue
				}
				for _, s := range a.series[at] {
					if v := value(s.values, i); v != nil {
						sum += *v
					}
				}
			}
		}
	}
	return sum
}

// incompleteError means that buckets may still get points. The same windows are answered later.
type incompleteError struct{ after time.Duration }

func (e *incompleteError) Error() string {
	return "Datadog has not got all points of the window yet; they should be complete in " + e.after.Round(time.Second).String()
}

// As makes errors.As find what a caller that slows down looks for.
func (e *incompleteError) As(target any) bool {
	t, ok := target.(**analysis.ThrottledError)
	if ok {
		*t = &analysis.ThrottledError{After: e.after}
	}
	return ok
}

// complete are the windows whose buckets are complete; an error when it is worth waiting for more: when there is none yet, or when
// the last is near.
func (s span) complete(ws []analysis.Window, delay time.Duration, now time.Time) ([]analysis.Window, error) {
	wait := func(w analysis.Window) time.Duration { return s.of(w).end().Add(delay).Sub(now) }
	last := ws[len(ws)-1]
	near := wait(last) <= last.To.Sub(last.From)
	n := len(ws)
	for n > 0 && wait(ws[n-1]) > 0 {
		n--
	}
	switch {
	case n == 0:
		return nil, &incompleteError{after: max(wait(ws[0]), time.Second)}
	case n < len(ws) && near:
		return nil, &incompleteError{after: max(wait(last), time.Second)}
	}
	return ws[:n], nil
}
