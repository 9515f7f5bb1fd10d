package rollout_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/controllers/rollout"
)

// invariants must hold in every turn, whatever happened before it. The operator objects to some more when it acts: see its deeds.
func invariants() map[string]func(turn) string {
	return map[string]func(turn) string{
		"the weight is a step of the plan, and rises by one step at a time": oneStepAtATime,
		"the weight rises only on ready pods, a settled split and evidence": risesOnlyWhenEarned,
		"no step is passed before its bake, its verdict and its approval":   passesOnlyWithVerdict,
		"what is desired is no more than what was granted":                  desiresNoMoreThanGranted,
		"the workload is held while a release is in flight":                 holdsInFlight,
		"a refused revision gets nothing without a retry":                   refusedGetsNothing,
		"failing evidence takes the traffic away in the same turn":          failureActsAtOnce,
		"in flight the timer never stops":                                   timerRuns,
		"the baseline changes only for a reason":                            baselineIsEarned,
		"the same observation is not told twice":                            tellsOnce,
		"a Canary goes only when nothing of it is left":                     leavesNothing,
	}
}

func inFlight(p rollout.Phase) bool {
	return p == rollout.Progressing || p == rollout.Promoting || p == rollout.Finalizing || p == rollout.RollingBack
}

// granted is the weight before a turn, on the plan of that turn.
func granted(t turn) (weight int32, number int) {
	number = t.plan.StepNumber(t.before.Weight)
	if number == 0 {
		return 0, 0
	}
	return t.plan.Steps[number-1].Weight, number
}

func rises(t turn) bool {
	weight, _ := granted(t)
	return t.before.Phase == rollout.Progressing && t.made.State.Phase == rollout.Progressing && t.made.State.Weight > weight
}

// leavesStep says that a step above weight 0 was passed in this turn.
func leavesStep(t turn) bool {
	return t.before.Phase == rollout.Progressing && t.before.Weight > 0 && (rises(t) || t.made.State.Phase == rollout.Promoting)
}

func oneStepAtATime(t turn) string {
	before, number := granted(t)
	after := t.made.State
	switch {
	case after.Phase != rollout.Progressing && after.Phase != rollout.Promoting:
		if after.Weight != 0 {
			return fmt.Sprintf("weight %d%% in phase %s", after.Weight, after.Phase)
		}
	case after.Phase == rollout.Promoting && after.Weight != 100:
		return fmt.Sprintf("promoted from weight %d%%", after.Weight)
	case after.Weight != 0 && !slices.ContainsFunc(t.plan.Steps, func(s rollout.Step) bool { return s.Weight == after.Weight }) && after.Phase == rollout.Progressing:
		return fmt.Sprintf("weight %d%% is no step", after.Weight)
	case rises(t) && after.Weight != t.plan.Steps[number].Weight:
		return fmt.Sprintf("from %d%% to %d%%", before, after.Weight)
	case t.before.Phase != rollout.Progressing && t.before.Phase != rollout.Promoting && after.Weight > 0:
		return fmt.Sprintf("phase %s gave weight %d%%", t.before.Phase, after.Weight)
	}
	return ""
}

func risesOnlyWhenEarned(t turn) string {
	if !rises(t) && !leavesStep(t) {
		return ""
	}
	w, split, next := t.seen.Workload, t.seen.Split, t.made.State
	need := t.plan.Capacity(w.Replicas, next.Weight)
	switch {
	case !w.Exists || !w.Paused:
		return "the workload is not held"
	case w.Wanted != t.before.Candidate:
		return "the template is another one's"
	case !t.plan.PodShare && w.CandidateAvailable < need:
		return fmt.Sprintf("%d of %d pods available", w.CandidateAvailable, need)
	case !t.plan.PodShare && (!split.Settled || split.Home || split.Gone || split.Weight != t.before.Weight):
		return fmt.Sprintf("the split is %+v at weight %d%%", split, t.before.Weight)
	case t.seen.Report.Verdict == analysis.Fail && !next.Forced && t.before.Weight > 0:
		return "the evidence fails"
	case next.Paused:
		return "it is paused"
	}
	return ""
}

func passesOnlyWithVerdict(t turn) string {
	s := t.made.State
	waived := t.before.Waived
	if !leavesStep(t) || s.Forced {
		return ""
	}
	step := t.plan.Steps[t.plan.StepNumber(t.before.Weight)-1]
	switch {
	case step.Weight != t.before.Weight:
		return "the weight is no step of the plan"
	case !waived && (t.seen.Report.Verdict != analysis.Pass || t.seen.SourceTrouble != ""):
		return fmt.Sprintf("verdict %v, source trouble %q", t.seen.Report.Verdict, t.seen.SourceTrouble)
	case t.before.SettledAt.IsZero() || !t.before.Passed && t.seen.Now.Sub(t.before.SettledAt) < step.Bake:
		return "the bake is not over"
	case !t.before.Passed && step.Approval && s.ApprovedWeight != step.Weight:
		return "nobody approved"
	}
	return ""
}

func desiresNoMoreThanGranted(t turn) string {
	s, d := t.made.State, t.made.Desired
	want := s.Weight
	switch {
	case s.Phase == rollout.Promoting:
		want = 100
	case s.Phase != rollout.Progressing:
		want = 0
	}
	switch {
	case d.Split && d.Weight != want, d.Weight > want:
		return fmt.Sprintf("%s desires weight %d%%, granted are %d%%", s.Phase, d.Weight, s.Weight)
	case d.CandidatePods < 0 || d.CandidatePods > max(t.seen.Workload.Replicas, t.seen.Workload.CandidatePods):
		return fmt.Sprintf("%d pods of the candidate beside %d", d.CandidatePods, t.seen.Workload.Replicas)
	case d.HandOver && s.Phase != rollout.Promoting:
		return "hand-over in phase " + string(s.Phase)
	}
	return ""
}

func holdsInFlight(t turn) string {
	s, d, w := t.made.State, t.made.Desired, t.seen.Workload
	judged := w.Wanted == s.Baseline || w.RestartOf == s.Baseline
	switch {
	case !w.Exists:
	case d.Hold == rollout.LetRoll && !judged:
		return "an unjudged template is let loose"
	case (inFlight(s.Phase) || s.Phase == rollout.Failed) && d.Hold != rollout.KeepPaused && !judged:
		return fmt.Sprintf("hold %d in phase %s", d.Hold, s.Phase)
	case (s.Phase == rollout.Progressing || s.Phase == rollout.Promoting || s.Phase == rollout.RollingBack) && d.Hold != rollout.KeepPaused:
		return fmt.Sprintf("hold %d in phase %s", d.Hold, s.Phase)
	}
	return ""
}

func refusedGetsNothing(t turn) string {
	s := t.made.State
	switch {
	case s.Refused && s.Phase != rollout.RollingBack && s.Phase != rollout.Failed:
		return "refused in phase " + string(s.Phase)
	case s.Refused && (s.Cause == "" || s.Weight > 0 || s.Candidate == ""):
		return fmt.Sprintf("refused with cause %q, weight %d%%", s.Cause, s.Weight)
	case t.before.Refused && t.made.State.Phase == rollout.Progressing && t.before.Acknowledged.Retry == s.Acknowledged.Retry:
		return "tried again although nobody asked"
	case t.before.Refused && s.Baseline == t.before.Candidate && !t.seen.Workload.Complete:
		return "made the baseline"
	}
	return ""
}

func failureActsAtOnce(t turn) string {
	failing := t.before.Phase == rollout.Progressing && t.before.Weight > 0 && !t.before.SettledAt.IsZero() && !t.before.Forced &&
		t.seen.Report.Verdict == analysis.Fail
	if failing && (t.made.State.Phase == rollout.Progressing || t.made.State.Phase == rollout.Promoting) {
		return "the candidate keeps its traffic"
	}
	return ""
}

func timerRuns(t turn) string {
	if after := t.made.RequeueAfter; after < 0 || after == 0 && inFlight(t.made.State.Phase) {
		return fmt.Sprintf("requeue after %v in phase %s", after, t.made.State.Phase)
	}
	if t.seen.Ending && !t.made.Done && t.made.RequeueAfter == 0 {
		return "the Canary can't go, and nobody looks again"
	}
	return ""
}

func baselineIsEarned(t turn) string {
	was, is, w := t.before.Baseline, t.made.State.Baseline, t.seen.Workload
	switch {
	case was == is, !w.Exists, was == "":
	case is == "" && w.BaselineAvailable == 0 && w.Strays > 0:
	case is == w.Wanted && (w.Complete || w.Replicas == 0 && !t.before.Refused):
	case t.before.Phase == rollout.Promoting && is == t.before.Candidate && w.HandedOver:
	default:
		return fmt.Sprintf("from %s to %s in phase %s", was, is, t.before.Phase)
	}
	return ""
}

// tellsOnce decides again on the same observation, as a second look at an unchanged world does, until nothing changes any more.
func tellsOnce(t turn) string {
	d, told := t.made, t.made.Event
	for range 6 {
		next := rollout.Decide(t.plan, d.State, t.seen)
		if next.Event != nil && told != nil && *next.Event == *told {
			return "told again: " + told.Message
		}
		if next.State == d.State {
			return ""
		}
		if next.Event != nil {
			told = next.Event
		}
		d = next
	}
	return fmt.Sprintf("no rest: %+v", d.State)
}

func leavesNothing(t turn) string {
	split := t.seen.Split
	switch {
	case !t.made.Done:
	case !t.seen.Ending:
		return "done, although the Canary stays"
	case inFlight(t.made.State.Phase):
		return "done in phase " + string(t.made.State.Phase)
	case !t.plan.PodShare && !split.Home && !split.Gone:
		return "the route still carries a split"
	case t.made.State.Candidate != "" && t.seen.Workload.CandidatePods > 0:
		return "the candidate still has pods"
	}
	return ""
}

// situation is a release that several mutations happen to.
type situation struct {
	*operator
	seed     uint64
	happened []string
	objected string
}

func newSituation(mask int) *situation {
	seed := uint64(mask)
	r := rand.New(rand.NewPCG(seed, 2026))
	w := newWorld(1 + r.Int32N(8))
	w.gate, w.podShare = r.IntN(4) > 0, r.IntN(4) == 0
	s := &situation{seed: seed, operator: &operator{world: w, plan: testPlan(), shuffle: r}}
	s.plan.PodShare = w.podShare
	s.plan.OnInconclusive = rollout.InconclusivePolicy(r.IntN(3))
	s.object = func(invariant, about string) {
		if s.objected == "" {
			s.objected = fmt.Sprintf("%s: %s\nafter %s\nmemory %+v", invariant, about, strings.Join(s.happened, ", "), s.memory)
		}
	}
	all := invariants()
	s.saw = func(t turn) {
		for name, broken := range all {
			if about := broken(t); about != "" {
				s.object(name, about)
			}
		}
	}
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
	w.deaf, w.stuck, w.broken, w.silent = false, "", "", ""
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

func TestEverySubsetOfMutations(t *testing.T) {
	all := 1 << len(mutations())
	stride := 1
	if raceEnabled || testing.Short() {
		stride = 13 // coprime to every power of two, so that every mutation meets every other
	}
	const workers = 4
	var wg sync.WaitGroup
	broken := make([][]string, workers)
	for worker := range workers {
		wg.Go(func() {
			for mask := worker * stride; mask < all; mask += workers * stride {
				s := newSituation(mask)
				s.endure(mask)
				s.end()
				if s.objected != "" && len(broken[worker]) < 3 {
					broken[worker] = append(broken[worker], fmt.Sprintf("situation %d: %s", mask, s.objected))
				}
			}
		})
	}
	wg.Wait()
	for _, b := range slices.Concat(broken...) {
		t.Error(b)
	}
}
