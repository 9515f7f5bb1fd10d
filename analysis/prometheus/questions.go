package prometheus

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// Questions are what a source of a preset asks about a window, in expressions that a person can paste; an empty preset is opentelemetry. They select the
// very series that [analysis.Provider] Count reads. It takes the differences of samples itself, so increase() shows nearly the numbers that were
// judged, and not the same: it extrapolates to the window's edges.
func Questions(preset string, s analysis.Subject, qs []analysis.Query, w analysis.Window) ([]analysis.Question, error) {
	if preset == "" {
		preset = defaultPreset
	}
	p, err := (&source{preset: preset}).plan(qs)
	if err != nil {
		return nil, err
	}
	var out []analysis.Question
	for i, q := range qs {
		part := p.parts[i]
		asked := asking{subject: s, window: w, query: q}
		switch {
		case part.value >= 0:
			err = asked.value(p.values[part.value])
		case q.Errors && part.errors >= 0:
			err = asked.each(p.questions[part.requests], "requests", asked.sum)
			if err == nil {
				err = asked.each(p.questions[part.errors], "errors", asked.sum)
			}
		case q.Errors:
			err = asked.each(p.questions[part.requests], "requests by status", asked.byStatus)
		default:
			q := p.questions[part.latency]
			about := "p" + strconv.FormatFloat(100*asked.quantile(), 'f', -1, 64)
			if q.family.unit != 1 {
				about += " in milliseconds"
			}
			err = asked.each(q, about, asked.latency)
		}
		if err != nil {
			return nil, fmt.Errorf("metric %s: %w", q.Metric, err)
		}
		out = append(out, asked.questions...)
	}
	return out, nil
}

// asking writes the questions of one query.
type asking struct {
	subject   analysis.Subject
	window    analysis.Window
	query     analysis.Query
	questions []analysis.Question
}

// each writes a question for each arm, by the first way to tell them apart: which one finds series only the server knows. Of the names that a family has for the same
// thing, an earlier one goes before a later one, just as they are counted.
func (a *asking) each(q question, about string, text func(question, string, string) string) error {
	known, err := q.family.arms[0](a.subject)
	if err != nil {
		return err
	}
	names := q.family.requests
	if a.query.Latency {
		names = []string{q.family.duration, q.family.duration + "_bucket"}
	}
	for arm, matchers := range known.each {
		if len(matchers) == 0 {
			continue
		}
		var texts []string
		for _, name := range names {
			var only []string
			if name != "" { // a selector of a user's own that names no metric in front of its braces says it all
				only = []string{name}
			}
			texts = append(texts, text(q, name, q.custom.expression(only, slices.Concat(q.family.only, matchers))))
		}
		a.questions = append(a.questions, analysis.Question{Metric: a.query.Metric, Arm: analysis.Arm(arm), About: about, Text: strings.Join(texts, " or ")})
	}
	return nil
}

// value writes a user's own expression for each arm.
func (a *asking) value(q valueQuestion) error {
	known, err := q.arms[0](a.subject)
	if err != nil {
		return err
	}
	for arm, matchers := range known.each {
		if len(matchers) > 0 {
			a.questions = append(a.questions, analysis.Question{Metric: a.query.Metric, Arm: analysis.Arm(arm), About: "value", Text: q.expression.fill(matchers)})
		}
	}
	return nil
}

func (a *asking) sum(_ question, _, selection string) string {
	return "sum(increase(" + selection + a.span() + "))"
}

// byStatus shows the failed requests beside the others, by whichever label tells them.
func (a *asking) byStatus(q question, name, selection string) string {
	labels := slices.Clone(q.family.status)
	if q.family.failure != "" {
		labels = append(labels, q.family.failure)
	}
	text := "sum by (" + strings.Join(labels, ", ") + ") (increase(" + selection + a.span() + "))"
	if name == q.family.duration { // a native histogram, which counts its requests
		return "histogram_count(" + text + ")"
	}
	return text
}

func (a *asking) latency(_ question, _, selection string) string {
	return fmt.Sprintf("histogram_quantile(%v, sum by (le) (increase(%s%s)))", a.quantile(), selection, a.span())
}

// quantile is p95 unless the query says otherwise.
func (a *asking) quantile() float64 {
	if a.query.Quantile > 0 {
		return a.query.Quantile
	}
	return 0.95
}

// span is the window as PromQL writes it.
func (a *asking) span() string {
	seconds := int64(math.Round(a.window.To.Sub(a.window.From).Seconds()))
	return fmt.Sprintf("[%ds] @ %d", max(seconds, int64(time.Minute/time.Second)), a.window.To.Unix())
}
