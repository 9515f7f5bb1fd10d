package prometheus

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/serin-dev/serin/analysis"
)

// question is one family of series to ask for.
type question struct {
	family family
	// custom are a user's matchers besides those of the arms.
	custom          selector
	errors, latency bool
}

// expression selects the series of both arms.
func (q question) expression(a arms) string {
	names := slices.DeleteFunc(q.family.names(q.errors, q.latency), func(name string) bool { return name == "" })
	return q.custom.expression(names, slices.Concat(q.family.only, a.matchers))
}

// parts says which questions answer a query; -1 is none. Without a question for errors, that for requests tells them too.
type parts struct {
	requests, errors, latency int
	// value is one of the plan's values.
	value int
}

func noParts() parts { return parts{-1, -1, -1, -1} }

// plan is what to ask, each thing once, and how the queries are answered by it.
type plan struct {
	questions []question
	values    []valueQuestion
	parts     []parts
	known     map[string]int
}

func (s *source) plan(qs []analysis.Query) (plan, error) {
	p := plan{known: map[string]int{}}
	for _, q := range qs {
		var err error
		var answered parts
		switch {
		case q.Custom != nil && q.Custom.Value != "":
			answered, err = p.addValue(s.preset, q)
		case q.Custom != nil:
			answered, err = p.addCustom(s.preset, q)
		default:
			answered, err = p.addPreset(s.preset, q)
		}
		if err != nil {
			return plan{}, fmt.Errorf("metric %s: %w", q.Metric, err)
		}
		p.parts = append(p.parts, answered)
	}
	return p, nil
}

func (p *plan) addPreset(standard string, q analysis.Query) (parts, error) {
	name := q.Preset
	if name == "" {
		name = standard
	}
	f, err := findPreset(name)
	if err != nil {
		return parts{}, err
	}
	i := p.add("preset "+name, question{family: f})
	p.questions[i].errors = p.questions[i].errors || q.Errors
	p.questions[i].latency = p.questions[i].latency || q.Latency
	answered := noParts()
	answered.requests, answered.latency = i, i
	return answered, nil
}

func (p *plan) addCustom(standard string, q analysis.Query) (answered parts, err error) {
	f, err := findPreset(standard)
	if err != nil {
		return answered, err
	}
	counter := func(text string) (int, error) {
		s, err := parseSelector(text)
		return p.add("counter "+text, question{
			family: family{requests: []string{s.name}, arms: f.arms, unit: 1}, custom: s, errors: true,
		}), err
	}
	histogram := func(text string) (int, error) {
		s, err := parseSelector(text)
		s.name = strings.TrimSuffix(s.name, "_bucket")
		if err == nil && s.name == "" {
			err = fmt.Errorf("series selector %q: it does not name the histogram", text)
		}
		unit := 1.0
		if strings.HasSuffix(s.name, "_milliseconds") {
			unit = 1e-3
		}
		return p.add("histogram "+text, question{
			family: family{duration: s.name, arms: f.arms, unit: unit}, custom: s, latency: true,
		}), err
	}
	answered = noParts()
	var problems [3]error
	if q.Errors {
		answered.requests, problems[0] = counter(q.Custom.Requests)
		answered.errors, problems[1] = counter(q.Custom.Errors)
	}
	if q.Latency {
		answered.latency, problems[2] = histogram(q.Custom.Histogram)
	}
	return answered, errors.Join(problems[:]...)
}

// add is the place of a question, which is asked only once.
func (p *plan) add(key string, q question) int {
	i, ok := p.known[key]
	if !ok {
		i = len(p.questions)
		p.known[key] = i
		p.questions = append(p.questions, q)
	}
	return i
}

// compose puts the answers to a query's questions together.
func (a parts) compose(q analysis.Query, answers []map[unit]*count) map[unit]*count {
	whole := map[unit]*count{}
	each := func(i int, add func(sum, part *count)) {
		if i < 0 {
			return
		}
		for u, part := range answers[i] {
			if whole[u] == nil {
				whole[u] = &count{}
			}
			add(whole[u], part)
		}
	}
	if q.Errors {
		each(a.requests, func(sum, part *count) { sum.requests, sum.errors, sum.told = part.requests, part.errors, part.told })
		each(a.errors, func(sum, part *count) { sum.errors, sum.told = part.requests, true })
	}
	if q.Latency {
		each(a.latency, func(sum, part *count) { sum.latency = part.latency })
	}
	return whole
}
