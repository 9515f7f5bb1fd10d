package engine

import (
	"math"

	"github.com/serin-dev/serin/analysis"
)

// coldStart is how much worse than the baseline the release's pods were in their first seconds. New pods are slow until their
// caches and compilers are warm, which is not the new version's fault: the policy's warm-up is not counted, and what the
// pods were worse by in that time is taken to fade away. A new version that is worse stays as bad as it was:
// once it has pods that are warm beyond doubt, what they are worse by is no cold start.
type coldStart struct {
	// Events of young pods, those expected of the baseline in their place, and the latter weighted by age in seconds.
	Events, Expected, Age float32
	// OldEvents and OldExpected are those of the release's pods that are warm beyond doubt.
	OldEvents, OldExpected float32
}

const (
	// fade is the time in which an excess falls to a third, in warm-ups: 45 s at the default one of 30 s. A slower start than that is the new version's fault.
	fade = 1.5
	// mostExcess, as a multiple of the baseline's events: more than that is no cold start.
	mostExcess = 2
	// After so many warm-ups a pod is warm beyond doubt. What such pods show counts against oldWeight expected events.
	old       = 6
	oldWeight = 20
)

// watch notes a young pod's look.
func (s *coldStart) watch(events, expected, age float64) {
	s.Events += float32(events)
	s.Expected += float32(expected)
	s.Age += float32(expected * age)
}

// excess is how much worse than the baseline, as a fraction, a pod may be at an age with nothing wrong; age and warm-up in seconds.
func (s *coldStart) excess(age, warmUp float64) float64 {
	if s.Expected <= 0 || warmUp <= 0 {
		return 0
	}
	lasting := max(float64((s.OldEvents+oldWeight)/(s.OldExpected+oldWeight)), 1)
	first := float64(s.Events/s.Expected)/lasting - 1
	return min(max(first, 0), mostExcess) * math.Exp(-(age-float64(s.Age/s.Expected))/(fade*warmUp))
}

// warm are the candidate's cells that count. Pods that may still be worse for being new are excused for a part of their events.
func (m *metric) warm(v *view, r *reading) []cell {
	cells := r.arms[analysis.Candidate]
	if m.warmUp == 0 {
		return cells
	}
	y, others := total(r.arms[analysis.Baseline])
	share := (m.allow(y, others, m.part()) + 0.5) / (others + 10)
	half := v.seconds() / 2
	warm := counted(cells, m.warmUp)
	for _, c := range cells {
		switch {
		case c.age < m.warmUp:
			m.ColdStart.watch(c.events, c.requests*share, c.age+half)
		case c.age >= old*m.warmUp:
			m.ColdStart.OldEvents += float32(c.events)
			m.ColdStart.OldExpected += float32(c.requests * share)
		}
	}
	if m.uses(ColdStart) {
		for i := range warm {
			warm[i].excused *= 1 + m.ColdStart.excess(warm[i].age+half, m.warmUp)
		}
	}
	return warm
}
