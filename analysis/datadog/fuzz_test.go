package datadog

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// FuzzAnswers feeds whatever a backend may say: it is refused, or what comes out of it is sound.
func FuzzAnswers(f *testing.F) {
	const head = `{"data":{"type":"timeseries_response","attributes":{"times":[1700000040000,1700000050000],`
	for _, text := range []string{
		head + `"series":[{"group_tags":["pod_name:api-1-a"],"query_index":0}],"values":[[1,null]]}}}`,
		head + `"series":[{"query_index":0},{"query_index":1},{"query_index":2},{"query_index":22}],"values":[[10,1],[1,1],[10,1],[10,1]]}}}`,
		head + `"series":[{"query_index":0},{"query_index":0}],"values":[[10,1],[1e308,1e308]]}}}`,
		head + `"series":[{"query_index":0}],"values":[[1e308,1e308]]}}}`,
		head + `"series":[{"query_index":-1}],"values":[[]]}}}`,
		`{"errors":"x"}`, `{"data":{}}`, `{"data":{"attributes":{}}}`, `{"data":{"attributes":{"times":"x"}}}`, `null`, ``, `[]`, `{"data":{"attributes":{"values":[[]],"series":[{}]}}}`,
	} {
		f.Add(text, false)
		f.Add(text, true)
	}
	f.Fuzz(func(t *testing.T, text string, byValue bool) {
		preset := "dogstatsd"
		if byValue {
			preset = "apm-metrics"
		}
		s := inMemorySource(t, preset, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }))
		window := analysis.Window{From: time.UnixMilli(1700000040000), To: time.UnixMilli(1700000060000)}
		obs, err := s.Count(t.Context(), subjectOf("api"), []analysis.Query{{Metric: "m", Errors: true, Latency: true}}, []analysis.Window{window})
		if err != nil && len(obs) > 0 {
			t.Errorf("%d observations beside the error %v", len(obs), err)
		}
		for _, o := range obs {
			if !(o.Requests > 0) || math.IsInf(o.Requests, 0) || !(o.Errors >= 0) || o.Errors > o.Requests {
				t.Errorf("%v errors in %v requests", o.Errors, o.Requests)
			}
			if err := o.Latency.Validate(); err != nil {
				t.Error(err)
			}
			if o.Value != nil && (math.IsNaN(*o.Value) || math.IsInf(*o.Value, 0) || *o.Value < 0) {
				t.Errorf("the value %v", *o.Value)
			}
		}
	})
}

// FuzzCustomQueries wants every query that is accepted to select an arm, for sure.
func FuzzCustomQueries(f *testing.F) {
	for _, text := range []string{countExample, distributionExample, "count(v: v<=5):a{x:y AND $arm}.as_count()", "sum:a{(x:y OR $arm)}.as_count()", "a{$arm,(x OR y)}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, parse := range []func(string) (custom, error){parseCount, parseDistribution} {
			c, err := parse(text)
			if err != nil {
				continue
			}
			scope := strings.Join(c.of([]string{"version:1.0"}), ",")
			if strings.Contains(scope, "$") || strings.Count(scope, "version:1.0") < 1 || strings.ContainsAny(scope, "{}\n") {
				t.Errorf("%q becomes the scope %q", text, scope)
			}
			if outside := outsideBrackets(scope); !strings.Contains(outside, "version:1.0") || alternatives.MatchString(outside) {
				t.Errorf("%q does not select an arm: %q", text, scope)
			}
		}
	})
}
