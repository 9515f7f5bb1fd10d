package workload

import (
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
)

// The hand-over makes the candidate, pods and all, the Deployment's own while a push, a scaling or a crash may come at any moment.
//
// What the Deployment controller does to a paused Deployment depends on how many of its ReplicaSets have pods. With exactly one, that one is kept at
// spec.replicas, whatever the template. With two, both are scaled, and it is the serving one that may lose its pods. With none, the youngest old revision is
// scaled up. So the Deployment is to own one with pods, or nothing at all, at every moment:
//
//  1. the old revisions, which are empty, are put aside: the Canary controls them;
//  2. the baseline is put aside, with its pods: the Deployment owns nothing, and its controller does nothing;
//  3. the candidate is given to the Deployment: from here on there is no way back;
//  4. the baseline's pods go, and everything that was put aside is given back, empty: the history is as it would be after any rollout.
//
// The mark on what was put aside names the candidate that it made room for. From the marks and from who controls the candidate, the stage is known after any crash.
// Until 3, the way back is to give back the baseline first and the rest after it.
func (w *world) handOver(want Desired) step {
	c := w.find(want.Candidate)
	if !want.HandOver || c == nil || !c.held() || c.aside() {
		return step{}
	}
	if !w.deployment.Spec.Paused {
		return wait("the Deployment has to be paused for the hand-over")
	}
	// All pods are asked for, not waited for: an autoscaler that never rests must not keep the hand-over from beginning.
	if available, needed := c.Status.AvailableReplicas, w.deployment.minAvailable(); available < needed && !w.begun(c) {
		return wait("%d pods of the candidate are available, the hand-over needs %d", available, needed)
	}
	// The empty ones first: see above.
	theirs := w.which(func(s *set) bool { return s.theirs() && s.DeletionTimestamp == nil })
	slices.SortStableFunc(theirs, fewestPodsFirst)
	if len(theirs) > 0 {
		return w.putAside(theirs[0], c)
	}
	return w.give(c)
}

func fewestPodsFirst(a, b *set) int { return int(a.replicas()) - int(b.replicas()) }

// begun says that the baseline was already put aside for c: then the Deployment owns nothing, and the sooner it owns c, the better.
func (w *world) begun(c *set) bool {
	return slices.ContainsFunc(w.sets, func(s *set) bool { return s.aside() && s.asideFor() == c.Name && s.replicas() > 0 })
}

// putAside makes room for c. It keeps all labels and a reference to the Deployment: should the Canary vanish, the Deployment adopts it again.
func (w *world) putAside(s, c *set) step {
	return change(s, "putting a ReplicaSet aside for the hand-over", func(rs *appsv1.ReplicaSet) {
		rs.OwnerReferences = w.ownedBy(s, w.target.Owner, w.deployment.keeping())
		rs.Labels = s.shownLabels()
		rs.Labels[labelCanary] = labelValue(w.target.Owner.Name)
		rs.Annotations[markAsideFor] = c.Name
	})
}

// give makes c the Deployment's own and numbers it as the newest revision. The Deployment controller would count from 1: it sees no other revision now.
func (w *world) give(c *set) step {
	newest := int64(0)
	for _, s := range w.ours() {
		if s != c {
			newest = max(newest, s.revisionNumber())
		}
	}
	replicas := w.deployment.replicas()
	return change(c, "handing the candidate's ReplicaSet over to the Deployment", func(rs *appsv1.ReplicaSet) {
		w.surrender(c, rs)
		rs.Annotations[annotationDesired] = strconv.Itoa(int(replicas))
		rs.Annotations[annotationMax] = strconv.Itoa(int(replicas + w.deployment.surge()))
		if c.revisionNumber() > newest {
			return
		}
		if before := rs.Annotations[annotationRevision]; before != "" {
			rs.Annotations[annotationRevisionHistory] = appended(rs.Annotations[annotationRevisionHistory], before)
		}
		rs.Annotations[annotationRevision] = strconv.FormatInt(newest+1, 10)
	})
}

func appended(list, item string) string {
	if list == "" {
		return item
	}
	return list + "," + item
}

// settleAside ends a hand-over that is past its middle, and undoes one that is no longer meant.
func (w *world) settleAside(want Desired) step {
	aside := w.which((*set).aside)
	slices.SortStableFunc(aside, func(a, b *set) int { return fewestPodsFirst(b, a) })
	waiting := step{}
	for _, s := range aside {
		successor := w.named(s.asideFor())
		switch {
		case successor != nil && successor.theirs() && successor.DeletionTimestamp == nil:
			if needed := min(w.deployment.replicas(), s.replicas()) - w.deployment.unavailable(); successor.Status.AvailableReplicas < needed {
				waiting = wait("the old pods stay until %d of the candidate's are available again; %d are", needed, successor.Status.AvailableReplicas)
				continue
			}
			return w.giveBack(s, 0, "giving an old revision back to the Deployment, empty")
		case successor != nil && successor.held() && want.HandOver && successor.revision == want.Candidate:
			// Under way; handOver goes on.
		default:
			return w.giveBack(s, s.replicas(), "giving a ReplicaSet back to the Deployment, with its pods")
		}
	}
	return waiting
}
