package datadogtest

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV2"

	"github.com/serin-dev/serin/analysis"
)

// question is a query taken apart.
type question struct {
	function, metric string
	atMost           float64
	matchers         [][2]string
	by               []string
}

// evaluate answers a request, formula by formula.
func (s *Server) evaluate(q *datadogV2.TimeseriesFormulaQueryRequest, now time.Time, empty bool) (*datadogV2.TimeseriesResponseAttributes, error) {
	if why := problem(q); why != "" {
		return nil, errors.New(why)
	}
	asked := q.Data.Attributes
	questions := map[string]question{}
	for i := range asked.Queries {
		name, one, err := parse(&asked.Queries[i])
		if err != nil {
			return nil, err
		}
		questions[name] = one
	}
	out := &datadogV2.TimeseriesResponseAttributes{Times: []int64{}, Series: []datadogV2.TimeseriesResponseSeries{}, Values: [][]*float64{}}
	if empty {
		return out, nil
	}
	step := *asked.Interval
	for t := (asked.From + step - 1) / step * step; t < asked.To; t += step {
		out.Times = append(out.Times, t)
	}
	for i, f := range asked.Formulas {
		one, ok := questions[f.Formula]
		if !ok {
			return nil, fmt.Errorf("formula %q names no query", f.Formula)
		}
		series := s.series(one, out.Times, step, now)
		for _, tags := range slices.Sorted(maps.Keys(series)) {
			index := int32(i)
			head := datadogV2.TimeseriesResponseSeries{QueryIndex: &index, GroupTags: []string{}}
			if tags != "" {
				head.GroupTags = strings.Split(tags, ",")
			}
			out.Series = append(out.Series, head)
			out.Values = append(out.Values, series[tags])
		}
	}
	if len(out.Series) == 0 {
		out.Times = []int64{}
	}
	return out, nil
}

// series are the values of a question by the tags it is grouped by. A bucket without points is null.
func (s *Server) series(q question, times []int64, step int64, now time.Time) map[string][]*float64 {
	out := map[string][]*float64{}
	for i, t := range times {
		from, to := time.UnixMilli(t), time.UnixMilli(t+step)
		if seen := now.Add(-s.Late); to.After(seen) {
			to = seen // what came of it so far
		}
		if !to.After(from) {
			continue
		}
		sums := map[string]Series{}
		for _, one := range s.Store.Between(q.metric, from, to) {
			if !q.selects(one.Tags) {
				continue
			}
			group := q.group(one.Tags)
			sum := sums[group]
			sum.Count += one.Count
			sum.Durations = sum.Durations.Merge(one.Durations)
			sums[group] = sum
		}
		for group, sum := range sums {
			if v, ok := q.value(sum); ok {
				if out[group] == nil {
					out[group] = make([]*float64, len(times))
				}
				out[group][i] = &v
			}
		}
	}
	return out
}

func (q question) group(tags map[string]string) string {
	var out []string
	for _, name := range q.by {
		out = append(out, name+":"+tags[name])
	}
	return strings.Join(out, ",")
}

// selects says whether the tags are in the scope.
func (q question) selects(tags map[string]string) bool {
	for _, m := range q.matchers {
		want, prefix := strings.CutSuffix(m[1], "*")
		got, ok := tags[m[0]]
		if !ok || prefix && !strings.HasPrefix(got, want) || !prefix && got != want {
			return false
		}
	}
	return true
}

// value is what the function makes of a bucket; false when there is none.
func (q question) value(s Series) (float64, bool) {
	quantile, isQuantile := strings.CutPrefix(q.function, "p")
	switch {
	case q.function == "sum", q.function == "max":
		return s.Count, s.Count > 0
	case s.Durations.Total() == 0:
		return 0, false
	case isQuantile:
		at, err := strconv.ParseFloat(quantile, 64)
		return Quantile(s.Durations, at/100), err == nil
	case math.IsInf(q.atMost, 1):
		return s.Durations.Total(), true
	}
	n := upTo(s.Durations, q.atMost)
	return n, n > 0
}

// upTo are the durations of at most x, as if those of a bucket lay evenly.
func upTo(h analysis.Histogram, x float64) (n float64) {
	for _, b := range h {
		switch {
		case b.Upper <= x:
			n += b.Count
		case b.Lower < x && !math.IsInf(b.Upper, 1):
			n += b.Count * (x - b.Lower) / (b.Upper - b.Lower)
		}
	}
	return n
}

// Quantile of durations, as if those of a bucket lay evenly.
func Quantile(h analysis.Histogram, q float64) float64 {
	left := q * h.Total()
	for _, b := range h {
		if left <= b.Count && b.Count > 0 {
			if math.IsInf(b.Upper, 1) {
				return b.Lower
			}
			return b.Lower + (b.Upper-b.Lower)*left/b.Count
		}
		left -= b.Count
	}
	return 0
}

var (
	metricsForm = regexp.MustCompile(`^(sum|count|max|p[0-9.]+)(?:\(v: v<=([0-9.]+)\))?:([A-Za-z][A-Za-z0-9_.]*)\{([^{}]+)\}(?: by \{([^{}]+)\})?(\.as_count\(\))?$`)
	separator   = regexp.MustCompile(`\s+AND\s+|\s*,\s*`)
	statOf      = regexp.MustCompile(`^latency_p([0-9]+)$`)
)

// parse reads a query of one of the two data sources that Serin asks.
func parse(q *datadogV2.TimeseriesQuery) (string, question, error) {
	switch {
	case q.MetricsTimeseriesQuery != nil && q.MetricsTimeseriesQuery.Name != nil:
		one, err := parseMetrics(q.MetricsTimeseriesQuery.Query)
		return *q.MetricsTimeseriesQuery.Name, one, err
	case q.ApmMetricsQuery != nil:
		one, err := parseAPM(q.ApmMetricsQuery)
		return q.ApmMetricsQuery.Name, one, err
	}
	return "", question{}, errors.New("this stand-in knows the data sources metrics and apm_metrics, with names")
}

func parseMetrics(text string) (question, error) {
	m := metricsForm.FindStringSubmatch(text)
	if m == nil {
		return question{}, fmt.Errorf("Error parsing query: %q", text)
	}
	if (m[1] == "sum" || m[1] == "count") && m[6] == "" {
		return question{}, fmt.Errorf("this stand-in does not know rates: %q", text)
	}
	q := question{function: m[1], metric: m[3], atMost: math.Inf(1)}
	if m[2] != "" {
		q.atMost, _ = strconv.ParseFloat(m[2], 64)
	}
	if m[5] != "" {
		q.by = strings.Split(m[5], ",")
	}
	return q, q.scope(m[4])
}

// scope reads tags that all have to be there.
func (q *question) scope(text string) error {
	if text == "*" {
		return nil
	}
	for _, term := range separator.Split(text, -1) {
		name, value, ok := strings.Cut(strings.Trim(term, "() "), ":")
		if !ok || strings.ContainsAny(term, " !") {
			return fmt.Errorf("this stand-in does not know the filter %q", term)
		}
		q.matchers = append(q.matchers, [2]string{name, value})
	}
	return nil
}

// parseAPM reads a query of apm_metrics as one of the trace metrics that hold the same.
func parseAPM(a *datadogV2.ApmMetricsQuery) (question, error) {
	if a.Service == nil || a.QueryFilter == nil {
		return question{}, errors.New("this stand-in wants a service and a query_filter")
	}
	operation := "http.request" // the primary one
	if a.OperationName != nil {
		operation = *a.OperationName
	}
	q := question{function: "sum", atMost: math.Inf(1), matchers: [][2]string{{"service", *a.Service}}}
	switch m := statOf.FindStringSubmatch(string(a.Stat)); {
	case a.Stat == datadogV2.APMMETRICSSTAT_HITS, a.Stat == datadogV2.APMMETRICSSTAT_ERRORS:
		q.metric = "trace." + operation + "." + string(a.Stat)
	case m != nil:
		q.function, q.metric = "p"+m[1], "trace."+operation
	default:
		return question{}, fmt.Errorf("this stand-in does not know the stat %q", a.Stat)
	}
	return q, q.scope(*a.QueryFilter)
}
