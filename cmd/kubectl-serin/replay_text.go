package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/trace"
	"github.com/serin-dev/serin/cmd/kubectl-serin/replay"
)

const (
	moment = "2006-01-02 15:04:05"
	// moments of a table leave out the year.
	shortMoment = "01-02 15:04:05"
)

// text is the replay for people.
func (r replayed) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s in %s: revision %s against %s, replayed under %s\n", r.header.Canary, r.header.Namespace, r.header.Candidate.Name, r.header.Baseline.Name, r.under)
	if from := r.header.Resumed; from == nil {
		fmt.Fprintf(&b, "%d looks at the baseline before the release, which began at %s UTC\n\n", r.Learned, r.Looks[0].Window.From.Format(moment))
	} else {
		fmt.Fprintf(&b, "the trace begins in mid-release, at %s UTC and a weight of %d%%: %s\n\n", from.At.Format(moment), from.Weight, from.Why)
	}
	b.WriteString(r.table())
	where := fmt.Sprintf("step %d of %d (weight %d%%)", r.Step, r.Steps, r.Weight)
	if r.Outcome == replay.Inconclusive {
		where = "where the trace ends" // the message names the step
	}
	fmt.Fprintf(&b, "\n%s at %s, %s: %s\n%s\n", r.Outcome, r.At.Format(moment), where, r.Message, r.recorded())
	for _, n := range r.notes() {
		fmt.Fprintf(&b, "Note: %s.\n", n)
	}
	return b.String()
}

// table has a row for each look, and a line for each event, in the order of time. The rows are laid out without the events, so that a
// sentence makes no column wide.
func (r replayed) table() string {
	var rows strings.Builder
	t := tabwriter.NewWriter(&rows, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "TIME\tWEIGHT")
	for _, c := range r.policy.Criteria {
		fmt.Fprintf(t, "\t%s", titleOf(c))
	}
	fmt.Fprint(t, "\tVERDICT\n")
	for _, l := range r.Looks {
		fmt.Fprintf(t, "%s\t%s", l.Window.To.Format(shortMoment), weights(l))
		for i := range r.policy.Criteria {
			fmt.Fprintf(t, "\t%s", values(l.Report, i))
		}
		fmt.Fprintf(t, "\t%s\n", l.Report.Verdict)
	}
	_ = t.Flush() // a Builder takes everything
	var table strings.Builder
	for i, row := range strings.SplitAfter(rows.String(), "\n") {
		if i == 0 || i > len(r.Looks) {
			table.WriteString(row)
			continue
		}
		l := r.Looks[i-1]
		before := slices.IndexFunc(append(l.Events, replay.Event{At: l.Window.To}), func(e replay.Event) bool { return !e.At.Before(l.Window.To) })
		writeEvents(&table, l.Events[:before])
		table.WriteString(row)
		writeEvents(&table, l.Events[before:])
	}
	return table.String()
}

func writeEvents(b *strings.Builder, events []replay.Event) {
	for _, e := range events {
		fmt.Fprintf(b, "%s  %s: %s\n", e.At.Format(shortMoment), e.Reason, e.Message)
	}
}

// titleOf heads a metric's column.
func titleOf(c analysis.Criterion) string {
	title := strings.ToUpper(c.Name)
	if c.Quantile > 0 {
		title += fmt.Sprintf(" P%g", c.Quantile*100)
	}
	return title + " (baseline, candidate)"
}

// weights are the one that was served, and the one planned where that is another.
func weights(l replay.Look) string {
	if l.Served == l.Planned {
		return fmt.Sprintf("%d%%", l.Served)
	}
	return fmt.Sprintf("%d%% (planned %d%%)", l.Served, l.Planned)
}

// values are both arms' values of one metric.
func values(r analysis.Report, metric int) string {
	if metric >= len(r.Results) {
		return "-"
	}
	text := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	return text(r.Results[metric].BaselineText()) + ", " + text(r.Results[metric].CandidateText())
}

// recorded is how it went in truth.
func (r replayed) recorded() string {
	switch e := r.end; {
	case e == nil:
		return "Recorded: the trace has no end; it was cut short, or the release still went on."
	case e.Outcome == trace.Full:
		return fmt.Sprintf("Recorded: the trace was full at %s, and the release went on.", e.At.Format(moment))
	case e.Message != "":
		return fmt.Sprintf("Recorded: %s at %s: %s", e.Outcome, e.At.Format(moment), e.Message)
	default:
		return fmt.Sprintf("Recorded: %s at %s.", e.Outcome, e.At.Format(moment))
	}
}

// notes say what the replay can't be taken for.
func (r replayed) notes() []string {
	var notes []string
	if from := r.header.Resumed; from != nil {
		note := "the trace begins in mid-release, with what the engine had seen by then"
		if r.forgotten != "" {
			note = "the trace begins in mid-release, and what was seen before is not known: " + r.forgotten + ". Verdicts may be others than with it"
		}
		notes = append(notes, note)
	}
	if n := r.Elsewhere(); n > 0 {
		at := ""
		for _, l := range r.Looks {
			if l.Served != l.Planned {
				at = l.Window.To.Format(moment)
				break
			}
		}
		notes = append(notes, fmt.Sprintf("from %s on, %d of %d looks were served at another weight than this policy would have granted; their verdicts are about the traffic that was served", at, n, len(r.Looks)))
	}
	if r.Ignored > 0 {
		notes = append(notes, fmt.Sprintf("%d looks after the decision are ignored", r.Ignored))
	}
	if r.header.ArmTotals {
		notes = append(notes, "the trace is a compact one; without single pods the engine can't see how much they differ, so a verdict may come earlier or later than it did")
	}
	if r.Joined > 0 {
		notes = append(notes, fmt.Sprintf("%d looks are held only together with others, which are judged at once", r.Joined))
	}
	return notes
}

// known is nil for a value that is none, which JSON can't say.
func known(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// stamp is a time in JSON.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
