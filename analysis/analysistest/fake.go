package analysistest

import (
	"context"
	"sync"

	"github.com/serin-dev/serin/analysis"
)

// Fake is a [analysis.Provider] that answers what it is told. The zero value answers that there is no data. It may be used
// concurrently.
type Fake struct {
	mu     sync.Mutex
	count  func(analysis.Subject, []analysis.Query, analysis.Window) ([]analysis.Observation, error)
	broken error
	calls  []Call
}

// Call is one call of Count.
type Call struct {
	Subject analysis.Subject
	Queries []analysis.Query
	Windows []analysis.Window
}

// Answer sets what Count answers for each window from now on.
func (f *Fake) Answer(count func(analysis.Subject, []analysis.Query, analysis.Window) ([]analysis.Observation, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count = count
}

// Fail makes Count and Ping fail from now on; nil ends it.
func (f *Fake) Fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = err
}

// Calls are the calls of Count so far.
func (f *Fake) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Call(nil), f.calls...)
}

// Count answers what was set.
func (f *Fake) Count(ctx context.Context, s analysis.Subject, qs []analysis.Query, ws []analysis.Window) ([]analysis.Observation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, Call{s, qs, ws})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case f.broken != nil:
		return nil, f.broken
	case f.count == nil:
		return nil, nil
	}
	var all []analysis.Observation
	for _, w := range ws {
		obs, err := f.count(s, qs, w)
		if err != nil {
			return nil, err
		}
		all = append(all, obs...)
	}
	return all, nil
}

// Check finds nothing wrong.
func (f *Fake) Check(analysis.Subject, []analysis.Query) error { return nil }

// Ping fails as Count does.
func (f *Fake) Ping(ctx context.Context) (analysis.Health, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() != nil {
		return analysis.Health{}, ctx.Err()
	}
	return analysis.Health{}, f.broken
}
