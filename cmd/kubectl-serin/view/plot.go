package view

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// Look is both arms' values at one moment.
type Look struct {
	At     time.Time
	Values map[string]Pair // by metric
}

// Pair is both arms' values of a metric, NaN where there is none.
type Pair struct{ Baseline, Candidate float64 }

// Plot is how a metric went.
type Plot struct {
	Metric string      `json:"metric"`
	Unit   string      `json:"unit"`
	From   time.Time   `json:"from"`
	To     time.Time   `json:"to"`
	Points []PlotPoint `json:"points"`
}

// PlotPoint is one look: fractions, seconds or plain numbers; left out where there was none.
type PlotPoint struct {
	At        time.Time `json:"at"`
	Baseline  *float64  `json:"baseline,omitempty"`
	Candidate *float64  `json:"candidate,omitempty"`
}

// LookOf is the look that a status tells of; false when it tells of none.
func LookOf(c *v1alpha1.Canary) (Look, bool) {
	a := c.Status.Analysis
	if a == nil || a.Until == nil || len(a.Metrics) == 0 {
		return Look{}, false
	}
	l := Look{At: a.Until.UTC(), Values: map[string]Pair{}}
	for _, m := range a.Metrics {
		l.Values[m.Name] = Pair{Number(m.Baseline), Number(m.Candidate)}
	}
	return l, true
}

// Number reads a value as a status writes it: 0.21%, 93ms, 1.2s, 12,345. NaN when it is none.
func Number(text string) float64 {
	scale := 1.0
	for _, unit := range []struct {
		suffix string
		scale  float64
	}{{"%", 1e-2}, {"ms", 1e-3}, {"s", 1}} {
		if rest, ok := strings.CutSuffix(text, unit.suffix); ok {
			text, scale = rest, unit.scale
			break
		}
	}
	v, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64)
	if err != nil || math.IsInf(v, 0) {
		return math.NaN()
	}
	return v * scale
}

// plotsOf has a plot of each metric that two looks or more know of.
func plotsOf(c *v1alpha1.Canary, looks []Look) []Plot {
	var plots []Plot
	for _, m := range c.Spec.Analysis.MetricsOrDefault() {
		p := Plot{Metric: m.Name, Unit: unitOf(m).String()}
		for _, l := range looks {
			v, ok := l.Values[m.Name]
			if !ok || math.IsNaN(v.Baseline) && math.IsNaN(v.Candidate) {
				continue
			}
			p.Points = append(p.Points, PlotPoint{At: l.At, Baseline: known(v.Baseline), Candidate: known(v.Candidate)})
		}
		if len(p.Points) > 1 {
			p.From, p.To = p.Points[0].At, p.Points[len(p.Points)-1].At
			plots = append(plots, p)
		}
	}
	return plots
}

func known(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// sparks draws both arms on one scale from 0 to the most, in at most width characters each: the newest points where there are more. A gap is a space.
func (p Plot) sparks(width int) (baseline, candidate string, most float64) {
	points := p.Points[max(0, len(p.Points)-width):]
	for _, point := range points {
		for _, v := range []*float64{point.Baseline, point.Candidate} {
			if v != nil {
				most = max(most, *v)
			}
		}
	}
	var b, c strings.Builder
	for _, point := range points {
		b.WriteRune(spark(point.Baseline, most))
		c.WriteRune(spark(point.Candidate, most))
	}
	return b.String(), c.String(), most
}

func spark(v *float64, most float64) rune {
	bars := []rune("▁▂▃▄▅▆▇█")
	switch {
	case v == nil:
		return ' '
	case most <= 0 || *v <= 0:
		return bars[0]
	}
	return bars[min(int(*v/most*float64(len(bars))), len(bars)-1)]
}

// unitOf is the unit of a metric's values.
func unitOf(m v1alpha1.Metric) analysis.Unit {
	switch {
	case m.Latency != nil:
		return analysis.Seconds
	case m.Value != nil:
		return analysis.Number
	}
	return analysis.Fraction
}

// unit is what the plot's values are formatted by.
func (p Plot) unit() analysis.Unit {
	for _, u := range []analysis.Unit{analysis.Seconds, analysis.Number} {
		if u.String() == p.Unit {
			return u
		}
	}
	return analysis.Fraction
}
