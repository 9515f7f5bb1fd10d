package rules

import (
	"math"
	"slices"

	"github.com/serin-dev/serin/analysis"
)

// MannWhitney is Kayenta's judge, asked at the end of every step about the release so far: a Mann-Whitney test on points of a
// minute each, as it is configured out of the box. A metric is high when the lower bound of the 98% confidence interval of the
// shift exceeds a quarter of the estimated shift; both metrics are critical, so one of them rolls back.
//
// Source: NetflixACAJudge-v1.0 and MannWhitneyClassifier in https://github.com/spinnaker/kayenta at v2.46.0 (tolerance 0.25,
// confidence 0.98), and https://spinnaker.io/docs/guides/user/canary/best-practices/ (a growing window). The bounds are read off
// the ordered differences between the arms (Hollander and Wolfe, Nonparametric Statistical Methods, 4.3), where Kayenta searches
// the same root; they differ only where points are tied.
type MannWhitney struct {
	blind
	// Tolerance is the part of the estimated shift that its lower bound must exceed. Errors and Latency are the normal deviates of
	// the confidence in each metric; +Inf leaves it out.
	Tolerance, Errors, Latency float64

	scene  Scene
	walk   Walk
	window window
	// points of each arm, a minute each. At 100% there is nothing left to compare with.
	latency, errors [2][]float64
}

// Start implements [Decider].
func (m *MannWhitney) Start(s Scene) { m.scene, m.walk = s, Walk{Plan: s.Plan} }

// Decide implements [Decider].
func (m *MannWhitney) Decide(look analysis.Look) Action {
	m.window.add(look)
	if look.Weight < 100 && m.window.spans(m.scene.period(), look) {
		for a := range m.window.arms {
			if t := &m.window.arms[a]; t.requests > 0 {
				m.latency[a], m.errors[a] = append(m.latency[a], t.quantile(0.95)), append(m.errors[a], t.errorRate())
			}
		}
		m.window.empty()
	}
	if !m.walk.Baked(look) {
		return Action{}
	}
	if m.high(m.errors, m.Errors) || m.high(m.latency, m.Latency) {
		return Action{Kind: RollBack, Why: "high"}
	}
	return m.walk.Rise(look)
}

func (m *MannWhitney) high(points [2][]float64, deviate float64) bool {
	low, estimate := shift(points[analysis.Baseline], points[analysis.Candidate], deviate)
	return low > m.Tolerance*math.Abs(estimate)
}

// shift is the Hodges-Lehmann estimate of how much higher the candidate's points lie, and the lower bound of its confidence
// interval by the normal approximation. The bound is -Inf when there are too few points for one.
func shift(baseline, candidate []float64, deviate float64) (low, estimate float64) {
	differences := make([]float64, 0, len(baseline)*len(candidate))
	for _, c := range candidate {
		for _, b := range baseline {
			differences = append(differences, c-b)
		}
	}
	if len(differences) == 0 {
		return math.Inf(-1), math.NaN()
	}
	slices.Sort(differences)
	n := len(differences)
	estimate = (differences[(n-1)/2] + differences[n/2]) / 2
	rank := float64(n)/2 - deviate*math.Sqrt(float64(n*(len(baseline)+len(candidate)+1))/12)
	if !(rank >= 1) {
		return math.Inf(-1), estimate
	}
	return differences[int(rank)-1], estimate
}
