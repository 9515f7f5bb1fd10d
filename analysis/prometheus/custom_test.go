package prometheus_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/analysis"
)

func TestCustomQueries(t *testing.T) {
	f := &fake{}
	for _, pod := range []string{"api-1-aaaaa", "api-2-bbbbb"} {
		labels := `namespace="shop",pod="` + pod + `",job="pods",instance="` + pod + `:80"`
		f.add(`jobs_done_total{queue="a",`+labels+"}", "95:10", "125:60")
		f.add(`jobs_done_total{queue="b",`+labels+"}", "95:10", "125:99")
		f.add(`jobs_failed_total{queue="a",reason="timeout",`+labels+"}", "115:3", "125:4")
		f.add(`job_duration_milliseconds_bucket{queue="a",le="250",`+labels+"}", "95:10", "125:40")
		f.add(`job_duration_milliseconds_bucket{queue="a",le="+Inf",`+labels+"}", "95:10", "125:60")
	}
	custom := &analysis.CustomQuery{
		Requests:  `jobs_done_total{queue="a",$arm}`,
		Errors:    `jobs_failed_total{queue="a",$arm}`,
		Histogram: `job_duration_milliseconds{queue="a",$arm}`,
	}
	obs, err := f.count(t, 100, 130,
		analysis.Query{Metric: "errors", Errors: true, Custom: custom}, analysis.Query{Metric: "duration", Latency: true, Custom: custom})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"0 api-1-aaaaa 50/4", "1 api-2-bbbbb 50/4", "0 api-1-aaaaa 50/0", "1 api-2-bbbbb 50/0"}
	if diff := cmp.Diff(want, short(obs)); diff != "" {
		t.Error(diff)
	}
	if got := obs[2].Latency; len(got) != 2 || got[0] != (analysis.Bucket{Lower: 0, Upper: 0.25, Count: 30}) {
		t.Errorf("the distribution is %v", got)
	}
	if got := f.requests.Load(); got != 6 {
		t.Errorf("three families took %d requests", got)
	}
}

func TestErrorsNeverExceedRequests(t *testing.T) {
	const labels = `{namespace="shop",pod="api-1-aaaaa"}`
	f := (&fake{}).add("asked_total"+labels, "95:10", "125:20").add("failed_total"+labels, "95:10", "125:40")
	obs, err := f.count(t, 100, 130, analysis.Query{Metric: "errors", Errors: true, Custom: &analysis.CustomQuery{Requests: "asked_total{$arm}", Errors: "failed_total{$arm}"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"0 api-1-aaaaa 10/10"}, short(obs)); diff != "" {
		t.Error(diff)
	}
}

func TestQueriesThatCannotBeAskedAreRejectedAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		query analysis.Query
		want  string
	}{
		"a preset that is none":      {analysis.Query{Metric: "m", Preset: "x", Errors: true}, `metric m: there is no preset "x"; write one of classic, istio`},
		"requests without $arm":      {analysis.Query{Metric: "m", Errors: true, Custom: &analysis.CustomQuery{Requests: "a", Errors: "b{$arm}"}}, `metric m: series selector "a": it lacks {$arm}`},
		"no errors":                  {analysis.Query{Metric: "m", Errors: true, Custom: &analysis.CustomQuery{Requests: "a{$arm}"}}, `series selector ""`},
		"a function":                 {analysis.Query{Metric: "m", Latency: true, Custom: &analysis.CustomQuery{Histogram: "rate(a{$arm}[1m])"}}, "without functions"},
		"a histogram without a name": {analysis.Query{Metric: "m", Latency: true, Custom: &analysis.CustomQuery{Histogram: "{$arm}"}}, "it does not name the histogram"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{}
			_, err := f.count(t, 100, 130, test.query)
			if !errors.Is(err, analysis.ErrRejected) || !strings.Contains(err.Error(), test.want) || f.requests.Load() > 0 {
				t.Errorf("got %v after %d requests, want %q", err, f.requests.Load(), test.want)
			}
		})
	}
}
