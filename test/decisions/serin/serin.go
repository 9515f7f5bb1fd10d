// Package serin lets Serin decide the benchmark's releases.
package serin

import (
	"time"

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

// Judge is an engine without memory of anything but the present step: [analysis.Judge] on all that was counted in it.
type Judge struct {
	policy analysis.Policy
	weight int32
	since  time.Time
	counts []analysis.Observation
	// reference is what the baseline did in this release: at 100% there is nothing of the same moment to compare with.
	reference []analysis.Observation
}

// warmUp is how long after a change of weight requests do not count.
const warmUp = 30 * time.Second

// NewJudge is an engine that judges each step by itself.
func NewJudge(p analysis.Policy) Engine { return &Judge{policy: p} }

// Learn implements [Engine]: it learns nothing.
func (*Judge) Learn(analysis.Look) {}

// Look implements [Engine].
func (j *Judge) Look(look analysis.Look) analysis.Report {
	if j.weight != look.Weight {
		j.weight, j.since, j.counts = look.Weight, look.Window.From, nil
		if j.weight == 100 {
			j.counts = j.reference
		}
	}
	if look.Window.From.Sub(j.since) >= warmUp {
		j.counts = analysis.Merge(append(j.counts, look.Observations...))
		j.remember(look)
	}
	return analysis.Judge(j.policy, j.counts)
}

// remember keeps the baseline's counts by arm.
func (j *Judge) remember(look analysis.Look) {
	for _, o := range look.Observations {
		if o.Arm == analysis.Baseline {
			o.Pod = ""
			j.reference = append(j.reference, o)
		}
	}
	j.reference = analysis.Merge(j.reference)
}
