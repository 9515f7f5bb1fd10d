package service

import (
	"math"
	"testing"
	"time"
)

// draws is large enough that a share of 5% has a standard error of 0.07 points, and a p95 off by 5% is 6 of them away.
const draws = 100_000

// misfit is how many standard errors the worst of three shares of the draws under want is from that of the distribution with
// the median and 95th percentile of asked.
func misfit(seed uint64, asked, drawn Behaviour) float64 {
	want := newLogNormal(asked.P50, asked.P95)
	limits := map[float64]time.Duration{0.5: asked.P50, 0.95: asked.P95, 0.99: want.at(2.3263478740408408)}
	under := map[float64]int{}
	dice := newDice(seed)
	for range draws {
		latency, _ := dice.roll(drawn)
		for share, limit := range limits {
			if latency <= limit {
				under[share]++
			}
		}
	}
	worst := 0.0
	for share := range limits {
		standardError := math.Sqrt(share * (1 - share) / draws)
		worst = max(worst, math.Abs(float64(under[share])/draws-share)/standardError)
	}
	return worst
}

func TestLatencyHasTheQuantilesAskedFor(t *testing.T) {
	for name, b := range map[string]Behaviour{
		"default":     DefaultBehaviour(),
		"narrow":      {P50: 100 * time.Millisecond, P95: 110 * time.Millisecond, LatencyFactor: 1},
		"long-tailed": {P50: time.Millisecond, P95: time.Second, LatencyFactor: 1},
	} {
		if got := misfit(1, b, b); got > 4 {
			t.Errorf("%s: %.1f standard errors off", name, got)
		}
	}
}

func TestLatencyTestWouldNoticeFivePercent(t *testing.T) {
	asked := DefaultBehaviour()
	slower, longer := asked, asked
	slower.LatencyFactor = 1.05
	longer.P95 = asked.P95 * 105 / 100
	for name, drawn := range map[string]Behaviour{"all 5% slower": slower, "p95 5% later": longer} {
		if got := misfit(1, asked, drawn); got < 4 {
			t.Errorf("%s: only %.1f standard errors off", name, got)
		}
	}
}

func TestErrorsHaveTheRateAskedFor(t *testing.T) {
	for _, rate := range []float64{0, 0.002, 0.02, 0.5, 1} {
		dice, failed := newDice(2), 0
		for range draws {
			if _, fail := dice.roll(Behaviour{LatencyFactor: 1, ErrorRate: rate}); fail {
				failed++
			}
		}
		standardError := math.Sqrt(rate * (1 - rate) / draws)
		if off := math.Abs(float64(failed)/draws - rate); off > 4*standardError {
			t.Errorf("rate %v: %d of %d failed", rate, failed, draws)
		}
	}
}

func TestDiceFollowTheSeed(t *testing.T) {
	type outcome struct {
		latency time.Duration
		fail    bool
	}
	sequence := func(seed uint64, first Behaviour) (out []outcome) {
		dice := newDice(seed)
		dice.roll(first)
		b := DefaultBehaviour()
		b.ErrorRate = 0.5
		for range 20 {
			latency, fail := dice.roll(b)
			out = append(out, outcome{latency, fail})
		}
		return out
	}
	same := func(a, b []outcome) bool {
		for i := range a {
			if a[i] != b[i] {
				return false
			}
		}
		return true
	}
	want := sequence(42, DefaultBehaviour())
	if !same(want, sequence(42, Behaviour{LatencyFactor: 1, ErrorRate: 1})) {
		t.Error("an earlier request's behaviour changed the sequence")
	}
	if same(want, sequence(43, DefaultBehaviour())) {
		t.Error("another seed gave the same sequence")
	}
	if same(sequence(0, DefaultBehaviour()), sequence(0, DefaultBehaviour())) {
		t.Error("seed 0 gave the same sequence twice")
	}
}

func TestLatencyBounds(t *testing.T) {
	wide := newLogNormal(time.Second, time.Hour)
	if got := wide.at(10); got != maxLatency {
		t.Errorf("ten deviations out: %v, want %v", got, maxLatency)
	}
	if got := newLogNormal(0, 0).at(3); got != 0 {
		t.Errorf("no latency asked for: %v", got)
	}
	if got, _ := newDice(1).roll(Behaviour{P50: time.Second, P95: time.Second, LatencyFactor: 1e6}); got != maxLatency {
		t.Errorf("huge factor: %v, want %v", got, maxLatency)
	}
}
