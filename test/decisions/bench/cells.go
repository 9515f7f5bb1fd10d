package bench

import (
	"slices"
	"time"
)

// Cells of a study.
type Cells []Cell

// where keeps the cells that pass.
func (c Cells) where(pass func(Cell) bool) Cells {
	return slices.DeleteFunc(slices.Clone(c), func(cell Cell) bool { return !pass(cell) })
}

// by keeps one rule's cells.
func (c Cells) by(decider string) Cells {
	return c.where(func(cell Cell) bool { return cell.Decider == decider })
}

// harmless keeps the cells in which a rollback is false.
func (c Cells) harmless() Cells {
	return c.where(func(cell Cell) bool { return cell.Regression.Harmless })
}

// in keeps one world's cells.
func (c Cells) in(world string) Cells {
	return c.where(func(cell Cell) bool { return cell.World == world })
}

// at is the first cell with a regression and a rate.
func (c Cells) at(regression string, rate float64) (Cell, bool) {
	i := slices.IndexFunc(c, func(cell Cell) bool { return cell.Regression.Name == regression && cell.Rate == rate })
	if i < 0 {
		return Cell{}, false
	}
	return c[i], true
}

// Worst is the largest share of rollbacks among cells, and where it is.
type Worst struct {
	Share Share
	Cell  Cell
}

// worst cell by its estimate; by its lower bound among equals, so that more runs weigh more.
func (c Cells) worst() Worst {
	var w Worst
	for _, cell := range c {
		s := cell.FalseRollbacks()
		if s.Estimate > w.Share.Estimate || s.Estimate == w.Share.Estimate && s.Low >= w.Share.Low {
			w = Worst{s, cell}
		}
	}
	return w
}

// pooled adds up the cells' runs, times left out.
func (c Cells) pooled() Outcomes {
	var sum Outcomes
	for _, cell := range c {
		sum.Runs += cell.Runs
		sum.RolledBack += cell.RolledBack
		sum.Promoted += cell.Promoted
		sum.GivenUp += cell.GivenUp
		sum.Bad += cell.Bad / float64(len(c))
	}
	return sum
}

// over counts the cells whose estimate is over a limit.
func (c Cells) over(limit float64) int {
	return len(c.where(func(cell Cell) bool { return cell.FalseRollbacks().Estimate > limit }))
}

// promotion is the median over cells of the median time to promote; zero when none was.
func (c Cells) promotion() time.Duration {
	var medians []time.Duration
	for _, cell := range c {
		if cell.Promoted > 0 {
			medians = append(medians, cell.Promotion.Median)
		}
	}
	return times(medians).Median
}

// names of something in order of first appearance.
func (c Cells) names(of func(Cell) string) []string {
	var names []string
	for _, cell := range c {
		if n := of(cell); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}
