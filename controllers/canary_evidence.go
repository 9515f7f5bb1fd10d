package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
)

const (
	// intake is how long a backend may take to take in a sample. What it takes in after the window that the sample belongs to was asked for would be lost.
	intake = time.Second
	// patience is how long a look may be under way before the source counts as silent; a look at longer intervals may take a whole interval.
	patience = 2 * time.Second
	// lookDeadline ends a look that nobody waits for any more.
	lookDeadline = 30 * time.Second
	// referenceWindow is how far back the baseline is looked at once the candidate has all requests.
	referenceWindow = 10 * time.Minute
)

// evidence is what was counted at one step of one candidate.
type evidence struct {
	candidate string
	settledAt time.Time
	// upTo is the end of the last window counted, nextLook when to ask again.
	upTo, nextLook time.Time
	counts         []analysis.Observation
	// referred is true once counts hold what the baseline did before the candidate took everything.
	referred bool
	report   analysis.Report
	// trouble is why the last look brought nothing; rejected the same when asking again the same way will not help.
	trouble  string
	rejected error
	// pending brings the answer of the look under way since asked; nil while there is none.
	pending <-chan answer
	asked   time.Time
}

// look is one question to a source. It holds all that the question needs, since it is asked beside the reconciles.
type look struct {
	source  string
	subject analysis.Subject
	queries []analysis.Query
	window  analysis.Window
	// reference is the window in which the baseline is counted besides; nil for none.
	reference *analysis.Window
}

// answer is what a look brought.
type answer struct {
	look   look
	counts []analysis.Observation
	err    error
}

// look brings the evidence of the present step up to date: it takes in the answer of a look that has come back, and sends the next one out when it is due. It never
// waits and never fails: a source that does not answer is no evidence, and must not keep a rollback or the guard waiting.
func (r *CanaryReconciler) look(ctx context.Context, s *scene) {
	e, state, now := &s.recollection.evidence, s.state, s.observation.Now
	switch {
	case !observable(state):
		*e = evidence{}
	case e.candidate != state.Candidate || !e.settledAt.Equal(state.SettledAt):
		*e = evidence{candidate: state.Candidate, settledAt: state.SettledAt, upTo: state.SettledAt.Add(s.analysis.policy.WarmUp)}
	}
	if e.candidate != "" {
		e.receive(s.analysis.policy)
		if until := now.Add(-intake); e.pending == nil && until.After(e.upTo) && !now.Before(e.nextLook) {
			e.asked, e.nextLook = now, now.Add(s.plan.Interval)
			e.pending = r.ask(ctx, s.canary, s.lookUntil(until))
		}
	}
	s.observation.Report, s.observation.SourceTrouble = e.report, e.trouble
	if waited := now.Sub(e.asked); e.pending != nil && waited > max(patience, s.plan.Interval) {
		s.observation.SourceTrouble = fmt.Sprintf("it has not answered for %s", waited)
	}
}

// observable says that requests of the candidate, at a settled split, can be counted.
func observable(s rollout.State) bool {
	return s.Phase == rollout.Progressing && s.Weight > 0 && !s.SettledAt.IsZero()
}

// lookUntil is the look that is due.
func (s *scene) lookUntil(until time.Time) look {
	e := s.recollection.evidence
	l := look{
		source: s.canary.Spec.Analysis.Source, subject: s.subject(), queries: s.analysis.queries,
		window: analysis.Window{From: e.upTo, To: until},
	}
	if !e.referred && s.state.Weight == 100 && !s.plan.PodShare {
		// No routed request reaches the baseline any more: there is nothing of the same moment to compare the candidate with. So it is compared with what the
		// baseline did in this release while it still had requests.
		from := s.state.SettledAt.Add(-referenceWindow)
		if from.Before(s.state.StartedAt) {
			from = s.state.StartedAt
		}
		l.reference = &analysis.Window{From: from, To: s.state.SettledAt}
	}
	return l
}

// ask asks a source beside the reconciles, and wakes the Canary when the answer is there.
func (r *CanaryReconciler) ask(ctx context.Context, canary *v1alpha1.Canary, l look) <-chan answer {
	answers := make(chan answer, 1)
	wake := event.GenericEvent{Object: &v1alpha1.Canary{}}
	wake.Object.SetNamespace(canary.Namespace)
	wake.Object.SetName(canary.Name)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookDeadline)
		defer cancel()
		counts, err := r.Sources.count(ctx, l)
		answers <- answer{l, counts, err}
		select {
		case r.Answered <- wake:
		default: // Nobody listens, or too many wait: the timer finds the answer.
		}
	}()
	return answers
}

// receive takes in an answer, if there is one.
func (e *evidence) receive(policy analysis.Policy) {
	var a answer
	select {
	case a = <-e.pending:
		e.pending = nil
	default:
		return
	}
	if a.err != nil {
		// What was counted before says nothing about now: without an answer there is no verdict that would let the weight rise.
		e.trouble, e.rejected, e.report = a.err.Error(), nil, analysis.Report{Message: a.err.Error()}
		if errors.Is(a.err, analysis.ErrRejected) {
			e.rejected = a.err
		}
		return
	}
	e.trouble, e.rejected, e.upTo, e.referred = "", nil, a.look.window.To, true
	e.counts = analysis.Merge(append(e.counts, a.counts...))
	e.report = analysis.Judge(policy, e.counts)
}

// count asks the source for one look.
func (s *Sources) count(ctx context.Context, l look) ([]analysis.Observation, error) {
	provider, err := s.Provider(ctx, l.source)
	if err != nil {
		return nil, err
	}
	counts, err := provider.Count(ctx, l.subject, l.queries, []analysis.Window{l.window})
	if err != nil || l.reference == nil {
		return counts, err
	}
	before, err := provider.Count(ctx, l.subject, l.queries, []analysis.Window{*l.reference})
	return append(counts, slices.DeleteFunc(before, func(o analysis.Observation) bool { return o.Arm != analysis.Baseline })...), err
}

// subject tells a source how to recognise the arms.
func (s *scene) subject() analysis.Subject {
	subject := analysis.Subject{
		Namespace: s.canary.Namespace,
		Baseline:  analysis.Target{ReplicaSet: s.workload.Baseline.Name},
		Candidate: analysis.Target{ReplicaSet: s.workload.Candidate.Name},
	}
	if t := s.canary.Spec.Traffic; t != nil {
		b, c := armServices(s.canary)
		subject.Baseline.Service, subject.Baseline.Port = b.Service, b.Port
		subject.Candidate.Service, subject.Candidate.Port = c.Service, c.Port
		if len(t.Routes) > 0 {
			subject.Baseline.Route, subject.Candidate.Route = t.Routes[0].Name, t.Routes[0].Name
		}
	}
	return subject
}
