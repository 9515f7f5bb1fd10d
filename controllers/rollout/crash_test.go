package rollout_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/controllers/rollout"
)

// ending is what a journey comes to, apart from when.
type ending struct {
	Phase               rollout.Phase
	Baseline, Candidate string
	Refused, Done       bool
	Reason              rollout.Reason
	Acknowledged        rollout.Wishes
	Wanted              string
	Paused, Exists      bool
	Route               string
	Pods                map[string]int32
}

func endingOf(s *situation) ending {
	w, m := s.world, s.memory
	e := ending{
		Phase: m.Phase, Baseline: m.Baseline, Candidate: m.Candidate, Refused: m.Refused, Done: s.done, Reason: m.Reason, Acknowledged: m.Acknowledged,
		Wanted: w.wanted, Paused: w.paused, Exists: w.exists, Route: fmt.Sprint(w.route), Pods: map[string]int32{},
	}
	for _, set := range w.sets {
		if set.pods > 0 {
			e.Pods[set.revision] = set.pods
		}
	}
	return e
}

// depart makes ready for a journey.
func depart(j journey, r *rand.Rand) *situation {
	s := situate(newWorld(4), r)
	if j.before != nil {
		j.before(s.world, &s.plan)
	}
	s.plan.PodShare = s.world.podShare
	s.happened = []string{j.name}
	return s
}

// travel takes the journey to its end. look is one look at the world by whoever operates; it answers false when nothing can be said about what changed.
func travel(j journey, s *situation, look func() bool) ending {
	quiet := 0
	for range 800 {
		if s.memory.Reason == rollout.ReasonAwaitingApproval {
			s.world.wishes.Approve = s.memory.Candidate
		}
		before := s.memory
		sure := look()
		s.world.tick(interval)
		if s.stored.version > 0 {
			j.during(s.world, s.world.live.weight)
		}
		if !sure || inFlight(s.memory.Phase) || s.memory != before || s.world.moves() {
			quiet = 0
			continue
		}
		if quiet++; quiet == 3 {
			return endingOf(s)
		}
	}
	s.object("no state is a trap", string(s.memory.Phase))
	return endingOf(s)
}

// straight takes the journey without any accident.
func straight(j journey) (ending, *situation) {
	s := depart(j, nil)
	return travel(j, s, func() bool {
		s.pass()
		return true
	}), s
}

func TestEveryJourneyArrives(t *testing.T) {
	for _, j := range journeys() {
		t.Run(j.name, func(t *testing.T) {
			got, s := straight(j)
			if got.Phase != j.want {
				t.Errorf("ends in phase %s, want %s: %+v", got.Phase, j.want, got)
			}
			if s.objected != "" {
				t.Error(s.objected)
			}
		})
	}
}

// TestCrashesChangeNothing kills the operator anywhere, again and again: after it decided, after it recorded, after any of its deeds. Nothing is left of what it knew but
// what was recorded, and it comes back after a moment or after hours.
func TestCrashesChangeNothing(t *testing.T) {
	crashes := 0
	schedules(t, 4000, func(j journey, s *situation, r *rand.Rand) ending {
		left, risk := 15, r.Float64()/3
		s.dies = func() bool { return left > 0 && (s.world.paused || !j.impatient) && r.Float64() < risk }
		return travel(j, s, func() bool {
			made, alive := s.pass()
			if alive {
				return true
			}
			left, crashes = left-1, crashes+1
			s.happened = append(s.happened, fmt.Sprintf("a crash in %s at %d%%", made.State.Phase, made.State.Weight))
			for range absence(j, r) {
				s.world.tick(interval)
			}
			return false
		})
	})
	t.Logf("%d crashes", crashes)
}

// absence is how long nobody is there after a crash: mostly moments, sometimes longer than any deadline.
func absence(j journey, r *rand.Rand) int {
	if r.IntN(8) == 0 && !j.impatient {
		return r.IntN(100)
	}
	return r.IntN(2)
}

// TestTwoLeadersAreAsGoodAsOne lets two operators take turns, neither knowing of the other, with only the record between them.
func TestTwoLeadersAreAsGoodAsOne(t *testing.T) {
	schedules(t, 1000, func(j journey, s *situation, r *rand.Rand) ending {
		rival := *s.operator
		return travel(j, s, func() bool {
			if r.IntN(3) == 0 {
				*s.operator, rival = rival, *s.operator
			}
			s.pass()
			return !s.away
		})
	})
}

// schedules plays every journey many times with accidents, and wants it to end as it does without.
func schedules(t *testing.T, n int, play func(journey, *situation, *rand.Rand) ending) {
	t.Helper()
	if raceEnabled || testing.Short() {
		n /= 10
	}
	all := journeys()
	want := make([]ending, len(all))
	for i, j := range all {
		want[i], _ = straight(j)
	}
	for seed := range n {
		i, r := seed%len(all), rand.New(rand.NewPCG(uint64(seed), 7))
		s := depart(all[i], r)
		got := play(all[i], s, r)
		if s.objected != "" {
			t.Fatalf("seed %d: %s", seed, s.objected)
		}
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Fatalf("seed %d ends in another way (-without +with accidents):\n%s\n%s", seed, diff, s.happened)
		}
	}
}
