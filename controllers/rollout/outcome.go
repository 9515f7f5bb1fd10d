package rollout

import (
	"fmt"
	"time"
)

// promote waits until the candidate is the workload's own.
func (t *turn) promote() {
	w := t.o.Workload
	switch {
	case !w.Exists:
		t.leave(ReasonTargetDeleted, "the workload was deleted")
	case w.HandedOver || t.rolledOutByItself():
		how := t.promotedHow()
		t.s.Baseline = t.s.Candidate
		t.forget()
		t.enter(Finalizing, ReasonPromoted)
		t.tell(ReasonPromoted, false, "revision %s is promoted%s", t.s.Baseline, how)
	case w.Complete && w.Replicas > 0:
		t.wentElsewhere()
	case w.Adopted:
		t.message = "the candidate belongs to the workload; the old pods are leaving"
	case t.isBaseline():
		t.leave(ReasonReverted, "the template is the baseline's again")
	case t.o.Ending:
		t.leave(ReasonCanaryDeleted, "the Canary is being deleted before the hand-over. "+staysPaused)
	case t.wished(t.o.Wishes.Abort, &t.s.Acknowledged.Abort):
		t.refuse(ReasonAborted, "a person aborted it")
	case w.Fatal:
		t.refuse(ReasonCandidateFailed, w.Trouble)
	case t.vanished():
		t.refuse(ReasonCandidateFailed, withoutPods)
	case t.overdue(t.p.ReadyDeadline):
		t.refuse(ReasonHandOverIncomplete, fmt.Sprintf("the hand-over was not over within %s: %s", short(t.p.ReadyDeadline), t.awaitedForHandOver()))
	default:
		t.message = "handing the candidate over to the workload: " + t.awaitedForHandOver()
	}
}

// promotedHow says on what grounds the candidate is promoted.
func (t *turn) promotedHow() string {
	switch {
	case t.s.Forced:
		return " as a person asked: its pods now belong to the workload"
	case t.s.Waived:
		return " without a verdict: its pods now belong to the workload"
	}
	return ": the pods that were judged now belong to the workload"
}

// wentElsewhere ends a hand-over that the workload answered by rolling out something else, to the last pod.
func (t *turn) wentElsewhere() {
	if t.isBaseline() {
		t.leave(ReasonReverted, "the workload went back to the baseline by itself")
		return
	}
	t.passThrough(true, rolledOutUnwatched)
}

// carriesAll says that the candidate has all requests and the pods for them: the baseline can go.
func (t *turn) carriesAll() bool {
	split := t.o.Split
	routed := t.p.PodShare || split.Settled && !split.Home && !split.Gone && split.Weight == 100
	return routed && t.o.Workload.CandidateAvailable >= t.enough()
}

// enough is how many pods can stand for the whole workload. All are asked for, but an autoscaler that never rests must not keep the hand-over from beginning.
func (t *turn) enough() int32 {
	w := t.o.Workload
	return min(w.Replicas, max(w.MinAvailable, 1))
}

func (t *turn) awaitedForHandOver() string {
	message := t.podsMessage(t.enough())
	if split := t.o.Split; split.Message != "" {
		message += "; " + split.Message
	}
	return message
}

// finalize waits until the route is as its owner wrote it and the workload rolls by itself again.
func (t *turn) finalize() {
	w := t.o.Workload
	switch {
	case !t.home():
		t.message = "giving the route back to its owner: " + orElse(t.o.Split.Message, "waiting for the gateway to acknowledge it")
	case w.Paused && t.isBaseline():
		t.message = "letting the workload roll by itself again"
	default:
		t.s.Phase = Idle
		if t.s.Reason == ReasonPromoted {
			t.s.Phase = Succeeded
		}
		t.wait(ReasonWatching, t.serves("waiting for a new template"))
		if w.Exists && !t.isBaseline() {
			t.rest()
		}
	}
}

// rollBack takes the traffic, then the pods away from the candidate, and then finds out what the workload wants by now.
func (t *turn) rollBack() {
	w := t.o.Workload
	switch {
	case t.s.Candidate == "" && t.home():
		t.concludeRollBack()
	case t.rolledOutByItself():
		t.passThrough(true, rolledOutUnwatched)
	case t.restoringFirst():
		t.s.SettledAt = time.Time{}
		t.message = "the baseline's pods come back first: " + t.baselinePods()
	case w.CandidatePods == 0 && t.home():
		t.concludeRollBack()
	case w.CandidatePods == 0, t.s.Candidate == "":
		t.message = "the candidate is gone; giving the route back to its owner"
	case !t.atZero():
		t.s.SettledAt = time.Time{}
		t.message = "taking the traffic off the candidate: " + orElse(t.o.Split.Message, "waiting for the gateway to acknowledge weight 0")
	case t.s.SettledAt.IsZero():
		t.s.SettledAt = t.o.Now
		t.message = "the traffic is off the candidate; its last requests drain"
	default:
		t.message = "the traffic is off the candidate; its pods are leaving"
	}
}

// restoringFirst says that taking the traffic off the candidate now would overload what is left of the baseline. It is not waited for beyond the deadline.
func (t *turn) restoringFirst() bool {
	return t.restoringBaseline() && !t.overdue(t.p.ReadyDeadline)
}

func (t *turn) concludeRollBack() {
	w := t.o.Workload
	switch {
	case t.baselineVanished():
		t.replaceBaseline()
	case t.isBaseline():
		t.forget()
		t.enter(Finalizing, ReasonReverted)
		t.message = t.serves("the template is the baseline's again")
	case t.s.Refused && t.isCandidate():
		t.s.Phase = Failed
		t.rest()
	case w.Exists && !t.o.Ending && t.s.Candidate != "" && t.s.Candidate != w.Wanted:
		t.awaitNext()
	default:
		t.s.Phase = Idle
		t.forget()
		t.rest()
	}
}

// awaitNext forgets the candidate and rolls back for one more turn, so that what starts next knows its own pods: in this turn the old candidate's were counted.
func (t *turn) awaitNext() {
	t.enter(RollingBack, ReasonSuperseded)
	t.forget()
	t.message = fmt.Sprintf("revision %s is next", t.o.Workload.Wanted)
}

// atZero says that no routed request can reach the candidate any more. A Canary that is being deleted doesn't wait for ever for a gateway that
// does not answer.
func (t *turn) atZero() bool {
	split := t.o.Split
	if split.Gone || t.p.PodShare {
		return true
	}
	if t.o.Ending && t.overdue(t.p.ReadyDeadline) {
		return true
	}
	return split.Settled && !split.Home && split.Weight == 0
}
