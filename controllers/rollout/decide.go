package rollout

import (
	"fmt"
	"strings"
	"time"
)

// Decide says what to remember, what to bring about and when to look again. It is total: every plan, memory and observation has an answer.
func Decide(p Plan, s State, o Observation) Decision {
	if s.Phase == "" {
		s.Phase = Idle
	}
	t := &turn{p: p, s: s, o: o, before: s}
	switch s.Phase {
	case Progressing:
		t.progress()
	case Promoting:
		t.promote()
	case Finalizing:
		t.finalize()
		t.tellDelay()
	case RollingBack:
		t.rollBack()
		t.tellDelay()
	case Idle, Succeeded, Failed:
		t.rest()
	default:
		// A memory that makes no sense: whatever there is of a candidate goes, and then the workload is looked at anew.
		t.dropWeight("")
		t.rollBack()
	}
	t.tellIgnored()
	return Decision{
		State:        t.s,
		Desired:      t.desired(),
		Message:      t.message,
		Event:        t.event,
		RequeueAfter: t.requeueAfter(),
		Done:         t.done(),
	}
}

// turn is one call of Decide: what came in, and what becomes of it.
type turn struct {
	p         Plan
	s, before State
	o         Observation
	message   string
	event     *Event
}

// start begins a release of the wanted revision. It must not be called in a turn that counted another revision's pods as the candidate's.
func (t *turn) start() {
	t.s = State{
		Phase: Progressing, Baseline: t.s.Baseline, Candidate: t.o.Workload.Wanted,
		StartedAt: t.o.Now, EnteredAt: t.o.Now, Reason: ReasonReleaseStarted, Acknowledged: t.s.Acknowledged, Ignored: t.s.Ignored,
	}
	t.tell(ReasonReleaseStarted, false, "revision %s is released in %d steps against baseline %s", t.s.Candidate, len(t.p.Steps), t.s.Baseline)
}

// enter starts a phase.
func (t *turn) enter(phase Phase, reason Reason) {
	t.s.Phase, t.s.Reason = phase, reason
	t.s.EnteredAt, t.s.SettledAt, t.s.Delayed = t.o.Now, time.Time{}, false
}

// forget drops everything about the candidate.
func (t *turn) forget() {
	t.s = State{
		Phase: t.s.Phase, Baseline: t.s.Baseline, Reason: t.s.Reason, Acknowledged: t.s.Acknowledged, Ignored: t.s.Ignored,
		StartedAt: t.s.StartedAt, EnteredAt: t.s.EnteredAt,
	}
}

// passThrough makes the wanted revision the baseline without a judgement, because there is nothing left to compare it with.
func (t *turn) passThrough(warning bool, why string) {
	t.s.Baseline = t.o.Workload.Wanted
	t.forget()
	t.enter(Finalizing, ReasonPassedThrough)
	t.tell(ReasonPassedThrough, warning, "revision %s passes without a release: %s", t.s.Baseline, why)
}

// leave ends a release that nobody refused: the template moved on, or the workload or the Canary went away.
func (t *turn) leave(reason Reason, why string) {
	candidate := t.s.Candidate
	t.dropWeight(reason)
	t.tell(reason, false, "the release of revision %s ends: %s", candidate, why)
}

// refuse ends a release with a judgement on its candidate. The cause stands alone for whoever reads nothing else.
func (t *turn) refuse(reason Reason, why string) {
	at := "before it got any traffic"
	if t.s.Weight > 0 {
		at = "at " + t.at()
		if since := t.s.SettledAt; !since.IsZero() {
			at = strings.TrimSuffix(at, ")") + since.UTC().Format(" since 15:04:05 UTC)")
		}
	}
	cause := fmt.Sprintf("revision %s was refused %s: %s. The traffic goes back to baseline %s. Push a fix, revert, or try again with serin.dev/retry=%s",
		t.s.Candidate, at, strings.TrimRight(why, ". "), t.s.Baseline, wish(t.s.Candidate, t.s.Acknowledged.Retry))
	t.dropWeight(reason)
	t.s.Refused, t.s.Cause = true, cause
	t.tell(ReasonRolledBack, true, "%s", cause)
}

func (t *turn) dropWeight(reason Reason) {
	t.enter(RollingBack, reason)
	t.s.Weight, t.s.Passed, t.s.Waived, t.s.Forced, t.s.Paused, t.s.ApprovedWeight = 0, false, false, false, false, 0
}

// tell sets the message and the event of this turn.
func (t *turn) tell(reason Reason, warning bool, format string, args ...any) {
	t.message = fmt.Sprintf(format, args...)
	t.event = &Event{Reason: reason, Message: t.message, Warning: warning}
}

// wait stays where it is, for a reason. People are told once, when the reason is new and worth it.
func (t *turn) wait(reason Reason, message string) {
	news := t.s.Reason != reason && worthTelling(reason)
	t.s.Reason, t.message = reason, message
	if news && t.event == nil {
		t.event = &Event{Reason: reason, Message: message, Warning: reason != ReasonAwaitingApproval && reason != ReasonPaused}
	}
}

// worthTelling says that a person should hear of a wait for this reason. The other reasons are outcomes, which are told by themselves, or too small to tell.
func worthTelling(r Reason) bool {
	switch r {
	case ReasonTargetNotFound, ReasonHolding, ReasonSourceUnavailable, ReasonSourceRejected, ReasonRouteReverted, ReasonBaselineNotReady, ReasonAwaitingApproval,
		ReasonPaused, ReasonCanaryDeleted:
		return true
	default:
		return false
	}
}

// tellDelay tells once that a phase which nothing may cut short takes too long: requests may still reach the candidate, or its pods won't go.
func (t *turn) tellDelay() {
	drained := !t.s.SettledAt.IsZero() && t.o.Now.Sub(t.s.SettledAt) <= t.p.ReadyDeadline
	if t.s.Phase != t.before.Phase || t.event != nil || t.s.Delayed || drained || !t.overdue(t.p.ReadyDeadline) {
		return
	}
	t.s.Delayed = true
	t.event = &Event{Reason: ReasonHolding, Message: "not over after " + short(t.p.ReadyDeadline) + ": " + t.message, Warning: true}
}

// overdue says that the present wait has lasted longer than d.
func (t *turn) overdue(d time.Duration) bool {
	if t.s.EnteredAt.IsZero() {
		t.s.EnteredAt = t.o.Now
	}
	return t.o.Now.Sub(t.s.EnteredAt) > d
}

func (t *turn) isBaseline() bool { return t.wants(t.s.Baseline) }

func (t *turn) isCandidate() bool { return t.wants(t.s.Candidate) }

// wants says that the workload's template is the revision's, or only restarts it.
func (t *turn) wants(revision string) bool {
	w := t.o.Workload
	return w.Exists && revision != "" && (w.Wanted == revision || w.RestartOf == revision)
}

// rolledOutByItself says that the workload shipped the candidate behind our back, to the last pod: there is no baseline left to compare it with or to return to.
func (t *turn) rolledOutByItself() bool {
	w := t.o.Workload
	return w.Exists && w.Complete && w.Replicas > 0 && w.Wanted == t.s.Candidate
}

const rolledOutUnwatched = "the workload rolled it out while nobody watched, and nothing else is left; it serves without having been judged"

// home says that the route is as its owner wrote it, and that the data plane knows. One that never acknowledges is not waited for longer than the deadline.
func (t *turn) home() bool {
	split := t.o.Split
	return t.p.PodShare || split.Gone || split.Home && (split.Settled || t.overdue(t.p.ReadyDeadline))
}

// restoringBaseline says that requests have to reach all pods alike for a while: too few of them are the baseline's to take the requests alone, because the
// workload rolled by itself.
func (t *turn) restoringBaseline() bool {
	w := t.o.Workload
	alike := t.o.Split.Home || t.o.Split.Gone || w.BaselineAvailable == 0 && w.Strays > 0
	if t.p.PodShare {
		alike = t.s.Weight == 0 && t.s.SettledAt.IsZero() && !t.s.Refused
	}
	alike = alike || w.BaselineGone
	return w.Exists && alike && w.CandidatePods+w.Strays > 0 && w.BaselineAvailable < w.MinAvailable
}

func (t *turn) baselinePods() string {
	return fmt.Sprintf("%d of at least %d pods of baseline %s available", t.o.Workload.BaselineAvailable, t.o.Workload.MinAvailable, t.s.Baseline)
}

// done says that a Canary that is being deleted has left no trace.
func (t *turn) done() bool {
	split := t.o.Split
	back := t.p.PodShare || split.Home || split.Gone
	empty := t.s.Candidate == "" || t.o.Workload.CandidatePods == 0
	return t.o.Ending && !t.inFlight() && back && empty
}

func (t *turn) inFlight() bool {
	switch t.s.Phase {
	case Idle, Succeeded, Failed:
		return false
	case Progressing, Promoting, Finalizing, RollingBack:
	}
	return true
}

// short writes a duration as people do: 15m, not 15m0s.
func short(d time.Duration) string {
	s := d.Round(time.Second).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-2]
		}
	}
	return s
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
