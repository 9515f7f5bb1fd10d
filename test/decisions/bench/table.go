package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/serin-dev/serin/test/decisions/world"
)

// Table prints cells, one a line, with a heading for each world.
type Table struct {
	out   io.Writer
	world string
	tab   *tabwriter.Writer
	about map[string]string
	// Reasons prints why releases ended, below each world's cells.
	Reasons bool
	reasons []string
}

// NewTable prints cells of some worlds to out.
func NewTable(out io.Writer, worlds []world.World) *Table {
	about := map[string]string{}
	for _, w := range worlds {
		about[w.Name] = w.About
	}
	return &Table{out: out, about: about, tab: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
}

// Add prints a cell.
func (t *Table) Add(c Cell) {
	if c.World != t.world {
		t.Flush()
		t.world = c.World
		fmt.Fprintf(t.out, "\n%s: %s\n", c.World, t.about[c.World])
		fmt.Fprintln(t.tab, "  rps\tregression\trule\trolled back\t(95%)\tafter\tp90\tpromoted\tafter\tp90\tgiven up\tbad requests")
	}
	s := c.FalseRollbacks()
	fmt.Fprintf(t.tab, "  %g\t%s\t%s\t%s\t%s to %s\t%s\t%s\t%s\t%s\t%s\t%s\t%.0f\n", c.Rate, c.Regression.Name, c.Decider,
		percent(s.Estimate), percent(s.Low), percent(s.High), clock(c.Rollback.Median), clock(c.Rollback.P90),
		percent(part(c.Promoted, c.Runs)), clock(c.Promotion.Median), clock(c.Promotion.P90), percent(part(c.GivenUp, c.Runs)), c.Bad)
	for _, why := range c.Reasons {
		t.reasons = append(t.reasons, fmt.Sprintf("  %g rps, %s, %s: %s", c.Rate, c.Regression.Name, c.Decider, why))
	}
}

// Flush prints what is left.
func (t *Table) Flush() {
	_ = t.tab.Flush()
	if t.Reasons && len(t.reasons) > 0 {
		fmt.Fprintln(t.out, strings.Join(t.reasons, "\n"))
	}
	t.reasons = nil
}

func part(k, n int) float64 { return float64(k) / float64(max(1, n)) }

// percent with as many digits as are of interest.
func percent(share float64) string {
	switch p := 100 * share; {
	case p == 0 || p >= 10:
		return fmt.Sprintf("%.0f%%", p)
	case p >= 0.095:
		return fmt.Sprintf("%.1f%%", p)
	default:
		return fmt.Sprintf("%.2f%%", p)
	}
}

// clock is minutes and seconds; a dash for never.
func clock(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}
