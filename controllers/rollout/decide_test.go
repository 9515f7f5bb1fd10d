package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/controllers/rollout"
)

// outcome is what a table row wants of a decision.
type outcome struct {
	Phase    rollout.Phase
	Weight   int32
	Reason   rollout.Reason
	Hold     rollout.Hold
	Split    int32 // -1 while the route is its owner's
	Pods     int32
	HandOver bool
	Event    rollout.Reason
}

const home = -1

func outcomeOf(d rollout.Decision) outcome {
	o := outcome{
		Phase: d.State.Phase, Weight: d.State.Weight, Reason: d.State.Reason,
		Hold: d.Desired.Hold, Split: home, Pods: d.Desired.CandidatePods, HandOver: d.Desired.HandOver,
	}
	if d.Desired.Split {
		o.Split = d.Desired.Weight
	}
	if d.Event != nil {
		o.Event = d.Event.Reason
	}
	return o
}

// question is one call of Decide.
type question struct {
	plan  rollout.Plan
	state rollout.State
	seen  rollout.Observation
}

// row asks a question that differs from its table's ordinary one, and wants an outcome and a part of the message.
type row struct {
	ask  func(q *question)
	want outcome
	says string
}

func decideAll(t *testing.T, ordinary func() question, rows map[string]row) {
	t.Helper()
	for name, r := range rows {
		t.Run(name, func(t *testing.T) {
			q := ordinary()
			r.ask(&q)
			d := rollout.Decide(q.plan, q.state, q.seen)
			if diff := cmp.Diff(r.want, outcomeOf(d)); diff != "" {
				t.Errorf("-want +got:\n%s%s", diff, d.Message)
			}
			if !strings.Contains(d.Message, r.says) {
				t.Errorf("says %q, want %q in it", d.Message, r.says)
			}
		})
	}
}

var now = time.Unix(1_800_000_000, 0).UTC()

func ago(d time.Duration) time.Time { return now.Add(-d) }

// plan of the tables: the step at 50% wants an approval.
func plan() rollout.Plan {
	return rollout.Plan{
		Steps:    []rollout.Step{{Weight: 10, Bake: time.Minute}, {Weight: 50, Bake: time.Minute, Approval: true}, {Weight: 100, Bake: time.Minute}},
		Interval: 15 * time.Second, EvidenceDeadline: 15 * time.Minute, ReadyDeadline: 10 * time.Minute, Drain: 5 * time.Second,
		Capacity: capacity,
	}
}

// serving is a workload of ten pods of v1 whose template is revision.
func serving(revision string) rollout.Workload {
	return rollout.Workload{Exists: true, Replicas: 10, Wanted: revision, Serving: "v1", BaselineAvailable: 10, MinAvailable: 8, Paused: revision != "v1", Complete: revision == "v1"}
}

// routed is a settled split.
func routed(weight int32) rollout.Split { return rollout.Split{Weight: weight, Settled: true} }

// atHome is a route as its owner wrote it.
func atHome() rollout.Split { return rollout.Split{Home: true, Settled: true} }

func TestAtRest(t *testing.T) {
	idle := func() question {
		return question{plan(), rollout.State{Phase: rollout.Idle, Baseline: "v1", Reason: rollout.ReasonWatching}, rollout.Observation{Now: now, Workload: serving("v1"), Split: atHome()}}
	}
	watching := outcome{Phase: rollout.Idle, Reason: rollout.ReasonWatching, Split: home}
	started := outcome{Phase: rollout.Progressing, Reason: rollout.ReasonReleaseStarted, Hold: rollout.KeepPaused, Split: 0, Event: rollout.ReasonReleaseStarted}
	passes := outcome{Phase: rollout.Finalizing, Reason: rollout.ReasonPassedThrough, Hold: rollout.LetRoll, Split: home, Event: rollout.ReasonPassedThrough}
	rolling := outcome{Phase: rollout.Idle, Reason: rollout.ReasonDeploymentRolling, Split: home}
	decideAll(t, idle, map[string]row{
		"nothing happens while the template is the baseline's": {func(*question) {}, watching, "revision v1 serves; waiting"},
		"a memory of nothing finds what serves":                {func(q *question) { q.state = rollout.State{} }, watching, "revision v1 serves"},
		"a new template starts a release":                      {func(q *question) { q.seen.Workload = serving("v2") }, started, "revision v2 is released in 3 steps against baseline v1"},
		"a new template starts a release after a success, too": {func(q *question) {
			q.state.Phase = rollout.Succeeded
			q.seen.Workload = serving("v2")
		}, started, ""},
		"a workload that does not exist is waited for": {
			func(q *question) { q.seen.Workload = rollout.Workload{} },
			outcome{Phase: rollout.Idle, Reason: rollout.ReasonTargetNotFound, Split: home, Event: rollout.ReasonTargetNotFound},
			"does not exist",
		},
		"a workload that does not exist is told of once": {func(q *question) {
			q.state = rollout.State{Phase: rollout.Idle, Reason: rollout.ReasonTargetNotFound}
			q.seen.Workload = rollout.Workload{}
		}, outcome{Phase: rollout.Idle, Reason: rollout.ReasonTargetNotFound, Split: home}, ""},
		"a restart rolls by itself": {func(q *question) {
			q.seen.Workload.Wanted, q.seen.Workload.RestartOf, q.seen.Workload.Complete = "v1b", "v1", false
		}, rolling, "restarts its pods"},
		"a finished restart is the new baseline": {func(q *question) {
			q.seen.Workload.Wanted, q.seen.Workload.RestartOf = "v1b", "v1"
		}, watching, "revision v1b serves"},
		"a workload that its owner paused stays paused": {func(q *question) { q.seen.Workload.Paused = true }, watching, "kubectl rollout resume"},
		"what rolled out while nobody watched serves unjudged": {func(q *question) {
			q.seen.Workload = serving("v2")
			q.seen.Workload.Complete, q.seen.Workload.Paused = true, false
		}, passes, "without having been judged"},
		"a workload without pods passes its template through": {func(q *question) {
			q.seen.Workload = serving("v2")
			q.seen.Workload.Replicas = 0
		}, passes, "0 replicas"},
		"a baseline without pods is replaced by what serves": {func(q *question) {
			q.seen.Workload = serving("v3")
			q.seen.Workload.BaselineAvailable, q.seen.Workload.Strays, q.seen.Workload.Serving = 0, 10, "v2"
		}, outcome{Phase: rollout.RollingBack, Reason: rollout.ReasonSuperseded, Hold: rollout.KeepPaused, Split: home}, "revision v3 is next"},
		"a baseline without pods, when the new template serves already": {func(q *question) {
			q.seen.Workload = serving("v2")
			q.seen.Workload.BaselineAvailable, q.seen.Workload.Strays, q.seen.Workload.Serving = 0, 10, "v2"
		}, passes, "while nobody watched"},
		"first sight of a workload in the middle of a rollout": {func(q *question) {
			q.state = rollout.State{}
			q.seen.Workload = serving("v2")
			q.seen.Workload.Paused = false
		}, rolling, "waiting for its end"},
		"first sight of a rollout that is held": {func(q *question) {
			q.state = rollout.State{}
			q.seen.Workload = serving("v2")
		}, started, "against baseline v1"},
		"first sight of a rollout that is held when most of it is done": {func(q *question) {
			q.state = rollout.State{}
			q.seen.Workload = serving("v2")
			q.seen.Workload.Serving = "v2"
		}, rolling, "kubectl rollout resume"},
		"first sight of a held template when nothing serves": {func(q *question) {
			q.state = rollout.State{}
			q.seen.Workload = serving("v2")
			q.seen.Workload.Serving = ""
		}, passes, "nothing of the workload serves"},
		"first sight of a held template when what is there is not available": {func(q *question) {
			q.state = rollout.State{}
			q.seen.Workload = serving("v2")
			q.seen.Workload.BaselineAvailable = 0
		}, passes, "nothing of the workload serves"},
		"first sight of a workload without pods": {func(q *question) {
			q.state = rollout.State{}
			q.seen.Workload = rollout.Workload{Exists: true, Wanted: "v2"}
		}, watching, "revision v2 serves"},
		"a Canary that is being deleted starts nothing": {func(q *question) {
			q.seen.Ending = true
			q.seen.Workload = serving("v2")
		}, outcome{Phase: rollout.Idle, Reason: rollout.ReasonCanaryDeleted, Split: home, Event: rollout.ReasonCanaryDeleted}, "revision v2 was not judged. The workload stays paused"},
		"a Canary that is being deleted has nothing to say about a workload that rolls": {func(q *question) { q.seen.Ending = true }, watching, "nothing of it is left"},
	})
}

func TestAfterARefusal(t *testing.T) {
	failed := func() question {
		return question{
			plan(),
			rollout.State{Phase: rollout.Failed, Baseline: "v1", Candidate: "v2", Refused: true, Cause: "p95 312ms", Reason: rollout.ReasonAnalysisFailed},
			rollout.Observation{Now: now, Workload: serving("v2"), Split: atHome()},
		}
	}
	held := outcome{Phase: rollout.Failed, Reason: rollout.ReasonAnalysisFailed, Hold: rollout.KeepPaused, Split: home}
	cleared := outcome{Phase: rollout.RollingBack, Reason: rollout.ReasonSuperseded, Hold: rollout.KeepPaused, Split: home}
	decideAll(t, failed, map[string]row{
		"the refused template is held, and the cause is repeated": {func(*question) {}, held, "p95 312ms"},
		"another revision's retry is nobody's":                    {func(q *question) { q.seen.Wishes.Retry = "v1" }, held, "p95"},
		"a retry that was acted upon is not acted upon again": {func(q *question) {
			q.seen.Wishes.Retry, q.state.Acknowledged.Retry = "v2", "v2"
		}, held, "p95"},
		"a retry starts again": {
			func(q *question) { q.seen.Wishes.Retry = "v2" },
			outcome{Phase: rollout.Progressing, Reason: rollout.ReasonReleaseStarted, Hold: rollout.KeepPaused, Split: 0, Event: rollout.ReasonReleaseStarted},
			"revision v2",
		},
		"a retry of a restarted template counts its pods first": {func(q *question) {
			q.seen.Wishes.Retry = "v2"
			q.seen.Workload.Wanted, q.seen.Workload.RestartOf = "v2b", "v2"
		}, cleared, "v2b is next"},
		"a restart does not wash off the refusal": {func(q *question) {
			q.seen.Workload.Wanted, q.seen.Workload.RestartOf = "v2b", "v2"
		}, held, ""},
		"scaling to 0 does not wash off the refusal": {func(q *question) { q.seen.Workload.Replicas = 0 }, held, ""},
		"a newer template comes after the old one is cleared away": {
			func(q *question) { q.seen.Workload = serving("v3") }, cleared, "revision v3 is next",
		},
		"the baseline's template again is a revert": {
			func(q *question) { q.seen.Workload = serving("v1") },
			outcome{Phase: rollout.Finalizing, Reason: rollout.ReasonReverted, Hold: rollout.LetRoll, Split: home, Event: rollout.ReasonReverted},
			"revision v1 goes on serving",
		},
		"pods that it got behind our back are taken away": {func(q *question) {
			q.seen.Workload.CandidatePods = 3
		}, outcome{Phase: rollout.RollingBack, Reason: rollout.ReasonAnalysisFailed, Hold: rollout.KeepPaused, Split: 0, Pods: 3, Event: rollout.ReasonResumedByHand}, "serin.dev/retry=v2"},
		"what the workload rolled out all the same serves": {func(q *question) {
			q.seen.Workload.Complete = true
		}, outcome{Phase: rollout.Finalizing, Reason: rollout.ReasonPassedThrough, Hold: rollout.LetRoll, Split: home, Event: rollout.ReasonPassedThrough}, "revision v2"},
		"a Canary that is being deleted says how to ship it": {
			func(q *question) { q.seen.Ending = true },
			outcome{Phase: rollout.Failed, Reason: rollout.ReasonCanaryDeleted, Hold: rollout.KeepPaused, Split: home, Event: rollout.ReasonCanaryDeleted},
			"was refused",
		},
		"a Canary that is being deleted takes pods away first": {func(q *question) {
			q.seen.Ending, q.seen.Workload.CandidatePods = true, 2
		}, outcome{Phase: rollout.RollingBack, Reason: rollout.ReasonAnalysisFailed, Hold: rollout.KeepPaused, Split: 0, Pods: 2}, "taken away again"},
	})
}

func TestClimbing(t *testing.T) {
	left := func(reason rollout.Reason) outcome {
		return outcome{Phase: rollout.RollingBack, Reason: reason, Hold: rollout.KeepPaused, Split: 0, Pods: 5, Event: reason}
	}
	silent := func(q *question) { q.seen.Report, q.seen.SourceTrouble = analysis.Report{}, "connection refused" }
	doubtful := func(q *question) { q.seen.Report = analysis.Report{Message: "12 requests of 50"} }
	late := func(q *question) {
		doubtful(q)
		q.state.EnteredAt, q.state.SettledAt = ago(17*time.Minute), ago(17*time.Minute)
	}
	decideAll(t, climbing, map[string]row{
		// What ends a release.
		"the workload is deleted": {func(q *question) { q.seen.Workload = rollout.Workload{CandidatePods: 5} }, outcome{
			Phase: rollout.RollingBack, Reason: rollout.ReasonTargetDeleted, Split: 0, Pods: 5, Event: rollout.ReasonTargetDeleted,
		}, "the workload was deleted"},
		"the template is reverted":   {func(q *question) { q.seen.Workload.Wanted = "v1" }, left(rollout.ReasonReverted), "the baseline's again"},
		"a newer template is pushed": {func(q *question) { q.seen.Workload.Wanted = "v3" }, left(rollout.ReasonSuperseded), "revision v3 is newer"},
		"the Canary is deleted":      {func(q *question) { q.seen.Ending = true }, left(rollout.ReasonCanaryDeleted), "kubectl rollout resume ships it"},
		"the workload is scaled to 0": {func(q *question) {
			q.seen.Workload.Replicas = 0
		}, left(rollout.ReasonScaledToZero), "0 replicas"},
		"the workload rolled it out by itself": {func(q *question) {
			q.seen.Workload.Complete = true
		}, outcome{Phase: rollout.Finalizing, Reason: rollout.ReasonPassedThrough, Hold: rollout.LetRoll, Split: home, Event: rollout.ReasonPassedThrough}, "while nobody watched"},
		"a person aborts it": {func(q *question) { q.seen.Wishes.Abort = "v2" }, refused(rollout.ReasonAborted), "step 1 of 3 (weight 10% since 07:58:00 UTC): a person aborted it"},
		"the evidence fails": {func(q *question) {
			q.seen.Report = analysis.Report{Verdict: analysis.Fail, Message: "p95 312ms against 93ms."}
		}, refused(rollout.ReasonAnalysisFailed), "p95 312ms against 93ms. The traffic goes back to baseline v1"},
		"the evidence fails as the workload is scaled to 0": {func(q *question) {
			q.seen.Report.Verdict, q.seen.Workload.Replicas = analysis.Fail, 0
		}, refused(rollout.ReasonAnalysisFailed), ""},
		"the evidence fails while a person has it paused": {func(q *question) {
			q.seen.Report.Verdict, q.state.Paused = analysis.Fail, true
		}, refused(rollout.ReasonAnalysisFailed), ""},
		"its pods crash": {func(q *question) {
			q.seen.Workload.Fatal, q.seen.Workload.Trouble = true, "CrashLoopBackOff"
		}, refused(rollout.ReasonCandidateFailed), "CrashLoopBackOff"},
		// What it waits for.
		"it bakes": {func(q *question) { q.state.SettledAt = ago(20 * time.Second) }, goesOn(10, rollout.ReasonObserving, 5, ""), "bakes for at least 40s more: no worse"},
		"it bakes without evidence": {func(q *question) {
			silent(q)
			q.state.SettledAt = ago(20 * time.Second)
		}, goesOn(10, rollout.ReasonSourceUnavailable, 5, rollout.ReasonSourceUnavailable), "connection refused"},
		"it bakes while paused": {func(q *question) {
			q.state.Paused, q.state.SettledAt = true, ago(20*time.Second)
		}, goesOn(10, rollout.ReasonPaused, 5, rollout.ReasonPaused), "paused by a person"},
		"the bake is over and the evidence is not in":                 {doubtful, goesOn(10, rollout.ReasonInconclusive, 5, ""), "waits for evidence: 12 requests of 50"},
		"the bake is over and the source is silent":                   {silent, goesOn(10, rollout.ReasonSourceUnavailable, 5, rollout.ReasonSourceUnavailable), ""},
		"a verdict from before the silence is none":                   {func(q *question) { q.seen.SourceTrouble = "timeout" }, goesOn(10, rollout.ReasonSourceUnavailable, 5, rollout.ReasonSourceUnavailable), "timeout"},
		"no verdict until the deadline rolls back":                    {late, refused(rollout.ReasonStepDeadline), "no verdict within 15m after the bake: 12 requests of 50"},
		"no verdict until the deadline, and the source said nothing":  {func(q *question) { late(q); q.seen.Report.Message = "" }, refused(rollout.ReasonStepDeadline), "the source brought nothing"},
		"no verdict until the deadline, paused":                       {func(q *question) { late(q); q.state.Paused = true }, goesOn(10, rollout.ReasonPaused, 5, rollout.ReasonPaused), ""},
		"no verdict until the deadline holds, when the plan says so":  {func(q *question) { late(q); q.plan.OnInconclusive = rollout.HoldIfInconclusive }, goesOn(10, rollout.ReasonHolding, 5, rollout.ReasonHolding), "serin.dev/promote=v2"},
		"no verdict until the deadline passes, when the plan says so": {func(q *question) { late(q); q.plan.OnInconclusive = rollout.AdvanceIfInconclusive }, goesOn(10, rollout.ReasonObserving, 5, rollout.ReasonInconclusive), "without a verdict"},
		"a step that was waived rises":                                {func(q *question) { doubtful(q); q.state.Waived = true }, goesOn(50, rollout.ReasonStepAdvanced, 5, rollout.ReasonStepAdvanced), "without a verdict: 12 requests"},
		"a waived step still waits for its approval":                  {func(q *question) { approving(q); doubtful(q); q.state.Waived = true }, goesOn(50, rollout.ReasonAwaitingApproval, 10, rollout.ReasonAwaitingApproval), ""},
		"a passed step waits for its approval":                        {approving, goesOn(50, rollout.ReasonAwaitingApproval, 10, rollout.ReasonAwaitingApproval), "serin.dev/approve=v2"},
		"an approved step goes on":                                    {func(q *question) { approving(q); q.seen.Wishes.Approve = "v2" }, goesOn(100, rollout.ReasonStepAdvanced, 10, rollout.ReasonStepAdvanced), "(step 3 of 3): no worse"},
		"an approval of another revision approves nothing":            {func(q *question) { approving(q); q.seen.Wishes.Approve = "v3" }, goesOn(50, rollout.ReasonAwaitingApproval, 10, rollout.ReasonAwaitingApproval), ""},
		"an approval of an earlier step approves nothing": {func(q *question) {
			approving(q)
			q.seen.Wishes.Approve, q.state.Acknowledged.Approve, q.state.ApprovedWeight = "v2", "v2", 10
		}, goesOn(50, rollout.ReasonAwaitingApproval, 10, rollout.ReasonAwaitingApproval), "serin.dev/approve=v2@2"},
		"a source that falls silent after hours of waiting has its own deadline": {func(q *question) {
			approving(q)
			silent(q)
			q.state.SettledAt, q.state.EnteredAt = ago(5*time.Hour), ago(time.Second)
		}, goesOn(50, rollout.ReasonSourceUnavailable, 10, rollout.ReasonSourceUnavailable), ""},
		"a paused step does not pass":        {func(q *question) { q.seen.Wishes.Pause = "v2" }, goesOn(10, rollout.ReasonPaused, 5, rollout.ReasonPaused), "serin.dev/resume=v2"},
		"a resumed step passes":              {func(q *question) { q.state.Paused, q.seen.Wishes.Resume = true, "v2" }, goesOn(50, rollout.ReasonStepAdvanced, 5, rollout.ReasonStepAdvanced), ""},
		"a paused step that passed stays":    {func(q *question) { q.state.Passed, q.state.Paused = true, true }, goesOn(10, rollout.ReasonPaused, 5, rollout.ReasonPaused), ""},
		"a step that passed loses its claim": {func(q *question) { q.state.Passed = true; doubtful(q) }, goesOn(10, rollout.ReasonInconclusive, 5, ""), "waits for evidence"},
		"pods are awaited": {func(q *question) {
			q.seen.Workload.CandidateAvailable, q.seen.Workload.Trouble = 2, "insufficient cpu"
		}, goesOn(10, rollout.ReasonScaling, 5, ""), "2 of 5 pods available (insufficient cpu)"},
		"pods are awaited, and not for ever": {func(q *question) {
			q.seen.Workload.CandidateAvailable, q.state.Passed, q.state.EnteredAt = 2, true, ago(11*time.Minute)
		}, refused(rollout.ReasonCandidateNotReady), "within 10m: 2 of 5"},
		"the split is awaited": {func(q *question) {
			q.seen.Split, q.state.SettledAt = rollout.Split{Weight: 10, Message: "gateway not programmed"}, time.Time{}
		}, goesOn(10, rollout.ReasonSettling, 5, ""), "setting weight 10%: gateway not programmed"},
		"the split is awaited, and not for ever": {func(q *question) {
			q.seen.Split, q.state.SettledAt, q.state.EnteredAt = rollout.Split{Weight: 10}, time.Time{}, ago(11*time.Minute)
		}, refused(rollout.ReasonSplitUnsettled), "did not settle at weight 10% within 10m"},
		"a wait without a beginning begins now": {func(q *question) {
			q.seen.Split, q.state.SettledAt, q.state.EnteredAt = rollout.Split{Weight: 10}, time.Time{}, time.Time{}
		}, goesOn(10, rollout.ReasonSettling, 5, ""), ""},
		"a split that loses its acknowledgement is settled anew": {func(q *question) { q.seen.Split.Settled = false }, goesOn(10, rollout.ReasonSettling, 5, ""), ""},
		"the route is written back":                              {func(q *question) { q.seen.Split = atHome() }, goesOn(10, rollout.ReasonRouteReverted, 5, rollout.ReasonRouteReverted), "all pods alike"},
		"another weight is written":                              {func(q *question) { q.seen.Split = routed(77) }, goesOn(10, rollout.ReasonRouteReverted, 5, rollout.ReasonRouteReverted), "weight 77% into the route instead of 10%"},
		"the route is deleted":                                   {func(q *question) { q.seen.Split = rollout.Split{Home: true, Gone: true} }, goesOn(10, rollout.ReasonRouteReverted, 5, rollout.ReasonRouteReverted), "deleted"},
		"the workload rolls by itself":                           {func(q *question) { q.seen.Workload.Paused = false }, goesOn(10, rollout.ReasonObserving, 5, ""), "keeping the workload"},
		"the plan lost the step":                                 {func(q *question) { q.plan.Steps = q.plan.Steps[1:] }, goesOn(0, rollout.ReasonSettling, 5, rollout.ReasonSettling), "setting weight 0%"},
		"the plan does not end at 100%":                          {func(q *question) { q.plan.Steps = q.plan.Steps[:1]; q.seen.Workload.CandidateAvailable = 10 }, goesOn(10, rollout.ReasonHolding, 5, rollout.ReasonHolding), "does not end"},
		// How it goes on.
		"the next weight":                    {func(*question) {}, goesOn(50, rollout.ReasonStepAdvanced, 5, rollout.ReasonStepAdvanced), "revision v2 gets 50% of the traffic (step 2 of 3): no worse"},
		"a person promotes without evidence": {func(q *question) { doubtful(q); q.state.SettledAt = now; q.seen.Wishes.Promote = "v2@now" }, goesOn(50, rollout.ReasonStepAdvanced, 5, rollout.ReasonStepAdvanced), "as a person asked"},
		"a forced release overrules the evidence": {func(q *question) {
			q.seen.Report.Verdict, q.state.Forced = analysis.Fail, true
		}, goesOn(50, rollout.ReasonStepAdvanced, 5, rollout.ReasonStepAdvanced), "as a person asked"},
		"the hand-over": {func(q *question) {
			approving(q)
			q.state.Weight, q.seen.Split = 100, routed(100)
		}, outcome{Phase: rollout.Promoting, Weight: 100, Reason: rollout.ReasonPromoting, Hold: rollout.KeepPaused, Split: 100, Pods: 10, HandOver: true}, "every step passed"},
		"the first pods wait for the split": {func(q *question) {
			q.state.Weight, q.state.SettledAt = 0, time.Time{}
			q.seen.Split, q.seen.Workload.CandidatePods, q.seen.Workload.CandidateAvailable = atHome(), 0, 0
		}, goesOn(0, rollout.ReasonSettling, 0, ""), "setting weight 0%"},
		"the first pods come when requests are kept off them": {func(q *question) {
			q.state.Weight, q.state.SettledAt = 0, time.Time{}
			q.seen.Split, q.seen.Workload.CandidatePods, q.seen.Workload.CandidateAvailable = routed(0), 0, 0
		}, goesOn(0, rollout.ReasonScaling, 1, ""), "0 of 1 pods available"},
		"paused before the first step": {func(q *question) {
			q.state.Weight, q.state.Paused, q.seen.Split = 0, true, routed(0)
		}, goesOn(0, rollout.ReasonPaused, 1, rollout.ReasonPaused), "the way to the first step is paused"},
	})
}
