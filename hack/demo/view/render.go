package view

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

const (
	labelWidth = 12
	valueWidth = 13
	barWidth   = 40
	// messageLines bounds the part of a frame that is prose.
	messageLines = 4
)

// render is the frame as lines for a terminal that redraws.
func render(f Frame, width int) []line {
	lines := []line{
		{{strong, f.Title}, {plain, "   "}, {phaseStyle(f.Phase), orDash(f.Phase)}, {plain, stepText(f.Step)}, {faint, "   " + clock(f.Elapsed)}},
		traffic(f),
		pods(f),
		row("", f.Baseline.title("baseline"), f.Candidate.title("candidate")),
	}
	lines = append(lines, callers(f)...)
	lines = append(lines, judged(f)...)
	lines = append(lines, line{label("verdict"), {verdictStyle(f.Verdict), orDash(f.Verdict)}}, failures(f.Failures))
	text := wrap(f.Message, max(width-2-labelWidth, 20))
	if len(text) > messageLines {
		text = text[:messageLines]
		text[messageLines-1] += " …"
	}
	for i, part := range text {
		name := ""
		if i == 0 {
			name = "message"
		}
		lines = append(lines, line{label(name), {plain, part}})
	}
	for i, l := range lines {
		lines[i] = append(words("  "), l...).cut(width)
	}
	return lines
}

// renderShort is the frame on one line, for an output that only grows.
func renderShort(f Frame) string {
	return fmt.Sprintf("  %5s  %s%s  %d%% (callers: %.1f%%) | %s | %s | verdict %s | failed by the platform: %d",
		clock(f.Elapsed), orDash(f.Phase), stepText(f.Step), f.Weight, f.share(), f.Baseline.short(), f.Candidate.short(), orDash(f.Verdict), f.Failures.Platform)
}

// short is an arm as its callers and its pods see it.
func (a Arm) short() string {
	return fmt.Sprintf("%s: p95 %s, errors %s, %d of %d pods", orDash(a.Version), latency(a.P95, a.Requests), rate(a.Failed, a.Requests), a.Ready, a.Pods)
}

func traffic(f Frame) line {
	filled := int(math.Round(float64(f.Weight) * barWidth / 100))
	return line{
		label("traffic"),
		{cyan, strings.Repeat("░", barWidth-filled)},
		{yellow, strings.Repeat("█", filled)},
		{plain, fmt.Sprintf(" %d%%", f.Weight)},
		{faint, fmt.Sprintf(" (callers: %.1f%%)", f.share())},
	}
}

func pods(f Frame) line {
	return line{
		label("pods"),
		{plain, "baseline "},
		{cyan, dots(f.Baseline)},
		{plain, "   candidate "},
		{yellow, dots(f.Candidate)},
	}
}

// dots shows one mark for each pod: full when it is ready.
func dots(a Arm) string {
	if a.Pods == 0 {
		return "-"
	}
	return strings.Repeat("●", a.Ready) + strings.Repeat("○", max(a.Pods-a.Ready, 0))
}

func callers(f Frame) []line {
	b, c := f.Baseline, f.Candidate
	return []line{
		section(fmt.Sprintf("callers, last %.0f s (the load generator's own measurements at the gateway)", CallerSpan.Seconds())),
		row("p95", latency(b.P95, b.Requests), latency(c.P95, c.Requests)),
		row("errors", rate(b.Failed, b.Requests), rate(c.Failed, c.Requests)),
		row("requests", strconv.FormatUint(b.Requests, 10), strconv.FormatUint(c.Requests, 10)),
	}
}

func judged(f Frame) []line {
	if len(f.Metrics) == 0 {
		return []line{section("Serin (the Canary's status): no look at the evidence written yet")}
	}
	lines := []line{section(fmt.Sprintf("Serin (the Canary's status, evidence up to %s ago)", clock(f.LookAge)))}
	for _, m := range f.Metrics {
		l := row(m.Name, orDash(m.Baseline), orDash(m.Candidate))
		lines = append(lines, append(l, m.comparison()...))
	}
	m := f.Metrics[0]
	return append(lines, row("requests", strconv.FormatInt(m.BaselineRequests, 10), strconv.FormatInt(m.CandidateRequests, 10)))
}

func (m Metric) comparison() line {
	var parts []string
	if m.Difference != "" {
		parts = append(parts, m.Difference)
	}
	if m.Limit != "" {
		parts = append(parts, "limit "+m.Limit)
	}
	text := strings.Join(parts, ", ")
	if m.Verdict == "" {
		return words(text)
	}
	if text != "" {
		text += ": "
	}
	return line{{plain, text}, {verdictStyle(m.Verdict), m.Verdict}}
}

func failures(f Failures) line {
	harm := green
	if f.Platform > 0 || f.SocketsBroken > 0 {
		harm = red
	}
	l := line{
		label("failed"),
		{harm, fmt.Sprintf("%d by the platform", f.Platform)},
		{plain, fmt.Sprintf(", %d injected by the demo", f.Injected)},
	}
	if f.SocketsWanted == 0 {
		return l
	}
	return append(l, span{plain, fmt.Sprintf("; WebSockets: %d of %d open, ", f.SocketsOpen, f.SocketsWanted)}, span{harm, fmt.Sprintf("%d broken", f.SocketsBroken)})
}

func row(name, baseline, candidate string) line {
	return line{label(name), {plain, fmt.Sprintf("%-*s %-*s ", valueWidth, baseline, valueWidth, candidate)}}
}

func section(text string) line { return line{{faint, text}} }

func label(name string) span { return span{faint, fmt.Sprintf("%-*s", labelWidth, name)} }

func (a Arm) title(role string) string {
	if a.Version == "" {
		return role
	}
	return role + " " + a.Version
}

func stepText(step string) string {
	if step == "" {
		return ""
	}
	return " step " + step
}

func phaseStyle(phase string) style {
	switch phase {
	case "Succeeded":
		return green
	case "Failed", "RollingBack":
		return red
	}
	return strong
}

func verdictStyle(verdict string) style {
	switch verdict {
	case "Pass":
		return green
	case "Fail":
		return red
	case "Inconclusive":
		return yellow
	}
	return plain
}
