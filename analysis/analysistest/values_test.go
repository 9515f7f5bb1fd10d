package analysistest

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
)

func TestLatencyIsADistributionOrAValueAsTheSourceSays(t *testing.T) {
	counts, values := Setup{}, Setup{Values: &Durations{Least: 20 * time.Millisecond, Most: 100 * time.Millisecond}}
	latency, errors := analysis.Query{Latency: true, Quantile: .95}, analysis.Query{Errors: true}
	histogram := analysis.Histogram{{Lower: 0, Upper: 1, Count: 5}}
	of := func(v float64) *float64 { return &v }
	for name, test := range map[string]struct {
		setup Setup
		query analysis.Query
		got   analysis.Observation
		want  string // empty for nothing wrong
	}{
		"a distribution":                      {counts, latency, analysis.Observation{Latency: histogram}, ""},
		"no distribution":                     {counts, latency, analysis.Observation{}, "a distribution was asked for: true"},
		"a distribution that nobody wants":    {counts, errors, analysis.Observation{Latency: histogram}, "a distribution was asked for: false"},
		"a distribution that is none":         {counts, latency, analysis.Observation{Latency: analysis.Histogram{{Lower: 1, Upper: 0}}}, "holds nothing"},
		"a value in place of a distribution":  {counts, latency, analysis.Observation{Value: of(.05)}, "no number was asked for"},
		"a value":                             {values, latency, analysis.Observation{Value: of(.05)}, ""},
		"no value":                            {values, latency, analysis.Observation{}, "it has no value"},
		"a distribution in place of a value":  {values, latency, analysis.Observation{Latency: histogram}, "it has no value"},
		"both":                                {values, latency, analysis.Observation{Value: of(.05), Latency: histogram}, "beside the value"},
		"a value in milliseconds":             {values, latency, analysis.Observation{Value: of(50)}, "but requests take from 20ms to 100ms"},
		"a value that is no number":           {values, latency, analysis.Observation{Value: of(math.NaN())}, "the value is NaN"},
		"a value of a pod":                    {values, latency, analysis.Observation{Value: of(.05), Pod: "a"}, "it is a pod's"},
		"a value of errors":                   {values, errors, analysis.Observation{Value: of(.05)}, "no number was asked for"},
		"errors of a source that has values":  {values, errors, analysis.Observation{Pod: "a"}, ""},
		"errors of a source that has buckets": {counts, errors, analysis.Observation{Pod: "a"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.setup.problem(test.query, test.got); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestAValueOfTheWholeIsBetweenThoseOfItsParts(t *testing.T) {
	look := func(v float64) analysis.Observation { return analysis.Observation{Metric: "m", Value: &v} }
	parts := []analysis.Observation{look(1), look(3), {Metric: "m", Arm: analysis.Candidate}}
	for v, inside := range map[float64]bool{1: true, 2: true, 3: true, .9: false, 4: false} {
		if why := outside([]analysis.Observation{look(v)}, parts); (why == "") != inside {
			t.Errorf("%v: %q", v, why)
		}
	}
	if why := outside([]analysis.Observation{look(2)}, nil); why == "" {
		t.Error("a value that no part has is none")
	}
}
