package rollout_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/controllers/rollout"
)

// journey is a release with what happens to it. The happenings follow its progress, never the clock, so that a journey with crashes is the same journey.
type journey struct {
	name string
	// before arranges the world; during is called at every moment, with the weight that the data plane gives the candidate.
	before func(w *world, p *rollout.Plan)
	during func(w *world, weight int32)
	// impatient is set where the workload rolls by itself until the operator comes: it comes back soon, and lives until it has paused the workload.
	impatient bool
	want      rollout.Phase
}

func push(revision string) func(*world, int32) {
	return func(w *world, _ int32) { w.pushOnce(revision) }
}

// at calls then once the data plane gives the candidate weight.
func at(weight int32, then func(w *world)) func(*world, int32) {
	return func(w *world, is int32) {
		w.pushOnce("v2")
		if is == weight {
			then(w)
		}
	}
}

func journeys() []journey {
	failing := analysis.Report{Verdict: analysis.Fail, Message: "errors 5% against 0.1%"}
	doubtful := func(w *world, _ *rollout.Plan) {
		w.verdicts["v2"] = analysis.Report{Message: "12 requests of 50"}
	}
	return []journey{
		{name: "a good release", during: push("v2"), want: rollout.Succeeded},
		{name: "evidence against the candidate at 50%", during: at(50, func(w *world) { w.verdicts["v2"] = failing }), want: rollout.Failed},
		{name: "pods that crash at 10%", during: at(10, func(w *world) { w.broken = "v2" }), want: rollout.Failed},
		{name: "pods that never become ready", before: func(w *world, _ *rollout.Plan) { w.stuck = "v2" }, during: push("v2"), want: rollout.Failed},
		{name: "a newer template at 10%", during: at(10, func(w *world) { w.pushOnce("v3") }), want: rollout.Succeeded},
		{name: "a newer template at the hand-over", during: func(w *world, _ int32) {
			w.pushOnce("v2")
			if v1 := w.set("v1"); v1.owner == byCanary {
				w.pushOnce("v3")
			}
		}, want: rollout.Succeeded},
		{name: "a revert at 50%", during: at(50, func(w *world) { w.pushOnce("v1") }), want: rollout.Idle},
		{name: "a revert after a refusal", before: func(w *world, _ *rollout.Plan) { w.verdicts["v2"] = failing }, during: func(w *world, _ int32) {
			w.pushOnce("v2")
			if w.rolledBack("v2") {
				w.pushOnce("v1")
			}
		}, want: rollout.Idle},
		{name: "a fix after a refusal", before: func(w *world, _ *rollout.Plan) { w.verdicts["v2"] = failing }, during: func(w *world, _ int32) {
			w.pushOnce("v2")
			if w.rolledBack("v2") {
				w.pushOnce("v3")
			}
		}, want: rollout.Succeeded},
		{name: "another try after a refusal", before: func(w *world, _ *rollout.Plan) { w.verdicts["v2"] = failing }, during: func(w *world, _ int32) {
			w.pushOnce("v2")
			if w.rolledBack("v2") {
				delete(w.verdicts, "v2")
				w.wishes.Retry = "v2"
			}
		}, want: rollout.Succeeded},
		{name: "a Canary deleted at 10%", during: at(10, func(w *world) { w.ending = true }), want: rollout.Idle},
		{name: "a workload deleted at 50%", during: at(50, func(w *world) { w.remove() }), want: rollout.Idle},
		{name: "a workload scaled to 0 at 10%", during: at(10, func(w *world) { w.replicas = 0 }), want: rollout.Idle},
		{name: "a workload scaled up at 50%", during: at(50, func(w *world) { w.replicas = 9 }), want: rollout.Succeeded},
		{name: "an abort at 10%", during: at(10, func(w *world) { w.wishes.Abort = "v2" }), want: rollout.Failed},
		{name: "a promotion forced at 10%", before: doubtful, during: at(10, func(w *world) { w.wishes.Promote = "v2" }), want: rollout.Succeeded},
		{name: "no verdict, rolled back", before: doubtful, during: push("v2"), want: rollout.Failed},
		{name: "no verdict, advanced", before: func(w *world, p *rollout.Plan) {
			doubtful(w, p)
			p.OnInconclusive = rollout.AdvanceIfInconclusive
		}, during: push("v2"), want: rollout.Succeeded},
		{name: "a route written back at 50%", during: func(w *world, weight int32) {
			w.pushOnce("v2")
			if weight == 50 && !w.reverted {
				w.reverted, w.route = true, route{home: true}
			}
		}, want: rollout.Succeeded},
		{name: "a share of the pods", before: func(w *world, _ *rollout.Plan) { w.podShare = true }, during: push("v2"), want: rollout.Succeeded},
		{name: "a share of the pods, refused", before: func(w *world, _ *rollout.Plan) {
			w.podShare = true
			w.verdicts["v2"] = failing
		}, during: push("v2"), want: rollout.Failed},
		{name: "a Canary made in the middle of a rollout that somebody paused", before: func(w *world, _ *rollout.Plan) {
			w.wanted, w.paused = "v2", true
			w.sets = append(w.sets, &set{revision: "v2", owner: byDeployment, pods: 1, available: 1})
		}, during: func(*world, int32) {}, want: rollout.Succeeded},
		{name: "no gate", before: func(w *world, _ *rollout.Plan) { w.gate = false }, during: push("v2"), impatient: true, want: rollout.Succeeded},
		{name: "no gate, refused", before: func(w *world, _ *rollout.Plan) {
			w.gate = false
			w.verdicts["v2"] = failing
		}, during: push("v2"), impatient: true, want: rollout.Failed},
		{name: "a workload resumed by hand at 10%", during: func(w *world, weight int32) {
			w.pushOnce("v2")
			if weight == 10 && !w.reverted {
				w.reverted, w.paused = true, false
			}
		}, impatient: true, want: rollout.Succeeded},
	}
}

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

// travel takes the journey to its end, with crashes drawn from r: none when it is nil.
func travel(j journey, r *rand.Rand) (ending, *situation, int) {
	w := newWorld(4)
	s := situate(w, r)
	if j.before != nil {
		j.before(w, &s.plan)
	}
	s.plan.PodShare = w.podShare
	s.happened = []string{j.name}
	crashes, quiet := 0, 0
	if r != nil {
		risk := r.Float64() / 3
		s.dies = func() bool { return crashes < 15 && (w.paused || !j.impatient) && r.Float64() < risk }
	}
	for range 600 {
		s.approve()
		before := s.memory
		made, alive := s.pass()
		if !alive {
			crashes++
			s.happened = append(s.happened, fmt.Sprintf("a crash in %s at %d%%", made.State.Phase, made.State.Weight))
			for range absence(j, r) {
				w.tick(interval)
			}
		}
		w.tick(interval)
		if s.memory.Phase != "" {
			j.during(w, w.live.weight)
		}
		if !alive || s.away || inFlight(made.State.Phase) || made.State != before || w.moves() {
			quiet = 0
			continue
		}
		if quiet++; quiet == 3 {
			break
		}
	}
	e := ending{
		Phase: s.memory.Phase, Baseline: s.memory.Baseline, Candidate: s.memory.Candidate, Refused: s.memory.Refused, Done: s.done,
		Reason: s.memory.Reason, Acknowledged: s.memory.Acknowledged,
		Wanted: w.wanted, Paused: w.paused, Exists: w.exists, Route: fmt.Sprint(w.route), Pods: map[string]int32{},
	}
	for _, set := range w.sets {
		if set.pods > 0 {
			e.Pods[set.revision] = set.pods
		}
	}
	if quiet < 3 {
		s.object("no state is a trap", string(s.memory.Phase))
	}
	return e, s, crashes
}

// absence is how long nobody is there after a crash: mostly moments, sometimes longer than any deadline.
func absence(j journey, r *rand.Rand) int {
	if r.IntN(8) == 0 && !j.impatient {
		return r.IntN(100)
	}
	return r.IntN(2)
}

// approve gives the one approval that the plan asks for.
func (s *situation) approve() {
	if s.memory.Reason == rollout.ReasonAwaitingApproval {
		s.world.wishes.Approve = s.memory.Candidate
	}
}

func TestEveryJourneyArrivesWithoutCrashes(t *testing.T) {
	for _, j := range journeys() {
		t.Run(j.name, func(t *testing.T) {
			got, s, _ := travel(j, nil)
			if got.Phase != j.want {
				t.Errorf("ends in phase %s, want %s: %+v", got.Phase, j.want, got)
			}
			if s.objected != "" {
				t.Error(s.objected)
			}
		})
	}
}

func TestCrashesChangeNothing(t *testing.T) {
	schedules := 4000
	if raceEnabled || testing.Short() {
		schedules = 400
	}
	all := journeys()
	want := make([]ending, len(all))
	for i, j := range all {
		want[i], _, _ = travel(j, nil)
	}
	crashed := 0
	for seed := range schedules {
		i := seed % len(all)
		got, s, crashes := travel(all[i], rand.New(rand.NewPCG(uint64(seed), 7)))
		crashed += crashes
		if s.objected != "" {
			t.Errorf("seed %d: %s", seed, s.objected)
		}
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Errorf("seed %d: with crashes the end is another one (-without +with):\n%s\n%s", seed, diff, s.happened)
		}
		if t.Failed() && seed > 200 {
			break
		}
	}
	t.Logf("%d schedules with %d crashes over %d journeys", schedules, crashed, len(all))
}
