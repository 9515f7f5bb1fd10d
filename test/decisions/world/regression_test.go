package world

import (
	"math"
	"testing"

	"github.com/serin-dev/serin/analysis"
)

func TestRegressionsAreAsBadAsTheirNames(t *testing.T) {
	const rate = 2000
	for _, worse := range Regressions() {
		t.Run(worse.Name, func(t *testing.T) {
			worse.After = 0
			r := long(func(w *World) { w.Source.Bounds = Finer() }, rate).Fork(worse)
			looks := watch(r, 40, 50)
			requests, errors, _ := sum(looks, analysis.Candidate)
			near(t, "the share of errors", errors/requests, min(1, 0.002+worse.Errors), 0.0006)
			slower := max(1, worse.Slower)
			if worse.Shared || worse.Growth > 0 || worse.TailSlower > 0 {
				slower = 0
			}
			if got := ratio(looks); slower > 0 && math.Abs(got/slower-1) > 0.06 {
				t.Errorf("the p95 is %.2f times the baseline's, want %g", got, slower)
			}
			if worse.TailSlower > 0 && ratio(looks) < 1.5 {
				t.Errorf("a tail twice as slow makes the p95 %.2f times as large", ratio(looks))
			}
		})
	}
}

func TestHarmIsWhatTheBaselineWouldNotHaveDone(t *testing.T) {
	const rate = 2000
	r := long(func(w *World) { w.Source.Bounds = Native() }, rate).Fork(Regression{Errors: 0.01, Slower: 1.5})
	looks := watch(r, 40, 50)
	requests, errors, latency := sum(looks, analysis.Candidate)
	_, p95, _ := r.Usual()
	slow := 0.0
	for _, b := range latency {
		if b.Lower >= p95 {
			slow += b.Count
		} else if b.Upper > p95 {
			slow += b.Count * (b.Upper - p95) / (b.Upper - b.Lower)
		}
	}
	harm := r.Harm()
	near(t, "the number of errors", harm.Errors/(errors-0.002*requests), 1, 0.01)
	near(t, "the number of slow requests", harm.Slow/(slow-0.05*requests), 1, 0.02)
	near(t, "the harm per second at 100%", r.HarmAt100()*600/harm.Bad(), 2, 0.02)
}

func TestWhatHitsBothArmsIsNoHarmOfTheCandidate(t *testing.T) {
	r := long(func(*World) {}, 100).Fork(Regression{Errors: 0.5, Shared: true})
	looks := watch(r, 10, 50)
	if harm := r.Harm(); harm.Bad() != 0 || r.HarmAt100() != 0 || harm.Requests == 0 {
		t.Errorf("%+v", harm)
	}
	if requests, errors, _ := sum(looks, analysis.Baseline); errors/requests < 0.4 {
		t.Errorf("the baseline has %g errors in %g requests", errors, requests)
	}
}

func TestARegressionBeginsWhenItSays(t *testing.T) {
	for _, worse := range []Regression{{Errors: 1, FromWeight: 50}, {Errors: 1, After: 10 * interval}} {
		r := long(func(*World) {}, 100).Fork(worse)
		before := watch(r, 10, 10)
		if requests, errors, _ := sum(before, analysis.Candidate); errors > 0.1*requests {
			t.Errorf("%+v began too early", worse)
		}
		after := watch(r, 10, 50)
		if requests, errors, _ := sum(after, analysis.Candidate); errors < 0.9*requests {
			t.Errorf("%+v did not begin", worse)
		}
	}
}
