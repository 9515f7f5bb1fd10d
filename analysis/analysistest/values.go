package analysistest

import (
	"fmt"
	"math"
	"testing"

	"github.com/serin-dev/serin/analysis"
)

// dust is what two values may differ by that were reckoned in another order.
const dust = 1e-9

// problem says what is wrong with the latency of an observation; empty when nothing is.
func (s Setup) problem(q analysis.Query, o analysis.Observation) string {
	if err := o.Latency.Validate(); err != nil {
		return err.Error()
	}
	switch byValue := s.Values != nil && q.Latency; {
	case !byValue && o.Value != nil:
		return fmt.Sprintf("it has the value %v, but no number was asked for in place of counts", *o.Value)
	case !byValue && q.Latency != (len(o.Latency) > 0):
		return fmt.Sprintf("a distribution was asked for: %v; it is %v", q.Latency, o.Latency)
	case !byValue:
	case o.Value == nil:
		return "it has no value"
	case len(o.Latency) > 0:
		return fmt.Sprintf("it has the distribution %v beside the value %v", o.Latency, *o.Value)
	case o.Pod != "":
		return "it is a pod's: what the requests of several pods took can't be made of their quantiles, so that a value is an arm's"
	case !(*o.Value >= s.Values.Least.Seconds() && *o.Value <= s.Values.Most.Seconds()):
		return fmt.Sprintf("the value is %v, but requests take from %s to %s", *o.Value, s.Values.Least, s.Values.Most)
	}
	return ""
}

// quantiles asks for several of the same requests: a greater one is never shorter, and not all are the same.
func quantiles(t *testing.T, s Setup) {
	p := s.source(t, s.Full)
	for _, q := range s.Queries {
		if !q.Latency {
			continue
		}
		var least, last [2]float64
		for i, at := range []float64{.5, .9, .95, .99} {
			q.Quantile = at
			obs, err := p.Count(t.Context(), s.Subject, []analysis.Query{q}, s.windows())
			if err != nil {
				t.Fatalf("%s: quantile %v: %v", q.Metric, at, err)
			}
			if len(obs) != 2 {
				t.Fatalf("%s: quantile %v: %d observations of two arms", q.Metric, at, len(obs))
			}
			for _, o := range obs {
				if o.Value == nil || *o.Value < last[o.Arm]-dust {
					t.Fatalf("%s of %v: quantile %v is %v, after %v", q.Metric, o.Arm, at, o.Value, last)
				}
				if last[o.Arm] = *o.Value; i == 0 {
					least[o.Arm] = *o.Value
				}
			}
		}
		if least[0] >= last[0] || least[1] >= last[1] {
			t.Errorf("%s: all quantiles are the same, from %v to %v", q.Metric, least, last)
		}
	}
}

// outside says which value of the whole time is not between those of its parts, as any quantile of requests that are put together is; empty when none is.
func outside(whole, parts []analysis.Observation) string {
	for _, o := range whole {
		if o.Value == nil {
			continue
		}
		least, most := math.Inf(1), math.Inf(-1)
		for _, p := range parts {
			if p.Value != nil && p.Metric == o.Metric && p.Arm == o.Arm {
				least, most = min(least, *p.Value), max(most, *p.Value)
			}
		}
		if *o.Value < least-dust || *o.Value > most+dust {
			return fmt.Sprintf("%s of %v: the value of the whole time is %v, those of its parts are from %v to %v", o.Metric, o.Arm, *o.Value, least, most)
		}
	}
	return ""
}
