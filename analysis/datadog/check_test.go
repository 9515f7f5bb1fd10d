package datadog_test

import (
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/serin-dev/serin/analysis"
)

// with is release, changed.
func with(change func(*analysis.Subject)) analysis.Subject {
	s := release()
	s.Baseline.Labels, s.Candidate.Labels = maps.Clone(s.Baseline.Labels), maps.Clone(s.Candidate.Labels)
	change(&s)
	return s
}

func TestCheckSaysWhatToWrite(t *testing.T) {
	query := analysis.Query{Metric: "errors", Errors: true}
	custom := func(requests, histogram string) analysis.Query {
		c := &analysis.CustomQuery{Requests: requests, Errors: "sum:e{$arm}.as_count()", Histogram: histogram}
		return analysis.Query{Metric: "mine", Errors: requests != "", Latency: histogram != "", Custom: c}
	}
	const version = "tags.datadoghq.com/version"
	for name, test := range map[string]struct {
		preset  string
		subject analysis.Subject
		query   analysis.Query
		want    string // empty when there is nothing to say
	}{
		"versions that differ": {"apm", release(), query, ""},
		"the same version": {
			"apm", with(func(s *analysis.Subject) { s.Candidate.Labels[version] = "1.0" }), query,
			`metric errors: the pods of ReplicaSet api-1 and of ReplicaSet api-2 both have the label tags.datadoghq.com/version: "1.0", so Datadog can't tell them apart: ` +
				`set it to something that every release changes, such as the image's tag, in the pod template's metadata.labels`,
		},
		"the same version but for capitals": {"apm", with(func(s *analysis.Subject) { s.Baseline.Labels[version], s.Candidate.Labels[version] = "RC1", "rc1" }), query, "can't tell them apart"},
		"no version of the candidate": {
			"apm", with(func(s *analysis.Subject) { delete(s.Candidate.Labels, version) }), query,
			"the pods of ReplicaSet api-2 have no label tags.datadoghq.com/version, by which Datadog knows them: set it in the pod template's metadata.labels",
		},
		"no labels at all":              {"apm-metrics", with(func(s *analysis.Subject) { s.Baseline.Labels = nil }), query, "the pods of ReplicaSet api-1 have no label tags.datadoghq.com/service"},
		"no environment":                {"apm", with(func(s *analysis.Subject) { delete(s.Baseline.Labels, "tags.datadoghq.com/env") }), query, "no label tags.datadoghq.com/env"},
		"a version in another alphabet": {"apm", with(func(s *analysis.Subject) { s.Baseline.Labels[version] = "1.0,env:*" }), query, "which Datadog keeps in another form"},
		"the baseline alone":            {"apm", with(func(s *analysis.Subject) { s.Candidate = analysis.Target{} }), query, ""},
		"the same version, told apart by pods": {
			"dogstatsd", with(func(s *analysis.Subject) { s.Candidate.Labels[version] = "1.0" }), query, "",
		},
		"the same ReplicaSet":               {"dogstatsd", with(func(s *analysis.Subject) { s.Candidate.ReplicaSet = "api-1" }), query, "both versions are ReplicaSet api-1"},
		"no ReplicaSet":                     {"dogstatsd", with(func(s *analysis.Subject) { s.Baseline.ReplicaSet = "" }), query, "the arm has no ReplicaSet to know its pods by"},
		"a preset that is none":             {"apm", release(), analysis.Query{Metric: "m", Preset: "x", Errors: true}, `there is no preset "x"; write one of apm, apm-metrics, apm-quantile, dogstatsd, dogstatsd-quantile`},
		"a quantile that apm_metrics lacks": {"apm-metrics", release(), analysis.Query{Metric: "m", Latency: true, Quantile: .97}, "apm_metrics has no quantile 0.97"},

		"a count":                    {"apm", release(), custom("sum:a.b{service:shop,$arm}.as_count()", ""), ""},
		"a count of a distribution":  {"apm", release(), custom("count:a.b{$arm}.as_count()", ""), ""},
		"a count above a threshold":  {"apm", release(), custom("count(v: v>=500):a.b{$arm}.as_count()", ""), ""},
		"an AND":                     {"apm", release(), custom("sum:a{x:y AND $arm}.as_count()", ""), ""},
		"alternatives in brackets":   {"apm", release(), custom("sum:a{(x:y OR x:z) AND $arm}.as_count()", ""), ""},
		"a plain value":              {"apm", release(), analysis.Query{Metric: "mine", Custom: &analysis.CustomQuery{Value: "max:queue.lag{$arm}"}}, "plain values can't be asked of Datadog"},
		"nothing":                    {"apm", release(), analysis.Query{Metric: "mine", Errors: true, Custom: &analysis.CustomQuery{}}, "it is not a metric with its tags in braces; write it like sum:http.requests{service:shop,$arm}.as_count()"},
		"no $arm":                    {"apm", release(), custom("sum:a{service:shop}.as_count()", ""), "it lacks $arm between the braces"},
		"$arm as a value":            {"apm", release(), custom("sum:a{version:$arm}.as_count()", ""), "$arm has to stand once, by itself"},
		"$arm negated":               {"apm", release(), custom("sum:a{x:y AND NOT $arm}.as_count()", ""), "$arm has to stand once, by itself"},
		"$arm excluded":              {"apm", release(), custom("sum:a{!$arm}.as_count()", ""), "$arm has to stand once, by itself"},
		"$arm twice":                 {"apm", release(), custom("sum:a{$arm,$arm}.as_count()", ""), "$arm has to stand once"},
		"$arm in brackets":           {"apm", release(), custom("sum:a{(x:y OR $arm)}.as_count()", ""), "$arm has to stand once"},
		"an alternative to $arm":     {"apm", release(), custom("sum:a{x:y OR z:z AND $arm}.as_count()", ""), "OR beside $arm would count the requests of both versions"},
		"a template variable":        {"apm", release(), custom("sum:a{$env,$arm}.as_count()", ""), "characters that tags don't have"},
		"an average":                 {"apm", release(), custom("avg:a{$arm}.as_count()", ""), `"avg" does not add up to a number of requests`},
		"a rate":                     {"apm", release(), custom("sum:a{$arm}", ""), "without .as_count() it is a rate"},
		"a rate by name":             {"apm", release(), custom("sum:a{$arm}.as_rate()", ""), `".as_rate()" can't follow the braces`},
		"a grouping":                 {"apm", release(), custom("sum:a{$arm} by {host}.as_count()", ""), "the grouping and the roll-up are Serin's"},
		"a roll-up":                  {"apm", release(), custom("sum:a{$arm}.as_count().rollup(sum,60)", ""), "the grouping and the roll-up are Serin's"},
		"arithmetic":                 {"apm", release(), custom("sum:a{$arm}.as_count()/2", ""), "can't follow the braces"},
		"a distribution":             {"apm", release(), custom("", "a.b{$arm}"), ""},
		"a percentile of each Agent": {"apm", release(), custom("", "avg:a.95percentile{$arm}"), "a.95percentile is worked out by each Agent for its own host, and an average of such numbers over hosts is no quantile of the requests: send the durations as a distribution"},
		"a median of each Agent":     {"apm", release(), custom("", "a.median{$arm}"), "is no quantile of the requests"},
		"a quantile":                 {"apm", release(), custom("", "p95:a{$arm}"), "p95: can't stand before it"},
		"an average of durations":    {"apm", release(), custom("", "avg:a{$arm}"), "avg: can't stand before it"},
		"a count for a distribution": {"apm", release(), custom("", "a{$arm}.as_count()"), `".as_count()" can't follow the braces`},
		"a line end":                 {"apm", release(), custom("sum:a{$arm}.as_count()\nsum:b", ""), "it is not a metric"},
	} {
		t.Run(name, func(t *testing.T) {
			asked := false
			s := source(t, test.preset, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
			err := s.Check(test.subject, []analysis.Query{test.query})
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (!errors.Is(err, analysis.ErrRejected) || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want %s", err, test.want)
			}
			if test.want == "" {
				return
			}
			if _, counted := s.Count(t.Context(), test.subject, []analysis.Query{test.query}, []analysis.Window{between(0, 60)}); counted == nil || counted.Error() != err.Error() || asked {
				t.Errorf("Count says %v, and asks: %v", counted, asked)
			}
		})
	}
}
