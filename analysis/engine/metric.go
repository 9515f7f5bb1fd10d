package engine

import (
	"math"

	"github.com/serin-dev/serin/analysis"
)

// metric is one criterion with all that is remembered of it.
type metric struct {
	c       analysis.Criterion
	without Term
	// proof is the evidence, in nats, that a rollback needs; alarm that of the guard.
	proof, alarm float64
	// warmUp is the age that a pod reaches before it counts, in seconds.
	warmUp float64
	memory
}

// memory is what one metric keeps between looks.
type memory struct {
	Boundary boundary
	Tally    tally
	Drift    drift
	Load     load
	// ColdStart is how the release's pods began.
	ColdStart coldStart
	// Guard is the evidence for a disaster in the last looks, in nats.
	Guard float32
	// Last is what the candidate shows at a weight of 100.
	Last last
	// Dispersion is how much the baseline's pods differ.
	Dispersion dispersion
	// Comparison and Limit are the evidence against the candidate, beside the baseline and by the limit.
	Comparison, Limit stream
	// Shape is the baseline's distribution until the release begins; Baseline and Candidate are those of the release.
	Shape, Baseline, Candidate analysis.Histogram
	// Noise is how much the arms' difference moves, where the source does not tell pods apart; then Whole is set.
	Noise noise
	Whole bool
	// Valued says that the source has one number per interval and no counts.
	Valued bool
	Values values
}

// tally sums what the release's verdict rests on, and the baseline's share of events in the long run.
type tally struct {
	Requests, Events     [2]float32
	Seen                 float32 // candidate requests at this step, whether they count or not
	LongEvents, LongSeen float32
}

const (
	// marginPart of the tolerated increase is no regression yet. Between it and the whole increase either verdict is right.
	marginPart = 0.3
	// guardPart of the rate of false rollbacks is for disasters.
	guardPart = 0.04
)

func newMetric(c analysis.Criterion, p analysis.Policy, compared int, without Term) *metric {
	m := &metric{c: c, without: without}
	if m.uses(WarmUp) {
		m.warmUp = p.WarmUp.Seconds()
	}
	compared = max(compared, 1)
	m.proof = math.Log(float64(compared) / (p.FalseRollbackRate * (1 - guardPart)))
	m.alarm = math.Log(float64(compared) / (p.FalseRollbackRate * guardPart))
	m.Dispersion.prior = prior{look: 1.2, pods: 0.08, weight: 6}
	if c.Errors {
		m.Dispersion.prior.pods = 0.15
	}
	return m
}

// compares is false when only a limit is judged.
func compares(c analysis.Criterion) bool { return c.Relative > 0 || c.Absolute > 0 }

func (m *metric) uses(t Term) bool { return m.without&t == 0 }

// teach learns from the baseline's part of a look.
func (m *metric) teach(v *view, r *reading) {
	if m.plain() {
		m.teachValue(r.value[analysis.Baseline])
		return
	}
	if !m.c.Errors && m.Boundary.At == 0 {
		m.Shape = compact(m.Shape.Merge(r.latency[analysis.Baseline]))
		if m.Boundary = choose(m.Shape, m.c.Quantile, m.tolerated(m.Shape)); m.Boundary.At > 0 {
			m.Shape = nil
		}
		return
	}
	cells := counted(r.arms[analysis.Baseline], m.warmUp)
	if len(cells) == 0 || r.across[analysis.Baseline] {
		return
	}
	x, n := total(cells)
	m.Tally.LongEvents += float32(x)
	m.Tally.LongSeen += float32(n)
	m.Dispersion.learn(m.clip(cells, cells))
	m.Drift.learn(x, n)
	if pods := v.pods[analysis.Baseline]; !m.c.Errors && pods > 0 {
		m.Load.learn(x, n, pods, v.seconds())
	}
}

// tolerated is the tolerated slowdown as a fraction, of a distribution.
func (m *metric) tolerated(h analysis.Histogram) float64 {
	d := m.c.Relative
	if q, ok := quantile(h, m.c.Quantile); ok && q > 0 {
		d = max(d, m.c.Absolute/q)
	}
	return max(d, 0.01)
}

// counted are the cells of pods that are warm.
func counted(cells []cell, warmUp float64) []cell {
	if warmUp == 0 {
		return cells
	}
	warm := make([]cell, 0, len(cells))
	for _, c := range cells {
		if c.age >= warmUp {
			warm = append(warm, c)
		}
	}
	return warm
}

const clipFactor = 2

// clip bounds what one pod counts in one look: to twice the share of events seen elsewhere, and some for chance. A pod that
// stalls, or one client's storm, can't decide then; an incident that hits every pod is not clipped.
func (m *metric) clip(cells, baseline []cell) []cell {
	if !m.uses(Clip) || len(baseline) < 2 && (len(cells) == 0 || cells[0].pod == 0) {
		return cells
	}
	share := m.elsewhere(baseline)
	clipped := make([]cell, len(cells))
	for i, c := range cells {
		most := clipFactor * c.requests * c.excused * share
		c.events = min(c.events, most+2*math.Sqrt(most)+5)
		clipped[i] = c
	}
	return clipped
}

// elsewhere is the baseline's share of events, in the long run or in this look without its worst pod, whichever is larger.
func (m *metric) elsewhere(baseline []cell) float64 {
	x, n := total(baseline)
	var worst cell
	for _, c := range baseline {
		if c.events*worst.requests >= worst.events*c.requests {
			worst = c
		}
	}
	now := 0.0
	if n > worst.requests {
		now = (x - worst.events) / (n - worst.requests)
	}
	return max(now, float64(m.Tally.LongEvents+0.5)/float64(m.Tally.LongSeen+200))
}

// allow is the number of events that the baseline would have had, had it been worse by the part of the tolerance.
func (m *metric) allow(events, requests, part float64) float64 {
	if m.c.Errors {
		return events + part*max(m.c.Relative*events, m.c.Absolute*requests)
	}
	return events * m.Boundary.grown(part*m.slack())
}

// slack is the tolerated slowdown as a fraction.
func (m *metric) slack() float64 { return max(m.c.Relative, m.c.Absolute/m.Boundary.Quantile) }

func (m *metric) part() float64 {
	if m.uses(Margin) {
		return marginPart
	}
	return 0
}

// temper is how many times wider a span's sums scatter than those of independent requests.
func (m *metric) temper(s sum) float64 {
	if m.Valued {
		return m.valueTemper(s)
	}
	if !m.uses(Dispersion) {
		return 1
	}
	if !m.uses(PodEffects) || s.Info <= 0 {
		return m.scatter()
	}
	if m.Whole {
		pods := wholeLatency
		if m.c.Errors {
			pods = wholeErrors
		}
		return m.scatter() + pods*pods*s.Pairs/float64(s.Info) + armVariance*float64(s.Info)
	}
	return m.Dispersion.temper(s)
}

// Where the source knows only arms, their pods are taken to differ more than usual, and their counts to scatter more. One bad pod
// can't be told from a bad version but by waiting: a look tells at most wholeNats, and less of errors, which stick to a pod for a minute or two.
const (
	wholeNats, wholeNatsErrors = 1.8, 1
	wholeErrors, wholeLatency  = 0.3, 0.1
	wholeScatter               = 1.6
)

// scatter is how many times wider the counts of a look scatter than those of independent requests.
func (m *metric) scatter() float64 {
	if m.Whole {
		return m.Noise.variance(wholeScatter)
	}
	return m.Dispersion.look()
}
