package analysis

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// errorsOf observes error counts: errors in requests, baseline first.
func errorsOf(baselineErrors, baselineRequests, candidateErrors, candidateRequests float64) []Observation {
	return []Observation{
		{Metric: "errors", Arm: Baseline, Requests: baselineRequests, Errors: baselineErrors},
		{Metric: "errors", Arm: Candidate, Requests: candidateRequests, Errors: candidateErrors},
	}
}

// spread is n durations, log-normal with the given p95 in seconds, in the boundaries of a layout.
func spread(n, p95 float64, layout []float64) Histogram {
	median := p95 / math.Exp(1.6448536*sigma)
	var h Histogram
	lower, before := 0.0, 0.0
	for _, upper := range append(layout, math.Inf(1)) {
		reached := math.Round(n * normal(math.Log(upper/median)/sigma))
		h = append(h, Bucket{lower, upper, reached - before})
		lower, before = upper, reached
	}
	return h
}

// latencyOf observes two histograms, baseline first.
func latencyOf(baseline, candidate Histogram) []Observation {
	return []Observation{
		{Metric: "latency", Arm: Baseline, Latency: baseline},
		{Metric: "latency", Arm: Candidate, Latency: candidate},
	}
}

func TestJudgeErrors(t *testing.T) {
	compared := Criterion{Name: "errors", Errors: true, Relative: 0.1, Absolute: 0.001}
	limited := Criterion{Name: "errors", Errors: true, Limit: 0.01}
	both := compared
	both.Limit = 0.01
	for name, test := range map[string]struct {
		criterion   Criterion
		obs         []Observation
		want        Verdict
		wantMessage string
	}{
		"no observations at all": {compared, nil, Inconclusive, "errors: no requests from the candidate yet"},
		"too few requests": {
			compared, errorsOf(2, 1000, 0, 17), Inconclusive,
			"errors: 17 of the 50 requests needed from the candidate so far",
		},
		"not even total failure is judged on too few requests": {
			compared, errorsOf(2, 1000, 49, 49), Inconclusive,
			"errors: 49 of the 50 requests needed from the candidate so far",
		},
		"a silent baseline": {
			compared, errorsOf(0, 0, 0, 500), Inconclusive,
			"errors 0% on 500 of the candidate's requests: no requests from the baseline yet",
		},
		"too small a baseline": {
			compared, errorsOf(0, 12, 0, 500), Inconclusive,
			"errors 0% on 500 of the candidate's requests: 12 of the 50 requests needed from the baseline so far",
		},
		"equal rates": {
			compared, errorsOf(20, 10_000, 4, 2000), Pass,
			"errors 0.2% vs 0.2% on the baseline (+0 points, -0.29 to 0.65; allowed +0.1) on 2,000 of the candidate's requests",
		},
		"ten times the errors": {
			compared, errorsOf(20, 10_000, 41, 2000), Fail,
			"errors 2.1% vs 0.2% on the baseline (+1.9 points, 0.85 to 3.3; allowed +0.1) on 2,000 of the candidate's requests",
		},
		"the same ten times on few requests": {
			compared, errorsOf(20, 10_000, 2, 100), Inconclusive,
			"errors 2% vs 0.2% on the baseline (+1.8 points, -0.19 to 11.8; allowed +0.1) on 100 of the candidate's requests: " +
				"it looks worse, but this may still be chance",
		},
		"one error that may well be chance": {
			compared, errorsOf(20, 10_000, 1, 150), Inconclusive,
			"errors 0.67% vs 0.2% on the baseline (+0.47 points, -0.23 to 6.5; allowed +0.1) on 150 of the candidate's requests: " +
				"it looks worse, but this may still be chance",
		},
		"a little more than tolerated, on few requests":  {compared, errorsOf(20, 10_000, 2, 600), Pass, ""},
		"a little more than tolerated, on many requests": {compared, errorsOf(2000, 1_000_000, 72, 20_000), Inconclusive, ""},
		"no errors at all":                           {compared, errorsOf(0, 1000, 0, 100), Pass, ""},
		"no errors, but hardly any requests":         {compared, errorsOf(0, 1000, 0, 50), Pass, ""},
		"an increase within the tolerance":           {compared, errorsOf(1000, 100_000, 109, 10_000), Pass, ""},
		"an increase just beyond, on many requests":  {compared, errorsOf(10_000, 1_000_000, 12_500, 1_000_000), Fail, ""},
		"fewer errors than the baseline":             {compared, errorsOf(500, 10_000, 1, 1000), Pass, ""},
		"below the limit":                            {limited, errorsOf(0, 0, 3, 1000), Pass, "errors 0.3% on 1,000 of the candidate's requests"},
		"over the limit by chance":                   {limited, errorsOf(0, 0, 12, 1000), Inconclusive, ""},
		"proven over the limit, without a baseline":  {limited, errorsOf(0, 0, 50, 1000), Fail, ""},
		"over the limit, baseline missing":           {both, errorsOf(0, 0, 50, 1000), Fail, ""},
		"under the limit, baseline missing":          {both, errorsOf(0, 0, 1, 1000), Inconclusive, ""},
		"over the limit, no worse than the baseline": {both, errorsOf(500, 10_000, 50, 1000), Fail, "errors 5% vs 5% on the baseline (+0 points, -2.3 to 3.1; allowed +0.5) on 1,000 of the candidate's requests: over the limit of 1%"},
		"nothing to judge by":                        {Criterion{Name: "errors", Errors: true}, errorsOf(0, 100, 0, 100), Inconclusive, "errors: neither an increase nor a limit to judge by"},
		"more errors than requests":                  {compared, errorsOf(0, 1000, 501, 500), Inconclusive, "errors: the source counted 501 errors in 500 requests"},
		"a NaN":                                      {compared, errorsOf(math.NaN(), 1000, 0, 500), Inconclusive, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := Judge(Policy{Criteria: []Criterion{test.criterion}, MinRequests: 50}, test.obs)
			if r.Verdict != test.want {
				t.Errorf("verdict %v, want %v: %s", r.Verdict, test.want, r.Message)
			}
			if test.wantMessage != "" && r.Message != test.wantMessage {
				t.Errorf("message\n%q, want\n%q", r.Message, test.wantMessage)
			}
		})
	}
}

func TestJudgeLatency(t *testing.T) {
	p95 := Criterion{Name: "latency", Quantile: 0.95, Relative: 0.1, Absolute: 0.005}
	limited := Criterion{Name: "latency", Quantile: 0.95, Limit: 0.5}
	odd := []float64{0.03, 0.09, 0.27, 0.81} // shares no boundary with semconv
	for name, test := range map[string]struct {
		criterion   Criterion
		obs         []Observation
		want        Verdict
		wantMessage string
	}{
		"half slower": {
			p95, latencyOf(spread(10_000, 0.094, fine()), spread(1204, 0.142, fine())), Fail,
			"latency p95 142ms vs 94ms on the baseline (+48ms, 32ms to 71ms; allowed +9.4ms) on 1,204 of the candidate's requests",
		},
		"half slower in default buckets": {p95, latencyOf(spread(10_000, 0.094, semconv()), spread(1204, 0.142, semconv())), Fail, ""},
		"equal":                          {p95, latencyOf(spread(10_000, 0.094, semconv()), spread(1000, 0.094, semconv())), Pass, ""},
		"a quantile that so few requests can't bound": {
			Criterion{Name: "latency", Quantile: 0.99, Relative: 0.1},
			latencyOf(spread(10_000, 0.094, fine()), spread(60, 0.094, fine())),
			Inconclusive, "",
		},
		"faster":                       {p95, latencyOf(spread(10_000, 0.094, semconv()), spread(1000, 0.050, semconv())), Pass, ""},
		"5% slower is tolerated":       {p95, latencyOf(spread(1e6, 0.200, fine()), spread(1e6, 0.210, fine())), Pass, ""},
		"12% slower, on many requests": {p95, latencyOf(spread(1e6, 0.200, fine()), spread(1e6, 0.224, fine())), Fail, ""},
		"4 ms slower is tolerated where that is much": {p95, latencyOf(spread(1e6, 0.008, fine()), spread(1e6, 0.012, fine())), Pass, ""},
		"nothing from the baseline": {
			p95, latencyOf(nil, spread(1000, 0.094, fine())), Inconclusive,
			"latency p95 94ms on 1,000 of the candidate's requests: no requests from the baseline yet",
		},
		"the baseline beyond the last bucket": {
			p95, latencyOf(spread(1000, 30, semconv()), spread(1000, 30, semconv())), Inconclusive,
			"latency p95 lies beyond the last finite bucket on the baseline: the histogram needs larger buckets",
		},
		"the candidate perhaps beyond the last bucket": {
			p95, latencyOf(spread(1000, 9.7, semconv()), spread(1000, 10.2, semconv())), Inconclusive,
			"latency p95 lies beyond the last finite bucket (10s): the histogram needs larger buckets",
		},
		"the candidate far beyond the last bucket": {
			p95, latencyOf(spread(10_000, 0.094, semconv()), spread(1000, 30, semconv())), Fail,
			"latency p95 over 10s vs 94ms on the baseline (9.9s or more; allowed +9.4ms) on 1,000 of the candidate's requests",
		},
		"new boundaries, the same latency": {
			p95, latencyOf(spread(10_000, 0.094, semconv()), spread(1000, 0.094, odd)), Inconclusive,
			"latency p95 can't be compared: the two versions use different histogram buckets",
		},
		"more boundaries, the same latency": {p95, latencyOf(spread(10_000, 0.094, []float64{0.01, 0.1, 1}),
			spread(1000, 0.094, []float64{0.01, 0.03, 0.1, 0.3, 1})), Pass, ""},
		"under the limit":        {limited, latencyOf(nil, spread(1000, 0.3, semconv())), Pass, ""},
		"at the limit":           {limited, latencyOf(nil, spread(1000, 0.52, semconv())), Inconclusive, ""},
		"proven over the limit":  {limited, latencyOf(nil, spread(1000, 0.9, semconv())), Fail, ""},
		"far beyond the buckets": {limited, latencyOf(nil, spread(1000, 50, semconv())), Fail, "latency p95 over 10s on 1,000 of the candidate's requests: over the limit of 500ms"},
		"a limit within a bucket is not proven exceeded": {
			Criterion{Name: "latency", Quantile: 0.95, Limit: 0.3},
			latencyOf(nil, spread(1e6, 0.45, semconv())), Inconclusive, "",
		},
		"buckets that overlap": {
			p95, latencyOf(Histogram{{0, 2, 900}, {1, 3, 900}}, spread(1000, 0.1, fine())), Inconclusive,
			"latency p95: the source sent a histogram whose bucket (1, 3] overlaps the one before it",
		},
		"a quantile that is none": {
			Criterion{Name: "latency", Quantile: 1, Limit: 1},
			latencyOf(nil, spread(1000, 0.1, fine())), Inconclusive,
			"latency p100: neither an error rate nor a quantile to judge",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := Judge(Policy{Criteria: []Criterion{test.criterion}, MinRequests: 50}, test.obs)
			if r.Verdict != test.want {
				t.Errorf("verdict %v, want %v: %s", r.Verdict, test.want, r.Message)
			}
			if test.wantMessage != "" && r.Message != test.wantMessage {
				t.Errorf("message\n%q, want\n%q", r.Message, test.wantMessage)
			}
		})
	}
}

func TestCriteriaAreCombined(t *testing.T) {
	good, bad := errorsOf(2, 10_000, 0, 1000), errorsOf(2, 10_000, 500, 1000)
	fast := latencyOf(spread(10_000, 0.1, fine()), spread(1000, 0.1, fine()))
	slow := latencyOf(spread(10_000, 0.1, fine()), spread(1000, 0.3, fine()))
	for name, test := range map[string]struct {
		criteria []Criterion
		obs      []Observation
		want     Verdict
		mentions []string
	}{
		"nothing is judged":                   {nil, good, Inconclusive, []string{"there is no metric"}},
		"everything passes":                   {usual().Criteria, append(good, fast...), Pass, []string{"errors 0%", "latency p95 100ms"}},
		"one of them fails":                   {usual().Criteria, append(good, slow...), Fail, []string{"latency p95 300ms"}},
		"both fail":                           {usual().Criteria, append(bad, slow...), Fail, []string{"errors 50%", "; latency p95 300ms"}},
		"one is missing":                      {usual().Criteria, good, Inconclusive, []string{"latency p95: no requests from the candidate yet"}},
		"one is missing, the other one fails": {usual().Criteria, bad, Fail, []string{"errors 50%"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := Judge(Policy{Criteria: test.criteria, MinRequests: 50}, test.obs)
			if r.Verdict != test.want {
				t.Errorf("verdict %v, want %v: %s", r.Verdict, test.want, r.Message)
			}
			for _, want := range test.mentions {
				if !strings.Contains(r.Message, want) {
					t.Errorf("message %q does not say %q", r.Message, want)
				}
			}
			if len(r.Results) != len(test.criteria) {
				t.Errorf("%d results, want %d", len(r.Results), len(test.criteria))
			}
		})
	}
}

func TestResultsSayWhatTheyKnow(t *testing.T) {
	p := usual()
	p.Criteria[0].Limit = 0.01
	obs := append(errorsOf(20, 10_000, 41, 2000), latencyOf(spread(10_000, 0.094, fine()), spread(1204, 0.142, fine()))...)
	for i, want := range []string{
		"errors: 0.2% 2.1% +1.9 points (+0.85 to +3.3) 0.3% 10000 2000",
		"latency: 94ms 142ms +48ms (+32ms to +71ms) 103ms 10000 1204",
	} {
		r := Judge(p, obs).Results[i]
		got := fmt.Sprintf("%s: %s %s %s %s %v %v", r.Name, r.BaselineText(), r.CandidateText(), r.DifferenceText(), r.LimitText(),
			r.BaselineRequests, r.CandidateRequests)
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	empty := Judge(usual(), nil).Results[0]
	if got := empty.BaselineText() + empty.CandidateText() + empty.DifferenceText() + empty.LimitText(); got != "" {
		t.Errorf("nothing is known, but %q is told", got)
	}
}

// BenchmarkJudge judges a look of ten pods an arm in native-like buckets.
func BenchmarkJudge(b *testing.B) {
	var obs []Observation
	for range 10 {
		obs = append(obs, errorsOf(2, 1000, 1, 1000)...)
		obs = append(obs, latencyOf(spread(1000, 0.1, fine()), spread(1000, 0.1, fine()))...)
	}
	p := usual()
	b.ReportAllocs()
	for b.Loop() {
		Judge(p, obs)
	}
}
