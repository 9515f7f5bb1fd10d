package controllers

import (
	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// drawnLooks is how many of the newest looks a status draws.
const drawnLooks = 40

// trend keeps what the newest looks at a release showed, for people to see where it is going. The zero value is ready for use, and a restart begins anew.
type trend map[string]armValues

type armValues struct{ baseline, candidate []float64 }

// note takes in a look.
func (t *trend) note(p analysis.Policy, l analysis.Look) {
	if *t == nil {
		*t = trend{}
	}
	for _, c := range p.Criteria {
		v := (*t)[c.Name]
		v.baseline = newest(append(v.baseline, l.Value(c, analysis.Baseline)))
		v.candidate = newest(append(v.candidate, l.Value(c, analysis.Candidate)))
		(*t)[c.Name] = v
	}
}

func newest(values []float64) []float64 { return values[max(0, len(values)-drawnLooks):] }

// of draws a metric; nil until two looks are there, since one is no trend.
func (t trend) of(name string, unit analysis.Unit) *v1alpha1.TrendStatus {
	v := t[name]
	if len(v.baseline) < 2 {
		return nil
	}
	b, c, most := analysis.Sparks(v.baseline, v.candidate)
	return &v1alpha1.TrendStatus{Baseline: b, Candidate: c, Most: analysis.FormatValue(most, unit)}
}
