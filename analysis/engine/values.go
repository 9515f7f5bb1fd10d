package engine

import (
	"math"

	"github.com/serin-dev/serin/analysis"
)

// values is what is remembered of a metric that comes as one number per interval: a quantile of latency where the source has
// no counts, or a plain value. Of quantiles the logarithm of the arms' ratio is judged, of plain values their difference in
// units of the tolerated one.
type values struct {
	// Sum and Weight give the mean value of each arm.
	Sum, Weight [2]float32
	// Mean, Variance and Looks of the baseline's recent values, for a weight of 100.
	Mean, Variance, Looks float32
	// Wander is how far the baseline strays by itself.
	Wander wander
	// LastSum and LastWeight are the candidate's difference from it at a weight of 100.
	LastSum, LastWeight float32
}

const (
	// quantileNoise is n times the variance of the logarithm of a quantile from n requests, as it is for usual distributions;
	// valueNoise that of a plain value, in squares of the tolerated difference.
	quantileNoise, valueNoise = 6, 1
	// quantilePods and valuePods are the standard deviations between pods.
	quantilePods, valuePods = 0.04, 0.2
	// leastRequests of each arm and interval make a quantile worth looking at.
	leastRequests = 30
	pastFading    = 1 - 1.0/20
	// farthest is the difference between plain values, in tolerated ones, beyond which more of it tells no more: it lies beyond all
	// the alternatives, for which a look scaled down to what one may tell would count the less the worse it is.
	farthest = 4
)

// lookValues takes in one interval of a metric without counts.
func (m *metric) lookValues(v *view, r *reading, least float64) analysis.Result {
	var f findings
	if f.missing = m.missingValue(v, r); f.missing == "" {
		m.takeValues(v, r)
		if seen := float64(m.Tally.Seen); m.ratios() && seen < least {
			f.missing = shortage(seen, least, "the candidate so far")
		}
	}
	if f.missing == "" {
		m.weighLimit(&f)
		m.weigh(v, &f)
	}
	if f.missing == "" && f.fail == "" && f.doubt == "" {
		f.doubt = m.silent(v)
	}
	return m.result(v, f)
}

// missingValue says what keeps an interval from counting.
func (m *metric) missingValue(v *view, r *reading) string {
	for arm, name := range [...]string{"the baseline", "the candidate"} {
		if arm == int(analysis.Baseline) && (v.Weight >= 100 || !compares(m.c)) {
			continue
		}
		switch {
		case math.IsNaN(r.value[arm]):
			return "no value from " + name + " in this interval"
		case m.ratios() && r.requests[arm] < leastRequests:
			return shortage(r.requests[arm], leastRequests, name+" in one interval")
		}
	}
	return ""
}

// shortage says how many requests are missing.
func shortage(seen, least float64, of string) string {
	return count(seen) + " of the " + count(math.Ceil(least)) + " requests needed from " + of
}

// ratios says whether a quantile of latency is judged, as a ratio, rather than a plain value.
func (m *metric) ratios() bool { return m.c.Worse == analysis.None }

// plain is true for a plain value.
func (m *metric) plain() bool { return m.c.Worse != analysis.None }

// takeValues counts an interval.
func (m *metric) takeValues(v *view, r *reading) {
	b, c := r.value[analysis.Baseline], r.value[analysis.Candidate]
	weight := [2]float64{1, 1}
	if m.ratios() {
		weight = r.requests
	}
	m.Tally.Seen += float32(r.requests[analysis.Candidate])
	age := math.Inf(1)
	if since := v.young[analysis.Candidate]; !since.IsZero() {
		age = v.Window.From.Sub(since).Seconds()
	}
	for arm, x := range r.value {
		if !math.IsNaN(x) {
			m.Values.Sum[arm] += float32(x * weight[arm])
			m.Values.Weight[arm] += float32(weight[arm])
			m.Tally.Requests[arm] += float32(r.requests[arm])
		}
	}
	if m.c.Limit > 0 && age >= m.warmUp {
		m.Limit.add(m.boundValue(v, m.beyondLimit(c), weight[analysis.Candidate], 1), v.begin)
	}
	switch {
	case !compares(m.c):
	case v.Weight >= 100 || math.IsNaN(b):
		if m.Values.Looks > 0 {
			w := weight[analysis.Candidate]
			m.Values.LastSum += float32(w * m.over(c, float64(m.Values.Mean)))
			m.Values.LastWeight += float32(w)
			m.Last.Looks++
		}
	default:
		m.remember(b)
		w := 1 / (1/weight[0] + 1/weight[1])
		m.compareValues(v, m.over(c, b), w, age)
	}
}

// compareValues counts the difference of one interval, of such a weight.
func (m *metric) compareValues(v *view, difference, weight, age float64) {
	age += v.seconds() / 2
	if age < m.warmUp+v.seconds()/2 {
		m.ColdStart.watch(weight*(1+difference), weight, age)
		return
	}
	if m.uses(ColdStart) {
		difference -= m.ColdStart.excess(age, m.warmUp)
	}
	m.Noise.add(difference, weight)
	pods := 1/max(v.pods[analysis.Candidate], 1) + 1/max(v.pods[analysis.Baseline], 1)
	m.Comparison.add(m.boundValue(v, difference, weight, pods), v.begin && m.uses(Onsets))
}

// boundValue is the span of one interval, whose influence is bounded.
func (m *metric) boundValue(v *view, difference, weight, pods float64) span {
	s := span{
		Events: float32(weight * difference), Info: float32(weight), Spread: float32(weight * pods), Looks: 1,
	}
	nats := difference * difference * weight / 2 / m.Noise.variance(m.valueNoise())
	if most := wholeNats * v.part(); m.uses(Cap) && nats > most {
		return s.scaled(most / nats)
	}
	return s
}

// teachValue learns from a plain value of the baseline before the release.
func (m *metric) teachValue(b float64) {
	w := &m.Values.Wander
	switch {
	case math.IsNaN(b):
		return
	case w.One.N == 0:
		w.First = float32(b)
	}
	m.Valued = true
	w.learn(m.distance(b, float64(w.First)))
}

func (m *metric) valueNoise() float64 {
	if m.ratios() {
		return quantileNoise
	}
	return valueNoise
}

// over is how much worse a value is than another beyond the part of the tolerance, on the scale that is judged.
func (m *metric) over(value, other float64) float64 {
	return m.distance(value, other) - m.valueMargin(other)
}

// beyondLimit is how much worse the candidate's value is than the limit, a ceiling or a floor. No part of the tolerance is allowed on top:
// of a plain value it is one for the difference from the baseline.
func (m *metric) beyondLimit(value float64) float64 {
	if m.ratios() {
		return m.over(value, m.c.Limit)
	}
	return m.distance(value, m.c.Limit)
}

// distance is how much worse a value is than another: the logarithm of their ratio, or their difference in tolerated ones.
func (m *metric) distance(value, other float64) float64 {
	if m.ratios() {
		const least = 1e-6 // a microsecond
		return math.Log(max(value, least) / max(other, least))
	}
	return min(max(m.sign()*(value-other)/m.unit(other), -farthest), farthest)
}

// valueMargin is the part of the tolerance that is no regression.
func (m *metric) valueMargin(other float64) float64 {
	if m.ratios() {
		return math.Log1p(m.part() * m.slackOf(other))
	}
	return m.part()
}

// slackOf is the tolerated slowdown of a latency, as a fraction.
func (m *metric) slackOf(seconds float64) float64 {
	return max(m.c.Relative, m.c.Absolute/max(seconds, 1e-6))
}

// unit is the tolerated difference from a plain value; where only a limit is judged, a tenth of it.
func (m *metric) unit(other float64) float64 {
	u := max(m.c.Relative*math.Abs(other), m.c.Absolute)
	if !(u > 0) {
		u = max(math.Abs(m.c.Limit)/10, 1e-9)
	}
	return u
}

// remember notes the baseline's value for a weight of 100.
func (m *metric) remember(b float64) {
	u := &m.Values
	u.Looks = pastFading*u.Looks + 1
	part := 1 / float64(u.Looks)
	if u.Looks == 1 {
		u.Mean = float32(b)
	}
	moved := m.distance(b, float64(u.Mean))
	u.Mean += float32(part * (b - float64(u.Mean)))
	u.Variance += float32(part * (min(moved*moved, 100) - float64(u.Variance)))
}

// valueTemper is how many times wider the sums of values scatter than with variance 1 per weight.
func (m *metric) valueTemper(s sum) float64 {
	temper := m.Noise.variance(m.valueNoise())
	if !m.uses(PodEffects) || s.Info <= 0 {
		return temper
	}
	pods := valuePods
	if m.ratios() {
		pods = quantilePods
	}
	lasting := armVariance + 2*m.Values.Wander.variance(float64(s.Looks))
	return temper + pods*pods*s.Pairs/float64(s.Info) + lasting*float64(s.Info)
}

// lastValues is the comparison over time, at a weight of 100.
func (m *metric) lastValues() curve {
	s := span{Events: m.Values.LastSum, Info: m.Values.LastWeight, Looks: m.Last.Looks}
	return curve{[]span{s}, m.valueTemper(totalOf([]span{s})) + float64(m.Values.Variance*s.Info)}
}

// worstValue is the greatest plausible increase: of a quantile as a fraction of it, else in tolerated differences.
func (m *metric) worstValue(g float64) float64 {
	g += m.valueMargin(m.mean(analysis.Baseline))
	if m.ratios() {
		return math.Expm1(g)
	}
	return g
}

// mean value of an arm, NaN when unknown.
func (m *metric) mean(arm analysis.Arm) float64 {
	return float64(m.Values.Sum[arm] / m.Values.Weight[arm])
}
