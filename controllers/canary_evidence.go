package controllers

import (
	"context"
	"errors"
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
	report         analysis.Report
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
	if !now.After(e.upTo) {
		e.nextLook = e.upTo.Add(s.plan.Interval)
		return
	}
	e.nextLook = now.Add(s.plan.Interval)
	window := analysis.Window{From: e.upTo, To: now}
	counts, err := r.count(ctx, s, window)
	if err != nil {
		// What was counted before says nothing about now: without an answer there is no verdict that would let the weight rise.
		e.trouble, e.rejected, e.report = err.Error(), nil, analysis.Report{Message: err.Error()}
		if errors.Is(err, analysis.ErrRejected) {
			e.rejected = err
		}
		return
	}
	e.trouble, e.rejected, e.upTo = "", nil, now
	e.counts = analysis.Merge(append(e.counts, counts...))
	e.report = analysis.Judge(s.analysis.policy, e.counts)
}

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
