package bench

import (
	"fmt"
	"strings"

	"github.com/serin-dev/serin/test/decisions/rules"
)

// Grids are the report's tables.
func (r Report) Grids() []Grid {
	grids := []Grid{r.safety(), r.blind(), r.equalSafety()}
	for _, name := range r.Power.names(func(c Cell) string { return c.World }) {
		for _, rate := range r.Form.Power.Rates {
			grids = append(grids, r.power(name, rate, r.equals(), true), r.power(name, rate, r.rules(), false))
		}
	}
	grids = append(grids, r.worlds())
	if a := r.ablations(); len(a.Rows) > 0 {
		grids = append(grids, a)
	}
	return grids
}

// study says what was run, for people.
func (s Study) String() string {
	rates := make([]string, 0, len(s.Rates))
	for _, r := range s.Rates {
		rates = append(rates, fmt.Sprintf("%g", r))
	}
	return fmt.Sprintf("%d worlds with %s requests a second, %d releases each of %s, a look every %s",
		len(s.Worlds), strings.Join(rates, ", "), s.Runs, describe(s.Plan), s.Interval)
}

func describe(p rules.Plan) string { return fmt.Sprintf("%d steps of %s", len(p), p[0].Bake) }

// safety is how often each rule rolls back what is no worse.
func (r Report) safety() Grid {
	g := Grid{
		Title: "False rollbacks", Plot: safetyPlot,
		Note: fmt.Sprintf("Releases without a regression, and such within the tolerance or with both arms worse together: %s.", r.Form.Safety),
		Head: []string{"rule", "worst", "(95%)", "where", "mean", "cells over 1%", "given up", "promoted after"},
	}
	cells := append(r.Safety[:len(r.Safety):len(r.Safety)], r.Power.harmless()...)
	for _, name := range r.rules() {
		mine := cells.by(name)
		w, all := mine.worst(), mine.pooled()
		g.add(name, percent(w.Share.Estimate), span(w.Share), w.where(), percent(part(all.RolledBack, all.Runs)),
			fmt.Sprintf("%d of %d", mine.over(Limit), len(mine)), percent(part(all.GivenUp, all.Runs)), clock(mine.promotion()))
	}
	return g
}

// blind is what each rule does without evidence.
func (r Report) blind() Grid {
	g := Grid{
		Title: "Promoted without evidence",
		Note:  "Share of the releases that are promoted when the source brings nothing, the p95 lies beyond the last bucket, or one request comes a minute.",
		Head:  []string{"rule", "silent source", "buckets too small", "a request a minute"},
	}
	for _, name := range r.rules() {
		row := []string{name}
		for _, c := range r.Blind.by(name) {
			row = append(row, percent(part(c.Promoted, c.Runs)))
		}
		g.add(row...)
	}
	return g
}

func span(s Share) string { return percent(s.Low) + " to " + percent(s.High) }

func (w Worst) where() string {
	if w.Share.Estimate == 0 {
		return "-"
	}
	where := fmt.Sprintf("%s, %g rps", w.Cell.World, w.Cell.Rate)
	if n := w.Cell.Regression.Name; n != "none" {
		where += ", " + n
	}
	return where
}

// equalSafety is which settings of each rival keep the promise.
func (r Report) equalSafety() Grid {
	g := Grid{
		Title: "Rivals at equal safety",
		Note: "Each metric of each rival made less sensitive, in steps, until no world shows it to be over " + percent(Limit) +
			". The settings were found with hindsight, in these very worlds.",
		Head: []string{"rule", "errors", "latency", "", "worst", "(95%)", "where"},
	}
	for _, t := range r.Tuned {
		d := t.decider()
		w := r.Safety.by(d.Name).worst()
		g.add(d.Name, setting(t.Errors), setting(t.Latency), d.About, percent(w.Share.Estimate), span(w.Share), w.where())
	}
	return g
}

// power is how well some rules find regressions in one world.
func (r Report) power(name string, rate float64, names []string, equal bool) Grid {
	g := Grid{
		Title: fmt.Sprintf("Regressions found by rules as they come: %s, %g requests a second", name, rate),
		Note:  "Share rolled back, median time until then, mean number of bad requests too many (of missed ones until an hour after the start).",
		Head:  []string{"regression"},
	}
	if equal {
		g.Title = fmt.Sprintf("Regressions found at equal safety: %s, %g requests a second", name, rate)
		g.Plot = powerPlot(name, rate)
	}
	g.Head = append(g.Head, names...)
	cells := r.Power.in(name).where(func(c Cell) bool { return !c.Regression.Harmless })
	for _, regression := range cells.names(func(c Cell) string { return c.Regression.Name }) {
		row := []string{regression}
		for _, n := range names {
			c, found := cells.by(n).at(regression, rate)
			if !found {
				row = append(row, "")
				continue
			}
			row = append(row, fmt.Sprintf("%s %s %.0f", percent(part(c.RolledBack, c.Runs)), clock(c.Rollback.Median), c.Bad))
		}
		g.add(row...)
	}
	return g
}

// worlds is how Serin fares in each.
func (r Report) worlds() Grid {
	g := Grid{
		Title: "Serin without a regression, world by world",
		Note:  fmt.Sprintf("%s.", r.Form.Safety),
		Head:  []string{"world", "", "rps", "rolled back", "(95%)", "promoted", "after", "p90", "given up"},
	}
	for _, w := range r.Form.Safety.Worlds {
		about := w.About
		for _, c := range r.Safety.by(Name).in(w.Name) {
			s := c.FalseRollbacks()
			g.add(w.Name, about, fmt.Sprintf("%g", c.Rate), percent(s.Estimate), span(s), percent(part(c.Promoted, c.Runs)),
				clock(c.Promotion.Median), clock(c.Promotion.P90), percent(part(c.GivenUp, c.Runs)))
			about = ""
		}
	}
	return g
}

// ablations is what each of the engine's ideas buys.
func (r Report) ablations() Grid {
	g := Grid{
		Title: "Serin without one of its ideas each",
		Note:  "Detected and bad requests are means over all regressions and worlds in which regressions were run.",
		Head:  []string{"rule", "", "worst", "(95%)", "where", "mean", "cells over 1%", "given up", "promoted after", "detected", "bad requests"},
	}
	cells := append(r.Safety[:len(r.Safety):len(r.Safety)], r.Power.harmless()...)
	worse := r.Power.where(func(c Cell) bool { return !c.Regression.Harmless })
	for _, d := range append([]Decider{Serin()}, Ablations()...) {
		mine := cells.by(d.Name)
		if len(mine) == 0 {
			continue
		}
		w, all, found := mine.worst(), mine.pooled(), worse.by(d.Name).pooled()
		g.add(d.Name, d.About, percent(w.Share.Estimate), span(w.Share), w.where(), percent(part(all.RolledBack, all.Runs)),
			fmt.Sprintf("%d of %d", mine.over(Limit), len(mine)), percent(part(all.GivenUp, all.Runs)), clock(mine.promotion()),
			percent(part(found.RolledBack, found.Runs)), fmt.Sprintf("%.0f", found.Bad))
	}
	return g
}
