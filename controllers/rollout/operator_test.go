package rollout_test

import (
	"math/rand/v2"
	"time"

	"github.com/serin-dev/serin/controllers/rollout"
)

// interval is how often the plans of these tests look at the evidence.
const interval = 5 * time.Second

// record is what outlives every process: the significant memory, and how often it was written.
type record struct {
	state   rollout.State
	version int
}

// operator is the caller of Decide, with the duties that the package documentation gives it. It may die at any point, and comes back with what was stored.
type operator struct {
	world *world
	plan  rollout.Plan
	// stored is what survives a crash, shared by all who operate; memory is what a living operator knows beyond, as of a version of stored.
	stored  *record
	memory  rollout.State
	version int
	// away is true from a crash until the next pass.
	away bool
	// shuffle puts the deeds of a pass into any order; nil keeps them as they are written.
	shuffle *rand.Rand
	// dies is asked at every point where a process may end; nil never dies.
	dies func() bool
	// told are the events, done says that the Canary may go.
	told []rollout.Event
	done bool
	// saw is shown every turn after it was recorded.
	saw func(turn)
	// object is told of everything that must never happen.
	object func(invariant, about string)
}

// turn is one call of Decide.
type turn struct {
	plan   rollout.Plan
	before rollout.State
	seen   rollout.Observation
	made   rollout.Decision
}

// pass observes, decides, records and acts. It answers false when the operator died on the way.
func (op *operator) pass() (rollout.Decision, bool) {
	if op.done {
		return rollout.Decision{State: op.memory, Done: true}, true
	}
	if op.away && !op.memory.EnteredAt.IsZero() {
		op.memory.EnteredAt = op.world.now
	}
	op.away = false
	before := op.memory
	seen := op.world.observe(before)
	made := rollout.Decide(op.plan, before, seen)
	if op.dead() {
		return made, false
	}
	if op.version != op.stored.version {
		// Somebody else persisted first: what was decided here is void.
		op.reload()
		return made, true
	}
	if made.State.Significant() != op.stored.state.Significant() {
		op.stored.state = made.State
		op.stored.version++
	}
	op.memory, op.version = made.State, op.stored.version
	if w := seen.Workload; w.Wanted != before.Baseline && w.RestartOf != before.Baseline {
		op.world.gated = false
	}
	told := turn{op.plan, before, seen, made}
	op.compare(told)
	if op.saw != nil {
		op.saw(told)
	}
	if op.dead() {
		return made, false
	}
	if made.Event != nil {
		op.told = append(op.told, *made.Event)
	}
	for _, deed := range op.deeds(made) {
		deed()
		if op.dead() {
			return made, false
		}
	}
	op.done = made.Done
	return made, true
}

// compare holds a turn against what only the world knows.
func (op *operator) compare(t turn) {
	w, before, after := op.world, t.before, t.made.State
	if t.made.State.Refused {
		w.refused = original(after.Candidate)
	}
	if original(w.wanted) != w.refused || after.Acknowledged.Retry != before.Acknowledged.Retry || !w.exists || t.seen.Workload.Complete {
		w.refused = ""
	}
	switch {
	case w.refused == "":
	case after.Phase == rollout.Progressing, after.Phase == rollout.Promoting, original(after.Baseline) == w.refused:
		op.object("a refused revision gets nothing without a retry", string(after.Phase))
	}
	if leavesStep(t) && !after.Forced && !w.podShare {
		if bake := t.plan.Steps[t.plan.StepNumber(before.Weight)-1].Bake; w.now.Sub(w.since) < bake {
			op.object("no step is passed before its bake, its verdict and its approval", "the data plane has followed the split since "+w.since.String())
		}
	}
}

func (op *operator) dead() bool {
	if op.dies == nil || !op.dies() {
		return false
	}
	op.reload()
	return true
}

// reload is how an operator starts: with what was stored, and with waits that begin anew, for nobody was there to see them end.
func (op *operator) reload() {
	op.memory, op.version, op.away = op.stored.state, op.stored.version, true
}

// deeds bring the world to the level decided, one write each.
func (op *operator) deeds(d rollout.Decision) []func() {
	baseline, candidate, level := d.State.Baseline, d.State.Candidate, d.Desired
	deeds := []func(){
		func() { op.hold(level.Hold, baseline) },
		func() { op.takeBack(level, baseline, candidate) },
		func() { op.divide(d) },
		func() { op.scaleCandidate(d) },
	}
	if op.shuffle != nil {
		op.shuffle.Shuffle(len(deeds), func(i, j int) { deeds[i], deeds[j] = deeds[j], deeds[i] })
	}
	if !level.HandOver {
		return deeds
	}
	return append(deeds,
		func() { op.freeBaseline(candidate) },
		func() { op.releaseCandidate(candidate) },
		func() { op.retireOthers(candidate) },
	)
}

func (op *operator) hold(h rollout.Hold, baseline string) {
	w := op.world
	switch {
	case h == rollout.LeaveAsIs || !w.exists:
	case h == rollout.KeepPaused:
		w.paused = true
	case original(w.wanted) != original(baseline):
		op.object("an unjudged template is never shipped", "let roll "+w.wanted+" while the baseline is "+baseline)
	default:
		w.paused = false
	}
}

// takeBack makes the ReplicaSets belong to whom they should: the baseline to the Deployment, the candidate and everything that rolled by itself to the Canary.
// What else the Canary has goes: at once when there is no candidate, and not before the baseline is back when there is one.
func (op *operator) takeBack(level rollout.Desired, baseline, candidate string) {
	w := op.world
	if level.HandOver {
		return
	}
	b := w.set(baseline)
	for _, s := range w.sets {
		switch {
		case s == b || candidate == "" && s.owner == byCanary:
			if s != b {
				op.mayRetire(s, b)
				s.resize(0)
			}
			s.owner = byDeployment
		case candidate == "" || level.Hold != rollout.KeepPaused:
		case s.revision == candidate:
			s.owner = byCanary
		case b != nil && b.available >= w.minAvailable():
			s.owner, s.pods, s.available = byCanary, 0, 0
		case s.pods > 0:
			s.owner = byCanary
		}
	}
}

// mayRetire objects to taking pods away that serve in the place of the baseline's.
func (op *operator) mayRetire(s, b *set) {
	w := op.world
	if w.exists && s.available > 0 && (b == nil || b.available < w.minAvailable()) && !op.late() {
		op.object("pods that serve stay until the baseline is back", s.revision)
	}
}

// late says that the present wait has lasted longer than anybody waits for a baseline.
func (op *operator) late() bool {
	return op.world.now.Sub(op.memory.EnteredAt) > op.plan.ReadyDeadline
}

func (op *operator) divide(d rollout.Decision) {
	w, level := op.world, d.Desired
	switch {
	case w.podShare || w.route.gone:
	case !level.Split:
		w.route = route{home: true}
	default:
		op.mayDivide(d)
		w.route = route{weight: level.Weight}
	}
}

// mayDivide objects to a split that a part of the pods could not carry.
func (op *operator) mayDivide(d rollout.Decision) {
	w, weight, b := op.world, d.Desired.Weight, op.world.set(d.State.Baseline)
	pressed := d.State.Forced || d.State.Phase == rollout.RollingBack && w.now.Sub(d.State.EnteredAt) > op.plan.ReadyDeadline
	others := int32(0)
	for _, s := range w.sets {
		if s != b {
			others += s.available
		}
	}
	if w.exists && w.route.home && weight < 100 && others > 0 && !pressed && (b == nil || b.available < w.minAvailable()) {
		op.object("requests go to the baseline alone only when it can carry them", "")
	}
}

func (op *operator) scaleCandidate(d rollout.Decision) {
	w, pods := op.world, d.Desired.CandidatePods
	if d.State.Candidate == "" || d.Desired.HandOver {
		return
	}
	c := w.set(d.State.Candidate)
	if c == nil && pods == 0 {
		return
	}
	if c == nil {
		c = w.ensureSet(d.State.Candidate, byCanary)
	}
	// A Canary on its way out does not wait for ever for a gateway that acknowledges nothing.
	givenUp := w.ending && w.now.Sub(d.State.EnteredAt) > op.plan.ReadyDeadline
	if !w.podShare && !givenUp && pods < min(c.pods, w.replicas) && op.reached(d.State.Weight) && pods < op.needed(d.State.Weight) {
		op.object("the candidate's pods stay while traffic reaches them", "")
	}
	if d.State.Phase == rollout.RollingBack && pods < c.pods && !w.podShare && !givenUp && !w.route.gone && w.now.Sub(w.since) < op.plan.Drain {
		op.object("the candidate's pods stay until the last requests have ended", "")
	}
	c.resize(pods)
}

// reached says that requests may reach the candidate's pods.
func (op *operator) reached(granted int32) bool {
	w := op.world
	if w.route.gone {
		return false
	}
	return w.route.home || w.live.home || w.route.weight > 0 || w.live.weight > 0 || granted > 0
}

// needed is how many pods carry whatever share the route or the data plane may send.
func (op *operator) needed(granted int32) int32 {
	w := op.world
	if w.route.home || w.live.home {
		return w.replicas
	}
	return op.plan.Capacity(w.replicas, max(granted, w.route.weight, w.live.weight))
}

// freeBaseline takes the baseline, and whatever else the Deployment has pods in, away from the Deployment.
func (op *operator) freeBaseline(candidate string) {
	w := op.world
	c := w.set(candidate)
	if c == nil {
		return
	}
	if c.owner == byCanary && (c.available < w.minAvailable() || !w.podShare && (w.live != route{weight: 100})) {
		op.object("the hand-over begins only when the candidate carries everything", "")
	}
	for _, s := range w.sets {
		if s != c {
			s.owner = byCanary
		}
	}
}

func (op *operator) releaseCandidate(candidate string) {
	if c := op.world.set(candidate); c != nil && c.owner == byCanary {
		c.owner = nobody
	}
}

func (op *operator) retireOthers(candidate string) {
	c := op.world.set(candidate)
	if c == nil || c.owner != byDeployment || c.available < op.world.minAvailable() {
		return
	}
	for _, s := range op.world.sets {
		if s != c && s.owner == byCanary {
			s.resize(0)
		}
	}
}
