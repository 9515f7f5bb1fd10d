package engine_test

import (
	"math"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/engine"
)

func TestTheDifferenceToABaselineWithoutErrorsHasAnInterval(t *testing.T) {
	for name, test := range map[string]struct {
		errors    float64 // of 100 requests to the candidate in each of ten looks
		low, high float64 // what the interval must reach to at least, and stay within
	}{
		"none on either side": {0, -1e-9, 0.1},
		"one in a hundred":    {1, -1e-9, 0.2},
		"one in five":         {20, 0.01, 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			e := engine.New(analysis.Policy{Criteria: []analysis.Criterion{{Name: "errors", Errors: true, Absolute: 0.01}}})
			var r analysis.Result
			for i := range 10 {
				from := time.Unix(int64(1000+15*i), 0)
				w := analysis.Window{From: from, To: from.Add(15 * time.Second)}
				report := e.Look(analysis.Look{Window: w, Weight: 10, Next: 20, Observations: []analysis.Observation{
					{Metric: "errors", Arm: analysis.Baseline, Window: w, Requests: 900},
					{Metric: "errors", Arm: analysis.Candidate, Window: w, Requests: 100, Errors: test.errors},
				}})
				r = report.Results[0]
				if !(r.Low <= r.Difference && r.Difference <= r.High) {
					t.Errorf("look %d: %v is not between %v and %v", i, r.Difference, r.Low, r.High)
				}
			}
			if r.Low < test.low || r.High > test.high || math.Abs(r.Difference-test.errors/100) > 1e-6 || r.High < 0.003 {
				t.Errorf("%v, between %v and %v, want it within %v and %v", r.Difference, r.Low, r.High, test.low, test.high)
			}
		})
	}
}
