package engine

import (
	"math"

	"github.com/serin-dev/serin/analysis"
)

// take counts a look.
func (m *metric) take(v *view, r *reading) {
	candidate := m.warm(v, r)
	baseline := counted(r.arms[analysis.Baseline], m.warmUp)
	m.note(r, baseline, candidate)
	if m.c.Limit > 0 {
		m.takeLimit(v, r, candidate)
	}
	if !compares(m.c) || !m.c.Errors && m.Boundary.At == 0 || r.across[0] || r.across[1] {
		return
	}
	if v.Weight >= 100 {
		m.takeLast(v, candidate)
		return
	}
	if m.c.Errors && m.uses(Guard) {
		m.guard(v, r)
	}
	more := m.loaded(v, r)
	for i := range candidate {
		candidate[i].excused *= more
	}
	candidateX, candidateN := chargeable(m.clip(candidate, baseline))
	baselineX, baselineN := total(m.clip(baseline, baseline))
	look := against(candidateX, candidateN, m.allow(baselineX, baselineN, m.part()), baselineN)
	if look.Info <= 0 {
		return
	}
	kC, kB := effective(candidate, v.pods[analysis.Candidate]), effective(baseline, v.pods[analysis.Baseline])
	look.Spread = look.Info * float32(1/kC+1/kB)
	if m.Whole = candidate[0].pod == 0; m.Whole {
		m.Noise.add(float64((look.Events-look.Expected)/look.Info), float64(look.Info))
	} else {
		m.Noise = noise{}
	}
	m.Comparison.add(m.bound(v, look), v.begin && m.uses(Onsets))
}

// loaded is the factor by which the candidate's share of slow requests may be larger because its pods carry more.
func (m *metric) loaded(v *view, r *reading) float64 {
	_, n := total(r.arms[analysis.Candidate])
	_, others := total(r.arms[analysis.Baseline])
	more := n / v.pods[analysis.Candidate] / (others / v.pods[analysis.Baseline])
	if m.c.Errors || !m.uses(Load) || !(more > 1) || math.IsInf(more, 1) {
		return 1
	}
	return math.Pow(more, m.Load.elasticity())
}

// against is a look's comparison of x events in n requests with y in those of the other arm.
func against(x, n, y, others float64) span {
	if !(n > 0) || !(others > 0) {
		return span{}
	}
	theta := n / (n + others)
	all := x + y
	return span{
		Events: float32(x), All: float32(all), Expected: float32(all * theta), Info: float32(all * theta * (1 - theta)), Looks: 1,
	}
}

// bound lets a look tell only so much.
func (m *metric) bound(v *view, look span) span {
	if !m.uses(Cap) {
		return look
	}
	nats := math.Abs(look.surprise()) / m.temper(totalOf([]span{look}))
	if most := m.most(look) * v.part(); nats > most {
		return look.scaled(most / nats)
	}
	return look
}

// A look tells at most lookNats, so that two looks have to agree before a release is rolled back; and at most fewNats where no event was
// to be expected of the candidate, rising to lookNats at enoughEvents: few events that come together may have one cause.
const (
	lookNats     = 5
	fewNats      = 2
	enoughEvents = 0.2
)

// most is what one look may tell, in nats.
func (m *metric) most(look span) float64 {
	switch {
	case m.Whole && m.c.Errors:
		return wholeNatsErrors
	case m.Whole:
		return wholeNats
	}
	y, theta := float64(look.All-look.Events), float64(look.Expected/look.All)
	return fewNats + (lookNats-fewNats)*min(y*theta/(1-theta)/enoughEvents, 1)
}

// note sums up what people are told.
func (m *metric) note(r *reading, baseline, candidate []cell) {
	for arm, cells := range [][]cell{baseline, candidate} {
		x, n := total(cells)
		m.Tally.Events[arm] += float32(x)
		m.Tally.Requests[arm] += float32(n)
	}
	_, seen := total(r.arms[analysis.Candidate])
	m.Tally.Seen += float32(seen)
	if !m.c.Errors {
		m.Baseline = compact(m.Baseline.Merge(r.latency[analysis.Baseline]))
		m.Candidate = compact(m.Candidate.Merge(r.latency[analysis.Candidate]))
	}
}

// guardPoints more errors than the baseline's are a disaster beyond doubt even while pods warm up.
const guardPoints = 0.1

// guard looks at all requests, also those of pods that are not warm yet.
func (m *metric) guard(v *view, r *reading) {
	x, n := total(r.arms[analysis.Candidate])
	y, others := total(r.arms[analysis.Baseline])
	look := against(x, n, y+guardPoints*others, others)
	nats := min(look.surprise()/m.scatter(), lookNats*v.part())
	m.Guard = float32(max(float64(m.Guard)+nats, 0))
}
