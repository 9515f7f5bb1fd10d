package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Text is the screen.
func (v Status) Text(s Style, now time.Time) string {
	var b strings.Builder
	v.head(&b, s, now)
	v.plan(&b, s)
	v.evidence(&b, s, now)
	v.plots(&b, s)
	v.foot(&b, s, now)
	return b.String()
}

func (v Status) head(b *strings.Builder, s Style, now time.Time) {
	phase := v.Phase
	if phase == "" {
		phase = "not looked at yet"
	}
	fmt.Fprintf(b, "%s in %s (%s): %s", s.paint(v.Name, bold), v.Namespace, v.Target, s.paint(phase, colourOf(phase)))
	if n, of := v.present(); n > 0 {
		fmt.Fprintf(b, ", step %d of %d (weight %d%%)", n, of, v.Weight)
	}
	b.WriteByte('\n')
	var facts []string
	if v.Revision != "" {
		fact := "revision " + v.Revision
		if v.Baseline != "" {
			fact += " against baseline " + v.Baseline
		}
		facts = append(facts, fact)
	}
	if v.StartedAt != nil {
		facts = append(facts, "started "+ago(*v.StartedAt, now))
	}
	if v.WrittenAt != nil {
		facts = append(facts, "status written "+ago(*v.WrittenAt, now))
	}
	if len(facts) > 0 {
		b.WriteString(s.paint(strings.Join(facts, "; "), faint) + "\n")
	}
	if p := v.Problem; p != nil {
		since := ""
		if p.Since != nil {
			since = " for " + short(now.Sub(*p.Since))
		}
		fmt.Fprintf(b, "\n%s %s\n", s.paint("Stalled"+since+":", red), s.wrap(clean(p.Reason+": "+p.Message), 9))
	}
	if v.Message != "" && (v.Problem == nil || v.Problem.Message != v.Message) {
		fmt.Fprintf(b, "\n%s\n", s.wrap(clean(v.Message), 0))
	}
}

// present is the number of the present step, 0 when there is none.
func (v Status) present() (n, of int) {
	for i, step := range v.Steps {
		if step.State == stepPresent {
			return i + 1, len(v.Steps)
		}
	}
	return 0, len(v.Steps)
}

// plan draws the steps: one line each, or one line for all where they are alike and many.
func (v Status) plan(b *strings.Builder, s Style) {
	if len(v.Steps) == 0 {
		return
	}
	b.WriteByte('\n')
	marks := map[string]struct{ mark, colour string }{stepDone: {"✓", green}, stepPresent: {"▶", bold}, stepToCome: {"·", faint}, stepRefused: {"✗", red}}
	for _, step := range v.around() {
		if step.State == "" {
			fmt.Fprintf(b, "  %s\n", s.paint(step.Note, faint))
			continue
		}
		m := marks[step.State]
		text := fmt.Sprintf("%s %4d%%  bake %s", m.mark, step.Weight, step.Bake)
		if step.Approval {
			text += ", then approval"
		}
		if step.Note != "" {
			text += "  (" + step.Note + ")"
		}
		fmt.Fprintf(b, "  %s\n", s.paint(text, m.colour))
	}
}

// mostSteps are drawn one by one.
const mostSteps = 12

// around are the steps to draw: of a long plan the first, the last and those about the present one. One without a state stands for those left out.
func (v Status) around() []Step {
	if len(v.Steps) <= mostSteps {
		return v.Steps
	}
	n, _ := v.present()
	var kept []Step
	left := 0
	for i, step := range v.Steps {
		if i == 0 || i == len(v.Steps)-1 || i >= n-4 && i <= n+3 {
			if left > 0 {
				kept = append(kept, Step{Note: "... " + strconv.Itoa(left) + " more"})
				left = 0
			}
			kept = append(kept, step)
			continue
		}
		left++
	}
	return kept
}

func (v Status) evidence(b *strings.Builder, s Style, now time.Time) {
	e := v.Evidence
	if e == nil {
		return
	}
	b.WriteByte('\n')
	writeMetrics(b, s, e.Metrics)
	if e.Verdict != "" {
		seen := ""
		if e.UpTo != nil {
			seen = ", counted up to " + clockTime(*e.UpTo, now) + " UTC (" + ago(*e.UpTo, now) + ")"
		}
		fmt.Fprintf(b, "Verdict: %s%s\n", s.paint(e.Verdict, colourOf(e.Verdict)), seen)
	}
	if e.Message != "" && !strings.Contains(v.Message, e.Message) {
		b.WriteString(s.wrap(clean(e.Message), 0) + "\n")
	}
}

// writeMetrics is a table, or a few lines for each metric where the screen is too narrow for it.
func writeMetrics(b *strings.Builder, s Style, metrics []Metric) {
	if len(metrics) == 0 {
		return
	}
	rows := [][]string{{"METRIC", "BASELINE", "CANDIDATE", "DIFFERENCE", "LIMIT", "REQUESTS B / C", "VERDICT"}}
	for _, m := range metrics {
		rows = append(rows, []string{
			m.Title, dash(m.Baseline), dash(m.Candidate), dash(m.Difference), dash(m.Limit),
			count(m.BaselineRequests) + " / " + count(m.CandidateRequests), dash(m.Verdict),
		})
	}
	if s.Width <= 0 || total(rows) <= s.Width {
		b.WriteString(s.table(rows, func(row, column int) string {
			if column == len(rows[0])-1 {
				return colourOf(rows[row][column])
			}
			return ""
		}))
		return
	}
	for _, m := range metrics {
		fmt.Fprintf(b, "%s: %s\n", s.paint(m.Title, bold), s.paint(dash(m.Verdict), colourOf(m.Verdict)))
		fmt.Fprintf(b, "  candidate %s, baseline %s, limit %s\n", dash(m.Candidate), dash(m.Baseline), dash(m.Limit))
		fmt.Fprintf(b, "  %s\n", s.wrap("difference "+dash(m.Difference), 2))
		fmt.Fprintf(b, "  requests %s to the candidate, %s to the baseline\n", count(m.CandidateRequests), count(m.BaselineRequests))
	}
}

func (v Status) plots(b *strings.Builder, s Style) {
	width := 60
	if s.Width > 0 {
		width = max(min(width, s.Width-36), 8)
	}
	lines, name := v.drawings(width), 0
	for _, d := range lines {
		name = max(name, len(d.metric))
	}
	for i, d := range lines {
		if i == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(b, "%-*s  baseline   %s  %s\n", name, d.metric, d.baseline, s.paint("0 to "+d.most, faint))
		fmt.Fprintf(b, "%-*s  candidate  %s\n", name, "", d.candidate)
	}
}

func (v Status) foot(b *strings.Builder, s Style, now time.Time) {
	text := v.Next.Text
	if at := v.Next.At; at != nil {
		when := "at " + clockTime(*at, now) + " UTC"
		if left := at.Sub(now); left >= time.Second {
			when += ", in " + short(left)
		} else {
			when += ", any moment"
		}
		text += " (" + when + ")"
	}
	fmt.Fprintf(b, "\n%s %s\n", s.paint("Next:", bold), s.wrap(text, 6))
	if v.Problem != nil && v.Problem.Do != "" {
		fmt.Fprintf(b, "%s %s\n", s.paint("Do:  ", bold), s.wrap(v.Problem.Do, 6))
	}
	for i, verb := range v.Verbs {
		label := "      "
		if i == 0 {
			label = s.paint("You can:", bold) + "\n      "
		}
		fmt.Fprintf(b, "%s%s\n", label, verb.Command)
		fmt.Fprintf(b, "          %s\n", s.paint(s.wrap(verb.Then, 10), faint))
	}
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return clean(text)
}

// count writes a number with its thousands apart.
func count(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
