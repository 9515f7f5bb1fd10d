package controllers

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/controllers/rollout"
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
}

// look brings the evidence of the present step up to date, when a look is due. It never fails: a source that does not answer is no evidence.
func (r *CanaryReconciler) look(ctx context.Context, s *scene) {
	defer func() {
		s.observation.Report, s.observation.SourceTrouble = s.recollection.evidence.report, s.recollection.evidence.trouble
	}()
	e, state := &s.recollection.evidence, s.state
	if !observable(state) {
		*e = evidence{}
		return
	}
	if e.candidate != state.Candidate || !e.settledAt.Equal(state.SettledAt) {
		*e = evidence{candidate: state.Candidate, settledAt: state.SettledAt, upTo: state.SettledAt.Add(s.analysis.warmUp)}
	}
	now := s.observation.Now
	if now.Before(e.nextLook) {
		return
	}
	until := now.Add(-intake)
	if !until.After(e.upTo) {
		e.nextLook = e.upTo.Add(intake + time.Second)
		return
	}
	e.nextLook = now.Add(s.plan.Interval)
	window := analysis.Window{From: e.upTo, To: until}
	counts, err := r.count(ctx, s, window)
	if err == nil && !e.referred && s.baselineIsIdle() {
		var before []analysis.Observation
		before, err = r.reference(ctx, s)
		counts = append(counts, before...)
	}
	if err != nil {
		// What was counted before says nothing about now: without an answer there is no verdict that would let the weight rise.
		e.trouble, e.rejected, e.report = err.Error(), nil, analysis.Report{Message: err.Error()}
		if errors.Is(err, analysis.ErrRejected) {
			e.rejected = err
		}
		return
	}
	e.trouble, e.rejected, e.upTo, e.referred = "", nil, until, true
	e.counts = analysis.Merge(append(e.counts, counts...))
	e.report = analysis.Judge(s.analysis.policy, e.counts)
}

// intake is how long a backend may take to take in a sample. What it takes in after the window that the sample belongs to was asked for would be lost.
const intake = time.Second

// observable says that requests of the candidate, at a settled split, can be counted.
func observable(s rollout.State) bool {
	return s.Phase == rollout.Progressing && s.Weight > 0 && !s.SettledAt.IsZero()
}

func (r *CanaryReconciler) count(ctx context.Context, s *scene, w analysis.Window) ([]analysis.Observation, error) {
	provider, err := r.Sources.Provider(ctx, s.canary.Spec.Analysis.Source)
	if err != nil {
		return nil, err
	}
	return provider.Count(ctx, s.subject(), s.analysis.queries, w)
}

// referenceWindow is how far back the baseline is looked at once the candidate has all requests.
const referenceWindow = 10 * time.Minute

// baselineIsIdle says that no routed request reaches the baseline any more, so that there is nothing of the same moment to compare the candidate with.
func (s *scene) baselineIsIdle() bool { return s.state.Weight == 100 && !s.plan.PodShare }

// reference counts what the baseline did in this release while it still had requests. It is older than what the candidate is judged by, which is why plans
// should not spend their longest bake at 100: an incident that begins there looks like the candidate's.
func (r *CanaryReconciler) reference(ctx context.Context, s *scene) ([]analysis.Observation, error) {
	w := analysis.Window{From: s.state.SettledAt.Add(-referenceWindow), To: s.state.SettledAt}
	if w.From.Before(s.state.StartedAt) {
		w.From = s.state.StartedAt
	}
	if !w.From.Before(w.To) {
		return nil, nil
	}
	counts, err := r.count(ctx, s, w)
	return slices.DeleteFunc(counts, func(o analysis.Observation) bool { return o.Arm != analysis.Baseline }), err
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
