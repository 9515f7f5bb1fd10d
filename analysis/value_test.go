package analysis_test

import (
	"math"
	"testing"

	"github.com/serin-dev/serin/analysis"
)

func TestWhatALookShowedOfAnArm(t *testing.T) {
	of := func(v float64) *float64 { return &v }
	histogram := analysis.Histogram{{Lower: 0, Upper: 0.1, Count: 50}, {Lower: 0.1, Upper: 0.2, Count: 40}, {Lower: 0.2, Upper: math.Inf(1), Count: 10}}
	l := analysis.Look{Observations: []analysis.Observation{
		{Metric: "errors", Arm: analysis.Baseline, Pod: "a", Requests: 100, Errors: 1},
		{Metric: "errors", Arm: analysis.Baseline, Pod: "b", Requests: 300, Errors: 7},
		{Metric: "errors", Arm: analysis.Candidate, Requests: 0},
		{Metric: "latency", Arm: analysis.Baseline, Requests: 100, Latency: histogram},
		{Metric: "lag", Arm: analysis.Baseline, Pod: "a", Requests: 1, Value: of(10)},
		{Metric: "lag", Arm: analysis.Baseline, Pod: "b", Requests: 3, Value: of(30)},
		{Metric: "lag", Arm: analysis.Candidate, Value: of(-5)},
	}}
	for name, c := range map[string]struct {
		criterion analysis.Criterion
		arm       analysis.Arm
		want      float64
	}{
		"errors are of all pods' requests":             {analysis.Criterion{Name: "errors", Errors: true}, analysis.Baseline, 0.02},
		"without a request there is no error rate":     {analysis.Criterion{Name: "errors", Errors: true}, analysis.Candidate, math.NaN()},
		"a quantile lies within its bucket":            {analysis.Criterion{Name: "latency", Quantile: 0.7}, analysis.Baseline, 0.15},
		"a quantile without an end tells its begin":    {analysis.Criterion{Name: "latency", Quantile: 0.99}, analysis.Baseline, 0.2},
		"without a count there is no quantile":         {analysis.Criterion{Name: "latency", Quantile: 0.99}, analysis.Candidate, math.NaN()},
		"values of pods count by their requests":       {analysis.Criterion{Name: "lag", Worse: analysis.Higher}, analysis.Baseline, 25},
		"a value without requests is one all the same": {analysis.Criterion{Name: "lag", Worse: analysis.Higher}, analysis.Candidate, -5},
		"a metric that nobody counted":                 {analysis.Criterion{Name: "other", Errors: true}, analysis.Baseline, math.NaN()},
	} {
		t.Run(name, func(t *testing.T) {
			got := l.Value(c.criterion, c.arm)
			if math.IsNaN(c.want) != math.IsNaN(got) || math.Abs(got-c.want) > 1e-12 {
				t.Errorf("%v and not %v", got, c.want)
			}
		})
	}
}
