package httpsource

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	attempts   = 3
	firstPause = 200 * time.Millisecond
)

// Retry does f until it succeeds, up to three times, as long as its failures may pass by themselves. It waits in between, as
// long as the backend says, or twice as long each time, give or take a half so that many callers do not come back at once.
// It never waits beyond ctx's deadline, but answers the last failure instead.
func (c *Client) Retry(ctx context.Context, f func() error) error {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := f()
		var why *Failure
		if !errors.As(err, &why) || !why.Again || attempt == attempts || why.After > c.kind.LongestPause {
			return err
		}
		wait := max(why.After, pause/2+rand.N(pause))
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

// retryAfter reads the header of that name: seconds, or a date. It is 0 when there is none.
func retryAfter(header string, now time.Time) time.Duration {
	const most = 365 * 24 * 60 * 60 // more would not fit a Duration
	if seconds, err := strconv.Atoi(header); err == nil {
		return time.Duration(min(max(seconds, 0), most)) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
