package view

import (
	"github.com/serin-dev/serin/api/v1alpha1"
)

// Outcome says whether there is anything to wait for.
type Outcome int

// The outcomes.
const (
	// Going means that a release is under way, or that the operator has not answered the spec yet.
	Going Outcome = iota
	// Rest means that nothing is under way: the last release was promoted, or there was none.
	Rest
	// Refused means that the last candidate was refused.
	Refused
	// NeedsPerson means that nothing goes on until a person does something.
	NeedsPerson
)

// OutcomeOf says how a Canary stands, and in one sentence why.
func OutcomeOf(s Scene) (Outcome, string) {
	c := s.Canary
	if c.Status.Rollout == nil || c.Status.ObservedGeneration != c.Generation {
		return Going, "the operator has not answered the present spec yet"
	}
	if p := ProblemOf(c); p != nil {
		return NeedsPerson, p.Reason + ": " + p.Message
	}
	switch c.Status.Phase {
	case v1alpha1.PhaseFailed:
		return Refused, c.Status.Message
	case v1alpha1.PhaseIdle, v1alpha1.PhaseSucceeded:
		return Rest, c.Status.Message
	case v1alpha1.PhaseProgressing, v1alpha1.PhasePromoting, v1alpha1.PhaseFinalizing, v1alpha1.PhaseRollingBack:
	}
	if next := nextOf(s); next.NeedsPerson {
		return NeedsPerson, c.Status.Message
	}
	return Going, c.Status.Message
}
