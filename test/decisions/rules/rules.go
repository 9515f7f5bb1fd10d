// Package rules holds the rules by which a release may be decided: what a rule sees and answers, and those of other tools and
// habits, each with its source. None of them is a port; what a rule does with the counts is what its tool would do with the
// queries that its documentation advises.
package rules

import (
	"time"

	"github.com/serin-dev/serin/analysis"
)

// Decider decides one release, look by look.
type Decider interface {
	// Start begins a release. It is called once, before anything else.
	Start(Scene)
	// Learn takes in a look at the baseline from before the release.
	Learn(analysis.Look)
	// Decide takes in a look at both arms, and says what is to be done.
	Decide(analysis.Look) Action
}

// Scene is what is known before a release.
type Scene struct {
	Policy   analysis.Policy
	Plan     Plan
	Interval time.Duration
	// Deadline is the longest time that a step waits for a verdict beyond its bake.
	Deadline time.Duration
	// Usual is what people have seen on their dashboards.
	Usual Usual
}

// Usual is what a service is like when nothing happens: the share of errors, and latencies in seconds.
type Usual struct{ Errors, P95, P99 float64 }

// Plan is the steps of a release.
type Plan []Step

// Step of a plan.
type Step struct {
	Weight int32
	Bake   time.Duration
}

// Tenths is the plan of 10%, 20% ... 100%.
func Tenths(bake time.Duration) Plan {
	var plan Plan
	for weight := int32(10); weight <= 100; weight += 10 {
		plan = append(plan, Step{weight, bake})
	}
	return plan
}

// After is the weight of the step after weight, 100 after the last.
func (p Plan) After(weight int32) int32 {
	for _, s := range p {
		if s.Weight > weight {
			return s.Weight
		}
	}
	return 100
}

// Kind of an action.
type Kind int

// What may be done after a look.
const (
	Continue Kind = iota
	// Weigh changes the weight.
	Weigh
	Promote
	RollBack
	// GiveUp ends a release for want of evidence.
	GiveUp
)

// Action is what a rule wants done.
type Action struct {
	Kind Kind
	// Weight for Weigh.
	Weight int32
	// Why in a few words.
	Why string
}

// Walk is the way through a plan. The zero value with a plan stands before the first look.
type Walk struct {
	Plan  Plan
	step  int
	since time.Time
}

// Elapsed is how long the present step has lasted at the end of a look, and bake how long it must.
func (w *Walk) Elapsed(look analysis.Look) (elapsed, bake time.Duration) {
	if w.since.IsZero() {
		w.since = look.Window.From
	}
	return look.Window.To.Sub(w.since), w.Plan[w.step].Bake
}

// Baked says that the present step has lasted as long as it must.
func (w *Walk) Baked(look analysis.Look) bool {
	elapsed, bake := w.Elapsed(look)
	return elapsed >= bake
}

// Rise goes on to the next step, or promotes after the last.
func (w *Walk) Rise(look analysis.Look) Action {
	w.step++
	w.since = look.Window.To
	if w.step >= len(w.Plan) {
		return Action{Kind: Promote}
	}
	return Action{Kind: Weigh, Weight: w.Plan[w.step].Weight}
}

// Stroll rises when the step has baked, whatever the evidence.
func (w *Walk) Stroll(look analysis.Look) Action {
	if w.Baked(look) {
		return w.Rise(look)
	}
	return Action{}
}

// blind is embedded by rules that learn nothing before a release.
type blind struct{}

func (blind) Learn(analysis.Look) {}
