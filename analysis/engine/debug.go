package engine

import "fmt"

func (e *Engine) Debug() string {
	s := ""
	for _, m := range e.metrics {
		t := m.Comparison.total()
		f, a := m.Comparison.evidence(m.temper)
		d := &m.Dispersion
		s += fmt.Sprintf("%s phi=%.2f tau1=%.3f tau4=%.3f tau16=%.3f tau64=%.3f cap=%.2f D=%.2f v=%.1f pairs/v=%.1f x=%.1f T=%.1f best=%.2f f=%.2f a=%.2f cold=%.2f/%.2f g=%.2f| ", m.c.Name, d.look(), d.pods(1), d.pods(4), d.pods(16), d.pods(64), d.most(), m.temper(t), t.Info, t.Pairs/float64(t.Info), t.Events, t.Expected,
			curve{m.Comparison.spans, 1}.best(), f, a, m.ColdStart.Events, m.ColdStart.Expected, m.Guard)
	}
	return s
}
