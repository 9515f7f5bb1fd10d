package datadog

import (
	"context"
	"sync"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV2"
)

// flights are questions under way. Whoever asks what is being asked already waits for the same answer. Unlike a singleflight.Group, one
// ends when nobody waits for it any more, and not with the caller that began it.
type flights struct {
	mu  sync.Mutex
	all map[string]*flight
}

type flight struct {
	waiting int
	cancel  context.CancelFunc
	done    chan struct{}
	data    *datadogV2.TimeseriesResponseAttributes
	err     error
}

// join asks, or waits for who does.
func (f *flights) join(ctx context.Context, key string, ask func(context.Context) (*datadogV2.TimeseriesResponseAttributes, error)) (*datadogV2.TimeseriesResponseAttributes, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	one := f.begin(ctx, key, ask)
	select {
	case <-one.done:
		f.leave(key, one)
		return one.data, one.err
	case <-ctx.Done():
		f.leave(key, one)
		return nil, context.Cause(ctx)
	}
}

func (f *flights) begin(ctx context.Context, key string, ask func(context.Context) (*datadogV2.TimeseriesResponseAttributes, error)) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one := f.all[key]; one != nil {
		one.waiting++
		return one
	}
	shared, cancel := context.WithCancel(context.WithoutCancel(ctx))
	one := &flight{waiting: 1, cancel: cancel, done: make(chan struct{})}
	f.all[key] = one
	go func() {
		one.data, one.err = ask(shared)
		close(one.done)
	}()
	return one
}

// leave ends a flight that is over, or that nobody waits for.
func (f *flights) leave(key string, one *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one.waiting--
	over := one.waiting == 0
	select {
	case <-one.done:
		over = true
	default:
	}
	if over && f.all[key] == one {
		delete(f.all, key)
	}
	if over {
		one.cancel()
	}
}
