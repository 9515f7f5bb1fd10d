package rollout

import "fmt"

// rest watches for a new template while no release is under way.
func (t *turn) rest() {
	w := t.o.Workload
	switch {
	case t.o.Ending:
		t.depart()
	case !w.Exists:
		t.s = State{Phase: Idle, Acknowledged: t.s.Acknowledged, Ignored: t.s.Ignored, Reason: t.s.Reason}
		t.wait(ReasonTargetNotFound, "the workload does not exist; waiting for it")
	case t.s.Baseline == "":
		t.firstSight()
	case t.baselineVanished():
		t.replaceBaseline()
	case t.isBaseline():
		t.restOnBaseline()
	case w.Complete && w.Replicas > 0:
		t.passThrough(true, rolledOutUnwatched)
	case t.s.Refused && t.isCandidate():
		t.restOnRefusal()
	case t.s.Candidate != "":
		t.awaitNext()
	case w.Replicas == 0:
		t.passThrough(false, "the workload asks for 0 replicas, so nothing serves that could be compared")
	default:
		t.start()
	}
}

// baselineVanished says that nothing of the remembered baseline serves any more, but something else does: the workload rolled by itself, more than once.
func (t *turn) baselineVanished() bool {
	w := t.o.Workload
	return w.Replicas > 0 && !t.isBaseline() && w.BaselineAvailable == 0 && w.Strays > 0 && w.Serving != "" && w.Serving != t.s.Baseline && w.Serving != t.s.Candidate
}

// replaceBaseline takes what serves for the baseline.
func (t *turn) replaceBaseline() {
	if t.wants(t.o.Workload.Serving) {
		t.passThrough(true, rolledOutUnwatched)
		return
	}
	t.s.Baseline = t.o.Workload.Serving
	t.awaitNext()
}

// firstSight finds the baseline of a workload that this Canary has not seen before.
func (t *turn) firstSight() {
	w := t.o.Workload
	switch {
	case w.Complete || w.Replicas == 0 && !w.Paused:
		t.s.Baseline = w.Wanted
		t.wait(ReasonWatching, t.serves("waiting for a new template"))
	case !w.Paused:
		t.wait(ReasonDeploymentRolling, "the workload is in the middle of a rollout of its own; waiting for its end before watching over the next")
	case w.Serving == "", w.BaselineAvailable == 0:
		t.passThrough(false, "nothing of the workload serves that could be compared")
	case t.wants(w.Serving):
		t.wait(ReasonDeploymentRolling, fmt.Sprintf("the workload is paused in the middle of its own rollout of revision %s; kubectl rollout resume lets it end", w.Wanted))
	default:
		t.s.Baseline = w.Serving
		t.start()
	}
}

func (t *turn) restOnBaseline() {
	w := t.o.Workload
	switch {
	case t.s.Phase == Failed:
		t.forget()
		t.enter(Finalizing, ReasonReverted)
		t.tell(ReasonReverted, false, "the template is the baseline's again: revision %s goes on serving", t.s.Baseline)
	case w.Wanted != t.s.Baseline && w.Complete:
		t.s.Baseline = w.Wanted
		t.wait(ReasonWatching, t.serves("waiting for a new template"))
	case w.Paused:
		t.wait(ReasonWatching, t.serves("the workload is paused, though no release is under way: kubectl rollout resume lets it roll"))
	case w.Wanted != t.s.Baseline:
		t.wait(ReasonDeploymentRolling, "the workload restarts its pods with the same template, which is no release")
	default:
		t.wait(ReasonWatching, t.serves("waiting for a new template"))
	}
}

func (t *turn) serves(more string) string {
	return fmt.Sprintf("revision %s serves; %s", t.s.Baseline, more)
}

// restOnRefusal keeps the refused template from rolling, until a person wants another try.
func (t *turn) restOnRefusal() {
	w := t.o.Workload
	switch {
	case t.wished(t.o.Wishes.Retry, &t.s.Acknowledged.Retry):
		// What was wished for before the retry was about the last try.
		t.s.Acknowledged = t.o.Wishes
		if w.Wanted != t.s.Candidate {
			t.awaitNext()
			return
		}
		t.start()
	case w.CandidatePods > 0:
		t.enter(RollingBack, t.s.Reason)
		t.tell(ReasonResumedByHand, true, "somebody resumed the workload, and refused revision %s got pods; they are taken away again. To try it again: serin.dev/retry=%s",
			t.s.Candidate, wish(t.s.Candidate, t.s.Acknowledged.Retry))
	default:
		t.s.Phase, t.message = Failed, t.s.Cause
	}
}

// depart leaves a template that was not judged as it is, held, and says how a person lets it go. What a refused template got behind our back goes first.
func (t *turn) depart() {
	w := t.o.Workload
	if t.before.Phase == Failed && (t.restoringBaseline() || w.CandidatePods > 0) {
		t.enter(RollingBack, t.s.Reason)
		t.message = "somebody resumed the workload, and refused revision " + t.s.Candidate + " got pods; they are taken away again"
		return
	}
	t.message = "the Canary is being deleted; nothing of it is left"
	if !w.Exists || !w.Paused || t.s.Baseline == "" || t.isBaseline() {
		return
	}
	verdict := "was not judged"
	if t.s.Refused && t.isCandidate() {
		verdict = "was refused"
	}
	t.wait(ReasonCanaryDeleted, fmt.Sprintf("the Canary is being deleted; revision %s %s. %s", w.Wanted, verdict, staysPaused))
}

const staysPaused = "The workload stays paused with it; kubectl rollout resume ships it"
