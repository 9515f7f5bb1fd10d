package engine

import "github.com/serin-dev/serin/analysis"

// knownBetter is how many times more requests than the candidate an imaginary baseline has that is exactly at the limit: a
// limit is a baseline known for certain.
const knownBetter = 100

// takeLimit counts a look against the limit. Of a quantile, the share of requests that are slower than its limit is limited, and
// a request counts as slower only when its bucket leaves no doubt.
func (m *metric) takeLimit(v *view, r *reading, candidate []cell) {
	x, n := total(candidate)
	share := m.c.Limit
	if !m.c.Errors {
		_, seen := total(r.arms[1])
		if seen <= 0 {
			return
		}
		x, share = r.over*n/seen, 1-m.c.Quantile
	}
	if look := against(x, n, knownBetter*n*share, knownBetter*n); look.All > 0 {
		m.Limit.add(m.bound(v, look), v.begin && m.uses(Onsets))
	}
}

// weighLimit looks at the candidate alone.
func (m *metric) weighLimit(f *findings) {
	if !(m.c.Limit > 0) {
		return
	}
	steady := func(sum) float64 { return m.scatter() }
	if m.Valued {
		steady = func(sum) float64 { return m.Noise.variance(m.valueNoise()) }
	}
	e := m.Limit.evidence(steady)
	switch {
	case len(m.Limit.spans) == 0:
		f.doubt = m.noneWarm()
	case e.anytime >= m.proof:
		f.fail = m.passed() + value(m.c.Limit, m.unitOf())
	case e.fromStart > leans || e.anytime > m.proof-alert || m.plain() && m.Limit.total().Events > 0:
		// The mean of plain values is not left to chance as few errors are: beyond the limit it passes nothing.
		f.doubt = m.passed() + value(m.c.Limit, m.unitOf()) + ", but this may still be chance"
	}
}

// passed says on which side of the limit the candidate is.
func (m *metric) passed() string {
	if m.c.Worse == analysis.Lower {
		return "below the limit of "
	}
	return "over the limit of "
}
