package bench

import (
	"math"

	"github.com/serin-dev/serin/test/decisions/rules"
)

// Deciders of the benchmark: Serin first, the others, and Serin without one of its ideas each.
func Deciders() []Decider {
	all := append([]Decider{Serin()}, Rivals()...)
	return append(all, Ablations()...)
}

// Rivals are other tools and habits. What is called tuned knows the usual service and which regressions it is to find, which
// nobody does beforehand.
func Rivals() []Decider {
	return []Decider{
		{"flagger", "Flagger: errors at most 1%, p99 at most twice the usual, 5 failed checks", func() rules.Decider {
			return &rules.Flagger{Errors: 0.01, Slower: 2, Threshold: 5}
		}},
		{"flagger-tuned", "Flagger: errors at most 0.6%, p99 at most 25% above the usual, 5 failed checks", func() rules.Decider {
			return &rules.Flagger{Errors: 0.006, Slower: 1.25, Threshold: 5}
		}},
		{"argo", "Argo Rollouts: errors at most 5%, p95 at most twice the usual, failureLimit 3", func() rules.Decider {
			return &rules.Argo{Errors: 0.05, Slower: 2, FailureLimit: 3}
		}},
		{"argo-tuned", "Argo Rollouts: errors at most 0.6%, p95 at most 25% above the usual, failureLimit 3", func() rules.Decider {
			return &rules.Argo{Errors: 0.006, Slower: 1.25, FailureLimit: 3}
		}},
		{"relative", "p95 over 1.2 times the baseline's, or errors 0.5 points above, in one minute", func() rules.Decider {
			return &rules.Relative{Slower: 1.2, Errors: 0.005, InARow: 1}
		}},
		{"relative-x3", "the same three minutes in a row", func() rules.Decider {
			return &rules.Relative{Slower: 1.2, Errors: 0.005, InARow: 3}
		}},
		{"mann-whitney", "Kayenta's judge at the end of every step", func() rules.Decider {
			return &rules.MannWhitney{Tolerance: 0.25, Errors: 2.326, Latency: 2.326}
		}},
		{"independent", "a sequential test that takes requests to be independent", func() rules.Decider {
			return &rules.Independent{Errors: math.Log(200), Latency: math.Log(200), Worse: 1}
		}},
	}
}
