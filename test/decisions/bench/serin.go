package bench

import (
	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/engine"
	"github.com/serin-dev/serin/test/decisions/rules"
	"github.com/serin-dev/serin/test/decisions/serin"
)

// Name of Serin among the rules.
const Name = "serin"

// Serin is the engine as it is.
func Serin() Decider {
	return Decider{Name, "Serin", func() rules.Decider { return serin.New(without(0)) }}
}

// without is the engine without some of its terms.
func without(terms engine.Term) func(analysis.Policy) serin.Engine {
	return func(p analysis.Policy) serin.Engine { return engine.New(p, engine.Without(terms)) }
}

// Ablations are the engine without one of its ideas each.
func Ablations() []Decider {
	var ablations []Decider
	for _, a := range []struct {
		name, about string
		term        engine.Term
	}{
		{"dispersion", "counts are taken to scatter as independent requests do", engine.Dispersion},
		{"pod-effects", "pods are taken to be alike over many looks", engine.PodEffects},
		{"margin", "the least increase counts as a regression", engine.Margin},
		{"clip", "one pod may count as much as it likes", engine.Clip},
		{"cap", "one look may count as much as it likes", engine.Cap},
		{"warm-up", "requests count from a pod's first second", engine.WarmUp},
		{"cold-start", "new pods are not expected to be worse for a while", engine.ColdStart},
		{"onsets", "a regression is taken to begin with the release", engine.Onsets},
		{"load", "pods that carry more are compared as if they carried the same", engine.Load},
		{"guard", "disasters are treated like everything else", engine.Guard},
		{"hold", "a step passes while a metric leans bad", engine.Hold},
	} {
		ablations = append(ablations, Decider{"without-" + a.name, "Serin, but " + a.about, func() rules.Decider { return serin.New(without(a.term)) }})
	}
	return ablations
}
