package datadog_test

import (
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV2"
	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/datadog/datadogtest"
)

var update = flag.Bool("update", false, "write what is sent as what is wanted")

// TestRequestBodies compares what is sent with files that people can read, and has the library's models read it: none of it is unknown to them.
func TestRequestBodies(t *testing.T) {
	both := []analysis.Query{{Metric: "errors", Errors: true}, {Metric: "latency", Latency: true, Quantile: .99}}
	labelled := release()
	for _, target := range []*analysis.Target{&labelled.Baseline, &labelled.Candidate} {
		target.Labels["serin.dev/apm-operation"] = "servlet.request"
	}
	for name, test := range map[string]struct {
		preset  string
		subject analysis.Subject
		queries []analysis.Query
		windows []analysis.Window
	}{
		"apm":                 {"apm", release(), both, []analysis.Window{between(0, 60)}},
		"apm-operation":       {"apm", labelled, both[:1], []analysis.Window{between(3, 18), between(18, 33)}},
		"apm-baseline":        {"apm", analysis.Subject{Namespace: "shop", Baseline: release().Baseline}, both[:1], []analysis.Window{between(0, 60)}},
		"apm-quantile":        {"apm-quantile", release(), both, []analysis.Window{between(0, 60), between(60, 120)}},
		"apm-metrics":         {"apm-metrics", labelled, both, []analysis.Window{between(0, 60)}},
		"apm-metrics-primary": {"apm-metrics", release(), both[:1], []analysis.Window{between(0, 60)}},
		"dogstatsd":           {"dogstatsd", release(), both, []analysis.Window{between(0, 60)}},
		"custom": {"apm", release(), []analysis.Query{{Metric: "m", Errors: true, Latency: true, Custom: &analysis.CustomQuery{
			Requests: "sum:jobs.done{queue:a,$arm}.as_count()", Errors: "count(v: v>=500):jobs.status{queue:a AND $arm AND (team:x OR team:y)}.as_count()",
			Histogram: "job.duration.milliseconds{$arm}",
		}}}, []analysis.Window{between(0, 60)}},
		"custom-by-pod": {"dogstatsd", release(), []analysis.Query{{Metric: "m", Errors: true, Custom: &analysis.CustomQuery{
			Requests: "sum:jobs.done{queue IN (a,b) AND $arm}.as_count()", Errors: "sum:jobs.failed{$arm}.as_count()",
		}}}, []analysis.Window{between(0, 60)}},
	} {
		t.Run(name, func(t *testing.T) {
			var sent []byte
			stand := &datadogtest.Server{Store: steady()}
			backend := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				sent, _ = io.ReadAll(r.Body)
				r.Body = io.NopCloser(strings.NewReader(string(sent)))
				if strings.HasPrefix(name, "custom") { // the stand-in knows no alternatives
					w.Header().Set("Content-Type", "application/json")
					_, _ = io.WriteString(w, `{"data":{"attributes":{"times":[],"series":[],"values":[]}}}`)
					return
				}
				stand.ServeHTTP(w, r)
			})
			if _, err := source(t, test.preset, backend).Count(t.Context(), test.subject, test.queries, test.windows); err != nil {
				t.Fatal(err)
			}
			wholly(t, sent)
			golden(t, filepath.Join("testdata", name+".json"), sent)
		})
	}
}

// wholly checks that the models know every part of a body.
func wholly(t *testing.T, body []byte) {
	t.Helper()
	var q datadogV2.TimeseriesFormulaQueryRequest
	if err := json.Unmarshal(body, &q); err != nil {
		t.Fatal(err)
	}
	a := q.Data.Attributes
	if q.UnparsedObject != nil || q.Data.UnparsedObject != nil || a.UnparsedObject != nil || !q.Data.Type.IsValid() ||
		len(q.AdditionalProperties)+len(q.Data.AdditionalProperties)+len(a.AdditionalProperties) > 0 {
		t.Errorf("the library does not know all of %s", body)
	}
	for _, one := range a.Queries {
		m, p := one.MetricsTimeseriesQuery, one.ApmMetricsQuery
		switch {
		case m != nil && m.DataSource.IsValid() && len(m.AdditionalProperties) == 0:
		case p != nil && p.DataSource.IsValid() && p.Stat.IsValid() && len(p.AdditionalProperties) == 0:
		default:
			t.Errorf("the library does not know the query %+v", one)
		}
	}
	if len(a.Formulas) != len(a.Queries) {
		t.Errorf("%d formulas for %d queries", len(a.Formulas), len(a.Queries))
	}
}

func golden(t *testing.T, path string, body []byte) {
	t.Helper()
	var decoded any
	if err := json.Unmarshal(body, &decoded); err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(decoded, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(text)+"\n"); diff != "" {
		t.Errorf("go test -update writes %s anew:\n%s", path, diff)
	}
}
