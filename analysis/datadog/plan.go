package datadog

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV2"

	"github.com/serin-dev/serin/analysis"
)

// none is the place of a question that is not asked.
const none = -1

// parts are the places of the questions that answer one query for one arm.
type parts struct {
	arm                               analysis.Arm
	requests, errors, total, quantile int
	// upTo are cumulative counts below the boundaries.
	upTo []int
	unit float64
	// metric is the distribution's name, for people.
	metric string
}

// plan is what to ask, each thing once, and how the queries are answered by it.
type plan struct {
	questions []query
	known     map[string]int
	// parts by query, in order of arms.
	parts [][]parts
	// quantiles says that a number of them is no count, and so needs buckets as long as the windows.
	quantiles bool
}

// plan finds out what to ask for a subject.
func (s *source) plan(subject analysis.Subject, qs []analysis.Query) (*plan, error) {
	p := &plan{known: map[string]int{}}
	for _, q := range qs {
		if err := p.add(s.preset, subject, q); err != nil {
			return nil, fmt.Errorf("metric %s: %w", q.Metric, err)
		}
	}
	return p, nil
}

func (p *plan) add(standard string, subject analysis.Subject, q analysis.Query) error {
	if q.Custom != nil && q.Custom.Value != "" {
		return errors.New("plain values can't be asked of Datadog: write errorRate or latency, or take the value from a source of type prometheus")
	}
	name := q.Preset
	if name == "" || q.Custom != nil {
		name = standard
	}
	f, err := findPreset(name)
	if err != nil {
		return err
	}
	if q.Custom != nil {
		if f, err = f.custom(q); err != nil {
			return err
		}
	}
	arms, err := f.both(subject)
	if err != nil {
		return err
	}
	var all []parts
	for _, which := range []analysis.Arm{analysis.Baseline, analysis.Candidate} {
		a, ok := arms[which]
		if !ok {
			continue
		}
		one, err := p.ask(f, a, q)
		if err != nil {
			return err
		}
		one.arm = which
		all = append(all, one)
	}
	p.parts = append(p.parts, all)
	return nil
}

// ask places the questions about one arm.
func (p *plan) ask(f family, a arm, q analysis.Query) (parts, error) {
	out := parts{requests: none, errors: none, total: none, quantile: none, unit: 1}
	byValue := q.Latency && f.quantiles
	if byValue {
		a.by = "" // a value stands for a whole arm
	}
	if q.Errors {
		out.requests, out.errors = p.place(f.requests(a)), p.place(f.failed(a))
	}
	if !q.Latency {
		return out, nil
	}
	durations := f.durations(a)
	out.unit, out.total, out.metric = durations.unit, p.place(durations.total), durations.total.text
	if byValue {
		p.quantiles = true
		at := q.Quantile
		if at <= 0 {
			at = standardQuantile
		}
		question, err := durations.quantile(at)
		if err != nil {
			return out, err
		}
		out.quantile = p.place(question)
		return out, nil
	}
	for _, b := range boundaries() {
		out.upTo = append(out.upTo, p.place(durations.upTo(b)))
	}
	return out, nil
}

// standardQuantile is read where the caller does not say which.
const standardQuantile = 0.95

// custom is the family with the user's own queries.
func (f family) custom(q analysis.Query) (family, error) {
	var problems [3]error
	var requests, failed, durations custom
	if q.Errors {
		requests, problems[0] = parseCount(q.Custom.Requests)
		failed, problems[1] = parseCount(q.Custom.Errors)
	}
	if q.Latency {
		durations, problems[2] = parseDistribution(q.Custom.Histogram)
	}
	f.requests, f.failed, f.durations = requests.counted, failed.counted, durations.durations
	return f, errors.Join(problems[:]...)
}

// place is the place of a question, which is asked only once.
func (p *plan) place(q query) int {
	key := q.text
	i, ok := p.known[key]
	if !ok {
		i = len(p.questions)
		p.known[key] = i
		p.questions = append(p.questions, q)
	}
	return i
}

// key identifies what is asked.
func (p *plan) key() string {
	texts := make([]string, len(p.questions))
	for i, q := range p.questions {
		texts[i] = q.text
	}
	return strings.Join(texts, "\n")
}

// request asks everything at once.
func (p *plan) request(s span) datadogV2.TimeseriesFormulaQueryRequest {
	queries := make([]datadogV2.TimeseriesQuery, len(p.questions))
	formulas := make([]datadogV2.QueryFormula, len(p.questions))
	for i, q := range p.questions {
		name := "q" + strconv.Itoa(i)
		queries[i], formulas[i] = q.with(name), *datadogV2.NewQueryFormula(name)
	}
	return request(s, queries, formulas)
}

func request(s span, queries []datadogV2.TimeseriesQuery, formulas []datadogV2.QueryFormula) datadogV2.TimeseriesFormulaQueryRequest {
	attributes := datadogV2.NewTimeseriesFormulaRequestAttributes(s.from, queries, s.to)
	attributes.Formulas, attributes.Interval = formulas, &s.step
	return *datadogV2.NewTimeseriesFormulaQueryRequest(
		*datadogV2.NewTimeseriesFormulaRequest(*attributes, datadogV2.TIMESERIESFORMULAREQUESTTYPE_TIMESERIES_REQUEST))
}
