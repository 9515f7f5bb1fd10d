package rollout_test

import (
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/controllers/rollout"
)

// climbing is a release at its first step, which has shown what it must.
func climbing() question {
	q := question{
		plan(),
		rollout.State{
			Phase: rollout.Progressing, Baseline: "v1", Candidate: "v2", Weight: 10, Reason: rollout.ReasonObserving,
			StartedAt: ago(time.Hour), EnteredAt: ago(2 * time.Minute), SettledAt: ago(2 * time.Minute),
		},
		rollout.Observation{Now: now, Workload: serving("v2"), Split: routed(10), Report: analysis.Report{Verdict: analysis.Pass, Message: "no worse"}},
	}
	q.seen.Workload.CandidatePods, q.seen.Workload.CandidateAvailable = 5, 5
	return q
}

// goesOn is what becomes of one that goes on.
func goesOn(weight int32, reason rollout.Reason, pods int32, event rollout.Reason) outcome {
	return outcome{Phase: rollout.Progressing, Weight: weight, Reason: reason, Hold: rollout.KeepPaused, Split: weight, Pods: pods, Event: event}
}

// refused is what becomes of one that is.
func refused(reason rollout.Reason) outcome {
	return outcome{Phase: rollout.RollingBack, Reason: reason, Hold: rollout.KeepPaused, Split: 0, Pods: 5, Event: rollout.ReasonRolledBack}
}

// approving makes it one at its second step, which a person has to approve.
func approving(q *question) {
	q.state.Weight, q.seen.Split = 50, routed(50)
	q.seen.Workload.CandidatePods, q.seen.Workload.CandidateAvailable = 10, 10
}

func TestObstacles(t *testing.T) {
	decideAll(t, climbing, map[string]row{
		"its ReplicaSet is deleted": {func(q *question) {
			q.seen.Workload.CandidatePods, q.seen.Workload.CandidateAvailable = 0, 0
		}, outcome{Phase: rollout.RollingBack, Reason: rollout.ReasonCandidateFailed, Hold: rollout.KeepPaused, Split: home, Event: rollout.ReasonRolledBack}, "somebody deleted its ReplicaSet"},
		"its ReplicaSet is deleted while the baseline could not take the requests": {func(q *question) {
			q.seen.Workload.CandidatePods, q.seen.Workload.CandidateAvailable, q.seen.Workload.BaselineAvailable = 0, 0, 3
		}, goesOn(10, rollout.ReasonScaling, 5, ""), "0 of 5 pods available"},
		"the baseline's ReplicaSet is deleted": {
			func(q *question) {
				q.seen.Workload.BaselineGone, q.seen.Workload.BaselineAvailable, q.seen.Report.Verdict = true, 0, analysis.Fail
			},
			outcome{Phase: rollout.Progressing, Weight: 10, Reason: rollout.ReasonBaselineNotReady, Hold: rollout.KeepPaused, Split: home, Pods: 10, Event: rollout.ReasonBaselineNotReady},
			"nothing is left to go back to: revision v2 takes its place",
		},
		"it has all the pods that the deleted baseline had": {func(q *question) {
			q.seen.Workload.BaselineGone, q.seen.Workload.BaselineAvailable, q.seen.Workload.CandidatePods, q.seen.Workload.CandidateAvailable = true, 0, 10, 10
		}, outcome{Phase: rollout.Promoting, Weight: 100, Reason: rollout.ReasonPromoting, Hold: rollout.KeepPaused, Split: 100, Pods: 10}, "the baseline was deleted"},
		"both ReplicaSets are deleted": {func(q *question) {
			q.seen.Workload.BaselineGone, q.seen.Workload.BaselineAvailable, q.seen.Workload.CandidatePods, q.seen.Workload.CandidateAvailable = true, 0, 0, 0
		}, outcome{Phase: rollout.Finalizing, Reason: rollout.ReasonPassedThrough, Hold: rollout.LetRoll, Split: home, Event: rollout.ReasonPassedThrough}, "nothing serves that it could be compared with"},
		"a candidate that can't be judged leaves everything as it is": {
			func(q *question) {
				q.state.Weight, q.state.SettledAt, q.seen.Unjudgeable = 0, time.Time{}, "both versions have the label version: 1"
				q.seen.Split, q.seen.Workload.CandidatePods, q.seen.Workload.CandidateAvailable = atHome(), 0, 0
			},
			outcome{Phase: rollout.Progressing, Reason: rollout.ReasonSourceRejected, Hold: rollout.KeepPaused, Split: home, Event: rollout.ReasonSourceRejected},
			"revision v2 could not be judged and gets no traffic: both versions have the label version: 1. To promote it all the same: serin.dev/promote=v2",
		},
		"one that can't be judged any more keeps requests off the pods it has": {func(q *question) {
			q.state.Weight, q.seen.Split, q.seen.Unjudgeable = 0, routed(0), "both versions have the label version: 1"
		}, goesOn(0, rollout.ReasonSourceRejected, 5, rollout.ReasonSourceRejected), ""},
		"one that can't be judged is promoted by a person all the same": {func(q *question) {
			q.state.Weight, q.seen.Split, q.seen.Unjudgeable, q.seen.Wishes.Promote = 0, routed(0), "both versions have the label version: 1", "v2"
		}, goesOn(10, rollout.ReasonStepAdvanced, 5, rollout.ReasonStepAdvanced), ""},
		"with traffic, the evidence decides": {func(q *question) {
			q.seen.Unjudgeable = "both versions have the label version: 1"
		}, goesOn(50, rollout.ReasonStepAdvanced, 5, rollout.ReasonStepAdvanced), ""},
		"a verdict that nobody looked after is none any more": {func(q *question) {
			q.seen.Stale = "nothing is known of the last 48s"
		}, goesOn(10, rollout.ReasonInconclusive, 5, ""), "waits for evidence: nothing is known of the last 48s"},
		"a verdict that nobody looked after until the deadline": {func(q *question) {
			q.seen.Stale, q.state.EnteredAt, q.state.SettledAt = "nothing is known of the last 17m", ago(17*time.Minute), ago(17*time.Minute)
		}, refused(rollout.ReasonStepDeadline), "nothing is known of the last 17m"},
		"a step that passed loses its claim when nobody looks": {func(q *question) {
			q.state.Passed, q.seen.Stale = true, "nothing is known of the last 48s"
		}, goesOn(10, rollout.ReasonInconclusive, 5, ""), ""},
		"a step that waits for a person goes on waiting when nobody looks": {func(q *question) {
			approving(q)
			q.seen.Stale = "nothing is known of the last 48s"
		}, goesOn(50, rollout.ReasonAwaitingApproval, 10, rollout.ReasonAwaitingApproval), ""},
	})
}
