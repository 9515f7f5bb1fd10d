package datadog_test

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/analysistest"
	"github.com/serin-dev/serin/analysis/datadog/datadogtest"
)

// short writes observations as "arm pod requests/errors".
func short(obs []analysis.Observation) []string {
	var out []string
	for _, o := range obs {
		out = append(out, fmt.Sprintf("%d %s %.6g/%.6g", o.Arm, o.Pod, o.Requests, o.Errors))
	}
	return out
}

func TestPresetsCountTheSame(t *testing.T) {
	errorsAndLatency := []analysis.Query{{Metric: "errors", Errors: true}, {Metric: "latency", Latency: true, Quantile: .95}}
	for preset, want := range map[string][]string{
		"":          {"0  1200/12", "1  120/1.2", "0  1200/0", "1  120/0"},
		"dogstatsd": {"0 api-1-aaaaa 600/6", "0 api-1-bbbbb 600/6", "1 api-2-ccccc 120/1.2", "0 api-1-aaaaa 600/0", "0 api-1-bbbbb 600/0", "1 api-2-ccccc 120/0"},
		// One number stands for a whole arm.
		"apm-quantile":       {"0  1200/12", "1  120/1.2", "0  1200/0", "1  120/0"},
		"apm-metrics":        {"0  1200/12", "1  120/1.2", "0  1200/0", "1  120/0"},
		"dogstatsd-quantile": {"0 api-1-aaaaa 600/6", "0 api-1-bbbbb 600/6", "1 api-2-ccccc 120/1.2", "0  1200/0", "1  120/0"},
	} {
		t.Run("preset "+preset, func(t *testing.T) {
			backend := &datadogtest.Server{Store: steady(), APIKey: apiKey, AppKey: appKey}
			obs, err := source(t, preset, backend).Count(t.Context(), release(), errorsAndLatency, []analysis.Window{between(60, 120)})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, short(obs)); diff != "" {
				t.Error(diff)
			}
			if asked, _ := backend.Requests(); asked != 1 {
				t.Errorf("it took %d requests", asked)
			}
			for _, o := range obs {
				if byValue := strings.HasSuffix(preset, "-quantile") || preset == "apm-metrics"; o.Metric == "latency" && (o.Value != nil) != byValue || o.Metric == "errors" && o.Value != nil {
					t.Errorf("%s has the value %v and the distribution %v", o.Metric, o.Value, o.Latency)
				}
				if truth := datadogtest.Quantile(durations(1, .05), .95); o.Value != nil && math.Abs(*o.Value/truth-1) > .001 {
					t.Errorf("a p95 of %v is told as %v", truth, *o.Value)
				}
				if o.Metric == "latency" && o.Value == nil {
					if got := datadogtest.Quantile(o.Latency, .95); got < .07 || got > .08 {
						t.Errorf("a p95 of 0.075 is in the histogram as %v", got)
					}
				}
			}
		})
	}
}

func TestAWindowBelongsToItsBuckets(t *testing.T) {
	backend := &datadogtest.Server{Store: steady()}
	s := source(t, "apm", backend)
	query := []analysis.Query{{Metric: "errors", Errors: true}}
	var ws []analysis.Window
	for from := 3.3; from < 150; from += 15 {
		ws = append(ws, between(from, from+15))
	}
	together, err := s.Count(t.Context(), release(), query, ws)
	if err != nil {
		t.Fatal(err)
	}
	// 3.3 to 153.3: the buckets from 10 to 160.
	if diff := cmp.Diff([]string{"0  3000/30", "1  300/3"}, short(analysistest.Merge(together))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"0  200/2", "1  20/0.2"}, short(together[:2])); diff != "" {
		t.Errorf("the first window has one bucket:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"0  400/4", "1  40/0.4"}, short(together[2:4])); diff != "" {
		t.Errorf("the second has two:\n%s", diff)
	}
	var single []analysis.Observation
	for _, w := range ws {
		obs, err := s.Count(t.Context(), release(), query, []analysis.Window{w})
		if err != nil {
			t.Fatal(err)
		}
		single = append(single, obs...)
	}
	if diff := cmp.Diff(together, single); diff != "" {
		t.Errorf("one window a call differs:\n%s", diff)
	}
	if asked, _ := backend.Requests(); asked != 1+len(ws) {
		t.Errorf("%d requests", asked)
	}
}

func TestNothingFromBeforeAWindowCounts(t *testing.T) {
	pods := &datadogtest.Pods{}
	pods.Serve(podOf(0, "aaaaa"), at(0), at(63), served(630, 0))
	pods.Serve(podOf(0, "aaaaa"), at(63), at(200), served(1370, 137)) // the step begins
	obs, err := source(t, "apm", &datadogtest.Server{Store: pods}).Count(t.Context(), release(),
		[]analysis.Query{{Metric: "errors", Errors: true}}, []analysis.Window{between(63, 78)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"0  100/10"}, short(obs)); diff != "" {
		t.Error(diff)
	}
}

func TestGapsAreNotZeros(t *testing.T) {
	query := []analysis.Query{{Metric: "errors", Errors: true}}
	body := func(times, series, values string) string {
		return `{"data":{"type":"timeseries_response","attributes":{"times":[` + times + `],"series":[` + series + `],"values":[` + values + `]}}}`
	}
	const times = "1700000040000,1700000050000,1700000060000"
	const hits = `{"group_tags":[],"query_index":0,"unit":null}`
	const failed = `,{"group_tags":[],"query_index":1,"unit":null}`
	for name, test := range map[string]struct {
		body string
		want []string
		err  string
	}{
		"no series at all":                       {body("", "", ""), nil, ""},
		"no requests, but errors":                {body(times, `{"query_index":1}`, "[1,2,3]"), nil, ""},
		"only nulls":                             {body(times, hits, "[null,null,null]"), nil, ""},
		"zeros":                                  {body(times, hits, "[0,0,0]"), nil, ""},
		"a null among requests":                  {body(times, hits, "[10,null,30]"), []string{"0  40/0"}, ""},
		"no errors":                              {body(times, hits, "[10,20,30]"), []string{"0  60/0"}, ""},
		"errors that did not move":               {body(times, hits+failed, "[10,20,30],[null,2,null]"), []string{"0  60/2"}, ""},
		"errors in a bucket without requests":    {body(times, hits+failed, "[10,null,30],[1,5,1]"), []string{"0  40/2"}, ""},
		"more errors than requests":              {body(times, hits+failed, "[1,1,1],[2,2,2]"), []string{"0  3/3"}, ""},
		"the same series twice":                  {body(times, hits+","+hits, "[10,20,30],[10,20,30]"), []string{"0  60/0"}, ""},
		"two series for one thing":               {body(times, hits+","+hits, "[10,20,30],[10,20,31]"), nil, "two different series for one thing"},
		"fewer values than times":                {body(times, hits, "[10,20]"), nil, "a series has 2 values at 3 times"},
		"values without a series":                {body(times, hits, "[10,20,30],[1,2,3]"), nil, "it has 1 series, but values of 2"},
		"an answer to a question nobody asked":   {body(times, `{"query_index":9}`, "[10,20,30]"), nil, "it answers question 10 of 4"},
		"an answer to no question in particular": {body(times, `{}`, "[10,20,30]"), nil, "does not say what it answers"},
		"times out of order":                     {body("1700000050000,1700000040000", hits, "[1,2]"), nil, "not in order"},
		"a count beyond belief":                  {body(times, hits, "[1e308,1e308,1]"), nil, "it counts 1e+308"},
		"a negative count":                       {body(times, hits, "[10,-1,30]"), nil, "it counts -1"},
		"words":                                  {body(times, hits, `["a",1,2]`), nil, "is the address right?"},
		"an error beside data":                   {strings.Replace(body(times, hits, "[1,2,3]"), `{"data"`, `{"errors":"shard 3 timed out","data"`, 1), nil, "the answer is incomplete: shard 3 timed out"},
		"buckets longer than asked for":          {body("1700000040000,1700000100000", hits, "[10,20]"), nil, ""},
		"buckets beyond the window":              {body(times+",1700000070000", hits, "[1,2,3,4]"), []string{"0  6/0"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := source(t, "apm", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, test.body) }))
			obs, err := s.Count(t.Context(), release(), query, []analysis.Window{between(0, 30)})
			if diff := cmp.Diff(test.want, short(obs)); diff != "" {
				t.Error(diff)
			}
			if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) || errors.Is(err, analysis.ErrRejected) {
				t.Errorf("got %v, want %q", err, test.err)
			}
		})
	}
}

func TestADistributionWithoutPercentilesIsNoDistribution(t *testing.T) {
	answer := func(series, values string) string {
		return `{"data":{"attributes":{"times":[1700000040000],"series":[` + series + `],"values":[` + values + `]}}}`
	}
	for name, test := range map[string]struct {
		body, want string
		rejected   bool
	}{
		"no count below any boundary":          {answer(`{"query_index":0}`, "[50]"), "turn on percentiles for this distribution", true},
		"a count that vanishes further up":     {answer(`{"query_index":0},{"query_index":5},{"query_index":6}`, "[50],[20],[null]"), "a part of it is missing", false},
		"none below the first boundaries":      {answer(`{"query_index":0},{"query_index":19},{"query_index":20}`, "[50],[20],[50]"), "", false},
		"slower than all boundaries sometimes": {answer(`{"query_index":0},{"query_index":20}`, "[50],[40]"), "", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := source(t, "apm", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, test.body) }))
			obs, err := s.Count(t.Context(), release(), []analysis.Query{{Metric: "latency", Latency: true}}, []analysis.Window{between(0, 30)})
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) || errors.Is(err, analysis.ErrRejected) != test.rejected {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if test.want == "" && (err != nil || len(obs) != 1 || obs[0].Latency.Total() != 50 || obs[0].Latency.Validate() != nil) {
				t.Errorf("%v, %v", obs, err)
			}
		})
	}
}

func TestQuantilesOfOddWindowsAreMeansByRequests(t *testing.T) {
	s := source(t, "apm-metrics", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"data":{"attributes":{"times":[1700000040000,1700000050000],"series":[{"query_index":0},{"query_index":1}],"values":[[30,10],[0.1,0.4]]}}}`)
	}))
	obs, err := s.Count(t.Context(), release(), []analysis.Query{{Metric: "latency", Latency: true, Quantile: .95}}, []analysis.Window{between(-2, 13)})
	want := math.Exp((30*math.Log(.1) + 10*math.Log(.4)) / 40)
	if err != nil || len(obs) != 1 || obs[0].Value == nil || math.Abs(*obs[0].Value-want) > 1e-9 || obs[0].Requests != 40 {
		t.Errorf("%+v, %v", obs, err)
	}
}

func TestOneSecondIsTooShortForABucket(t *testing.T) {
	backend := &datadogtest.Server{Store: steady()}
	obs, err := source(t, "apm", backend).Count(t.Context(), release(), []analysis.Query{{Metric: "errors", Errors: true}},
		[]analysis.Window{between(1, 2), between(2, 3)})
	if asked, _ := backend.Requests(); err != nil || len(obs) > 0 || asked > 0 {
		t.Errorf("%v, %v after %d requests", obs, err, asked)
	}
	if _, err = source(t, "apm", backend).Count(t.Context(), release(), []analysis.Query{{Metric: "errors", Errors: true}},
		[]analysis.Window{between(5, 10), between(9, 12)}); !errors.Is(err, analysis.ErrRejected) {
		t.Errorf("windows that overlap: %v", err)
	}
}

func TestPingTellsTheClock(t *testing.T) {
	backend := &datadogtest.Server{Store: steady(), Now: func() time.Time { return time.Now().Add(time.Hour) }}
	health, err := source(t, "apm", backend).Ping(t.Context())
	if err != nil || health.Skew < 59*time.Minute || health.Skew > 61*time.Minute {
		t.Errorf("%+v, %v", health, err)
	}
}
