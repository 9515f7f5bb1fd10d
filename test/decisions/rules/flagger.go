package rules

import "github.com/serin-dev/serin/analysis"

// Flagger is the analysis of Flagger's Canary: at every interval each metric of the candidate is compared with a fixed range.
// A failed check keeps the weight; a passed one raises it. When the number of failed checks, which no pass takes back, has
// reached the threshold, the next interval rolls back. A metric without values is a failed check.
//
// Source: https://docs.flagger.app/usage/how-it-works and https://docs.flagger.app/usage/metrics (request-success-rate min 99 and
// request-duration, which is the p99, max 500 ms, interval 1m, threshold 5), and pkg/controller/scheduler.go of release 1.44.
// A check is made per step here; the stay at 100% is checked as well.
type Flagger struct {
	blind
	// Errors is the largest share of errors, Slower the largest p99 as a multiple of the usual one: the documented
	// 500 ms are a number for a service whose p99 is far below, and no service with another would keep them.
	Errors, Slower float64
	// Threshold is the number of failed checks.
	Threshold int

	scene  Scene
	walk   Walk
	window window
	failed int
}

// Start implements [Decider].
func (f *Flagger) Start(s Scene) { f.scene, f.walk = s, Walk{Plan: s.Plan} }

// Decide implements [Decider].
func (f *Flagger) Decide(look analysis.Look) Action {
	f.window.add(look)
	if !f.window.spans(f.walk.Plan[f.walk.step].Bake, look) {
		return Action{}
	}
	defer f.window.empty()
	if f.failed >= f.Threshold {
		return Action{Kind: RollBack, Why: "failed checks reached the threshold"}
	}
	candidate := &f.window.arms[analysis.Candidate]
	if !within(candidate.errorRate(), f.Errors) || !within(candidate.quantile(0.99), f.Slower*f.scene.Usual.P99) {
		f.failed++
		return Action{}
	}
	return f.walk.Rise(look)
}
