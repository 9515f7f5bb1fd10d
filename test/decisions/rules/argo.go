package rules

import "github.com/serin-dev/serin/analysis"

// Argo is a background AnalysisRun of Argo Rollouts: each measurement of the candidate alone is judged by a fixed condition, and
// more failures than failureLimit abort. The steps go on meanwhile by the clock, and a run without a measurement is successful.
// NaN meets no condition and is a failure.
//
// Source: https://argo-rollouts.readthedocs.io/en/stable/features/analysis/ (success-rate template: result[0] >= 0.95,
// failureLimit 3) and analysis/analysis.go of release 1.9. The documented interval of 5m would measure twice in a release of ten
// minutes; it is a minute here, to the rule's advantage.
type Argo struct {
	blind
	// Errors is the largest share of errors, Slower the largest p95 as a multiple of the usual one.
	Errors, Slower float64
	// FailureLimit is the number of failures that are forgiven.
	FailureLimit int

	scene  Scene
	walk   Walk
	window window
	failed int
}

// Start implements [Decider].
func (a *Argo) Start(s Scene) { a.scene, a.walk = s, Walk{Plan: s.Plan} }

// Decide implements [Decider].
func (a *Argo) Decide(look analysis.Look) Action {
	a.window.add(look)
	if a.window.spans(a.scene.period(), look) {
		candidate := &a.window.arms[analysis.Candidate]
		if !within(candidate.errorRate(), a.Errors) || !within(candidate.quantile(0.95), a.Slower*a.scene.Usual.P95) {
			a.failed++
		}
		a.window.empty()
	}
	if a.failed > a.FailureLimit {
		return Action{Kind: RollBack, Why: "more failures than the limit"}
	}
	return a.walk.Stroll(look)
}
