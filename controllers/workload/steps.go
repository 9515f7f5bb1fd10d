package workload

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// write is one call to the API server. It is decided on objects as they were read, and made on the condition that its object is still so.
type write struct {
	// why is the log's line.
	why string
	// set is what is written to; nil for the Deployment and for a set that has yet to be made.
	set *set
	// Exactly one of these is given: the set as it is to be, its removal, the revision to make a set for, or what spec.paused is to be.
	after  *appsv1.ReplicaSet
	remove bool
	create string
	paused *bool
}

// step is what one concern asks for next: a write, or patience, or neither.
type step struct {
	write *write
	// wait says what for, in words for the person on call.
	wait string
}

func wait(format string, args ...any) step { return step{wait: fmt.Sprintf(format, args...)} }

// next is the first write that the level asks for; nil when there is none. The text says what is waited for.
func (w *world) next(want Desired) (*write, string) {
	concerns := []func(Desired) step{
		w.pause,       // first of all, nothing rolls by itself
		w.settleAside, // a hand-over that has begun ends, one way or the other
		w.guard,       // what rolled by itself is taken back
		w.candidate,   // the candidate has its pods
		w.retire,      // what was a candidate goes
		w.handOver,    // the candidate becomes the Deployment's own
		w.letRoll,     // last of all, the Deployment is let go
	}
	if w.deployment == nil {
		concerns = []func(Desired) step{w.vanish}
	}
	waiting := ""
	for _, concern := range concerns {
		s := concern(want)
		if s.write != nil {
			return s.write, ""
		}
		if waiting == "" {
			waiting = s.wait
		}
	}
	return nil, waiting
}

// vanish takes away whatever is left when there is no Deployment to give it back to.
func (w *world) vanish(Desired) step {
	for _, s := range w.ours() {
		if s.held() {
			return step{write: &write{why: "removing a ReplicaSet whose Deployment is gone", set: s, remove: true}}
		}
	}
	return step{}
}

func (w *world) pause(want Desired) step {
	if want.Pause != KeepPaused || w.deployment.Spec.Paused {
		return step{}
	}
	yes := true
	return step{write: &write{why: "pausing the Deployment", paused: &yes}}
}

// letRoll unpauses, but only what has earned it. The template may have changed since the decision was made.
func (w *world) letRoll(want Desired) step {
	switch {
	case want.Pause != LetRoll || !w.deployment.Spec.Paused:
		return step{}
	case len(w.which((*set).aside)) > 0:
		return wait("the hand-over ends before the Deployment rolls by itself again")
	case w.wanted() != want.Baseline && w.restartOf(want.Baseline) != want.Baseline:
		return wait("the Deployment stays paused: its template is that of revision %s by now, not of %s", w.wanted(), want.Baseline)
	}
	no := false
	return step{write: &write{why: "unpausing the Deployment", paused: &no}}
}

// serving is the set that must keep its pods: the baseline's, or the candidate's once it is the Deployment's own. Nil when there is none.
func (w *world) serving(want Desired) *set {
	if c := w.find(want.Candidate); want.HandOver && c != nil && c.theirs() {
		return c
	}
	return w.find(want.Baseline)
}

// guard takes over what the Deployment rolled while nothing kept it from it. The Deployment controller then gives the baseline back its pods by itself.
func (w *world) guard(want Desired) step {
	serving := w.serving(want)
	if want.Pause != KeepPaused || serving == nil || !serving.theirs() {
		return step{}
	}
	rolled := w.which(func(s *set) bool { return s.theirs() && s.DeletionTimestamp == nil && s.replicas() > 0 && s != serving })
	if len(rolled) == 0 {
		return step{}
	}
	if n := w.deployment.replicas(); serving.replicas() == 0 {
		// With pods again, it is the one that the Deployment controller restores. This is the only case in which a baseline is scaled here.
		return change(serving, "giving the baseline its pods back", func(rs *appsv1.ReplicaSet) { rs.Spec.Replicas = &n })
	}
	strays := slices.DeleteFunc(rolled, func(s *set) bool { return s.revision == want.Candidate })
	if len(strays) == 0 {
		return step{}
	}
	return w.take(strays[0], "taking over a ReplicaSet that rolled by itself")
}

// candidate brings the candidate's ReplicaSet to its level.
func (w *world) candidate(want Desired) step {
	if want.Candidate == "" {
		return step{}
	}
	c, serving := w.find(want.Candidate), w.serving(want)
	switch {
	case c == nil && w.wanted() != want.Candidate:
		return wait("there is no ReplicaSet of revision %s, and the Deployment's template is that of %s by now", want.Candidate, w.wanted())
	case c == nil:
		return step{write: &write{why: "making the candidate's ReplicaSet", create: want.Candidate}}
	case c.aside(), c.theirs() && want.HandOver:
		return step{}
	case c.theirs() && c.replicas() > 0 && (serving == nil || serving.replicas() == 0):
		return wait("revision %s serves, and the baseline's ReplicaSet is gone", c.revision)
	case c.theirs():
		return w.take(c, "taking over a ReplicaSet of the Deployment as the candidate's")
	}
	pods := want.CandidatePods
	if want.HandOver {
		pods = w.deployment.replicas()
	}
	return w.level(c, serving, pods)
}

// take puts a ReplicaSet of the Deployment into the Canary's hands, with its pods. Were a second one with the same template made beside it, the Deployment
// controller would take the older for its own at the hand-over.
func (w *world) take(s *set, why string) step {
	return change(s, why, func(rs *appsv1.ReplicaSet) {
		w.hold(s, rs, s.replicas(), true)
		rs.Annotations[markTakenOver] = "true"
		if s.replicas() > 0 {
			rs.Annotations[markRestoring] = "true"
		}
	})
}

// level gives a set in the Canary's hands its number of pods.
func (w *world) level(s, serving *set, pods int32) step {
	allowed, restored := w.allowance(s, serving, pods)
	st := change(s, fmt.Sprintf("bringing a ReplicaSet under test to %d pods", allowed), func(rs *appsv1.ReplicaSet) {
		w.hold(s, rs, allowed, s.takenOver())
		rs.Spec.MinReadySeconds = w.deployment.Spec.MinReadySeconds
		if restored {
			delete(rs.Annotations, markRestoring)
		}
	})
	if st.write == nil && allowed > pods {
		return wait("%d pods of revision %s stay until the baseline's are back", allowed, s.revision)
	}
	return st
}

// hold writes on rs, which is s, that it is in the Canary's hands. With pods, it must survive whatever becomes of the Canary object: traffic may depend on it
// until the finalizer has given the traffic back. Without pods it goes with the Canary if Serin made it, and else back to the Deployment.
func (w *world) hold(s *set, rs *appsv1.ReplicaSet, pods int32, takenOver bool) {
	refs := w.canaryReference(s)
	if pods > 0 || takenOver {
		refs = append(refs, w.deployment.keeping())
	}
	rs.OwnerReferences = w.ownedBy(s, refs...)
	rs.Labels = s.shownLabels()
	if pods > 0 {
		rs.Labels = w.hiddenLabels(s)
	}
	rs.Labels[labelCanary] = labelValue(w.target.Owner.Name)
	rs.Spec.Replicas = &pods
}

// allowance is how many pods a set may have that is to have that many. One that was taken with pods at the expense of the serving set's keeps those that are
// needed, until the serving set is restored: from then on it has what it is to have.
func (w *world) allowance(s, serving *set, pods int32) (allowed int32, restored bool) {
	if !s.restoring() || serving == nil {
		return pods, true
	}
	missing := w.deployment.minAvailable() - serving.Status.AvailableReplicas
	if missing <= 0 {
		return pods, true
	}
	return max(pods, min(missing, s.Status.AvailableReplicas, s.replicas())), false
}

// retire takes away what is in the Canary's hands and no longer meant.
func (w *world) retire(want Desired) step {
	candidate, serving := w.find(want.Candidate), w.serving(want)
	for _, s := range w.ours() {
		if s.owned == ByDeployment && s.marked() {
			// A Canary vanished without its finalizer, and the Deployment adopted what it had in its hands.
			return w.giveBack(s, s.replicas(), "taking the marks off a ReplicaSet of the Deployment")
		}
		if !s.held() || s.aside() || s == candidate {
			continue
		}
		if !s.takenOver() {
			return step{write: &write{why: "removing a candidate's ReplicaSet", set: s, remove: true}}
		}
		if allowed, _ := w.allowance(s, serving, 0); allowed > 0 {
			return w.level(s, serving, 0)
		}
		return w.giveBack(s, 0, "giving a ReplicaSet back to the Deployment, empty")
	}
	return step{}
}

// giveBack makes a set the Deployment's again, with that many pods.
func (w *world) giveBack(s *set, pods int32, why string) step {
	return change(s, why, func(rs *appsv1.ReplicaSet) {
		w.surrender(s, rs)
		rs.Spec.Replicas = &pods
	})
}

// surrender writes on rs, which is s, that the Deployment controls it, just as its controller would on adopting it, and takes every mark off.
func (w *world) surrender(s *set, rs *appsv1.ReplicaSet) {
	rs.OwnerReferences = w.ownedBy(s, w.deployment.controlling())
	rs.Labels = s.shownLabels()
	delete(rs.Labels, labelCanary)
	for _, mark := range []string{markTakenOver, markRestoring, markAsideFor} {
		delete(rs.Annotations, mark)
	}
}

// change asks for s as edit makes it; for nothing when it is so already.
func change(s *set, why string, edit func(*appsv1.ReplicaSet)) step {
	after := s.ReplicaSet.DeepCopy()
	if after.Annotations == nil {
		after.Annotations = map[string]string{}
	}
	edit(after)
	if equality.Semantic.DeepEqual(&s.ReplicaSet, after) {
		return step{}
	}
	return step{write: &write{why: why, set: s, after: after}}
}
