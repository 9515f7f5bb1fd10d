package engine

import (
	"math"

	"github.com/serin-dev/serin/analysis"
)

// last is what the candidate shows at a weight of 100, where the baseline has no requests: it is compared with the baseline's
// most recent looks, once for all looks together, and believed only as far as the baseline's own past was steady.
type last struct{ Events, Requests, Looks, Pods float32 }

// lastNats is the most that a look at a weight of 100 may tell: an incident of a minute or two, which would hit the baseline too
// if it still served, is waited out.
const lastNats = 1

// takeLast counts a look at a weight of 100.
func (m *metric) takeLast(v *view, candidate []cell) {
	x, n := total(m.clip(candidate, nil))
	if n <= 0 || m.Drift.Requests <= 0 {
		return
	}
	look := m.past(x, n)
	part := 1.0
	if nats := math.Abs(look.surprise()) / m.scatter(); nats > lastNats*v.part() {
		part = lastNats * v.part() / nats
	}
	m.Last.Events += float32(x * part)
	m.Last.Requests += float32(n * part)
	m.Last.Looks++
	m.Last.Pods = float32(effective(candidate, v.pods[analysis.Candidate]))
}

// past compares with the baseline's recent looks.
func (m *metric) past(x, n float64) span {
	y, others := float64(m.Drift.Events), float64(m.Drift.Requests)
	return against(x, n, m.allow(y, others, m.part()), others)
}

// lastCurve is the comparison over time.
func (m *metric) lastCurve() curve {
	if m.Valued {
		return m.lastValues()
	}
	s := m.past(float64(m.Last.Events), float64(m.Last.Requests))
	s.Looks = m.Last.Looks
	s.Spread = s.Info * 2 / max(m.Last.Pods, 1)
	return curve{[]span{s}, m.temper(totalOf([]span{s})) + m.Drift.variance()*float64(s.Info)}
}

// lastEvidence is the logarithm of an e-value like that of [stream.evidence].
func (m *metric) lastEvidence() float64 {
	if m.Last.Looks < 2 {
		return 0
	}
	return m.lastCurve().against(0, 1)
}
