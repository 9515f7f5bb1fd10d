// Package serin lets Serin decide the benchmark's releases.
package serin

import (
	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/test/decisions/rules"
)

// Engine turns looks into verdicts.
type Engine interface {
	// Learn takes in a look at the baseline from before the release.
	Learn(analysis.Look)
	// Look takes in a look at both arms.
	Look(analysis.Look) analysis.Report
}

// Operator does with an engine's verdicts what Serin's controller does: a Fail rolls back at once, a Pass goes on once the bake
// is over, and a step without either is given up at its deadline.
type Operator struct {
	new    func(analysis.Policy) Engine
	engine Engine
	scene  rules.Scene
	walk   rules.Walk
	report analysis.Report
}

// New decides by an engine, made anew for each release.
func New(engine func(analysis.Policy) Engine) *Operator { return &Operator{new: engine} }

// Start implements [rules.Decider].
func (o *Operator) Start(s rules.Scene) {
	o.scene, o.walk, o.engine = s, rules.Walk{Plan: s.Plan}, o.new(s.Policy)
}

// Learn implements [rules.Decider].
func (o *Operator) Learn(look analysis.Look) { o.engine.Learn(look) }

// Decide implements [rules.Decider].
func (o *Operator) Decide(look analysis.Look) rules.Action {
	o.report = o.engine.Look(look)
	elapsed, bake := o.walk.Elapsed(look)
	switch {
	case o.report.Verdict == analysis.Fail:
		return rules.Action{Kind: rules.RollBack, Why: o.report.Message}
	case elapsed < bake:
	case o.report.Verdict == analysis.Pass:
		return o.walk.Rise(look)
	case elapsed-bake > o.scene.Deadline:
		return rules.Action{Kind: rules.GiveUp, Why: o.report.Message}
	}
	return rules.Action{}
}
