package rollout

import "time"

// desired is the level that the memory and the world ask for together.
func (t *turn) desired() Desired {
	w := t.o.Workload
	switch t.s.Phase {
	case Progressing:
		idle := t.unjudgeable() && w.CandidatePods == 0 // nothing needs the route yet
		return Desired{Hold: t.hold(KeepPaused), Split: !t.restoringBaseline() && !idle, Weight: t.s.Weight, CandidatePods: t.progressingPods()}
	case Promoting:
		return Desired{Hold: t.hold(KeepPaused), Split: true, Weight: 100, CandidatePods: w.Replicas, HandOver: w.Adopted || t.carriesAll()}
	case Finalizing:
		if t.isBaseline() {
			return Desired{Hold: t.hold(LetRoll)}
		}
		return Desired{Hold: t.hold(KeepPaused)}
	case RollingBack:
		if t.s.Candidate == "" {
			return Desired{Hold: t.hold(KeepPaused)}
		}
		return Desired{Hold: t.hold(KeepPaused), Split: w.CandidatePods > 0 && !t.restoringFirst(), CandidatePods: t.drainingPods()}
	case Failed:
		return Desired{Hold: t.hold(KeepPaused)}
	case Idle, Succeeded:
	}
	return Desired{Hold: LeaveAsIs}
}

// hold is h for a workload that exists.
func (t *turn) hold(h Hold) Hold {
	if !t.o.Workload.Exists {
		return LeaveAsIs
	}
	return h
}

// progressingPods is how many pods the candidate is to have while it climbs: none before the route keeps requests off them, then what the weight needs,
// and what the next weight will need as soon as the present one has passed. Pods that are there stay as long as the split is unsettled, since nobody knows who
// reaches them, and as long as the next step will need them.
func (t *turn) progressingPods() int32 {
	w := t.o.Workload
	need, enough := t.capacity(t.s.Weight), w.Replicas
	switch {
	case t.succeeding():
		return w.Replicas
	case t.restoringBaseline():
		return w.CandidatePods
	case t.p.PodShare:
		return need
	}
	if next, more := t.next(); more && !t.s.SettledAt.IsZero() {
		enough = t.capacity(next.Weight)
		if t.s.Passed {
			need = enough
		}
	}
	return max(need, min(w.CandidatePods, enough))
}

// drainingPods keeps the candidate's pods until the split is settled at 0 and the last requests had time to end. Without a route, taking the pods away
// is what takes the traffic away.
func (t *turn) drainingPods() int32 {
	drained := !t.s.SettledAt.IsZero() && t.o.Now.Sub(t.s.SettledAt) >= t.p.Drain
	if drained || t.p.PodShare && !t.restoringFirst() {
		return 0
	}
	return t.o.Workload.CandidatePods
}

// poll is how often something that is about to change is looked at: a split that has not settled, a pod that is not ready.
const poll = 500 * time.Millisecond

// requeueAfter is the longest time until the next look. In flight it is never 0: nothing may stop the timer while somebody's traffic is divided.
func (t *turn) requeueAfter() time.Duration {
	switch {
	case !t.inFlight() && t.o.Ending && !t.done():
		return poll
	case !t.inFlight():
		return 0
	case t.s.Phase == Progressing && t.unjudgeable():
		return max(t.p.Interval, poll)
	case t.s.Phase != Progressing || t.s.SettledAt.IsZero() || t.s.Passed && !t.s.Paused:
		return poll
	}
	step, _ := t.step()
	after := t.p.Interval
	if left := step.Bake - t.o.Now.Sub(t.s.SettledAt); left > 0 {
		after = min(left, after)
	}
	return max(after, poll)
}

// Significant is the part of the memory that must be persisted at once. The rest (when a split settled, that a step has passed) only shortens a wait: lost, it is
// found again by looking.
func (s State) Significant() State {
	s.EnteredAt, s.SettledAt, s.Passed = time.Time{}, time.Time{}, false
	if !worthTelling(s.Reason) && s.Phase == Progressing {
		s.Reason = ""
	}
	return s
}
