package rules

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/test/decisions/world"
)

// arm is what one arm does in every look of 15 seconds.
type arm struct {
	requests, errors float64
	// slower is the factor on durations of which 90% are 10 to 100 ms and the others 100 to 200 ms.
	slower float64
}

// fine is an arm with nothing wrong: 0.1% errors.
func fine(requests float64) arm { return arm{requests, requests / 1000, 1} }

func (a arm) failing(share float64) arm { a.errors = a.requests * share; return a }
func (a arm) slow(factor float64) arm   { a.slower = factor; return a }

// histogram of the arm, in buckets of 10 ms.
func (a arm) histogram() analysis.Histogram {
	var h analysis.Histogram
	below := 0.0
	for upper := 0.01; upper < 1.005; upper += 0.01 {
		x := upper / a.slower
		share := max(0, 10*(x-0.01))
		if x > 0.1 {
			share = min(1, 0.8+x)
		}
		h = append(h, analysis.Bucket{Lower: upper - 0.01, Upper: upper, Count: a.requests * (share - below)})
		below = share
	}
	return h
}

func (a arm) observe(which analysis.Arm) []analysis.Observation {
	if a.requests == 0 {
		return nil
	}
	return []analysis.Observation{
		{Metric: world.Errors, Arm: which, Requests: a.requests, Errors: a.errors},
		{Metric: world.Latency, Arm: which, Requests: a.requests, Latency: a.histogram()},
	}
}

// scene is ten steps of a minute at a service whose p95 and p99 are those of fine.
func scene() Scene {
	usual := Usual{Errors: 0.001, P95: world.Quantile(0.95, fine(1000).histogram()), P99: world.Quantile(0.99, fine(1000).histogram())}
	return Scene{Plan: Tenths(time.Minute), Interval: 15 * time.Second, Deadline: 15 * time.Minute, Usual: usual}
}

// ending says what a rule did, and when, with arms that are a function of the look's number and weight.
func ending(d Decider, arms func(look int, weight int32) (baseline, candidate arm)) string {
	s := scene()
	d.Start(s)
	look := func(n int, weight int32) analysis.Look {
		b, c := arms(n, weight)
		at := world.Began().Add(time.Duration(n) * s.Interval)
		return analysis.Look{
			Window: analysis.Window{From: at, To: at.Add(s.Interval)}, Weight: weight, Next: s.Plan.After(weight),
			Observations: slices.Concat(b.observe(analysis.Baseline), c.observe(analysis.Candidate)),
		}
	}
	for n := -20; n < 0; n++ {
		d.Learn(look(n, 0))
	}
	weight := s.Plan[0].Weight
	for n := range 200 {
		after := time.Duration(n+1) * s.Interval
		switch act := d.Decide(look(n, weight)); act.Kind {
		case Weigh:
			weight = act.Weight
		case Promote:
			return fmt.Sprintf("promoted after %s", after)
		case RollBack:
			return fmt.Sprintf("rolled back at %d%% after %s", weight, after)
		case GiveUp:
			return fmt.Sprintf("given up after %s", after)
		case Continue:
		}
	}
	return fmt.Sprintf("stays at %d%%", weight)
}

// throughout gives the same arms in every look, by weight; nothing of the candidate's before the release.
func throughout(rate float64, worsen func(arm) arm) func(int, int32) (arm, arm) {
	return func(_ int, weight int32) (baseline, candidate arm) {
		share := float64(weight) / 100
		return fine(15 * rate * (1 - share)), worsen(fine(15 * rate * share))
	}
}

func same(a arm) arm { return a }

func minimum() map[string]Decider {
	return map[string]Decider{
		"Flagger":      &Flagger{Errors: 0.01, Slower: 2, Threshold: 5},
		"Argo":         &Argo{Errors: 0.05, Slower: 2, FailureLimit: 3},
		"relative":     &Relative{Slower: 1.2, Errors: 0.005, InARow: 1},
		"Mann-Whitney": &MannWhitney{Tolerance: 0.25, Errors: 2.326, Latency: 2.326},
		"independent":  &Independent{Errors: math.Log(200), Latency: math.Log(200), Worse: 1},
	}
}

func TestEveryRulePromotesACandidateThatIsJustTheSame(t *testing.T) {
	for name, rule := range minimum() {
		t.Run(name, func(t *testing.T) {
			if got := ending(rule, throughout(100, same)); got != "promoted after 10m0s" {
				t.Error(got)
			}
		})
	}
}

func TestRulesActWhenTheirToolsWould(t *testing.T) {
	failing := func(share float64) func(arm) arm { return func(a arm) arm { return a.failing(share) } }
	slower := func(factor float64) func(arm) arm { return func(a arm) arm { return a.slow(factor) } }
	silent := func(arm) arm { return arm{} }
	both := func(a arm) arm { return a.slow(5).failing(0.9) }
	off := math.Inf(1)
	for name, test := range map[string]struct {
		rule   Decider
		worsen func(arm) arm
		want   string
	}{
		"Flagger rolls back at the check after the fifth that failed": {&Flagger{Errors: 0.01, Slower: 2, Threshold: 5}, failing(0.05), "rolled back at 10% after 6m0s"},
		"Flagger judges the p99":                                       {&Flagger{Errors: 0.01, Slower: 2, Threshold: 5}, slower(3), "rolled back at 10% after 6m0s"},
		"Flagger takes no values for a failed check":                   {&Flagger{Errors: 0.01, Slower: 2, Threshold: 5}, silent, "rolled back at 10% after 6m0s"},
		"Flagger sees nothing below its limit":                         {&Flagger{Errors: 0.01, Slower: 2, Threshold: 5}, failing(0.009), "promoted after 10m0s"},
		"Argo aborts at the fourth failure and goes on until then":     {&Argo{Errors: 0.05, Slower: 2, FailureLimit: 3}, failing(0.06), "rolled back at 40% after 4m0s"},
		"Argo judges the p95":                                          {&Argo{Errors: 0.05, Slower: 2, FailureLimit: 3}, slower(3), "rolled back at 40% after 4m0s"},
		"Argo takes NaN for a failure":                                 {&Argo{Errors: 0.05, Slower: 2, FailureLimit: 3}, silent, "rolled back at 40% after 4m0s"},
		"a relative limit acts at once":                                {&Relative{Slower: 1.2, Errors: 0.005, InARow: 1}, slower(1.3), "rolled back at 10% after 1m0s"},
		"a relative limit acts on the difference of the error rates":   {&Relative{Slower: 1.2, Errors: 0.005, InARow: 1}, failing(0.007), "rolled back at 10% after 1m0s"},
		"a relative limit that wants three in a row waits for them":    {&Relative{Slower: 1.2, Errors: 0.005, InARow: 3}, slower(1.3), "rolled back at 30% after 3m0s"},
		"a relative limit does not act on silence":                     {&Relative{Slower: 1.2, Errors: 0.005, InARow: 1}, silent, "promoted after 10m0s"},
		"Mann-Whitney needs five points of each arm":                   {&MannWhitney{Tolerance: 0.25, Errors: 2.326, Latency: 2.326}, slower(1.3), "rolled back at 50% after 5m0s"},
		"Mann-Whitney does not act on silence":                         {&MannWhitney{Tolerance: 0.25, Errors: 2.326, Latency: 2.326}, silent, "promoted after 10m0s"},
		"the independent test finds gross errors in one look":          {&Independent{Errors: math.Log(200), Latency: math.Log(200), Worse: 1}, failing(0.5), "rolled back at 10% after 15s"},
		"the independent test finds slow requests":                     {&Independent{Errors: math.Log(200), Latency: math.Log(200), Worse: 1}, slower(1.5), "rolled back at 10% after 45s"},
		"the independent test does not act on silence":                 {&Independent{Errors: math.Log(200), Latency: math.Log(200), Worse: 1}, silent, "promoted after 10m0s"},
		"the independent test needs more evidence when it is asked to": {&Independent{Errors: 300, Latency: 300, Worse: 1}, failing(0.5), "rolled back at 10% after 30s"},
		"a metric that is left out is not judged by Flagger":           {&Flagger{Errors: off, Slower: off, Threshold: 5}, both, "promoted after 10m0s"},
		"a metric that is left out is not judged by Argo":              {&Argo{Errors: off, Slower: off, FailureLimit: 3}, both, "promoted after 10m0s"},
		"a metric that is left out is not judged by a relative limit":  {&Relative{Slower: off, Errors: off, InARow: 1}, both, "promoted after 10m0s"},
		"a metric that is left out is not judged by Mann-Whitney":      {&MannWhitney{Tolerance: 0.25, Errors: off, Latency: off}, both, "promoted after 10m0s"},
		"a metric that is left out is not judged independently":        {&Independent{Errors: off, Latency: off, Worse: 1}, both, "promoted after 10m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ending(test.rule, throughout(100, test.worsen)); got != test.want {
				t.Errorf("%s, want: %s", got, test.want)
			}
		})
	}
}

func TestAFailedCheckKeepsFlaggersWeightAndIsNeverForgotten(t *testing.T) {
	// Every third check fails: 3, 6, 9, 12 and 15, and the one after that rolls back.
	got := ending(&Flagger{Errors: 0.01, Slower: 2, Threshold: 5}, func(look int, weight int32) (baseline, candidate arm) {
		share := float64(weight) / 100
		candidate = fine(1500 * share)
		if look/4%3 == 2 {
			candidate = candidate.failing(0.5)
		}
		return fine(1500 * (1 - share)), candidate
	})
	if want := "promoted after 14m0s"; got != want {
		t.Errorf("%s, want: %s", got, want)
	}
}

func TestViolationsInARowAreForgottenByOneGoodMinute(t *testing.T) {
	got := ending(&Relative{Slower: 1.2, Errors: 0.005, InARow: 3}, func(look int, weight int32) (baseline, candidate arm) {
		share := float64(weight) / 100
		candidate = fine(1500 * share)
		if look/4%3 < 2 {
			candidate = candidate.slow(2)
		}
		return fine(1500 * (1 - share)), candidate
	})
	if want := "promoted after 10m0s"; got != want {
		t.Errorf("%s, want: %s", got, want)
	}
}

func TestWhatHitsBothArmsIsNothingToARuleThatCompares(t *testing.T) {
	both := func(_ int, weight int32) (baseline, candidate arm) {
		share := float64(weight) / 100
		return fine(1500 * (1 - share)).slow(3).failing(0.1), fine(1500 * share).slow(3).failing(0.1)
	}
	for name, rule := range minimum() {
		want := "promoted after 10m0s"
		switch name {
		case "Flagger":
			want = "rolled back at 10% after 6m0s"
		case "Argo":
			want = "rolled back at 40% after 4m0s"
		}
		t.Run(name, func(t *testing.T) {
			if got := ending(rule, both); got != want {
				t.Errorf("%s, want: %s", got, want)
			}
		})
	}
}

func TestAPlanGoesOnAfterAnyWeight(t *testing.T) {
	for weight, want := range map[int32]int32{0: 10, 10: 20, 15: 20, 90: 100, 100: 100} {
		if got := Tenths(time.Minute).After(weight); got != want {
			t.Errorf("after %d%% comes %d%%, want %d%%", weight, got, want)
		}
	}
}

func TestTheShiftBetweenTwoSamplesIsThatOfHodgesAndLehmann(t *testing.T) {
	baseline, candidate := []float64{1, 2, 3, 4, 5}, []float64{11, 12, 13, 14, 15}
	low, estimate := shift(baseline, candidate, 2.326)
	if estimate != 10 || low != 6 {
		t.Errorf("%g, at least %g", estimate, low)
	}
	if low, _ := shift(baseline[:4], candidate[:4], 2.326); !math.IsInf(low, -1) {
		t.Errorf("four points each bound the shift by %g", low)
	}
	if _, estimate := shift(nil, candidate, 2.326); !math.IsNaN(estimate) {
		t.Error("nothing is shifted")
	}
}
