package controllers

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
)

// TestAStormOfRefusalsHoldsEveryRelease has 200 Canaries in mid-release on one Datadog MetricSource, which look every 15 s, and a backend that answers nothing but 429 for ten minutes, while every
// step's bake ends. What is real is said at [crowd].
func TestAStormOfRefusalsHoldsEveryRelease(t *testing.T) {
	if testing.Short() {
		t.Skip("a crowd takes a while")
	}
	const canaries, limit, period = 200, 300, time.Minute // they would like to ask 800 times
	b := newBusyBackend(t, limit, period)
	synctest.Test(t, func(t *testing.T) {
		c := gather(t, b, canaries, 2*time.Minute)
		begun := time.Now()
		b.from, b.until = begun.Add(time.Minute), begun.Add(11*time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), 16*time.Minute)
		defer cancel()
		c.begin()
		time.AfterFunc(time.Until(b.from), func() { c.midRelease("as the storm begins") })
		time.AfterFunc(time.Until(b.until)-time.Second, func() { c.midRelease("as the storm ends"); c.sourceIs(v1alpha1.ReasonThrottled) })
		go func() { // enough is seen once all have gone on
			for n := 0; (n < 2*canaries || c.ready().Reason != v1alpha1.ReasonAnswering) && ctx.Err() == nil; n, _, _ = c.told(string(rollout.ReasonStepAdvanced)) {
				time.Sleep(time.Second)
			}
			cancel()
		}()
		c.run(ctx)
		c.sourceIs(v1alpha1.ReasonAnswering)

		for reason, want := range map[string]int{
			string(rollout.ReasonReleaseStarted): canaries, string(rollout.ReasonStepAdvanced): 2 * canaries, string(rollout.ReasonSourceUnavailable): canaries,
		} {
			if n, _, _ := c.told(reason); n != want {
				t.Errorf("%s was told %d times, want %d", reason, n, want)
			}
		}
		if len(c.events) != 4*canaries {
			t.Errorf("%d events were told, want %d", len(c.events), 4*canaries)
		}
		if _, _, last := c.told(string(rollout.ReasonSourceUnavailable)); last.Sub(b.from) > 2*v1alpha1.DefaultInterval {
			t.Errorf("the last Canary told of it %s after the storm began", last.Sub(b.from))
		}
		if _, _, last := c.told(string(rollout.ReasonStepAdvanced)); last.Before(b.until) || last.Sub(b.until) > 3*time.Minute {
			t.Errorf("the last Canary went on %s after the storm", last.Sub(b.until))
		}
		during, _ := b.asked(b.from, b.until, period)
		all, most := b.asked(begun, time.Now(), period)
		t.Logf("%d requests, at most %d in a period of %d, %d during the storm", all, most, limit, during)
		if during > 3*10 || most > limit*9/10 {
			t.Errorf("%d requests during the storm, and at most %d in a period", during, most)
		}
	})
}

// midRelease wants every Canary at its first step.
func (c *crowd) midRelease(when string) {
	c.t.Helper()
	for _, s := range c.statuses() {
		if rollout.Phase(s.Phase) != rollout.Progressing || s.Weight != 20 || len(s.History) > 0 {
			c.t.Errorf("%s a Canary is in phase %s, at weight %d: %s", when, s.Phase, s.Weight, s.Message)
		}
	}
}

// sourceIs wants the MetricSource to say how it is.
func (c *crowd) sourceIs(reason string) {
	c.t.Helper()
	if got := c.ready().Reason; got != reason {
		c.t.Errorf("the MetricSource says %s, want %s", got, reason)
	}
}

// TestRequestsOfACrowdAreCounted counts the requests of two minutes in mid-release, at a backend with the limit that Datadog documented as the default of an organisation and at one with a limit
// that is not reached: docs/datadog.md has the numbers. The large crowds take minutes with the race detector, which meets as many in the storm.
func TestRequestsOfACrowdAreCounted(t *testing.T) {
	if testing.Short() {
		t.Skip("a crowd takes a while")
	}
	const pings = 2 // of the source's own health
	for _, test := range []struct{ canaries, limit, least, most int }{
		{1, 1_000_000, 8, 8 + pings},
		{10, 1_000_000, 80, 80 + pings},
		{200, 1_000_000, 1600, 1600 + pings},
		{1, 1600, 8, 8 + pings},
		{10, 1600, 80, 80 + pings},
		{200, 1600, 20, 26},
		{500, 1600, 20, 26},
	} {
		t.Run(fmt.Sprintf("%d at a limit of %d", test.canaries, test.limit), func(t *testing.T) {
			if raceDetector && test.canaries > 10 {
				t.Skip("a large crowd is counted without the race detector")
			}
			b := newBusyBackend(t, test.limit, time.Hour)
			synctest.Test(t, func(t *testing.T) {
				c := gather(t, b, test.canaries, time.Hour)
				from := time.Now().Add(110 * time.Second)
				ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
				defer cancel()
				c.begin()
				c.run(ctx)
				n, _ := b.asked(from, from.Add(2*time.Minute), time.Hour)
				t.Logf("%d requests in two minutes, %.2f a Canary and minute", n, float64(n)/2/float64(test.canaries))
				if n < test.least || n > test.most {
					t.Errorf("%d requests in two minutes, want %d to %d", n, test.least, test.most)
				}
			})
		})
	}
}
