package bench

import (
	"fmt"
	"math"

	"github.com/serin-dev/serin/test/decisions/rules"
)

// Ladder is one rule at many settings of its two metrics, to find those that are just safe enough. The settings go beyond what
// anybody would use, so that a metric without a safe one is of no use to the rule at all.
type Ladder struct {
	Name string
	// Errors and Latency are settings, from the most to the least sensitive, in Unit.
	Errors, Latency [rungs]float64
	Unit            string
	// Set is the rule with a setting for each; +Inf switches a metric off.
	Set func(errors, latency float64) rules.Decider
}

// rungs of a ladder, for each metric.
const rungs = 8

// Ladders of the rivals.
func Ladders() []Ladder {
	limits, factors := [rungs]float64{0.006, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5}, [rungs]float64{1.25, 1.5, 2, 2.5, 3, 5, 8, 15}
	nats := [rungs]float64{math.Log(200), 10, 20, 40, 80, 160, 320, 1000}
	deviates := [rungs]float64{2.326, 2.5, 2.7, 2.9, 3.1, 3.3, 3.5, 3.7}
	return []Ladder{
		{"flagger", limits, factors, "share and multiple of the usual p99", func(errors, latency float64) rules.Decider {
			return &rules.Flagger{Errors: errors, Slower: latency, Threshold: 5}
		}},
		{"argo", limits, factors, "share and multiple of the usual p95", func(errors, latency float64) rules.Decider {
			return &rules.Argo{Errors: errors, Slower: latency, FailureLimit: 3}
		}},
		{"relative", limits, factors, "points and multiple of the baseline's p95, three times in a row", func(errors, latency float64) rules.Decider {
			return &rules.Relative{Errors: errors, Slower: latency, InARow: 3}
		}},
		{"mann-whitney", deviates, deviates, "standard deviations", func(errors, latency float64) rules.Decider {
			return &rules.MannWhitney{Tolerance: 0.25, Errors: errors, Latency: latency}
		}},
		{"independent", nats, nats, "nats of evidence", func(errors, latency float64) rules.Decider {
			return &rules.Independent{Errors: errors, Latency: latency, Worse: 1}
		}},
	}
}

// rungs of the ladder by themselves: each setting of one metric with the other switched off.
func (l Ladder) rungs() []Decider {
	var all []Decider
	for i := range rungs {
		all = append(all,
			Decider{l.rung("errors", i), "", func() rules.Decider { return l.Set(l.Errors[i], math.Inf(1)) }},
			Decider{l.rung("latency", i), "", func() rules.Decider { return l.Set(math.Inf(1), l.Latency[i]) }},
		)
	}
	return all
}

func (l Ladder) rung(metric string, i int) string {
	return fmt.Sprintf("%s/%s/%d", l.Name, metric, i)
}

// Tuned is a rival whose metrics are set to be just safe enough.
type Tuned struct {
	Ladder          Ladder
	Errors, Latency float64
}

// tune finds for each metric the first setting whose worst false rollback the safety study does not show to be over the limit:
// even the lower end of the confidence interval would have to be. That is generous to the rivals, as is taking each by itself.
func tune(l Ladder, safety Cells, limit float64) Tuned {
	find := func(metric string, settings [rungs]float64) float64 {
		for i, s := range settings {
			if safety.by(l.rung(metric, i)).worst().Share.Low <= limit {
				return s
			}
		}
		return math.Inf(1)
	}
	return Tuned{Ladder: l, Errors: find("errors", l.Errors), Latency: find("latency", l.Latency)}
}

// decider is the rule with both.
func (t Tuned) decider() Decider {
	return Decider{t.Ladder.Name + "@safe", t.Ladder.Unit, func() rules.Decider { return t.Ladder.Set(t.Errors, t.Latency) }}
}

// setting for people.
func setting(value float64) string {
	if math.IsInf(value, 1) {
		return "none is safe"
	}
	return fmt.Sprintf("%.3g", value)
}
