package view

import (
	"strings"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// Row is one Canary of a list.
type Row struct {
	Namespace string     `json:"namespace"`
	Name      string     `json:"name"`
	Phase     string     `json:"phase"`
	Weight    int32      `json:"weight"`
	Step      string     `json:"step,omitempty"`
	Verdict   string     `json:"verdict,omitempty"`
	Revision  string     `json:"revision,omitempty"`
	Since     *time.Time `json:"since,omitempty"`
	// Needs says what a person has to do; empty when nothing.
	Needs   string `json:"needs,omitempty"`
	Message string `json:"message,omitempty"`
}

// List has a row for each Canary.
func List(all []v1alpha1.Canary, now time.Time) []Row {
	rows := []Row{}
	for i := range all {
		c := &all[i]
		r := Row{
			Namespace: c.Namespace, Name: c.Name, Phase: string(c.Status.Phase), Weight: c.Status.Weight, Step: c.Status.Step,
			Verdict: c.Status.Verdict, Revision: c.Status.Revision, Message: c.Status.Message,
		}
		if m := c.Status.Rollout; m != nil {
			r.Since = timeOf(m.EnteredAt)
		}
		switch outcome, _ := OutcomeOf(Scene{Canary: c, Now: now}); {
		case ProblemOf(c) != nil:
			r.Needs = ProblemOf(c).Reason
		case outcome == Refused:
			r.Needs = v1alpha1.ReasonRolledBack
		case outcome == NeedsPerson:
			r.Needs = c.Status.Rollout.Reason
		}
		rows = append(rows, r)
	}
	return rows
}

// ListText is the table of a list. What does not fit the screen is cut off the message.
func ListText(rows []Row, namespaces bool, s Style, now time.Time) string {
	table := [][]string{{"NAME", "PHASE", "WEIGHT", "STEP", "VERDICT", "REVISION", "SINCE", "NEEDS YOU", "MESSAGE"}}
	for _, r := range rows {
		since := "-"
		if r.Since != nil {
			since = short(now.Sub(*r.Since))
		}
		table = append(table, []string{
			r.Name, dash(r.Phase), count(int64(r.Weight)) + "%", dash(r.Step), dash(r.Verdict), dash(r.Revision), since, dash(r.Needs), clean(r.Message),
		})
	}
	if namespaces {
		for i, row := range table {
			name := "NAMESPACE"
			if i > 0 {
				name = rows[i-1].Namespace
			}
			table[i] = append([]string{name}, row...)
		}
	}
	fit(table, s.Width)
	phase, verdict := 1, 4
	if namespaces {
		phase, verdict = 2, 5
	}
	return s.table(table, func(row, column int) string {
		if column == phase || column == verdict {
			return colourOf(table[row][column])
		}
		return ""
	})
}

// fit cuts the last column so that no row is wider than the screen.
func fit(table [][]string, width int) {
	last := len(table[0]) - 1
	if width <= 0 {
		return
	}
	others := 0
	for _, w := range widthsOf(table)[:last] {
		others += w + 2
	}
	room := max(width-others, len(table[0][last]))
	for _, row := range table[1:] {
		if text := []rune(row[last]); len(text) > room {
			row[last] = strings.TrimRight(string(text[:max(room-3, 0)]), " ") + "..."
		}
	}
}

// Release is one ended release.
type Release struct {
	Revision  string     `json:"revision"`
	Outcome   string     `json:"outcome"`
	Reason    string     `json:"reason,omitempty"`
	StartedAt *time.Time `json:"startedAt,omitempty"`
	EndedAt   *time.Time `json:"endedAt,omitempty"`
	Message   string     `json:"message,omitempty"`
}

// History has the ended releases, newest first.
func History(c *v1alpha1.Canary) []Release {
	releases := []Release{}
	for _, r := range c.Status.History {
		releases = append(releases, Release{r.Revision, r.Outcome, r.Reason, timeOf(r.StartedAt), timeOf(r.EndedAt), r.Message})
	}
	return releases
}

// HistoryText has a row for each release, and below it why it ended so.
func HistoryText(releases []Release, s Style, now time.Time) string {
	table := [][]string{{"ENDED", "REVISION", "OUTCOME", "REASON", "TOOK"}}
	for _, r := range releases {
		ended, took := "-", "-"
		if r.EndedAt != nil {
			ended = ago(*r.EndedAt, now)
			if r.StartedAt != nil {
				took = short(r.EndedAt.Sub(*r.StartedAt))
			}
		}
		table = append(table, []string{ended, r.Revision, dash(r.Outcome), dash(r.Reason), took})
	}
	lines := strings.SplitAfter(s.table(table, func(row, column int) string {
		if column == 2 {
			return colourOf(table[row][column])
		}
		return ""
	}), "\n")
	var b strings.Builder
	for i, line := range lines {
		b.WriteString(line)
		if i > 0 && i <= len(releases) && releases[i-1].Message != "" {
			b.WriteString("  " + s.paint(s.wrap(clean(releases[i-1].Message), 2), faint) + "\n")
		}
	}
	return b.String()
}
