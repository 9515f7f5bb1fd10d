package rollout_test

import (
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/controllers/rollout"
)

func TestWithoutAGate(t *testing.T) {
	half := func() question {
		q := question{
			plan(),
			rollout.State{Phase: rollout.Progressing, Baseline: "v1", Candidate: "v2", EnteredAt: ago(time.Hour), Reason: rollout.ReasonReleaseStarted},
			rollout.Observation{Now: now, Workload: serving("v2"), Split: atHome()},
		}
		w := &q.seen.Workload
		w.BaselineAvailable, w.CandidatePods, w.CandidateAvailable = 4, 6, 6
		return q
	}
	waits := outcome{Phase: rollout.Progressing, Reason: rollout.ReasonBaselineNotReady, Hold: rollout.KeepPaused, Split: home, Pods: 6, Event: rollout.ReasonBaselineNotReady}
	settles := outcome{Phase: rollout.Progressing, Reason: rollout.ReasonReleaseStarted, Hold: rollout.KeepPaused, Split: 0, Pods: 6}
	decideAll(t, half, map[string]row{
		"the baseline's pods come back first": {func(*question) {}, waits, "4 of at least 8 pods of baseline v1 available. To go on without it: serin.dev/promote=v2"},
		"without a route, too": {func(q *question) {
			q.plan.PodShare = true
			q.seen.Split = rollout.Split{}
		}, waits, ""},
		"when they are back, the route keeps requests off the candidate": {func(q *question) {
			q.seen.Workload.BaselineAvailable, q.state.EnteredAt = 8, now
		}, settles, "setting weight 0%"},
		"when they are back, pods without a route go": {func(q *question) {
			q.plan.PodShare, q.seen.Split = true, rollout.Split{}
			q.seen.Workload.BaselineAvailable, q.state.EnteredAt = 8, now
		}, outcome{Phase: rollout.Progressing, Reason: rollout.ReasonReleaseStarted, Hold: rollout.KeepPaused, Split: 0}, "6 pods of the candidate are leaving"},
		"a baseline that is short by itself is not waited for": {func(q *question) {
			q.seen.Workload.CandidatePods, q.seen.Workload.CandidateAvailable, q.state.EnteredAt = 0, 0, now
		}, outcome{Phase: rollout.Progressing, Reason: rollout.ReasonReleaseStarted, Hold: rollout.KeepPaused, Split: 0}, ""},
		"pods of a third revision count": {func(q *question) {
			q.seen.Workload.CandidatePods, q.seen.Workload.CandidateAvailable, q.seen.Workload.Strays = 0, 0, 6
		}, outcome{Phase: rollout.Progressing, Reason: rollout.ReasonBaselineNotReady, Hold: rollout.KeepPaused, Split: home, Event: rollout.ReasonBaselineNotReady}, ""},
		"a split to a baseline without pods goes home when others serve": {func(q *question) {
			q.state.Weight, q.seen.Split = 10, routed(10)
			q.seen.Workload.BaselineAvailable, q.seen.Workload.Strays = 0, 6
		}, outcome{Phase: rollout.Progressing, Weight: 10, Reason: rollout.ReasonBaselineNotReady, Hold: rollout.KeepPaused, Split: home, Pods: 6, Event: rollout.ReasonBaselineNotReady}, ""},
		"whoever does not want to wait gets all pods of the candidate": {
			func(q *question) { q.seen.Wishes.Promote = "v2" },
			outcome{Phase: rollout.Progressing, Reason: rollout.ReasonScaling, Hold: rollout.KeepPaused, Split: home, Pods: 10},
			"6 of 8 pods",
		},
		"and then the hand-over": {func(q *question) {
			q.state.Forced, q.seen.Workload.CandidatePods, q.seen.Workload.CandidateAvailable = true, 10, 10
		}, outcome{Phase: rollout.Promoting, Weight: 100, Reason: rollout.ReasonPromoting, Hold: rollout.KeepPaused, Split: 100, Pods: 10}, "not to wait for the baseline"},
		"a rollback waits for the baseline, too": {
			func(q *question) { q.state.Phase, q.state.EnteredAt = rollout.RollingBack, now },
			outcome{Phase: rollout.RollingBack, Reason: rollout.ReasonReleaseStarted, Hold: rollout.KeepPaused, Split: home, Pods: 6},
			"come back first",
		},
		"a rollback does not wait for ever": {
			func(q *question) { q.state.Phase = rollout.RollingBack },
			outcome{Phase: rollout.RollingBack, Reason: rollout.ReasonReleaseStarted, Hold: rollout.KeepPaused, Split: 0, Pods: 6, Event: rollout.ReasonHolding},
			"taking the traffic off",
		},
		"a rollback without a route waits unless the candidate was refused": {func(q *question) {
			q.plan.PodShare, q.seen.Split = true, rollout.Split{}
			q.state.Phase, q.state.EnteredAt = rollout.RollingBack, now
		}, outcome{Phase: rollout.RollingBack, Reason: rollout.ReasonReleaseStarted, Hold: rollout.KeepPaused, Split: home, Pods: 6}, ""},
		"a refused candidate without a route loses its pods at once": {func(q *question) {
			q.plan.PodShare, q.seen.Split = true, rollout.Split{}
			q.state.Phase, q.state.EnteredAt, q.state.Refused, q.state.Cause = rollout.RollingBack, now, true, "errors"
		}, outcome{Phase: rollout.RollingBack, Reason: rollout.ReasonReleaseStarted, Hold: rollout.KeepPaused, Split: 0}, ""},
	})
}

func TestWithoutARoute(t *testing.T) {
	share := func() question {
		q := question{
			plan(),
			rollout.State{Phase: rollout.Progressing, Baseline: "v1", Candidate: "v2", Weight: 10, EnteredAt: ago(time.Minute), SettledAt: ago(time.Minute), Reason: rollout.ReasonObserving},
			rollout.Observation{Now: now, Workload: serving("v2"), Report: analysis.Report{Verdict: analysis.Pass}},
		}
		q.plan.PodShare = true
		q.seen.Workload.CandidatePods, q.seen.Workload.CandidateAvailable = 1, 1
		return q
	}
	decideAll(t, share, map[string]row{
		"pods come with the weight, never before it": {
			func(*question) {},
			outcome{Phase: rollout.Progressing, Weight: 50, Reason: rollout.ReasonStepAdvanced, Hold: rollout.KeepPaused, Split: 50, Pods: 5, Event: rollout.ReasonStepAdvanced},
			"",
		},
		"the share is there when the pods are": {func(q *question) {
			q.state.SettledAt, q.seen.Workload.CandidateAvailable = time.Time{}, 0
		}, outcome{Phase: rollout.Progressing, Weight: 10, Reason: rollout.ReasonSettling, Hold: rollout.KeepPaused, Split: 10, Pods: 1}, "0 of 1 pods available"},
		"a larger workload is no new share": {func(q *question) {
			q.seen.Workload.Replicas, q.state.SettledAt = 40, ago(time.Second)
		}, outcome{Phase: rollout.Progressing, Weight: 10, Reason: rollout.ReasonObserving, Hold: rollout.KeepPaused, Split: 10, Pods: 4}, "bakes"},
		"pods that do not come are refused": {func(q *question) {
			q.state.SettledAt, q.state.EnteredAt, q.seen.Workload.CandidateAvailable = time.Time{}, ago(time.Hour), 0
		}, outcome{Phase: rollout.RollingBack, Reason: rollout.ReasonCandidateNotReady, Hold: rollout.KeepPaused, Split: 0, Event: rollout.ReasonRolledBack}, "0 of 1 pods"},
		"the hand-over needs the pods": {func(q *question) {
			q.state.Phase, q.state.Weight, q.state.EnteredAt = rollout.Promoting, 100, now
			q.seen.Workload.CandidatePods, q.seen.Workload.CandidateAvailable = 10, 7
		}, outcome{Phase: rollout.Promoting, Weight: 100, Reason: rollout.ReasonObserving, Hold: rollout.KeepPaused, Split: 100, Pods: 10}, "7 of 8"},
		"the hand-over with all pods": {func(q *question) {
			q.state.Phase, q.state.Weight, q.state.EnteredAt = rollout.Promoting, 100, now
			q.seen.Workload.CandidatePods, q.seen.Workload.CandidateAvailable = 10, 10
		}, outcome{Phase: rollout.Promoting, Weight: 100, Reason: rollout.ReasonObserving, Hold: rollout.KeepPaused, Split: 100, Pods: 10, HandOver: true}, ""},
		"there is no route to give back": {func(q *question) {
			q.state = rollout.State{Phase: rollout.Finalizing, Baseline: "v2", Reason: rollout.ReasonPromoted}
			q.seen.Workload = serving("v2")
			q.seen.Workload.Paused = false
		}, outcome{Phase: rollout.Succeeded, Reason: rollout.ReasonWatching, Split: home}, ""},
	})
}

func TestTheHandOver(t *testing.T) {
	promoting := func() question {
		q := question{
			plan(),
			rollout.State{Phase: rollout.Promoting, Baseline: "v1", Candidate: "v2", Weight: 100, Reason: rollout.ReasonPromoting, EnteredAt: ago(time.Second)},
			rollout.Observation{Now: now, Workload: serving("v2"), Split: routed(100)},
		}
		q.seen.Workload.CandidatePods, q.seen.Workload.CandidateAvailable = 10, 10
		return q
	}
	handing := outcome{Phase: rollout.Promoting, Weight: 100, Reason: rollout.ReasonPromoting, Hold: rollout.KeepPaused, Split: 100, Pods: 10, HandOver: true}
	waiting := handing
	waiting.HandOver = false
	back := func(reason, event rollout.Reason) outcome {
		return outcome{Phase: rollout.RollingBack, Reason: reason, Hold: rollout.KeepPaused, Split: 0, Pods: 10, Event: event}
	}
	promoted := outcome{Phase: rollout.Finalizing, Reason: rollout.ReasonPromoted, Hold: rollout.LetRoll, Split: home, Event: rollout.ReasonPromoted}
	decideAll(t, promoting, map[string]row{
		"the candidate carries everything":             {func(*question) {}, handing, "8 of 8 pods available"},
		"a pod is missing":                             {func(q *question) { q.seen.Workload.CandidateAvailable = 9 }, handing, ""},
		"more are missing than the strategy takes":     {func(q *question) { q.seen.Workload.CandidateAvailable = 7 }, waiting, "7 of 8"},
		"none is there, and the strategy takes it":     {func(q *question) { q.seen.Workload.CandidateAvailable, q.seen.Workload.MinAvailable = 0, 0 }, waiting, "0 of 1"},
		"the route was written back":                   {func(q *question) { q.seen.Split = atHome() }, waiting, ""},
		"the route says so and the gateway not yet":    {func(q *question) { q.seen.Split = rollout.Split{Weight: 100, Message: "not programmed"} }, waiting, "not programmed"},
		"the route says something else":                {func(q *question) { q.seen.Split = routed(10) }, waiting, ""},
		"the workload has it, whatever the route says": {func(q *question) { q.seen.Workload.Adopted, q.seen.Split = true, atHome() }, handing, "the old pods are leaving"},
		"all old pods are gone":                        {func(q *question) { q.seen.Workload.Adopted, q.seen.Workload.HandedOver = true, true }, promoted, "revision v2 is promoted"},
		"a person asked for it without evidence": {func(q *question) {
			q.seen.Workload.Adopted, q.seen.Workload.HandedOver, q.state.Forced = true, true, true
		}, promoted, "as a person asked"},
		"a newer template changes nothing any more": {func(q *question) { q.seen.Workload.Wanted = "v3" }, handing, ""},
		"a newer template is held after the promotion": {func(q *question) {
			q.seen.Workload.Wanted, q.seen.Workload.Adopted, q.seen.Workload.HandedOver = "v3", true, true
		}, outcome{Phase: rollout.Finalizing, Reason: rollout.ReasonPromoted, Hold: rollout.KeepPaused, Split: home, Event: rollout.ReasonPromoted}, ""},
		"the workload finished it by itself":     {func(q *question) { q.seen.Workload.Complete = true }, promoted, ""},
		"the workload rolled something else out": {func(q *question) { q.seen.Workload.Complete, q.seen.Workload.Wanted = true, "v3" }, outcome{Phase: rollout.Finalizing, Reason: rollout.ReasonPassedThrough, Hold: rollout.LetRoll, Split: home, Event: rollout.ReasonPassedThrough}, "revision v3"},
		"the workload went back by itself": {func(q *question) {
			q.seen.Workload.Complete, q.seen.Workload.Wanted, q.seen.Workload.Adopted = true, "v1", true
		}, back(rollout.ReasonReverted, rollout.ReasonReverted), "by itself"},
		"a revert before the workload has it":     {func(q *question) { q.seen.Workload.Wanted = "v1" }, back(rollout.ReasonReverted, rollout.ReasonReverted), ""},
		"a revert after the workload has it":      {func(q *question) { q.seen.Workload.Wanted, q.seen.Workload.Adopted = "v1", true }, handing, ""},
		"a deletion before the workload has it":   {func(q *question) { q.seen.Ending = true }, back(rollout.ReasonCanaryDeleted, rollout.ReasonCanaryDeleted), "before the hand-over"},
		"a deletion after the workload has it":    {func(q *question) { q.seen.Ending, q.seen.Workload.Adopted = true, true }, handing, ""},
		"an abort before the workload has it":     {func(q *question) { q.seen.Wishes.Abort = "v2" }, back(rollout.ReasonAborted, rollout.ReasonRolledBack), "step 3 of 3 (weight 100%): a person aborted it"},
		"pods that crash before the workload has": {func(q *question) { q.seen.Workload.Fatal, q.seen.Workload.Trouble = true, "OOMKilled" }, back(rollout.ReasonCandidateFailed, rollout.ReasonRolledBack), "OOMKilled"},
		"it takes too long":                       {func(q *question) { q.state.EnteredAt, q.seen.Workload.CandidateAvailable = ago(time.Hour), 7 }, back(rollout.ReasonHandOverIncomplete, rollout.ReasonRolledBack), "not over within 10m: 7 of 8"},
		"the workload is deleted": {
			func(q *question) { q.seen.Workload = rollout.Workload{CandidatePods: 10, Adopted: true} },
			outcome{Phase: rollout.RollingBack, Reason: rollout.ReasonTargetDeleted, Split: 0, Pods: 10, Event: rollout.ReasonTargetDeleted},
			"deleted",
		},
	})
}

// delayed is the outcome of a turn in which people hear that it takes too long.
func delayed(o outcome) outcome {
	o.Event = rollout.ReasonHolding
	return o
}

func TestGoingHome(t *testing.T) {
	finalizing := func() question {
		q := question{
			plan(),
			rollout.State{Phase: rollout.Finalizing, Baseline: "v2", Reason: rollout.ReasonPromoted, EnteredAt: ago(time.Second)},
			rollout.Observation{Now: now, Workload: serving("v2"), Split: atHome()},
		}
		q.seen.Workload.Paused = false
		return q
	}
	going := outcome{Phase: rollout.Finalizing, Reason: rollout.ReasonPromoted, Hold: rollout.LetRoll, Split: home}
	arrived := outcome{Phase: rollout.Succeeded, Reason: rollout.ReasonWatching, Split: home}
	decideAll(t, finalizing, map[string]row{
		"the route is home and the workload rolls":     {func(*question) {}, arrived, "revision v2 serves"},
		"after a revert nothing has succeeded":         {func(q *question) { q.state.Reason = rollout.ReasonReverted }, outcome{Phase: rollout.Idle, Reason: rollout.ReasonWatching, Split: home}, ""},
		"the route is on its way":                      {func(q *question) { q.seen.Split = rollout.Split{Home: true, Message: "not programmed"} }, going, "giving the route back to its owner: not programmed"},
		"the route still has the split":                {func(q *question) { q.seen.Split = routed(100) }, going, "waiting for the gateway"},
		"the gateway is not waited for without an end": {func(q *question) { q.seen.Split, q.state.EnteredAt = rollout.Split{Home: true}, ago(time.Hour) }, arrived, ""},
		"a split is waited for, however long":          {func(q *question) { q.seen.Split, q.state.EnteredAt = routed(100), ago(time.Hour) }, delayed(going), "giving the route back"},
		"people hear of it once": {func(q *question) {
			q.seen.Split, q.state.EnteredAt, q.state.Delayed = routed(100), ago(time.Hour), true
		}, going, ""},
		"the route is gone":            {func(q *question) { q.seen.Split = rollout.Split{Gone: true} }, arrived, ""},
		"the workload is still paused": {func(q *question) { q.seen.Workload.Paused = true }, going, "letting the workload roll"},
		"the workload is gone":         {func(q *question) { q.seen.Workload = rollout.Workload{} }, outcome{Phase: rollout.Succeeded, Reason: rollout.ReasonWatching, Split: home}, ""},
		"a newer template is held":     {func(q *question) { q.seen.Workload.Wanted, q.seen.Split = "v3", routed(100) }, outcome{Phase: rollout.Finalizing, Reason: rollout.ReasonPromoted, Hold: rollout.KeepPaused, Split: home}, ""},
		"a newer template starts when the route is home": {
			func(q *question) { q.seen.Workload.Wanted, q.seen.Workload.Complete = "v3", false },
			outcome{Phase: rollout.Progressing, Reason: rollout.ReasonReleaseStarted, Hold: rollout.KeepPaused, Split: 0, Event: rollout.ReasonReleaseStarted},
			"revision v3",
		},
	})
}

func TestTheWayBack(t *testing.T) {
	back := func() question {
		q := question{
			plan(),
			rollout.State{Phase: rollout.RollingBack, Baseline: "v1", Candidate: "v2", Refused: true, Cause: "errors 5%", Reason: rollout.ReasonAnalysisFailed, EnteredAt: ago(time.Second)},
			rollout.Observation{Now: now, Workload: serving("v2"), Split: routed(0)},
		}
		q.seen.Workload.CandidatePods, q.seen.Workload.CandidateAvailable = 5, 5
		return q
	}
	draining := outcome{Phase: rollout.RollingBack, Reason: rollout.ReasonAnalysisFailed, Hold: rollout.KeepPaused, Split: 0, Pods: 5}
	emptied := draining
	emptied.Pods = 0
	released := outcome{Phase: rollout.RollingBack, Reason: rollout.ReasonAnalysisFailed, Hold: rollout.KeepPaused, Split: home}
	cleared := outcome{Phase: rollout.RollingBack, Reason: rollout.ReasonSuperseded, Hold: rollout.KeepPaused, Split: home}
	empty := func(q *question) {
		q.seen.Workload.CandidatePods, q.seen.Workload.CandidateAvailable, q.seen.Split = 0, 0, atHome()
	}
	decideAll(t, back, map[string]row{
		"the traffic comes off first":                     {func(q *question) { q.seen.Split = rollout.Split{Weight: 0, Message: "not programmed"} }, draining, "taking the traffic off the candidate: not programmed"},
		"a split above 0 is not off":                      {func(q *question) { q.seen.Split = routed(50) }, draining, "taking the traffic off"},
		"a route that is home sends requests":             {func(q *question) { q.seen.Split = atHome() }, draining, "taking the traffic off"},
		"then the last requests drain":                    {func(*question) {}, draining, "drain"},
		"draining takes its time":                         {func(q *question) { q.state.SettledAt = ago(4 * time.Second) }, draining, "leaving"},
		"then the pods go":                                {func(q *question) { q.state.SettledAt = ago(5 * time.Second) }, emptied, "leaving"},
		"a split that comes back stops them from going":   {func(q *question) { q.state.SettledAt, q.seen.Split = ago(time.Minute), routed(1) }, draining, "taking the traffic off"},
		"without a route there is no traffic to wait for": {func(q *question) { q.seen.Split = rollout.Split{Gone: true} }, draining, "drain"},
		"then the route goes home": {func(q *question) {
			empty(q)
			q.seen.Split = routed(0)
		}, released, "giving the route back"},
		"then the refusal stands": {empty, outcome{Phase: rollout.Failed, Reason: rollout.ReasonAnalysisFailed, Hold: rollout.KeepPaused, Split: home}, "errors 5%"},
		"a retry need not wait for the end": {func(q *question) {
			empty(q)
			q.seen.Wishes.Retry = "v2"
		}, outcome{Phase: rollout.Progressing, Reason: rollout.ReasonReleaseStarted, Hold: rollout.KeepPaused, Split: 0, Event: rollout.ReasonReleaseStarted}, ""},
		"the template was reverted meanwhile": {func(q *question) {
			empty(q)
			q.seen.Workload.Wanted = "v1"
		}, outcome{Phase: rollout.Finalizing, Reason: rollout.ReasonReverted, Hold: rollout.LetRoll, Split: home}, "baseline's again"},
		"a newer template came meanwhile": {func(q *question) {
			empty(q)
			q.seen.Workload.Wanted = "v3"
		}, cleared, "revision v3 is next"},
		"the newer one starts when its own pods have been counted": {func(q *question) {
			empty(q)
			q.state = rollout.State{Phase: rollout.RollingBack, Baseline: "v1", Reason: rollout.ReasonSuperseded}
			q.seen.Workload.Wanted, q.seen.Workload.CandidatePods, q.seen.Workload.BaselineAvailable = "v3", 3, 7
		}, outcome{Phase: rollout.Progressing, Reason: rollout.ReasonReleaseStarted, Hold: rollout.KeepPaused, Split: home, Pods: 3, Event: rollout.ReasonReleaseStarted}, "revision v3"},
		"it does not start before the route is home": {func(q *question) {
			q.state = rollout.State{Phase: rollout.RollingBack, Baseline: "v1", Reason: rollout.ReasonSuperseded, EnteredAt: now}
			q.seen.Workload.Wanted, q.seen.Split = "v3", routed(7)
		}, cleared, "giving the route back"},
		"the baseline has been replaced behind our back": {func(q *question) {
			empty(q)
			q.seen.Workload.Wanted, q.seen.Workload.Serving, q.seen.Workload.BaselineAvailable, q.seen.Workload.Strays = "v4", "v3", 0, 10
			q.state.EnteredAt = ago(time.Hour)
		}, cleared, "revision v4 is next"},
		"the workload is gone": {func(q *question) {
			empty(q)
			q.seen.Workload = rollout.Workload{}
		}, outcome{Phase: rollout.Idle, Reason: rollout.ReasonTargetNotFound, Split: home, Event: rollout.ReasonTargetNotFound}, ""},
		"the workload rolled it out by itself": {
			func(q *question) { q.seen.Workload.Complete = true },
			outcome{Phase: rollout.Finalizing, Reason: rollout.ReasonPassedThrough, Hold: rollout.LetRoll, Split: home, Event: rollout.ReasonPassedThrough},
			"",
		},
		"nobody waits for ever for the gateway to take the route back": {func(q *question) {
			empty(q)
			q.seen.Split, q.state.EnteredAt = rollout.Split{Home: true}, ago(time.Hour)
		}, outcome{Phase: rollout.Failed, Reason: rollout.ReasonAnalysisFailed, Hold: rollout.KeepPaused, Split: home}, ""},
		"traffic is waited for, however long": {func(q *question) { q.seen.Split, q.state.EnteredAt = rollout.Split{}, ago(time.Hour) }, delayed(draining), "taking the traffic off"},
		"people hear of it once": {func(q *question) {
			q.seen.Split, q.state.EnteredAt, q.state.Delayed = rollout.Split{}, ago(time.Hour), true
		}, draining, ""},
		"pods that won't go are told of, too": {func(q *question) { q.state.EnteredAt, q.state.SettledAt = ago(2*time.Hour), ago(time.Hour) }, delayed(emptied), "its pods are leaving"},
		"except by a Canary that is being deleted": {func(q *question) {
			q.seen.Split, q.state.EnteredAt, q.seen.Ending = rollout.Split{}, ago(time.Hour), true
		}, draining, "drain"},
		"a memory that makes no sense is cleared away": {func(q *question) {
			q.state.Phase, q.state.Weight = "Dreaming", 50
		}, outcome{Phase: rollout.RollingBack, Hold: rollout.KeepPaused, Split: 0, Pods: 5}, ""},
	})
}
