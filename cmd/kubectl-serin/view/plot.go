package view

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

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

// sparks draws both arms in at most width characters each: the newest points where there are more.
func (p Plot) sparks(width int) (baseline, candidate string, most float64) {
	points := p.Points[max(0, len(p.Points)-width):]
	var b, c []float64
	for _, point := range points {
		b, c = append(b, value(point.Baseline)), append(c, value(point.Candidate))
	}
	return analysis.Sparks(b, c)
}

func value(known *float64) float64 {
	if known == nil {
		return math.NaN()
	}
	return *known
}

// drawing is a metric as two lines of bars.
type drawing struct{ metric, baseline, candidate, most string }

// drawings are made of the looks that were seen, or are the operator's own where these show more: whoever looks once has seen one look.
func (v Status) drawings(width int) []drawing {
	var all []drawing
	drawn := map[string]int{}
	for _, p := range v.Plots {
		b, c, most := p.sparks(width)
		drawn[p.Metric] = len(all)
		all = append(all, drawing{p.Metric, b, c, analysis.FormatValue(most, p.unit())})
	}
	if v.Evidence == nil {
		return all
	}
	for _, m := range v.Evidence.Metrics {
		if m.Trend == nil {
			continue
		}
		d := drawing{m.Name, last(m.Trend.Baseline, width), last(m.Trend.Candidate, width), m.Trend.Most}
		i, known := drawn[m.Name]
		switch {
		case !known:
			all = append(all, d)
		case utf8.RuneCountInString(all[i].baseline) < utf8.RuneCountInString(d.baseline):
			all[i] = d
		}
	}
	return all
}

// last are the last characters of a line, width of them at most.
func last(line string, width int) string {
	all := []rune(line)
	return string(all[max(0, len(all)-width):])
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
