package bench

import (
	"context"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/test/decisions/world"
)

// Form is how much the report measures.
type Form struct {
	Name string
	// Safety is the study of releases without a regression, Power that of regressions. Rungs of ladders join the first, and what
	// turns out to be safe enough the second.
	Safety, Power Study
	// Blind are studies without enough evidence for any verdict.
	Blind   []Study
	Ladders []Ladder
}

// Quick is a form for minutes.
func Quick() Form {
	f := Form{Name: "quick", Safety: Defaults(), Power: Defaults(), Ladders: Ladders()}
	f.Safety.Worlds, f.Safety.Regressions = world.Worlds(), []world.Regression{world.None()}
	f.Safety.Rates, f.Safety.Runs = []float64{10, 100, 1000}, 40
	f.Power.Worlds, f.Power.Regressions = pick("clean", "all"), world.Regressions()
	f.Power.Rates, f.Power.Runs = []float64{100}, 60
	f.Safety.Deciders = Deciders()
	f.Power.Deciders = Deciders()
	f.Blind = blind(f.Safety)
	return f
}

// Full is a form for an hour or two.
func Full() Form {
	f := Quick()
	f.Name = "full"
	f.Safety.Rates, f.Safety.Runs = []float64{1, 10, 100, 1000, 10_000}, 1000
	f.Power.Rates, f.Power.Runs = []float64{10, 100, 1000}, 400
	f.Power.Worlds = pick("clean", "pod-effects", "sticky-storms", "cold-start", "all")
	f.Blind = blind(f.Power)
	return f
}

// pick finds worlds by name.
func pick(names ...string) []world.World {
	var picked []world.World
	for _, w := range world.Worlds() {
		for _, n := range names {
			if w.Name == n {
				picked = append(picked, w)
			}
		}
	}
	return picked
}

// Report is what the benchmark found.
type Report struct {
	Form          Form
	Version       string
	Safety, Power Cells
	Blind         Cells
	Tuned         []Tuned
}

// Limit is Serin's promise: the largest share of false rollbacks.
const Limit = analysis.DefaultFalseRollbackRate

// Run measures a form, and tells each cell when it is done.
func (f Form) Run(ctx context.Context, version string, tell func(Cell)) (Report, error) {
	r := Report{Form: f, Version: version}
	collect := func(into *Cells) func(Cell) {
		return func(c Cell) {
			*into = append(*into, c)
			tell(c)
		}
	}
	if err := f.Safety.with(f.rungs()).Run(ctx, collect(&r.Safety)); err != nil {
		return r, err
	}
	var tuned []Decider
	for _, l := range f.Ladders {
		t := tune(l, r.Safety, Limit)
		r.Tuned, tuned = append(r.Tuned, t), append(tuned, t.decider())
	}
	together := f.Safety
	together.Deciders = tuned
	if err := together.Run(ctx, collect(&r.Safety)); err != nil {
		return r, err
	}
	for _, b := range f.Blind {
		if err := b.Run(ctx, collect(&r.Blind)); err != nil {
			return r, err
		}
	}
	return r, f.Power.with(tuned).Run(ctx, collect(&r.Power))
}

// rungs of all ladders.
func (f Form) rungs() []Decider {
	var all []Decider
	for _, l := range f.Ladders {
		all = append(all, l.rungs()...)
	}
	return all
}

// with is the study with more rules.
func (s Study) with(more []Decider) Study {
	s.Deciders = append(s.Deciders[:len(s.Deciders):len(s.Deciders)], more...)
	return s
}

// rules are the names of those that are neither rungs nor ablations.
func (r Report) rules() []string {
	names := []string{}
	for _, d := range append([]Decider{Serin()}, Rivals()...) {
		if len(r.Safety.by(d.Name)) > 0 {
			names = append(names, d.Name)
		}
	}
	return names
}

// equals are Serin and the rivals that are set to be as safe.
func (r Report) equals() []string {
	names := []string{Name}
	for _, t := range r.Tuned {
		names = append(names, t.decider().Name)
	}
	return names
}
