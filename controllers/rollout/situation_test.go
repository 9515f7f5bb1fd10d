package rollout_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/serin-dev/serin/controllers/rollout"
)

// situation is an operator at work in a world, with the invariants looking on.
type situation struct {
	*operator
	happened []string
	objected string
}

// situate puts an operator into a world. r shuffles what may come in any order.
func situate(w *world, r *rand.Rand) *situation {
	s := &situation{operator: &operator{world: w, plan: testPlan(), shuffle: r, stored: &record{}}}
	s.plan.PodShare = w.podShare
	s.object = func(invariant, about string) {
		if s.objected == "" {
			s.objected = fmt.Sprintf("%s: %s\nafter %s\nmemory %+v", invariant, about, strings.Join(s.happened, ", "), s.memory)
		}
	}
	all := invariants()
	s.saw = func(t turn) {
		for _, i := range all {
			if about := i.broken(t); about != "" {
				s.object(i.name, about)
			}
		}
	}
	return s
}

// newSituation draws a world and a policy from the seed.
func newSituation(seed, salt uint64) *situation {
	r := rand.New(rand.NewPCG(seed, salt))
	w := newWorld(1 + r.Int32N(8))
	w.gate, w.podShare = r.IntN(4) > 0, r.IntN(4) == 0
	s := situate(w, r)
	s.plan.OnInconclusive = rollout.InconclusivePolicy(r.IntN(3))
	return s
}

// testPlan climbs fast.
func testPlan() rollout.Plan {
	return rollout.Plan{
		Steps: []rollout.Step{
			{Weight: 10, Bake: 2 * interval},
			{Weight: 50, Bake: interval, Approval: true},
			{Weight: 100, Bake: interval},
		},
		Interval: interval, EvidenceDeadline: 12 * interval, ReadyDeadline: 12 * interval, Drain: interval,
		Capacity: capacity,
	}
}

// capacity rounds up, and gives any weight a pod.
func capacity(replicas, weight int32) int32 { return (replicas*min(weight, 100) + 99) / 100 }

// step is one pass of the operator and a moment of the world.
func (s *situation) step() rollout.Decision {
	made, _ := s.pass()
	s.world.tick(interval)
	return made
}

// endure starts a release and lets the mutations of the mask happen to it, in an order and at moments drawn from the seed.
func (s *situation) endure(mask int) {
	r := s.shuffle
	s.step()
	s.world.push("v2")
	s.happened = append(s.happened, "v2 pushed")
	for range r.IntN(30) {
		s.cooperate()
		s.step()
	}
	all := mutations()
	for _, i := range r.Perm(len(all)) {
		if mask&(1<<i) == 0 || s.done {
			continue
		}
		s.happened = append(s.happened, fmt.Sprintf("%s in %s at %d%%", all[i].name, s.memory.Phase, s.memory.Weight))
		all[i].apply(s.world, s.operator, r)
		for range r.IntN(4) {
			if r.IntN(2) == 0 {
				s.cooperate()
			}
			s.step()
		}
	}
}

// cooperate gives the approvals that are asked for, and ends pauses.
func (s *situation) cooperate() {
	again := s.memory.Candidate + "@" + s.world.now.Format(time.TimeOnly)
	if s.memory.Reason == rollout.ReasonAwaitingApproval {
		s.world.wishes.Approve = again
	}
	if s.memory.Paused {
		s.world.wishes.Resume = again
	}
}

// heal makes everything outside of the release as good as it can be.
func (s *situation) heal() {
	w := s.world
	w.deaf, w.stuck, w.broken, w.silent, w.alike = false, "", "", "", ""
	clear(w.verdicts)
	if w.route.gone {
		w.route = route{home: true}
	}
}

// end lets a healed world run until nothing changes any more.
func (s *situation) end() {
	s.heal()
	s.happened = append(s.happened, "healed")
	quiet := 0
	for range 400 {
		s.cooperate()
		before := s.memory
		made := s.step()
		if inFlight(made.State.Phase) || made.State != before || s.world.moves() {
			quiet = 0
			continue
		}
		if quiet++; quiet == 3 {
			s.atTheEnd()
			return
		}
	}
	s.object("no state is a trap", string(s.memory.Phase))
}

// atTheEnd holds the world against what the last phase promises.
func (s *situation) atTheEnd() {
	w, m := s.world, s.memory
	never := func(wrong bool, what string) {
		if wrong {
			s.object("at the end: "+what, fmt.Sprintf("%+v", *w))
		}
	}
	for _, set := range w.sets {
		never(set.owner == byCanary && set.pods > 0, "nothing of ours has pods")
	}
	never(!w.route.home && !w.podShare, "the route is as its owner wrote it")
	never(w.ending && !s.done, "a deleted Canary is gone")
	if !w.exists || w.ending || w.gated {
		// Paused and reverted before anybody looked, a workload stays paused: it might as well have been its owner.
		return
	}
	switch m.Phase {
	case rollout.Idle, rollout.Succeeded:
		never(original(w.wanted) != original(m.Baseline), "what is wanted serves")
		never(!w.complete(), "the workload is complete")
		never(w.paused, "the workload is not paused")
	case rollout.Failed:
		b := w.set(m.Baseline)
		never(!w.paused || original(w.wanted) != original(m.Candidate), "a refused template is held")
		never(b == nil || b.pods != w.replicas, "the baseline has all of its pods")
	default:
		never(true, "no release is in flight")
	}
}
