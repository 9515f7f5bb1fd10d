package controllers

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload"
)

// scene is all that one reconcile knows: what was asked, what is remembered, and what was seen.
type scene struct {
	canary       *v1alpha1.Canary
	recollection *recollection
	plan         rollout.Plan
	analysis     analysisPlan
	state        rollout.State
	observation  rollout.Observation
	workload     workload.Observation
	// heard is the version of the workload; empty when nothing is heard of it, or not all. recalled is true when it was not read in this pass.
	heard    string
	recalled bool
	splitter splitter
	// intake is how long the source gets to take in the samples of a window before it is asked.
	intake time.Duration
	// lingering is true while generated Services are left for a data plane that may still use them.
	lingering bool
	// leftovers is true while the workload still holds something of ours that has to go.
	leftovers bool
	// problem is what a person has to mend; nil when there is nothing. news is true in the pass that writes it down first.
	problem *problem
	news    bool
}

// problem is something that only a person can mend.
type problem struct{ reason, message string }

// observe gathers the facts, all of them afresh if asked to. An error means that the cluster could not be asked; whatever else is wrong is a fact too.
func (r *CanaryReconciler) observe(ctx context.Context, canary *v1alpha1.Canary, afresh bool) (*scene, error) {
	now := r.Clock.Now().UTC().Truncate(time.Second)
	remembered := r.recall.of(canary, stateFrom(canary.Status.Rollout), now)
	s := &scene{canary: canary, recollection: remembered, state: remembered.state}
	s.observation = rollout.Observation{Now: now, Wishes: wishesFrom(canary.Annotations), Ending: !canary.DeletionTimestamp.IsZero()}

	err := r.observeWorkload(ctx, s, afresh)
	if err != nil {
		return nil, fmt.Errorf("observing the workload: %w", err)
	}
	if s.workload.Paused {
		remembered.held = s.workload.Wanted
	}
	if err := r.yieldToElder(ctx, s); err != nil {
		return nil, err
	}
	s.observation.Workload = workloadFacts(s.workload)
	s.observation.Workload.BaselineGone = s.workload.Exists && s.state.Baseline != "" && s.workload.Baseline.Name == ""
	if s.plan, s.analysis, err = planFrom(canary, s.workload, r.Drain); err != nil {
		s.tellProblem(&problem{v1alpha1.ReasonSpecInvalid, err.Error()})
	}
	s.splitter = r.splitterFor(s)
	split, trouble, err := s.splitter.observe(ctx)
	if err != nil {
		return nil, fmt.Errorf("observing the route: %w", err)
	}
	s.observation.Split = split
	s.tellProblem(trouble)
	r.checkSource(ctx, s)
	r.look(ctx, s)
	if rejected := s.recollection.evidence.rejected; rejected != nil {
		s.tellProblem(&problem{sourceReason(rejected), rejected.Error()})
	}
	return s, nil
}

// observeWorkload reads the workload, unless nothing was heard of it since it was read last: at a step there is a look every few seconds, and nothing else happens.
// While pods are not ready, what is wrong with them is read anew each time: nothing is heard of that.
func (r *CanaryReconciler) observeWorkload(ctx context.Context, s *scene, afresh bool) error {
	target, seen := r.target(s.canary), &s.recollection.seen
	version, err := r.Workloads.Version(ctx, target)
	if err != nil {
		return err
	}
	now, known := s.observation.Now, version != "" && seen.version == version && seen.baseline == s.state.Baseline && seen.candidate == s.state.Candidate
	if known && !afresh && now.Sub(seen.at) < silentRetry {
		s.workload, s.heard, s.recalled = seen.observation, version, true
		return nil
	}
	*seen = seenWorkload{}
	if s.workload, err = r.Workloads.Observe(ctx, target, s.state.Baseline, s.state.Candidate); err != nil {
		return err
	}
	if s.workload.Candidate.Ready >= s.workload.Candidate.Desired {
		s.heard = version
		*seen = seenWorkload{version, s.state.Baseline, s.state.Candidate, now, s.workload}
	}
	return nil
}

// tellProblem keeps the first problem found.
func (s *scene) tellProblem(p *problem) {
	if s.problem == nil {
		s.problem = p
	}
}

// yieldToElder leaves a workload alone that an older Canary watches over: two would fight for it.
func (r *CanaryReconciler) yieldToElder(ctx context.Context, s *scene) error {
	all := &v1alpha1.CanaryList{}
	if err := r.Client.List(ctx, all, client.InNamespace(s.canary.Namespace)); err != nil {
		return fmt.Errorf("listing the Canaries beside: %w", err)
	}
	for i := range all.Items {
		other := &all.Items[i]
		if other.Spec.TargetRef.Name == s.canary.Spec.TargetRef.Name && elder(other, s.canary) {
			s.workload = workload.Observation{}
			s.tellProblem(&problem{v1alpha1.ReasonTargetTaken, fmt.Sprintf(
				"the Canary %s watches over the Deployment %s already; delete one of the two", other.Name, s.canary.Spec.TargetRef.Name)})
			return nil
		}
	}
	return nil
}

func elder(a, b *v1alpha1.Canary) bool {
	if a.UID == b.UID {
		return false
	}
	if a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.Name < b.Name
	}
	return a.CreationTimestamp.Before(&b.CreationTimestamp)
}

// checkSource tells early that a source is missing, or could not tell the arms apart: not only when its evidence is needed.
func (r *CanaryReconciler) checkSource(ctx context.Context, s *scene) {
	provider, err := r.Sources.Provider(ctx, s.canary.Spec.Analysis.Source)
	if err == nil {
		err = s.checkQueries(provider)
	}
	if err != nil {
		s.tellProblem(&problem{sourceReason(err), err.Error()})
	}
}

// checkQueries says why a source could not tell the arms apart. It asks nobody.
func (s *scene) checkQueries(provider analysis.Provider) error {
	if s.workload.Baseline.Name == "" {
		return nil // nothing serves that could be compared
	}
	subject := s.subject()
	s.nameCandidate(&subject.Candidate)
	err := provider.Check(subject, s.analysis.queries)
	if err != nil && subject.Candidate.ReplicaSet != "" {
		s.observation.Unjudgeable = err.Error()
	}
	return err
}

// nameCandidate fills in what tells the pods of the revision that is, or is about to be, in release, also before it has any. At rest there is none.
func (s *scene) nameCandidate(t *analysis.Target) {
	w, candidate := s.workload, s.state.Candidate
	if !inFlight(s.state.Phase) {
		candidate = w.Wanted
		if baseline := w.Baseline.Revision; w.Wanted == baseline || w.RestartOf == baseline || s.state.Refused {
			t.ReplicaSet, t.Labels = "", nil
			return
		}
	}
	if candidate == w.Wanted {
		t.ReplicaSet, t.Labels = w.WantedSet, w.WantedLabels
	}
}

// target names the workload for package workload.
func (r *CanaryReconciler) target(c *v1alpha1.Canary) workload.Target {
	return workload.Target{
		Owner:      workload.Owning(c.Name, c.UID),
		Deployment: types.NamespacedName{Namespace: c.Namespace, Name: c.Spec.TargetRef.Name},
	}
}

func workloadFacts(w workload.Observation) rollout.Workload {
	return rollout.Workload{
		Exists:             w.Exists,
		Paused:             w.Paused,
		Replicas:           w.Replicas,
		Complete:           w.Complete,
		Wanted:             w.Wanted,
		RestartOf:          w.RestartOf,
		Serving:            w.Serving,
		BaselineAvailable:  w.Baseline.Available,
		MinAvailable:       w.MinAvailable,
		Strays:             w.Strays,
		CandidatePods:      max(w.Candidate.Desired, w.Candidate.Pods),
		CandidateAvailable: w.Candidate.Available,
		Trouble:            w.Candidate.Trouble,
		Fatal:              w.Candidate.Fatal,
		Adopted:            w.Candidate.Owned == workload.ByDeployment,
		HandedOver:         w.HandedOver,
	}
}

// wishesFrom reads the verbs of people.
func wishesFrom(annotations map[string]string) rollout.Wishes {
	return rollout.Wishes{
		Promote: annotations[v1alpha1.AnnotationPromote],
		Abort:   annotations[v1alpha1.AnnotationAbort],
		Approve: annotations[v1alpha1.AnnotationApprove],
		Pause:   annotations[v1alpha1.AnnotationPause],
		Resume:  annotations[v1alpha1.AnnotationResume],
		Retry:   annotations[v1alpha1.AnnotationRetry],
	}
}

// lookAgain is when to reconcile next: when the decision asks for it, or now and then for what sends no event here: a missing route or source that a person
// brings, a generated route that a person takes away, a gateway that acknowledges late.
func (s *scene) lookAgain(d rollout.Decision) time.Duration {
	if d.RequeueAfter == 0 && (s.problem != nil || s.lingering || generates(s.canary)) {
		return silentRetry
	}
	if due := s.lookDueIn(); due > 0 && d.RequeueAfter > 0 {
		return min(due, d.RequeueAfter)
	}
	return d.RequeueAfter
}

const silentRetry = 30 * time.Second
