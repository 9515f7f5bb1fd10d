package rollout_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/controllers/rollout"
)

// invariant answers what is wrong with a turn, or nothing.
type invariant struct {
	name   string
	broken func(turn) string
}

// invariants must hold in every turn, whatever happened before it. The operator objects to some more when it acts: see its deeds.
func invariants() []invariant {
	return []invariant{
		{"the weight is a step of the plan, and rises by one step at a time", oneStepAtATime},
		{"the weight rises only on ready pods, a settled split and evidence", risesOnlyWhenEarned},
		{"a candidate that could not be judged gets no first traffic", unjudgedGetsNothing},
		{"no step is passed before its bake, its verdict and its approval", passesOnlyWithVerdict},
		{"what is desired is no more than what was granted", desiresNoMoreThanGranted},
		{"the workload is held while a release is in flight", holdsInFlight},
		{"a refused revision gets nothing without a retry", refusedGetsNothing},
		{"failing evidence takes the traffic away in the same turn", failureActsAtOnce},
		{"what ends a release ends it at once", endsAtOnce},
		{"a release is over only when the route is home", goesHome},
		{"in flight the timer never stops", timerRuns},
		{"the baseline changes only for a reason", baselineIsEarned},
		{"the same observation is not told twice", tellsOnce},
		{"a Canary goes only when nothing of it is left", leavesNothing},
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

// restoring says that the workload had rolled by itself so far that the baseline could not take all requests.
func restoring(t turn) bool {
	w := t.seen.Workload
	return w.CandidatePods+w.Strays > 0 && w.BaselineAvailable < w.MinAvailable
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
	case after.Phase == rollout.Promoting && t.before.Weight == 0 && t.before.Phase == rollout.Progressing && !restoring(t):
		return "promoted without a step"
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
	if next.Phase == rollout.Promoting {
		need = w.MinAvailable
	}
	switch {
	case next.Phase == rollout.Promoting && next.Forced && restoring(t) && w.CandidateAvailable >= need:
		// The way out when the baseline can't come back.
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

func unjudgedGetsNothing(t turn) string {
	if t.before.Weight == 0 && rises(t) && t.seen.Unjudgeable != "" && !t.made.State.Forced {
		return t.seen.Unjudgeable
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
	if !failing {
		return ""
	}
	d := t.made
	switch {
	case d.State.Phase == rollout.Progressing, d.State.Phase == rollout.Promoting, d.Desired.Weight > 0:
		return "the candidate keeps its traffic"
	case t.plan.PodShare && d.State.Phase == rollout.RollingBack && d.Desired.CandidatePods > 0 && t.seen.Workload.BaselineAvailable >= t.seen.Workload.MinAvailable:
		return "the candidate keeps its pods, which are its traffic"
	}
	return ""
}

func endsAtOnce(t turn) string {
	w := t.seen.Workload
	if t.before.Phase != rollout.Progressing || t.made.State.Phase != rollout.Progressing && t.made.State.Phase != rollout.Promoting {
		return ""
	}
	abort, _, _ := strings.Cut(t.seen.Wishes.Abort, "@")
	switch {
	case !w.Exists, w.Wanted != t.before.Candidate:
		return "nobody wants the candidate any more"
	case t.seen.Ending:
		return "the Canary is being deleted"
	case w.Fatal:
		return w.Trouble
	case w.Replicas == 0:
		return "the workload has no pods"
	case t.seen.Wishes.Abort != t.before.Acknowledged.Abort && abort == t.before.Candidate:
		return "a person aborted it"
	}
	return ""
}

func goesHome(t turn) string {
	if inFlight(t.before.Phase) && !inFlight(t.made.State.Phase) && !t.plan.PodShare && !t.seen.Split.Home && !t.seen.Split.Gone {
		return string(t.made.State.Phase)
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
	case is == w.Serving && w.BaselineAvailable == 0 && w.Strays > 0:
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
				s := newSituation(uint64(mask), 2026)
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
