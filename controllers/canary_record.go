package controllers

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
)

// refreshAfter is how old the status of a step in flight may be while the verdict in it is no longer the present one, or while it does not yet say when the split
// settled. A shorter step costs no write for either. What people see of the evidence besides is written after one minute, two, four, eight: never older than half the wait,
// for a number of writes that hardly grows with it.
const refreshAfter = time.Minute

// record persists the decision before anything is done about it. It fails with a conflict when somebody else wrote first.
func (r *CanaryReconciler) record(ctx context.Context, s *scene, d rollout.Decision) error {
	before := s.canary
	after := before.DeepCopy()
	project(&after.Status, s, d)
	if inFlight(d.State.Phase) && controllerutil.AddFinalizer(after, v1alpha1.Finalizer) {
		// The finalizer goes first: from the first thing that is done on, the Canary can't vanish without the traffic having been given back.
		patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
		kept := after.Status
		if err := r.Client.Patch(ctx, after, patch); err != nil {
			return err
		}
		before, after.Status = after.DeepCopy(), kept
	}
	s.news = s.isNews(before.Status)
	if r.worthWriting(s, before.Status, after.Status, d) {
		patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
		if err := r.Client.Status().Patch(ctx, after, patch); err != nil {
			return err
		}
		s.recollection.wroteAt = s.observation.Now
	}
	s.canary = after
	s.recollection.wrote, s.recollection.state = after.ResourceVersion, d.State
	return nil
}

// worthWriting keeps the status from being written for every look: what must survive a crash goes at once, what only a reader misses waits.
func (r *CanaryReconciler) worthWriting(s *scene, before, after v1alpha1.CanaryStatus, d rollout.Decision) bool {
	if stateFrom(before.Rollout).Significant() != d.State.Significant() || d.Event != nil ||
		before.ObservedGeneration != after.ObservedGeneration || before.ObservedRevision != after.ObservedRevision ||
		!sameConditions(before, after) {
		return true
	}
	age := s.observation.Now.Sub(s.recollection.wroteAt)
	if !inFlight(d.State.Phase) || age < refreshAfter {
		return false
	}
	settled := !equality.Semantic.DeepEqual(before.Rollout.SettledAt, after.Rollout.SettledAt)
	dated := age >= s.observation.Now.Sub(d.State.EnteredAt)/2 && !equality.Semantic.DeepEqual(before.Analysis, after.Analysis)
	return settled || dated || before.Verdict != after.Verdict
}

// isNews says that the status before does not tell of the problem yet, nor will the release by itself.
func (s *scene) isNews(before v1alpha1.CanaryStatus) bool {
	if s.problem == nil || s.problem.message == s.observation.Unjudgeable || s.problem.message == s.observation.SourceTrouble {
		return false
	}
	c := meta.FindStatusCondition(before.Conditions, v1alpha1.ConditionStalled)
	return c == nil || c.Reason != s.problem.reason
}

// tellAll tells what happened, and what a person has to mend, each once.
func (r *CanaryReconciler) tellAll(ctx context.Context, s *scene, d rollout.Decision) {
	r.tell(ctx, s, d)
	if s.news && (d.Event == nil || string(d.Event.Reason) != s.problem.reason) {
		d.Event = &rollout.Event{Reason: rollout.Reason(s.problem.reason), Message: s.problem.message, Warning: true}
		r.tell(ctx, s, d)
	}
}

// tell sends the event of a decision, on the Canary and on its workload, logs it, and passes it on to who is told outside the cluster.
func (r *CanaryReconciler) tell(ctx context.Context, s *scene, d rollout.Decision) {
	if d.Event == nil {
		return
	}
	kind := "Normal"
	if d.Event.Warning {
		kind = "Warning"
	}
	log.FromContext(ctx).Info(string(d.Event.Reason), "phase", d.State.Phase, "weight", d.State.Weight, "revision", d.State.Candidate, "message", d.Event.Message)
	r.Notifier.Tell(noticeOf(s, d))
	note := truncated(d.Event.Message)
	r.Recorder.Eventf(s.canary, s.workloadReference(), kind, string(d.Event.Reason), "Release", "%s", note)
	if about := s.workloadReference(); about != nil {
		r.Recorder.Eventf(about, s.canary, kind, string(d.Event.Reason), "Release", "%s", note)
	}
}

// workloadReference is the workload as the object of an event; nil when it is gone.
func (s *scene) workloadReference() runtime.Object {
	if !s.workload.Exists {
		return nil
	}
	return &corev1.ObjectReference{
		APIVersion: "apps/v1", Kind: "Deployment",
		Namespace: s.canary.Namespace, Name: s.canary.Spec.TargetRef.Name, UID: s.workload.UID,
	}
}

func inFlight(p rollout.Phase) bool {
	switch p {
	case rollout.Progressing, rollout.Promoting, rollout.Finalizing, rollout.RollingBack:
		return true
	case rollout.Idle, rollout.Succeeded, rollout.Failed:
	}
	return false
}
