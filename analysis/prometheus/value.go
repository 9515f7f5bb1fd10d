package prometheus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// valueQuestion is an expression of a user's that yields one number for each arm.
type valueQuestion struct {
	expression template
	arms       []armsOf
}

// addValue reads a query for a plain value.
func (p *plan) addValue(standard string, q analysis.Query) (parts, error) {
	answered := noParts()
	f, err := findPreset(standard)
	if err != nil {
		return answered, err
	}
	key := "value " + q.Custom.Value
	if i, ok := p.known[key]; ok {
		answered.value = i
		return answered, nil
	}
	t, err := parseTemplate(q.Custom.Value)
	if err != nil {
		return answered, err
	}
	answered.value, p.known[key] = len(p.values), len(p.values)
	p.values = append(p.values, valueQuestion{t, f.arms})
	return answered, nil
}

// values answers every value question. The error names a metric.
func (s *source) values(ctx context.Context, p plan, subject analysis.Subject, qs []analysis.Query, ws []analysis.Window) ([][2]numbers, error) {
	answers := make([][2]numbers, len(p.values))
	for i, q := range p.values {
		var err error
		if answers[i], err = s.evaluate(ctx, q, subject, ws); err != nil {
			first := slices.IndexFunc(p.parts, func(a parts) bool { return a.value == i })
			return nil, fmt.Errorf("metric %s: %w", qs[first].Metric, err)
		}
	}
	return answers, nil
}

// numbers are an arm's values by window, NaN where there is none.
type numbers []float64

// evaluate asks for the values of both arms, by the first way to tell them apart that finds any.
func (s *source) evaluate(ctx context.Context, q valueQuestion, subject analysis.Subject, ws []analysis.Window) (both [2]numbers, err error) {
	for _, of := range q.arms {
		a, err := of(subject)
		if err != nil {
			return both, fmt.Errorf("%w: %w", analysis.ErrRejected, err)
		}
		some := false
		for arm, matchers := range a.each {
			both[arm] = nil
			if len(matchers) == 0 {
				continue
			}
			if both[arm], err = s.numbers(ctx, q.expression.fill(matchers), ws); err != nil {
				return both, err
			}
			some = some || slices.ContainsFunc(both[arm], func(v float64) bool { return !math.IsNaN(v) })
		}
		if some {
			break
		}
	}
	return both, nil
}

// numbers are what an expression yields at the end of each window.
func (s *source) numbers(ctx context.Context, expression string, ws []analysis.Window) (numbers, error) {
	var all numbers
	for _, run := range runs(ws) {
		var found *samples
		err := s.client.Retry(ctx, func() error {
			found = newSamples(run)
			return s.client.evaluate(ctx, expression, run, found.take)
		})
		newest := run[len(run)-1] == ws[len(ws)-1]
		if err == nil {
			err = found.problem(newest)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, found.values...)
	}
	return all, nil
}

// mostPoints is how many times an expression is evaluated in one request; Prometheus does it 11,000 times.
const mostPoints = 10_000

// runs cuts windows into those that one request can be about: each as long as the others and beginning where the one before it ends.
func runs(ws []analysis.Window) [][]analysis.Window {
	var cut [][]analysis.Window
	first := 0
	for i := range ws {
		last := i == len(ws)-1
		if last || i-first+1 == mostPoints || !ws[i+1].From.Equal(ws[i].To) || length(ws[i+1]) != length(ws[first]) {
			cut = append(cut, ws[first:i+1])
			first = i + 1
		}
	}
	return cut
}

func length(w analysis.Window) time.Duration { return w.To.Sub(w.From) }

// evaluate asks what an expression yields at the end of each window of a run.
func (c *client) evaluate(ctx context.Context, expression string, run []analysis.Window, each func(*series) error) error {
	path, form := instantPath, c.form(expression, run[0].To)
	if len(run) > 1 {
		path = rangePath
		form.Del("time")
		c.setRange(form, run)
	}
	_, err := c.send(ctx, path, form, func(r io.Reader) (answer, error) { return decodeValues(r, each) })
	return err
}

func (c *client) setRange(form url.Values, run []analysis.Window) {
	form.Set("start", unixSeconds(run[0].To))
	form.Set("end", unixSeconds(run[len(run)-1].To))
	form.Set("step", strconv.FormatFloat(length(run[0]).Seconds(), 'f', 3, 64))
	// VictoriaMetrics repeats an older number for each point within the last half minute, unless it is told otherwise; nocache says so for
	// single points alone.
	form.Set("latency_offset", "1ms")
}

// samples are those of the answer about a run, by window.
type samples struct {
	run    []analysis.Window
	values numbers
	count  []int
	// shape is what is wrong with all of the answer.
	shape string
}

func newSamples(run []analysis.Window) *samples {
	s := &samples{run: run, values: make(numbers, len(run)), count: make([]int, len(run))}
	for i := range s.values {
		s.values[i] = math.NaN()
	}
	return s
}

// take takes in a series. What is wrong with it is told when the whole answer was read.
func (s *samples) take(found *series) error {
	switch {
	case found.Histogram != nil || len(found.Histograms) > 0:
		s.shape = "it yields a histogram: take one number of it, such as histogram_quantile(0.95, ...)"
	case found.Value != nil:
		s.add(0, found.Value.value)
	case len(s.run) == 1:
		s.shape = "it yields samples over a range of time: make one number of them, such as by max_over_time(...)"
	}
	for _, sample := range found.Values {
		if i, ok := s.window(sample.at); ok {
			s.add(i, sample.value)
		}
	}
	return nil
}

// window is the one that a point in time belongs to. Thanos' query frontend moves points to whole multiples of the step, which are less than a
// window earlier.
func (s *samples) window(at int64) (int, bool) {
	i, _ := slices.BinarySearchFunc(s.run, at, func(w analysis.Window, at int64) int { return int(w.To.UnixMilli() - at) })
	return i, i < len(s.run) && at > s.run[i].From.UnixMilli()
}

func (s *samples) add(window int, value float64) {
	s.count[window]++
	s.values[window] = value
}

// problem says why the samples are no numbers to judge by. An infinite one is told of while it is the newest, and then passed over: it
// is a division by zero that may have been nothing but a quiet moment, and would else keep every later number from being seen.
func (s *samples) problem(newest bool) error {
	if s.shape != "" {
		return rejected(s.shape)
	}
	for i, n := range s.count {
		switch {
		case n > 1:
			return rejected(fmt.Sprintf("it yields %d numbers for one version: aggregate them, such as by max(...), sum(...) or avg(...)", n))
		case math.IsInf(s.values[i], 0) && newest && i == len(s.count)-1:
			return rejected("it yields an infinite number, as a division by zero does: leave out what is nothing, such as by dividing by (... > 0)")
		case math.IsInf(s.values[i], 0):
			s.values[i] = math.NaN()
		}
	}
	return nil
}

// rejected is the error about a query that has an answer, but none that can be judged by.
func rejected(why string) error {
	return fmt.Errorf("%w: the value query can't be judged by: %w", analysis.ErrRejected, errors.New(why))
}

// valuesIn are the observations of one window.
func valuesIn(both [2]numbers, metric string, window int, w analysis.Window) []analysis.Observation {
	var out []analysis.Observation
	for arm, values := range both {
		if window < len(values) && !math.IsNaN(values[window]) {
			out = append(out, analysis.Observation{Metric: metric, Arm: analysis.Arm(arm), Window: w, Value: &values[window]})
		}
	}
	return out
}
