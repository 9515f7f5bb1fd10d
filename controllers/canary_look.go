package controllers

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/workload"
)

const (
	// leastIntake and mostIntake bound how long a backend gets to take in the samples of a window before it is asked: a tenth of the interval. What it takes in
	// later is lost.
	leastIntake, mostIntake = time.Second, 10 * time.Second
	// mostWindows and mostTime are how many windows one question is about at most, and over what time, so that an answer has a bounded size however long nobody
	// asked. A source whose rate limit gives each Canary a turn now and then is still kept up with.
	mostWindows = 240
	mostTime    = time.Hour
	// lookDeadline ends a look that nobody waits for any more.
	lookDeadline = 30 * time.Second
)

// question is what a source is asked at once. It holds all that is needed, since it is asked beside the reconciles.
type question struct {
	source  string
	subject analysis.Subject
	queries []analysis.Query
	windows []analysis.Window
	// learning says that it is about the baseline before the release.
	learning     bool
	weight, next int32
	// baseline and candidate are the revisions whose pods count.
	baseline, candidate string
	// heard is the version of the workload, and pods are its ready pods where they are known since nothing was heard of a change.
	heard string
	known bool
	pods  []workload.Pod
}

// seenPods are ready pods as they were listed last. Whoever becomes ready, or does so no longer, changes the counts of a ReplicaSet, which is heard of.
type seenPods struct {
	heard, baseline, candidate string
	at                         time.Time
	pods                       []workload.Pod
}

// answer is what a question brought.
type answer struct {
	question question
	pods     []workload.Pod
	counts   []analysis.Observation
	err      error
}

// nextLook is the next question, if it is due. The windows follow each other without a gap from the moment the split settled, each an interval long, so that it
// does not matter when they are asked for.
func (s *scene) nextLook() (question, bool) {
	e, now := s.recollection.evidence, s.observation.Now
	q := question{
		source: s.canary.Spec.Analysis.Source, subject: s.subject(), queries: s.analysis.queries,
		baseline: s.state.Baseline, candidate: s.state.Candidate, heard: s.heard,
	}
	switch {
	case s.observation.Unjudgeable != "":
		// Every question would be refused.
	case e.learnedUpTo.Before(s.state.StartedAt):
		q.learning, q.candidate = true, ""
		q.windows = windows(e.learnedUpTo, s.state.StartedAt, s.plan.Interval)
	case s.state.Weight > 0 && !s.state.SettledAt.IsZero():
		q.weight, q.next = s.state.Weight, s.plan.After(s.state.Weight)
		q.windows = windows(e.upTo, now.Add(-s.intake), s.plan.Interval)
	}
	seen := e.seen
	q.known = q.heard != "" && q.heard == seen.heard && q.baseline == seen.baseline && q.candidate == seen.candidate && now.Sub(seen.at) < silentRetry
	if q.known {
		q.pods = seen.pods
	}
	return q, len(q.windows) > 0
}

// lookExpected is when the next look at the release is due.
func (s *scene) lookExpected() time.Time {
	return s.recollection.evidence.upTo.Add(s.plan.Interval + s.intake)
}

// lookDueIn is how long until the next question is due, or an answer should be there; 0 when there is none to come.
func (s *scene) lookDueIn() time.Duration {
	e, due := s.recollection.evidence, s.observation.Now
	switch {
	case e.engine == nil || s.observation.Unjudgeable != "":
		return 0
	case e.pending != nil, e.learnedUpTo.Before(s.state.StartedAt):
		// An answer wakes the Canary, unless too many do.
	case s.state.Weight == 0 || s.state.SettledAt.IsZero():
		return 0
	default:
		due = s.lookExpected()
	}
	if due.Before(e.notBefore) {
		due = e.notBefore
	}
	return max(due.Sub(s.observation.Now), time.Second)
}

// windows cuts the time into whole intervals.
func windows(from, to time.Time, interval time.Duration) []analysis.Window {
	if last := from.Add(max(mostTime, interval)); to.After(last) {
		to = last
	}
	var cut []analysis.Window
	for len(cut) < mostWindows && !from.Add(interval).After(to) {
		cut = append(cut, analysis.Window{From: from, To: from.Add(interval)})
		from = from.Add(interval)
	}
	return cut
}

// ask asks beside the reconciles, and wakes the Canary when the answer is there.
func (r *CanaryReconciler) ask(ctx context.Context, canary *v1alpha1.Canary, q question) <-chan answer {
	answers := make(chan answer, 1)
	wake := event.GenericEvent{Object: &v1alpha1.Canary{}}
	wake.Object.SetNamespace(canary.Namespace)
	wake.Object.SetName(canary.Name)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookDeadline)
		defer cancel()
		a := answer{question: q, pods: q.pods}
		if a.counts, a.err = r.Sources.count(ctx, q); a.err == nil && !q.known {
			a.pods, a.err = r.Workloads.Pods(ctx, canary.Namespace, q.revisions()...)
		}
		answers <- a
		select {
		case r.Answered <- wake:
		default: // Nobody listens, or too many wait: the timer finds the answer.
		}
	}()
	return answers
}

// revisions are those whose pods are asked about.
func (q question) revisions() []string {
	if q.candidate == "" {
		return []string{q.baseline}
	}
	return []string{q.baseline, q.candidate}
}

// looks are what the answer says of each window.
func (a answer) looks() []analysis.Look {
	var pods []analysis.Pod
	for _, p := range a.pods {
		arm := analysis.Baseline
		if p.Revision == a.question.candidate {
			arm = analysis.Candidate
		}
		pods = append(pods, analysis.Pod{Name: p.Name, Arm: arm, ReadySince: p.ReadySince})
	}
	looks := make([]analysis.Look, len(a.question.windows))
	for i, w := range a.question.windows {
		looks[i] = analysis.Look{Window: w, Weight: a.question.weight, Next: a.question.next, Pods: pods}
		for _, o := range a.counts {
			if o.Window == w {
				looks[i].Observations = append(looks[i].Observations, o)
			}
		}
	}
	return looks
}

// count asks the source.
func (s *Sources) count(ctx context.Context, q question) ([]analysis.Observation, error) {
	provider, err := s.Provider(ctx, q.source)
	if err != nil {
		return nil, err
	}
	return provider.Count(ctx, q.subject, q.queries, q.windows)
}

// subject tells a source how to recognise the arms.
func (s *scene) subject() analysis.Subject {
	subject := analysis.Subject{
		Namespace: s.canary.Namespace,
		Baseline:  analysis.Target{ReplicaSet: s.workload.Baseline.Name, Labels: s.workload.Baseline.Labels},
		Candidate: analysis.Target{ReplicaSet: s.workload.Candidate.Name, Labels: s.workload.Candidate.Labels},
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
