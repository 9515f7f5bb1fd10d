package rollout

import (
	"fmt"
	"strings"
	"time"
)

// unjudgeable says that the release must not begin, since no step of it could ever pass. With traffic on the candidate, the missing evidence holds it by itself.
func (t *turn) unjudgeable() bool { return t.o.Unjudgeable != "" && t.s.Weight == 0 && !t.s.Forced }

// awaitJudge waits for a template, a Canary or a source with which the candidate can be judged. No deadline runs meanwhile: the candidate has shown nothing bad.
func (t *turn) awaitJudge() {
	t.s.EnteredAt, t.s.SettledAt, t.s.Passed = t.o.Now, time.Time{}, false
	t.wait(ReasonSourceRejected, fmt.Sprintf("revision %s could not be judged and gets no traffic: %s. To promote it all the same: serin.dev/promote=%s",
		t.s.Candidate, strings.TrimRight(t.o.Unjudgeable, ". "), wish(t.s.Candidate, t.s.Acknowledged.Promote)))
}

// vanished says that requests are sent to a candidate without any pods, and that the baseline can take them back. To make the pods anew would take longer.
func (t *turn) vanished() bool {
	w := t.o.Workload
	return t.s.Weight > 0 && w.CandidatePods == 0 && !t.p.PodShare && w.BaselineAvailable >= max(w.MinAvailable, 1)
}

// withoutPods is why such a candidate is refused.
const withoutPods = "it has no pods any more, since somebody deleted its ReplicaSet or scaled it to 0"

// awaitBaseline waits until the route may send everything to the baseline. A person who doesn't want to wait for it gets the other way out, in which it is not needed:
// the candidate takes everything at once.
func (t *turn) awaitBaseline() {
	t.s.EnteredAt, t.s.SettledAt, t.s.Passed = t.o.Now, time.Time{}, false
	gone := t.o.Workload.BaselineGone
	switch {
	case !t.succeeding():
		t.wait(ReasonBaselineNotReady, fmt.Sprintf("the workload rolled by itself for a while, past the gate; the baseline comes back before the release goes on: %s. "+
			"To go on without it: serin.dev/promote=%s", t.baselinePods(), wish(t.s.Candidate, t.s.Acknowledged.Promote)))
	case t.o.Workload.CandidateAvailable < t.enough() && gone:
		t.wait(ReasonBaselineNotReady, fmt.Sprintf("the ReplicaSet of baseline %s was deleted, and nothing is left to go back to: revision %s takes its place without a verdict, as soon as it has the pods",
			t.s.Baseline, t.s.Candidate))
	case t.o.Workload.CandidateAvailable < t.enough():
		t.awaitPods(t.enough())
	case gone:
		t.s.Weight, t.s.Waived = 100, true
		t.enter(Promoting, ReasonPromoting)
		t.message = "the baseline was deleted; handing the candidate over to the workload"
	default:
		t.s.Weight = 100
		t.enter(Promoting, ReasonPromoting)
		t.message = "a person asked not to wait for the baseline; handing the candidate over to the workload"
	}
}

// succeeding says that the candidate is to take the place of a baseline that has too few pods: a person does not want to wait for them, or they can't come back.
func (t *turn) succeeding() bool {
	return t.restoringBaseline() && (t.s.Forced || t.o.Workload.BaselineGone)
}
