package rollout

import "time"

// desired is the level that the memory and the world ask for together.
func (t *turn) desired() Desired {
	switch t.s.Phase {
	case Progressing:
		return Desired{
			Hold:          KeepPaused,
			Split:         !t.restoringBaseline(),
			Weight:        t.s.Weight,
			CandidatePods: t.progressingPods(),
		}
	case Promoting:
		return Desired{Hold: KeepPaused, Split: true, Weight: 100, CandidatePods: t.o.Workload.Replicas, HandOver: true}
	case Finalizing:
		return Desired{Hold: t.restingHold(LetRoll)}
	case RollingBack:
		pods := t.drainingPods()
		return Desired{Hold: t.whileThere(KeepPaused), Split: t.o.Workload.CandidatePods > 0, CandidatePods: pods}
	case Failed:
		return Desired{Hold: t.whileThere(KeepPaused)}
	case Idle, Succeeded:
	}
	return Desired{Hold: LeaveAsIs}
}

func (t *turn) whileThere(h Hold) Hold {
	if !t.o.Workload.Exists {
		return LeaveAsIs
	}
	return h
}

// restingHold is h while the template is the baseline's; a newer one is kept from rolling.
func (t *turn) restingHold(h Hold) Hold {
	if !t.isBaseline() {
		h = KeepPaused
	}
	return t.whileThere(h)
}

// progressingPods is how many pods the candidate is to have while it climbs: none before the route keeps requests off them, then what the weight needs,
// and what the next weight will need as soon as the present one has passed. Pods that may still get traffic stay.
func (t *turn) progressingPods() int32 {
	w := t.o.Workload
	switch {
	case t.restoringBaseline():
		return w.CandidatePods
	case t.s.Weight == 0 && t.s.SettledAt.IsZero():
		return 0
	}
	weight := t.s.Weight
	if next, more := t.next(); more && t.s.Passed && !t.p.PodShare {
		weight = next.Weight
	}
	if !t.p.PodShare {
		weight = max(weight, min(t.o.Split.Weight, 100))
	}
	return t.capacity(weight)
}

// drainingPods keeps the candidate's pods until the split is settled at 0 and the last requests had time to end. Without a route, taking the pods away
// is what takes the traffic away.
func (t *turn) drainingPods() int32 {
	drained := !t.s.SettledAt.IsZero() && t.o.Now.Sub(t.s.SettledAt) >= t.p.Drain
	if t.p.PodShare || drained {
		return 0
	}
	return t.o.Workload.CandidatePods
}

// requeueAfter is the longest time until the next look.
func (t *turn) requeueAfter() time.Duration {
	switch t.s.Phase {
	case Progressing:
		if t.s.SettledAt.IsZero() || t.s.Passed {
			return poll
		}
		step, _ := t.step()
		if left := step.Bake - t.o.Now.Sub(t.s.SettledAt); left > 0 && left < t.p.Interval {
			return left
		}
		return t.p.Interval
	case Promoting, Finalizing:
		return poll
	case RollingBack:
		return poll
	case Idle, Succeeded, Failed:
	}
	return 0
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
