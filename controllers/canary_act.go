package controllers

import (
	"context"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload"
)

// act brings the world to the level decided, all of it, every time. Traffic and workload do not wait for each other: whatever order they need is in the
// decision, and a part that can't be done now must not keep the other from being done.
func (r *CanaryReconciler) act(ctx context.Context, s *scene, d rollout.Decision) error {
	if s.atRest(d) || s.atLevel(d) {
		return r.letGo(ctx, s, d)
	}
	divide := func() error { return s.splitter.assert(ctx, d.Desired, d.State.Baseline, d.State.Candidate) }
	level := func() error { return r.actOnWorkload(ctx, s, d) }
	both := []func() error{divide, level}
	if d.Desired.Hold == rollout.KeepPaused && !s.workload.Paused {
		// Every moment that the workload rolls by itself costs the baseline pods.
		both = []func() error{level, divide}
	}
	if err := errors.Join(both[0](), both[1]()); err != nil {
		return err
	}
	if !inFlight(d.State.Phase) {
		s.recollection.untidy = s.lingering
	}
	return r.letGo(ctx, s, d)
}

// atRest says that nothing of ours is in the world, nor was when this pass began.
func (s *scene) atRest(d rollout.Decision) bool {
	ours := inFlight(d.State.Phase) || inFlight(s.state.Phase) || d.State.Phase == rollout.Failed
	return !ours && !s.recollection.untidy && !generates(s.canary)
}

// atLevel says that a step stands just as decided, by all that was seen and heard: asserting it again would only read everything once more.
func (s *scene) atLevel(d rollout.Decision) bool {
	split, w := s.observation.Split, s.workload
	return d.State.Phase == rollout.Progressing && s.state.Phase == rollout.Progressing && !s.plan.PodShare &&
		d.Desired.Split && split.Settled && !split.Home && split.Weight == d.Desired.Weight &&
		w.Paused && w.Strays == 0 && w.Candidate.Owned == workload.ByCanary && w.Candidate.Desired == d.Desired.CandidatePods
}

func (r *CanaryReconciler) actOnWorkload(ctx context.Context, s *scene, d rollout.Decision) error {
	desired := workload.Desired{
		Pause:         pauseOf(d.Desired.Hold),
		Baseline:      d.State.Baseline,
		Candidate:     d.State.Candidate,
		CandidatePods: d.Desired.CandidatePods,
		HandOver:      d.Desired.HandOver,
	}
	s.recollection.seen = seenWorkload{} // it may be another one after this
	progress, err := r.Workloads.Ensure(ctx, r.target(s.canary), desired)
	s.leftovers = !progress.Done
	if progress.Paused {
		// It was paused, whatever became of the writes after that.
		r.tell(ctx, s, s.guarded(d))
	}
	return err
}

// letGo takes the finalizer off a Canary that has nothing in the world any more.
func (r *CanaryReconciler) letGo(ctx context.Context, s *scene, d rollout.Decision) error {
	if inFlight(d.State.Phase) || s.observation.Ending && (!d.Done || s.leftovers) {
		return nil
	}
	after := s.canary.DeepCopy()
	if !controllerutil.RemoveFinalizer(after, v1alpha1.Finalizer) {
		return nil
	}
	if err := r.Client.Patch(ctx, after, client.MergeFromWithOptions(s.canary, client.MergeFromWithOptimisticLock{})); err != nil {
		return client.IgnoreNotFound(err)
	}
	s.recollection.wrote = after.ResourceVersion
	return nil
}

func pauseOf(h rollout.Hold) workload.Pause {
	switch h {
	case rollout.KeepPaused:
		return workload.KeepPaused
	case rollout.LetRoll:
		return workload.LetRoll
	case rollout.LeaveAsIs:
	}
	return workload.LeaveAsIs
}

// guarded tells that the workload was found rolling and was stopped: at the release's start the gate is missing, later somebody resumed it by hand. To pause it may
// take more than one try, so the start lasts until it was seen paused.
func (s *scene) guarded(d rollout.Decision) rollout.Decision {
	starts := d.State.Phase == rollout.Progressing && d.State.Weight == 0 && s.recollection.held != d.State.Candidate
	if starts || !inFlight(s.state.Phase) && s.state.Phase != rollout.Failed {
		d.Event = &rollout.Event{Reason: v1alpha1.ReasonGuarded, Warning: true, Message: fmt.Sprintf(
			"revision %s began to roll before it was paused, and was stopped: the gate did not see the push. Is it installed? kubectl get mutatingadmissionpolicybinding gate.serin.dev",
			d.State.Candidate)}
		return d
	}
	why, instead := "the release of %s is not over. To promote it now", "promote"
	if d.State.Phase == rollout.Failed {
		why, instead = "%s was refused. To try it again", "retry"
	}
	d.Event = &rollout.Event{Reason: v1alpha1.ReasonResumedByHand, Warning: true, Message: fmt.Sprintf(
		"the Deployment was found rolling and is paused again: "+why+": kubectl annotate canary %s serin.dev/%s=%s --overwrite",
		d.State.Candidate, s.canary.Name, instead, d.State.Candidate)}
	return d
}
