package engine

import (
	"math"
	"slices"

	"github.com/serin-dev/serin/analysis"
)

// cohort is candidate pods that began to serve in the same quarter of a minute. New pods are slow until their caches and
// compilers are warm, which is not the new version's fault: their requests are not counted for the first 30 seconds, and
// then not while their excess visibly decays.
type cohort struct {
	// Ready is when they began, in quarters of a minute.
	Ready int64
	// Settled is 1 once their requests count.
	Settled uint32
	// Sums over recent looks, older looks with less weight: events, those expected of the baseline in their place, and both
	// weighted by age in minutes.
	Events, EventsAge, Expected, ExpectedAge, ExpectedAge2 float32
}

const (
	cohortSeconds = 15
	warmSeconds   = 30
	// waitSeconds is the age from which a pod counts in any case.
	waitSeconds = 240
	mostCohorts = 32
	// fading is the weight of each look before the last.
	fading = 0.8
	// decayScore is how many standard deviations the decline must have to count as visible.
	decayScore = 1.3
)

// watch adds a look of the cohort.
func (c *cohort) watch(events, expected, age float64) {
	minutes := age / 60
	for _, s := range []struct {
		sum *float32
		add float64
	}{
		{&c.Events, events},
		{&c.EventsAge, events * minutes},
		{&c.Expected, expected},
		{&c.ExpectedAge, expected * minutes},
		{&c.ExpectedAge2, expected * minutes * minutes},
	} {
		*s.sum = fading**s.sum + float32(s.add)
	}
}

// decays is a one-sided score test for an excess that falls with age.
func (c *cohort) decays(dispersion float64) bool {
	x, m := float64(c.Events), float64(c.Expected)
	if m <= 0 || x <= 1.05*m {
		return false
	}
	ratio := x / m
	score := float64(c.EventsAge) - ratio*float64(c.ExpectedAge)
	variance := ratio * (float64(c.ExpectedAge2) - float64(c.ExpectedAge)*float64(c.ExpectedAge)/m) * dispersion
	return variance > 0 && score < -decayScore*math.Sqrt(variance)
}

// settle follows the excess of pods that are not settled yet.
func (m *metric) settle(v *view, r *reading) {
	y, others := total(r.arms[analysis.Baseline])
	share := (y + 0.5) / (others + 10)
	half := v.Window.To.Sub(v.Window.From).Seconds() / 2
	cells := slices.Clone(r.arms[analysis.Candidate])
	slices.SortStableFunc(cells, func(a, b cell) int { return int(a.ready - b.ready) })
	for len(cells) > 0 {
		same := 1
		for same < len(cells) && cells[same].ready == cells[0].ready {
			same++
		}
		x, n := total(cells[:same])
		if age := cells[0].age; age < waitSeconds {
			c := m.cohort(cells[0].ready)
			c.watch(x, n*share, age+half)
			if age >= warmSeconds && !c.decays(m.Dispersion.look()) {
				c.Settled = 1
			}
		}
		cells = cells[same:]
	}
	m.Cohorts = slices.DeleteFunc(m.Cohorts, func(c cohort) bool { return c.Ready*cohortSeconds+waitSeconds < v.Window.From.Unix() })
}

// cohort finds the cohort, or begins it.
func (m *metric) cohort(ready int64) *cohort {
	for i := range m.Cohorts {
		if m.Cohorts[i].Ready == ready {
			return &m.Cohorts[i]
		}
	}
	if len(m.Cohorts) == mostCohorts {
		m.Cohorts = slices.Delete(m.Cohorts, 0, 1)
	}
	m.Cohorts = append(m.Cohorts, cohort{Ready: ready})
	return &m.Cohorts[len(m.Cohorts)-1]
}

// settled says whether a candidate's requests count.
func (m *metric) settled(c cell) bool {
	if !m.uses(Settling) || c.age >= waitSeconds {
		return true
	}
	i := slices.IndexFunc(m.Cohorts, func(k cohort) bool { return k.Ready == c.ready })
	return i < 0 || m.Cohorts[i].Settled == 1
}
