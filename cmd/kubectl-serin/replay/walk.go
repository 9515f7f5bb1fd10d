package replay

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/trace"
	"github.com/serin-dev/serin/controllers/rollout"
)

const (
	// follow is for how long pods and gateways may have kept a release from a weight that it was granted.
	follow = time.Minute
	// replicas of the world in which releases are replayed; any number does, since all pods are always there.
	replicas = 10
	// mostTurns are made of the time between two looks, however long it is.
	mostTurns = 10_000
	// forever is longer than any release: in a replay pods and routes do not fail.
	forever = 100 * 365 * 24 * time.Hour
)

// errNoRelease is the error for a trace of nothing.
var errNoRelease = errors.New("the trace holds no look at the release: its candidate never got any traffic")

// Revisions name the arms, for what people would have been told.
type Revisions struct{ Baseline, Candidate string }

// Walk replays a trace that begins in mid-release with from, or with the release when from is nil. The error is the trace's.
func Walk(p rollout.Plan, names Revisions, from *trace.Resumed, j Judge, t Trace) (Result, error) {
	p.ReadyDeadline, p.Drain = forever, 0
	w := &walk{plan: p, names: names, resumed: from, judge: j, trace: t}
	if names.Baseline == "" || names.Candidate == "" || names.Baseline == names.Candidate {
		w.names = Revisions{"baseline", "candidate"} // the state machine must tell them apart
	}
	if err := w.learn(); err != nil {
		return Result{}, err
	}
	for !w.decided() && len(w.ahead) > 0 {
		if err := w.see(w.ahead[0]); err != nil {
			return Result{}, err
		}
	}
	if !w.decided() {
		// The next look would have come an interval later; up to there the last one counts.
		w.advance(w.now.Add(p.Interval + time.Second))
	}
	if last := len(w.result.Looks) - 1; last >= 0 {
		w.result.Looks[last].Events = append(w.result.Looks[last].Events, w.told...)
	}
	return w.conclude()
}

// walk is a replay under way.
type walk struct {
	plan    rollout.Plan
	names   Revisions
	resumed *trace.Resumed
	judge   Judge
	trace   Trace
	result  Result
	// ahead are the looks that are still to be seen, as many as were needed so far.
	ahead []trace.Look

	now   time.Time
	state rollout.State
	// report is what the looks at the present weight say.
	report analysis.Report
	// settles is when the granted weight is there; due when the state machine asks for its next turn.
	settles, due time.Time
	// told are events that no look holds yet, message what the last turn said.
	told    []Event
	message string
}

// learn takes in the looks before the release, and begins it.
func (w *walk) learn() error {
	for {
		l, ok, err := w.peek(0)
		switch {
		case err != nil:
			return err
		case !ok:
			return errNoRelease
		}
		if l.Weight > 0 {
			w.begin(l.Window.From)
			return nil
		}
		w.judge.Look(l.Look)
		w.result.Learned++
		w.ahead = w.ahead[1:]
	}
}

// begin starts the release in the moment in which its first look begins, or goes on with it at the step that it had reached.
func (w *walk) begin(at time.Time) {
	w.state = rollout.State{Phase: rollout.Progressing, Baseline: w.names.Baseline, Candidate: w.names.Candidate, StartedAt: at, EnteredAt: at}
	w.now, w.settles = at, at
	if from := w.resumed; from != nil {
		if n := w.plan.StepNumber(from.Weight); n > 0 {
			w.state.Weight, w.state.SettledAt = w.plan.Steps[n-1].Weight, from.SettledAt
		}
		if from.At.After(at) { // waits began anew then
			w.now, w.state.EnteredAt = from.At, from.At
		}
	}
	w.turn()
}

// peek is a look ahead, counted from the next one; false when there is none.
func (w *walk) peek(n int) (trace.Look, bool, error) {
	for len(w.ahead) <= n {
		l, err := w.trace.Next()
		if errors.Is(err, io.EOF) {
			return l, false, nil
		}
		if err != nil {
			return l, false, err
		}
		w.ahead = append(w.ahead, l)
	}
	return w.ahead[n], true, nil
}

// see goes on to the end of the next look, and lets the judge see it.
func (w *walk) see(l trace.Look) error {
	// What the state machine may want to know of the time to come is read first, so that it needs no error.
	for n := 1; ; n++ {
		next, ok, err := w.peek(n)
		if err != nil {
			return err
		}
		if !ok || next.Window.From.After(l.Window.To.Add(follow)) {
			break
		}
	}
	w.advance(l.Window.To)
	if w.decided() {
		return nil
	}
	w.ahead = w.ahead[1:]
	l.Next = max(w.plan.After(w.state.Weight), l.Weight)
	seen := Look{Window: l.Window, Served: l.Weight, Planned: w.state.Weight, Report: w.judge.Look(l.Look)}
	if waits := w.state.SettledAt.IsZero(); waits {
		seen.Planned = l.Weight // as the recorded release did, this one waits for pods and gateway
	} else if !l.Window.From.Before(w.state.SettledAt) {
		w.report = seen.Report
	}
	if l.Looks > 1 {
		w.result.Joined += l.Looks
	}
	w.turn()
	seen.Events, w.told = w.told, nil
	w.result.Looks = append(w.result.Looks, seen)
	return nil
}

// advance lets time go by. The state machine takes its turns as it asks for them.
func (w *walk) advance(to time.Time) {
	least := to.Sub(w.now) / mostTurns
	for !w.decided() {
		next := w.due
		if w.state.SettledAt.IsZero() {
			next = w.settles
		}
		if soon := w.now.Add(least); next.Before(soon) && w.now.Before(soon) {
			next = soon
		}
		if !next.After(w.now) || !next.Before(to) {
			break
		}
		w.now = next
		w.turn()
	}
	if !w.decided() && w.now.Before(to) {
		w.now = to
	}
}

// turn is one call of the state machine, in a world in which nothing is in the way of a release.
func (w *walk) turn() {
	before := w.state
	d := rollout.Decide(w.plan, before, rollout.Observation{
		Now: w.now, Report: w.report, Wishes: rollout.Wishes{Approve: w.approval()},
		Split: rollout.Split{Weight: before.Weight, Settled: w.there(), Message: "the route is settling"},
		Workload: rollout.Workload{
			Exists: true, Paused: true, Replicas: replicas, Wanted: w.names.Candidate, Serving: w.names.Baseline,
			BaselineAvailable: replicas, MinAvailable: replicas, CandidatePods: w.pods(), CandidateAvailable: w.available(),
		},
	})
	w.state, w.message, w.due = d.State, d.Message, w.now.Add(d.RequeueAfter)
	if d.Event != nil && !w.decided() { // the outcome is told by itself
		w.told = append(w.told, Event{At: w.now, Reason: string(d.Event.Reason), Message: d.Event.Message})
	}
	switch {
	case w.decided():
		w.result.Weight = before.Weight
	case w.state.Weight != before.Weight:
		w.settles = w.settling()
		w.report = analysis.Report{}
		if !w.settles.After(w.now) {
			w.turn()
		}
	case !w.state.SettledAt.Equal(before.SettledAt):
		w.report = analysis.Report{}
	}
}

// pods is how many pods the candidate has: where they are the share, as many as are granted.
func (w *walk) pods() int32 {
	if w.plan.PodShare {
		return w.plan.Capacity(replicas, w.state.Weight)
	}
	return replicas
}

// available is how many of the candidate's pods can serve. Without a route, they are what settles.
func (w *walk) available() int32 {
	if w.plan.PodShare && !w.there() {
		return 0
	}
	return replicas
}

// there says that the granted weight is served by now.
func (w *walk) there() bool { return !w.now.Before(w.settles) }

// settling is when the weight just granted is there: at once, or when the trace came to it, if it did so soon and went nowhere else before.
func (w *walk) settling() time.Time {
	for i, l := range w.ahead {
		switch {
		case l.Window.From.After(w.now.Add(follow)):
			return w.now
		case l.Weight == w.state.Weight && l.Window.From.After(w.now):
			return l.Window.From
		case l.Weight == w.state.Weight, i > 0 && l.Weight != w.ahead[i-1].Weight:
			return w.now
		}
	}
	return w.now
}

// approval is the wish of the person who approved the recorded release: they did when it moved beyond the present weight.
func (w *walk) approval() string {
	moved := false
	if len(w.ahead) > 0 {
		moved = w.ahead[0].Weight > w.state.Weight
	} else if end := w.trace.End(); end != nil {
		moved = end.Outcome == trace.Promoted
	}
	if !moved {
		return ""
	}
	return fmt.Sprintf("%s@%d", w.names.Candidate, w.state.Weight)
}

// decided says that the policy has judged the release.
func (w *walk) decided() bool {
	return w.state.Phase == rollout.Promoting || w.state.Phase == rollout.RollingBack
}

// conclude sums up, and counts what is left of the trace.
func (w *walk) conclude() (Result, error) {
	for {
		_, ok, err := w.peek(0)
		if err != nil {
			return Result{}, err
		}
		if !ok {
			break
		}
		w.ahead = w.ahead[1:]
		w.result.Ignored++
	}
	r := w.result
	r.Outcome, r.At, r.Reason, r.Message = Inconclusive, w.now, string(w.state.Reason), w.message
	switch w.state.Phase {
	case rollout.Promoting:
		r.Outcome, r.Message = Promoted, "every step passed"
	case rollout.RollingBack:
		r.Outcome, r.Message = RolledBack, w.report.Message
		if w.state.Reason == rollout.ReasonStepDeadline {
			r.Message = fmt.Sprintf("no verdict within %s after the bake: %s", w.plan.EvidenceDeadline, r.Message)
		}
	default:
		r.Weight = w.state.Weight
	}
	r.Step, r.Steps = w.plan.StepNumber(r.Weight), len(w.plan.Steps)
	return r, nil
}
