package datadog

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	attempts   = 3
	firstPause = 200 * time.Millisecond
	// longestPause is what the API may ask for without being given up on until the next look.
	longestPause = 2 * time.Second
)

// retry does f until it succeeds, up to three times, as long as its failures may pass by themselves. It waits in between, as
// long as the API says, or twice as long each time, give or take a half so that many callers do not come back at once.
// It never waits beyond ctx's deadline, but answers the last failure instead.
func retry(ctx context.Context, f func() error) error {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := f()
		var why *failure
		if !errors.As(err, &why) || !why.again || attempt == attempts || why.after > longestPause {
			return err
		}
		wait := max(why.after, pause/2+rand.N(pause))
		pause *= 2
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}
