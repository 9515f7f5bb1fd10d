package rollout

import (
	"fmt"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// progress carries the candidate up the steps.
func (t *turn) progress() {
	if t.interrupted() {
		return
	}
	t.obey()
	t.followPlan()
	switch {
	case t.restoringBaseline():
		t.awaitBaseline()
	case t.unjudgeable():
		t.awaitJudge()
	case !t.settled():
		t.awaitSplit()
	case !t.o.Workload.Paused:
		t.message = "keeping the workload from rolling by itself"
	default:
		if t.s.SettledAt.IsZero() {
			t.s.SettledAt = t.o.Now
		}
		if t.s.Passed || t.pass() {
			t.rise()
		}
	}
}

// interrupted ends the release when the world, a person or the evidence says so.
func (t *turn) interrupted() bool {
	w := t.o.Workload
	switch {
	case !w.Exists:
		t.leave(ReasonTargetDeleted, "the workload was deleted")
	case t.isBaseline():
		t.leave(ReasonReverted, "the template is the baseline's again")
	case t.rolledOutByItself():
		t.passThrough(true, rolledOutUnwatched)
	case t.o.Ending:
		t.leave(ReasonCanaryDeleted, "the Canary is being deleted before its judgement. "+staysPaused)
	case w.Wanted != t.s.Candidate:
		t.leave(ReasonSuperseded, fmt.Sprintf("revision %s is newer and starts from the first step", w.Wanted))
	case t.wished(t.o.Wishes.Abort, &t.s.Acknowledged.Abort):
		t.refuse(ReasonAborted, "a person aborted it")
	case t.failing():
		t.refuse(ReasonAnalysisFailed, t.o.Report.Message)
	case w.Fatal:
		t.refuse(ReasonCandidateFailed, w.Trouble)
	case w.Replicas == 0:
		t.leave(ReasonScaledToZero, "the workload was scaled to 0 replicas")
	case w.BaselineGone && w.CandidatePods == 0:
		t.passThrough(true, "the ReplicaSet of baseline "+t.s.Baseline+" was deleted, and nothing serves that it could be compared with")
	case t.vanished():
		t.refuse(ReasonCandidateFailed, withoutPods)
	default:
		return false
	}
	return true
}

// failing says that the evidence of this step speaks against the candidate. A person who forces the release has overruled it, and so has one who left nothing to go
// back to.
func (t *turn) failing() bool {
	return !t.o.Workload.BaselineGone && t.o.Report.Verdict == analysis.Fail && t.s.Weight > 0 && !t.s.SettledAt.IsZero() && !t.s.Forced
}

// obey takes in what people ask for, each wish once.
func (t *turn) obey() {
	wishes, done := t.o.Wishes, &t.s.Acknowledged
	if t.wished(wishes.Promote, &done.Promote) {
		t.s.Forced, t.s.Paused = true, false
	}
	if t.wished(wishes.Resume, &done.Resume) && t.s.Paused {
		t.s.Paused = false
		t.s.EnteredAt = t.o.Now
	}
	if t.wished(wishes.Pause, &done.Pause) {
		t.s.Paused = true
	}
	if step, ok := t.step(); ok && step.Approval && t.s.ApprovedWeight != step.Weight && t.wished(wishes.Approve, &done.Approve) {
		t.s.ApprovedWeight = step.Weight
	}
}

// followPlan takes the granted weight down to a step of the plan, should the plan have changed under the release.
func (t *turn) followPlan() {
	weight := int32(0)
	if step, ok := t.step(); ok {
		weight = step.Weight
	}
	if before := t.s.Weight; weight != before {
		t.grant(weight, ReasonSettling)
		t.tell(ReasonSettling, false, "the plan was edited: the weight goes from %d%% down to %d%%, the step below", before, weight)
	}
}

// grant gives the candidate a weight, and begins to wait for the split.
func (t *turn) grant(weight int32, reason Reason) {
	t.s.Weight, t.s.Passed, t.s.Waived = weight, false, false
	t.s.EnteredAt, t.s.SettledAt, t.s.Reason = t.o.Now, time.Time{}, reason
}

func (t *turn) settled() bool {
	w, split := t.o.Workload, t.o.Split
	if t.p.PodShare {
		// Pods come and go with the workload's size; once the share was there, that is no new split.
		pods := t.capacity(t.s.Weight)
		return !t.s.SettledAt.IsZero() || w.CandidatePods == pods && w.CandidateAvailable >= pods
	}
	return split.Settled && !split.Home && !split.Gone && split.Weight == t.s.Weight
}

// awaitSplit waits for the data plane, and notices when somebody else changed the route under the release.
func (t *turn) awaitSplit() {
	split := t.o.Split
	if !t.s.SettledAt.IsZero() {
		t.s.SettledAt, t.s.EnteredAt, t.s.Passed = time.Time{}, t.o.Now, false
		if split.Gone || split.Home || split.Alike || split.Weight != t.s.Weight {
			t.wait(ReasonRouteReverted, t.routeChange())
			return
		}
	}
	waiting := orElse(split.Message, "waiting for the gateway to acknowledge the split")
	switch {
	case t.overdue(t.p.ReadyDeadline) && t.p.PodShare:
		t.refuse(ReasonCandidateNotReady, fmt.Sprintf("its pods were not available within %s: %s", short(t.p.ReadyDeadline), t.podsMessage(t.capacity(t.s.Weight))))
		return
	case t.overdue(t.p.ReadyDeadline):
		t.refuse(ReasonSplitUnsettled, fmt.Sprintf("the route did not settle at weight %d%% within %s: %s", t.s.Weight, short(t.p.ReadyDeadline), waiting))
		return
	case t.p.PodShare:
		waiting = t.podsMessage(t.capacity(t.s.Weight))
		if more := t.o.Workload.CandidatePods - t.capacity(t.s.Weight); more > 0 {
			waiting = fmt.Sprintf("%d pods of the candidate are leaving", more)
		}
	}
	if t.s.Reason != ReasonRouteReverted && t.s.Reason != ReasonReleaseStarted && t.s.Reason != ReasonStepAdvanced {
		t.s.Reason = ReasonSettling
	}
	t.message = fmt.Sprintf("setting weight %d%%: %s", t.s.Weight, waiting)
}

// routeChange says what somebody else did to the route.
func (t *turn) routeChange() string {
	switch split := t.o.Split; {
	case split.Gone:
		return fmt.Sprintf("the route was deleted at weight %d%%; the step starts over when it is back", t.s.Weight)
	case split.Home, split.Alike:
		return fmt.Sprintf("somebody wrote the route back at weight %d%%, so that requests reached all pods alike; it is set again and the step starts over", t.s.Weight)
	default:
		return fmt.Sprintf("somebody wrote weight %d%% into the route instead of %d%%; it is set again and the step starts over", split.Weight, t.s.Weight)
	}
}

// pass says whether the present step has shown what it must.
func (t *turn) pass() bool {
	step, ok := t.step()
	if !ok || t.s.Forced {
		return t.passed()
	}
	left := step.Bake - t.o.Now.Sub(t.s.SettledAt)
	switch {
	case left > 0:
		t.watch(ReasonObserving, fmt.Sprintf("%s bakes for at least %s more", t.at(), short(left)))
		return false
	case !t.evidenceHolds():
		t.withoutVerdict(step)
		return false
	case step.Approval && t.s.ApprovedWeight != step.Weight:
		t.standStill(ReasonAwaitingApproval, "passed and waits for approval: serin.dev/approve="+wish(t.s.Candidate, t.s.Acknowledged.Approve))
		return false
	case t.s.Paused:
		t.pause()
		return false
	case t.stale():
		t.withoutVerdict(step)
		return false
	}
	return t.passed()
}

func (t *turn) passed() bool {
	t.s.Passed, t.s.EnteredAt = true, t.o.Now
	return true
}

// standStill waits for a person. No deadline runs meanwhile.
func (t *turn) standStill(reason Reason, message string) {
	t.s.EnteredAt = t.o.Now
	t.wait(reason, t.at()+" "+message)
}

func (t *turn) pause() {
	t.standStill(ReasonPaused, "is paused by a person; serin.dev/resume="+wish(t.s.Candidate, t.s.Acknowledged.Resume)+" goes on")
}

// evidenceHolds says that the candidate may get more traffic as far as the evidence goes. What a source said before it fell silent is no evidence for now.
func (t *turn) evidenceHolds() bool {
	return t.s.Weight == 0 || t.s.Forced || t.s.Waived || t.o.Report.Verdict == analysis.Pass && t.o.SourceTrouble == ""
}

// stale says that nothing has been seen for too long to give the candidate more on it. That is asked last: it takes nothing back from a step that waits for a person.
func (t *turn) stale() bool {
	return t.o.Stale != "" && t.s.Weight > 0 && !t.s.Forced && !t.s.Waived
}

// withoutVerdict waits for evidence until the step's deadline, and then does as the policy says.
func (t *turn) withoutVerdict(step Step) {
	since := t.s.SettledAt.Add(step.Bake)
	if t.s.EnteredAt.After(since) {
		since = t.s.EnteredAt
	}
	if t.s.Paused || t.o.Now.Sub(since) <= t.p.EvidenceDeadline {
		t.watch(ReasonInconclusive, t.at()+" waits for evidence")
		return
	}
	missing := orElse(t.o.SourceTrouble, orElse(t.o.Stale, orElse(t.o.Report.Message, "the source brought nothing")))
	switch t.p.OnInconclusive {
	case HoldIfInconclusive:
		t.wait(ReasonHolding, fmt.Sprintf("%s has had no verdict for %s and is held there: %s. serin.dev/promote=%s or serin.dev/abort=%s ends it", t.at(), short(t.p.EvidenceDeadline),
			missing, wish(t.s.Candidate, t.s.Acknowledged.Promote), wish(t.s.Candidate, t.s.Acknowledged.Abort)))
	case AdvanceIfInconclusive:
		t.s.Waived = true
		t.tell(ReasonInconclusive, true, "%s passes without a verdict after %s, as onInconclusive says: %s", t.at(), short(t.p.EvidenceDeadline), missing)
	case RollBackIfInconclusive:
		t.refuse(ReasonStepDeadline, fmt.Sprintf("no verdict within %s after the bake: %s", short(t.p.EvidenceDeadline), missing))
	}
}

// watch waits for reason while the evidence comes in, or says that none comes.
func (t *turn) watch(reason Reason, message string) {
	switch {
	case t.o.SourceTrouble != "":
		t.wait(ReasonSourceUnavailable, message+"; the source brings no evidence: "+t.o.SourceTrouble)
	case t.s.Paused:
		t.wait(ReasonPaused, message+"; paused by a person")
	default:
		if m := orElse(t.o.Stale, t.o.Report.Message); m != "" {
			message += ": " + m
		}
		t.wait(reason, message)
	}
}

// rise grants the next weight once the candidate has the pods for it, or begins the hand-over after the last.
func (t *turn) rise() {
	w := t.o.Workload
	next, more := t.next()
	need := t.enough()
	if more {
		need = t.capacity(next.Weight)
	}
	switch {
	case t.s.Paused:
		t.pause()
	case !t.evidenceHolds() || t.stale():
		t.s.Passed, t.s.EnteredAt = false, t.o.Now
		t.watch(ReasonInconclusive, t.at()+" waits for evidence")
	case w.CandidateAvailable < need && (!more || !t.p.PodShare):
		t.awaitPods(need)
	case more:
		because := t.because()
		t.grant(next.Weight, ReasonStepAdvanced)
		t.tell(ReasonStepAdvanced, false, "revision %s gets %d%% of the traffic (step %d of %d)%s", t.s.Candidate, next.Weight, t.stepNumber(), len(t.p.Steps), because)
	case t.s.Weight == 100:
		t.enter(Promoting, ReasonPromoting)
		t.message = "every step passed; handing the candidate over to the workload"
	default:
		t.wait(ReasonHolding, t.at()+" is held there: the plan does not end at weight 100%")
	}
}

// because quotes the evidence that a step was passed on.
func (t *turn) because() string {
	switch m := t.o.Report.Message; {
	case t.s.Forced:
		return ", as a person asked without waiting for evidence"
	case t.s.Weight == 0 || m == "":
		return ""
	case t.s.Waived:
		return ", without a verdict: " + m
	default:
		return ": " + m
	}
}

// awaitPods waits for the candidate's pods.
func (t *turn) awaitPods(need int32) {
	if t.overdue(t.p.ReadyDeadline) {
		t.refuse(ReasonCandidateNotReady, fmt.Sprintf("its pods were not available within %s: %s", short(t.p.ReadyDeadline), t.podsMessage(need)))
		return
	}
	t.wait(ReasonScaling, "waiting for the candidate: "+t.podsMessage(need))
}

func (t *turn) podsMessage(need int32) string {
	w := t.o.Workload
	m := fmt.Sprintf("%d of %d pods available", min(w.CandidateAvailable, need), need)
	if w.Trouble != "" {
		m += " (" + w.Trouble + ")"
	}
	return m
}

// at names the present step.
func (t *turn) at() string {
	if t.stepNumber() == 0 {
		return "the way to the first step"
	}
	return fmt.Sprintf("step %d of %d (weight %d%%)", t.stepNumber(), len(t.p.Steps), t.s.Weight)
}

// stepNumber counts from 1; 0 means that no traffic was granted yet.
func (t *turn) stepNumber() int { return t.p.StepNumber(t.s.Weight) }

// StepNumber is the number, counted from 1, of the highest step that weight reaches; 0 when it reaches none.
func (p Plan) StepNumber(weight int32) int {
	n := 0
	for n < len(p.Steps) && p.Steps[n].Weight <= weight {
		n++
	}
	return n
}

// After is the weight of the step that follows a weight; the last step's at the end.
func (p Plan) After(weight int32) int32 {
	return p.Steps[min(p.StepNumber(weight), len(p.Steps)-1)].Weight
}

// step is the present step; false before the first.
func (t *turn) step() (Step, bool) {
	n := t.stepNumber()
	if n == 0 {
		return Step{}, false
	}
	return t.p.Steps[n-1], true
}

// next is the step after the present one; false after the last.
func (t *turn) next() (Step, bool) {
	n := t.stepNumber()
	if n >= len(t.p.Steps) {
		return Step{}, false
	}
	return t.p.Steps[n], true
}

func (t *turn) capacity(weight int32) int32 { return t.p.Capacity(t.o.Workload.Replicas, weight) }
