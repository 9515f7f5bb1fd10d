package rules

import "github.com/serin-dev/serin/analysis"

// Relative is what people write by hand when a tool lets them: the candidate's p95 over the baseline's, and the difference of the
// error rates, once a minute against a fixed limit. A ratio of which one side is missing is no violation, and at 100% there is
// nothing left to compare with.
//
// Source: such queries as in https://github.com/argoproj/argo-rollouts/issues/1107 (candidate / baseline <= 1.2).
type Relative struct {
	blind
	// Slower is the largest ratio of the p95s, Errors the largest difference of the shares of errors.
	Slower, Errors float64
	// InARow is how many violations in a row roll back.
	InARow int

	scene  Scene
	walk   Walk
	window window
	failed int
}

// Start implements [Decider].
func (r *Relative) Start(s Scene) { r.scene, r.walk = s, Walk{Plan: s.Plan} }

// Decide implements [Decider].
func (r *Relative) Decide(look analysis.Look) Action {
	if look.Weight == 100 {
		return r.walk.Stroll(look)
	}
	r.window.add(look)
	if r.window.spans(r.scene.period(), look) {
		baseline, candidate := &r.window.arms[analysis.Baseline], &r.window.arms[analysis.Candidate]
		r.failed++
		if !(candidate.quantile(0.95) > r.Slower*baseline.quantile(0.95)) && !(candidate.errorRate() > baseline.errorRate()+r.Errors) {
			r.failed = 0
		}
		r.window.empty()
	}
	if r.failed >= r.InARow {
		return Action{Kind: RollBack, Why: "over the limit"}
	}
	return r.walk.Stroll(look)
}
