package datadog

import (
	"fmt"

	"github.com/serin-dev/serin/analysis"
)

// Questions are what a source of a preset asks, in queries that a person can paste; an empty preset is apm. Of a distribution they ask for the quantile that is
// judged, instead of the counts below boundaries that it is judged by.
func Questions(preset string, s analysis.Subject, qs []analysis.Query) ([]analysis.Question, error) {
	if preset == "" {
		preset = defaultPreset
	}
	// What the source refuses is refused here, in the same words.
	if _, err := (&source{preset: preset}).plan(s, qs); err != nil {
		return nil, err
	}
	var out []analysis.Question
	for _, q := range qs {
		asked, err := questionsOf(preset, s, q)
		if err != nil {
			return nil, fmt.Errorf("metric %s: %w", q.Metric, err)
		}
		out = append(out, asked...)
	}
	return out, nil
}

// questionsOf are those about one metric.
func questionsOf(standard string, s analysis.Subject, q analysis.Query) ([]analysis.Question, error) {
	name := q.Preset
	if name == "" || q.Custom != nil {
		name = standard
	}
	f, err := findPreset(name)
	if err == nil && q.Custom != nil {
		f, err = f.custom(q)
	}
	if err != nil {
		return nil, err
	}
	arms, err := f.both(s)
	if err != nil {
		return nil, err
	}
	var out []analysis.Question
	for _, which := range []analysis.Arm{analysis.Baseline, analysis.Candidate} {
		a, ok := arms[which]
		if !ok {
			continue
		}
		a.by = "" // a person compares the arms, not their pods
		say := func(about string, asked query) {
			out = append(out, analysis.Question{Metric: q.Metric, Arm: which, About: about, Text: asked.text})
		}
		if q.Errors {
			say("requests", f.requests(a))
			say("errors", f.failed(a))
		}
		if !q.Latency {
			continue
		}
		at := q.Quantile
		if at <= 0 {
			at = standardQuantile
		}
		quantile, err := f.durations(a).quantile(at)
		if err != nil {
			return nil, err
		}
		say("p"+decimal(100*at), quantile)
	}
	return out, nil
}
