package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/serin-dev/serin/test/decisions/rules"
	"github.com/serin-dev/serin/test/decisions/world"
)

// Promises measures in small what Serin promises, and lists what is broken:
//
//   - a release without a regression is rolled back in at most one of a hundred cases, in every world, however often one looks;
//   - both arms getting worse together is not the candidate's fault;
//   - gross regressions are found within two looks;
//   - nothing is promoted without evidence.
//
// A share is judged by the exact probability to see as many, so that chance alone breaks a promise in one of a thousand cells,
// and with one seed always or never.
func Promises(ctx context.Context, d Decider, runs int) ([]string, error) {
	var broken []string
	for _, p := range promises() {
		p.study.Deciders, p.study.Runs = []Decider{d}, runs
		var cells Cells
		if err := p.study.Run(ctx, func(c Cell) { cells = append(cells, c) }); err != nil {
			return nil, err
		}
		broken = append(broken, p.broken(cells, p.study)...)
	}
	return broken, nil
}

// promise is a study, and what its cells show to be broken.
type promise struct {
	study  Study
	broken func(Cells, Study) []string
}

func promises() []promise {
	safe := small([]float64{10, 100, 1000}, world.None())
	safe.Worlds = pick("clean", "shared-bursts", "sticky-storms", "drift", "pod-effects-x2", "slow-nodes", "cold-start", "gaps", "load", "all")
	often := small([]float64{100}, world.None()) // three times as many looks, at incidents that last no shorter
	often.Worlds, often.Interval, often.Plan = pick("shared-bursts", "episodes", "all"), 5*time.Second, rules.Tenths(15*time.Second)
	shared := small([]float64{100, 1000}, regressions("both-slower", "both-failing")...)
	gross := small([]float64{100, 1000}, regressions("errors-50%", "no-success")...)
	all := []promise{{safe, falseRollbacks}, {often, falseRollbacks}, {shared, falseRollbacks}, {gross, slow}}
	for _, s := range blind(Defaults()) {
		all = append(all, promise{s, promoted})
	}
	return all
}

// small is a study of the clean world.
func small(rates []float64, worse ...world.Regression) Study {
	s := Defaults()
	s.Worlds, s.Rates, s.Regressions = []world.World{world.Clean()}, rates, worse
	return s
}

// regressions by name.
func regressions(names ...string) []world.Regression {
	var found []world.Regression
	for _, r := range world.Regressions() {
		for _, n := range names {
			if r.Name == n {
				found = append(found, r)
			}
		}
	}
	return found
}

// blind are studies without enough evidence for any verdict: a silent source, a p95 beyond the last bucket, hardly any traffic.
func blind(like Study) []Study {
	untold, cutOff, quiet := like, like, like
	for _, s := range []*Study{&untold, &cutOff, &quiet} {
		s.Rates, s.Regressions = []float64{100}, []world.Regression{world.None()}
	}
	untold.Worlds, cutOff.Worlds, quiet.Worlds = []world.World{world.Silent()}, pick("cut-off"), []world.World{world.Clean()}
	quiet.Rates = []float64{1. / 60}
	return []Study{untold, cutOff, quiet}
}

// chance below which a share is no accident.
const chance = 0.001

func falseRollbacks(cells Cells, s Study) []string {
	var broken []string
	judge := func(where string, o Outcomes) {
		if AtLeast(o.RolledBack, o.Runs, Limit) < chance {
			broken = append(broken, fmt.Sprintf("%s: %d of %d releases were rolled back for nothing, promised is one of a hundred (%s)",
				where, o.RolledBack, o.Runs, first(o.Reasons)))
		}
	}
	for _, c := range cells {
		judge(fmt.Sprintf("%s, %g rps, %s", c.World, c.Rate, c.Regression.Name), c.Outcomes)
	}
	for _, w := range s.Worlds {
		judge(w.Name, cells.in(w.Name).pooled())
	}
	judge("all worlds", cells.pooled())
	return broken
}

func slow(cells Cells, s Study) []string {
	var broken []string
	for _, c := range cells {
		if limit := 2 * s.Interval; c.RolledBack < c.Runs || c.Rollback.Median > limit || c.Rollback.P90 > limit {
			broken = append(broken, fmt.Sprintf("%s at %g rps: %d of %d were found, nine of ten after %s, promised are two looks (%s)",
				c.Regression.Name, c.Rate, c.RolledBack, c.Runs, clock(c.Rollback.P90), limit.Round(time.Second)))
		}
	}
	return broken
}

func promoted(cells Cells, _ Study) []string {
	var broken []string
	for _, c := range cells {
		if c.Promoted > 0 {
			broken = append(broken, fmt.Sprintf("%s at %.2g rps: %d of %d releases were promoted without evidence", c.World, c.Rate, c.Promoted, c.Runs))
		}
	}
	return broken
}

func first(reasons []string) string {
	if len(reasons) == 0 {
		return "no reason was kept"
	}
	return reasons[0]
}
