package view

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Style says how a text is written.
type Style struct {
	// Width of the screen in characters; 0 for no limit.
	Width int
	// Colour allows the escape sequences of a terminal.
	Colour bool
}

// The colours, as a terminal knows them.
const (
	bold   = "1"
	faint  = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

// paint colours a text that has its final width.
func (s Style) paint(text, colour string) string {
	if !s.Colour || colour == "" || text == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// Mark paints a text like a phase or a verdict.
func (s Style) Mark(text, like string) string { return s.paint(text, colourOf(like)) }

// colourOf a phase or a verdict.
func colourOf(word string) string {
	switch word {
	case "Pass", "Succeeded", "Promoted":
		return green
	case "Fail", "Failed", "RollingBack", "RolledBack":
		return red
	case "Inconclusive", "Progressing", "Promoting", "Finalizing":
		return yellow
	}
	return ""
}

// wrap breaks a text into lines that fit, each after the first indented. A word longer than a line stays whole: it may be meant to be copied.
func (s Style) wrap(text string, indent int) string {
	if s.Width <= 0 {
		return text
	}
	room := max(s.Width-indent, 20)
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= room:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return strings.Join(append(lines, line), "\n"+strings.Repeat(" ", indent))
}

// table lays out rows in columns, two spaces apart, without spaces at the end of a line. colour is asked for each cell, after the header.
func (s Style) table(rows [][]string, colour func(row, column int) string) string {
	widths := widthsOf(rows)
	var b strings.Builder
	for r, row := range rows {
		for i, cell := range row {
			padding := ""
			if i < len(row)-1 && strings.Join(row[i+1:], "") != "" {
				padding = strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2)
			}
			c := faint
			if r > 0 {
				c = colour(r, i)
			}
			b.WriteString(s.paint(cell, c) + padding)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func widthsOf(rows [][]string) []int {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

// total is how wide a table gets.
func total(rows [][]string) int {
	sum := 0
	for _, w := range widthsOf(rows) {
		sum += w + 2
	}
	return sum - 2
}

// clean keeps what others wrote from doing anything to a terminal but being read.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0:
			return -1
		}
		return r
	}, text)
}

// short writes a duration as people do: 15m, not 15m0s; of days only days and hours.
func short(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= 2*day {
		text := fmt.Sprintf("%dd", d/day)
		if hours := d % day / time.Hour; hours > 0 {
			text += fmt.Sprintf("%dh", hours)
		}
		return text
	}
	text := d.Round(time.Second).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// ago says how long ago a moment was.
func ago(t, now time.Time) string {
	d := now.Sub(t)
	if d < time.Second {
		return "just now"
	}
	return short(d) + " ago"
}

// clockTime is a moment as people read it, with the day where it is another one.
func clockTime(t, now time.Time) string {
	t, now = t.UTC(), now.UTC()
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format(time.TimeOnly)
	}
	return t.Format(time.DateTime)
}
