package controllers

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/engine"
	"github.com/serin-dev/serin/analysis/trace"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
)

const (
	// patience is how long a look may be under way before the source counts as silent; a look at longer intervals may take a whole interval.
	patience = 2 * time.Second
	// learnFor is how long before a release the baseline is looked at, to learn how much its pods differ, and learnLooks in how many looks at most.
	learnFor   = 30 * time.Minute
	learnLooks = 120
	// longThrottled is how long a look may wait so that a rate limit is kept, before people hear of it: that looking slows down is no news. That a
	// backend refuses is.
	longThrottled = 2 * time.Minute
)

// evidence is what was made of the looks at one candidate so far.
type evidence struct {
	candidate string
	policy    analysis.Policy
	engine    *engine.Engine
	// learnedUpTo is the end of what was learned of the baseline, upTo the end of the last window that was looked at.
	learnedUpTo, upTo time.Time
	// settledAt is since when the present step's split has been settled; zero while it is not.
	settledAt time.Time
	// report is what the looks of the present step say; zero before the first.
	report analysis.Report
	trend  trend
	tracer *tracer
	// trouble is why the last look brought nothing; rejected the same when asking again the same way will not help.
	trouble  string
	rejected error
	// throttled is what the source says instead of an answer, when that is that it answers later, and since when it does; empty otherwise. refused says that it was
	// the backend that refused, rather than we who waited for a turn.
	throttled      string
	throttledSince time.Time
	refused        bool
	seen           seenPods
	// pending brings the answer of the look under way since asked; nil while there is none. After trouble, and as long as the source's rate
	// limit says, the next is not asked for before notBefore.
	pending   <-chan answer
	asked     time.Time
	notBefore time.Time
}

// look brings the evidence up to date: it takes in the answer of a question that has come back, and sends the next one out when it is due. It never waits and
// never fails: a source that does not answer is no evidence, and must not keep a rollback or the guard waiting.
func (r *CanaryReconciler) look(ctx context.Context, s *scene) {
	e, state, now := &s.recollection.evidence, s.state, s.observation.Now
	if state.Phase != rollout.Progressing {
		e.tracer.close(ctx, nil)
		*e = evidence{}
		return
	}
	s.intake = r.Sources.Intake(ctx, s.canary.Spec.Analysis.Source, s.plan.Interval)
	if e.candidate != state.Candidate || !reflect.DeepEqual(e.policy, s.analysis.policy) {
		e.tracer.close(ctx, nil)
		var from *trace.Resumed
		*e, from = s.beginEvidence(ctx)
		e.tracer = r.Traces.begin(ctx, s, from)
	}
	e.receive(ctx, s)
	if !e.settledAt.Equal(state.SettledAt) {
		// A window never reaches before the beginning of its step, and what was seen at another weight is no verdict on this one.
		e.engine.Close()
		e.settledAt, e.report = state.SettledAt, analysis.Report{}
		if e.upTo.Before(e.settledAt) {
			e.upTo = e.settledAt
		}
	}
	late := s.lookExpected().Add(max(patience, s.plan.Interval))
	if q, due := s.nextLook(); due && e.pending == nil && !now.Before(e.notBefore) {
		e.asked, e.pending = now, r.ask(ctx, s.canary, q)
	}
	s.observation.Report, s.observation.Stale, s.observation.SourceTrouble = e.report, e.stale(now, late), e.trouble
	if e.throttled != "" && (e.refused || now.Sub(e.throttledSince) > longThrottled) {
		s.observation.SourceTrouble = e.throttled
	}
	if s.observation.Unjudgeable != "" {
		s.observation.SourceTrouble = s.observation.Unjudgeable
	}
	if waited := now.Sub(e.asked); e.pending != nil && waited > max(patience, s.plan.Interval) {
		s.observation.SourceTrouble = fmt.Sprintf("it has not answered for %s", waited)
	}
}

// stale says why the report is no longer about now. A source with a rate limit is asked less often, which is no trouble, and no look is lost by it: the next question
// is about all the windows since. But what was seen speaks for the present only until the next look is an interval late, whatever keeps it: by then two intervals have
// passed in which nobody looked, and a candidate may have fallen ill in either. No step passes until the looks have caught up.
func (e *evidence) stale(now, late time.Time) string {
	if len(e.report.Results) == 0 && e.throttled == "" || !now.After(late) {
		return ""
	}
	why := fmt.Sprintf("nothing is known of the last %s", now.Sub(e.upTo).Round(time.Second))
	if e.throttled != "" {
		why += ": " + e.throttled
	}
	return why
}

// beginEvidence goes on with what was written down of this candidate before a restart, or begins. It answers what a trace has to tell when that is in mid-release,
// and nil when it is not.
func (s *scene) beginEvidence(ctx context.Context) (evidence, *trace.Resumed) {
	e := evidence{candidate: s.state.Candidate, policy: s.analysis.policy, settledAt: s.state.SettledAt}
	from := &trace.Resumed{At: s.observation.Now, Weight: s.state.Weight, SettledAt: e.settledAt, Why: "nothing of what was seen before was written down yet, and the evidence is gathered anew"}
	if m := s.canary.Status.Rollout; m != nil && m.Candidate == e.candidate && m.Evidence != nil {
		restored, err := engine.Restore(e.policy, m.Evidence.State)
		if err == nil {
			e.engine, e.upTo, e.learnedUpTo = restored, m.Evidence.UpTo.UTC(), s.state.StartedAt
			if e.upTo.Before(e.settledAt) {
				e.upTo = e.settledAt
			}
			from.Why, from.Engine = "the operator was restarted, or another one took over", m.Evidence.State
			return e, from
		}
		log.FromContext(ctx).Info("the evidence is gathered anew", "why", err.Error())
		from.Why = "the evidence is gathered anew: " + err.Error()
	}
	e.engine, e.upTo = engine.New(e.policy), e.settledAt
	looks := min(int(learnFor/s.plan.Interval), learnLooks)
	e.learnedUpTo = s.state.StartedAt.Add(-time.Duration(looks) * s.plan.Interval)
	if s.state.Weight == 0 {
		return e, nil
	}
	return e, from
}

// receive takes in an answer, if there is one.
func (e *evidence) receive(ctx context.Context, s *scene) {
	var a answer
	select {
	case a = <-e.pending:
		e.pending = nil
	default:
		return
	}
	var throttled *analysis.ThrottledError
	if errors.As(a.err, &throttled) {
		if e.throttled == "" {
			e.throttledSince = s.observation.Now
		}
		e.throttled, e.refused, e.notBefore = a.err.Error(), throttled.Refused, s.observation.Now.Add(min(throttled.After, longestSilence))
		return
	}
	e.throttled = ""
	if a.err != nil {
		// What was counted before says nothing about now: without an answer there is no verdict that would let the weight rise.
		e.trouble, e.rejected, e.report = a.err.Error(), nil, analysis.Report{Message: a.err.Error()}
		if errors.Is(a.err, analysis.ErrRejected) {
			e.rejected = a.err
		}
		e.notBefore = s.observation.Now.Add(s.plan.Interval)
		return
	}
	e.trouble, e.rejected = "", nil
	if q := a.question; !q.known {
		e.seen = seenPods{q.heard, q.baseline, q.candidate, e.asked, a.pods}
	}
	for _, l := range a.looks() {
		e.tracer.note(ctx, l)
		if a.question.learning {
			e.engine.Learn(l)
			if e.learnedUpTo = l.Window.To; !e.learnedUpTo.Before(s.state.StartedAt) {
				e.engine.Close()
			}
			continue
		}
		report := e.engine.Look(l)
		e.upTo = l.Window.To
		e.trend.note(e.policy, l)
		if l.Window.From.Before(e.settledAt) || l.Weight != s.state.Weight {
			continue
		}
		if e.report = report; report.Verdict == analysis.Fail {
			return // as it would have been acted upon then
		}
	}
}

// checkpoint is what a restart needs to go on without having lost a look; nil while there is nothing worth keeping. Looks that are not in the engine's state yet are asked for again
// then, but for those of a step that is over.
func (e *evidence) checkpoint(state rollout.State) *v1alpha1.EvidenceStatus {
	if e.engine == nil || e.upTo.IsZero() || e.learnedUpTo.Before(state.StartedAt) {
		return nil
	}
	if !state.SettledAt.Equal(e.settledAt) {
		e.engine.Close()
	}
	return &v1alpha1.EvidenceStatus{State: e.engine.State(), UpTo: metav1.NewMicroTime(e.upTo.Add(-e.engine.Open()))}
}
