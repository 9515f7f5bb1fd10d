package engine

import (
	"math"
	"math/rand/v2"
	"testing"
)

// even is a comparison of two arms of n requests each and equal event rates, drawn look by look.
func even(rng *rand.Rand, mean float64) span {
	s := service{rng: rng}
	return against(s.poisson(mean), 1000, s.poisson(mean), 1000)
}

// TestLookingAgainAndAgainDoesNotAddUp is Ville's inequality, measured: of streams without a difference, looked at 300 times each, at most
// the promised share ever reaches the evidence of 1 in 20.
func TestLookingAgainAndAgainDoesNotAddUp(t *testing.T) {
	const streams, looks, level = 400, 300, 0.05
	rng := rand.New(rand.NewPCG(5, 5))
	independent := func(sum) float64 { return 1 }
	wrong := 0
	for range streams {
		var s stream
		for range looks {
			s.add(even(rng, 3), false)
			if e := s.evidence(independent).anytime; e >= math.Log(1/level) {
				wrong++
				break
			}
		}
	}
	if most := level*streams + 2.33*math.Sqrt(streams*level*(1-level)); float64(wrong) > most {
		t.Errorf("%d of %d streams without a difference reached the evidence of 1 in 20, want at most %.0f", wrong, streams, most)
	}
}

func TestTheIntervalHoldsTheTruthAtAllTimes(t *testing.T) {
	const streams, looks = 200, 100
	rng := rand.New(rand.NewPCG(6, 6))
	missed := 0
	for range streams {
		var s stream
		for range looks {
			s.add(even(rng, 3), false)
			c := curve{s.spans, 1}
			if c.bound(1) > 0 || c.bound(-1) < 0 {
				missed++
				break
			}
		}
	}
	if missed > 17 { // 5% of 200 and 2.3 standard deviations
		t.Errorf("%d of %d intervals missed the truth at some time", missed, streams)
	}
}

func TestTheBestRatioIsTheOneThatWasDrawn(t *testing.T) {
	c := curve{[]span{against(30, 1000, 100, 9000), against(60, 2000, 88, 8000)}, 1}
	if got := math.Exp(c.best()); math.Abs(got-2.7) > 0.1 {
		t.Errorf("got a ratio of %v", got)
	}
	if !(c.upper() > c.best() && c.bound(1) < c.best() && c.bound(-1) > c.upper()) {
		t.Errorf("bounds %v %v %v around %v are in no order", c.bound(1), c.upper(), c.bound(-1), c.best())
	}
}

func TestAnIncidentOfBothArmsIsNoEvidence(t *testing.T) {
	var quiet, shaken stream
	for i := range 20 {
		quiet.add(against(2, 1000, 18, 9000), false)
		many := 1.0
		if i == 10 {
			many = 200
		}
		shaken.add(against(2*many, 1000, 18*many, 9000), false)
	}
	independent := func(sum) float64 { return 1 }
	a := quiet.evidence(independent).fromStart
	if b := shaken.evidence(independent).fromStart; b > max(a, 0) {
		t.Errorf("evidence of %v after an incident, %v without", b, a)
	}
}

func TestSpansAreFewAndLoseNothing(t *testing.T) {
	var s stream
	for i := range 5000 {
		s.add(against(2, 100, 18, 900), i%7 == 0)
	}
	total := s.total()
	if len(s.spans) > mostSpans || total.Looks != 5000 || total.Events != 10000 {
		t.Errorf("%d spans of %v looks and %v events", len(s.spans), total.Looks, total.Events)
	}
	if newest := s.spans[len(s.spans)-1].Looks; newest > onsetLooks {
		t.Errorf("the newest span has %v looks", newest)
	}
}

// TestPairsCountPodsThatStay compares with the variance of a mean over nested sets of pods, worked out by hand: the second span has the
// first one's pod and three more, and as much information. With τ = 1 its variance is 1/4 (1 + 1/4 + 2/4).
func TestPairsCountPodsThatStay(t *testing.T) {
	a, b := span{Info: 1, Spread: 1}, span{Info: 1, Spread: 0.25}
	if got := totalOf([]span{a, b}).Pairs / 4; math.Abs(got-0.4375) > 1e-12 {
		t.Errorf("got %v", got)
	}
}
