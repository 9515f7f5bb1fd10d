package engine_test

import (
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/engine"
)

// TestNoStepIsPassedOnSilence has a step of good evidence, and then looks in which an arm is missing: at the next step, or at the same one.
func TestNoStepIsPassedOnSilence(t *testing.T) {
	for name, test := range map[string]struct {
		weight              int32 // once an arm is silent
		baseline, candidate float64
		want                analysis.Verdict
	}{
		"nobody answers at the next step":                    {50, 0, 0, analysis.Inconclusive},
		"nobody answers at the same step any more":           {10, 0, 0, analysis.Inconclusive},
		"the candidate is silent":                            {50, 5000, 0, analysis.Inconclusive},
		"the baseline is silent":                             {50, 0, 5000, analysis.Inconclusive},
		"too few requests at this step, however many before": {50, 10, 10, analysis.Inconclusive},
		"both answer, at this step and before it":            {50, 5000, 5000, analysis.Pass},
		"at 100% the baseline has nothing to say":            {100, 0, 5000, analysis.Pass},
		"nobody answers at 100%":                             {100, 0, 0, analysis.Inconclusive},
	} {
		t.Run(name, func(t *testing.T) {
			e := engine.New(analysis.Policy{MinRequests: 50, Criteria: []analysis.Criterion{{Name: "errors", Errors: true, Absolute: 0.01}}})
			look := func(i int, weight int32, baseline, candidate float64) analysis.Report {
				from := time.Unix(int64(1000+15*i), 0)
				w := analysis.Window{From: from, To: from.Add(15 * time.Second)}
				l := analysis.Look{Window: w, Weight: weight, Next: min(2*weight, 100)}
				for arm, n := range map[analysis.Arm]float64{analysis.Baseline: baseline, analysis.Candidate: candidate} {
					if n > 0 {
						l.Observations = append(l.Observations, analysis.Observation{Metric: "errors", Arm: arm, Window: w, Requests: n})
					}
				}
				return e.Look(l)
			}
			for i := range 20 {
				if r := look(i, 10, 9000, 1000); i > 10 && r.Verdict != analysis.Pass {
					t.Fatalf("look %d: %s: %s", i, r.Verdict, r.Message)
				}
			}
			for i := 20; i < 23; i++ {
				if r := look(i, test.weight, test.baseline, test.candidate); r.Verdict != test.want {
					t.Errorf("look %d: %s: %s", i, r.Verdict, r.Message)
				}
			}
		})
	}
}
