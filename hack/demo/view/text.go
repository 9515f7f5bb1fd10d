package view

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// style is a way to print, as a terminal's escape sequence.
type style string

const (
	plain  style = ""
	strong style = "1"
	faint  style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	cyan   style = "36"
)

// span is text in one style, line what stands beside each other.
type (
	span struct {
		style style
		text  string
	}
	line []span
)

func words(text string) line { return line{{plain, text}} }

// cut shortens l to width characters.
func (l line) cut(width int) line {
	out := make(line, 0, len(l))
	for _, s := range l {
		n := utf8.RuneCountInString(s.text)
		if n > width {
			if width > 0 {
				s.text = string([]rune(s.text)[:width-1]) + "…"
				out = append(out, s)
			}
			return out
		}
		out, width = append(out, s), width-n
	}
	return out
}

func (l line) print(colors bool) string {
	var b strings.Builder
	for _, s := range l {
		if colors && s.style != plain {
			fmt.Fprintf(&b, "\x1b[%sm%s\x1b[0m", s.style, s.text)
		} else {
			b.WriteString(s.text)
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// wrap breaks text between words into lines of at most width characters; a longer word gets a line of its own.
func wrap(text string, width int) []string {
	var lines []string
	current, length := "", 0
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		if length > 0 && length+1+n > width {
			lines, current, length = append(lines, current), "", 0
		}
		if length > 0 {
			current, length = current+" ", length+1
		}
		current, length = current+word, length+n
	}
	if length > 0 {
		lines = append(lines, current)
	}
	return lines
}

// clock is d as minutes and seconds.
func clock(d time.Duration) string {
	seconds := int(d.Seconds())
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

// latency is d in whole milliseconds, or a dash when nothing was measured.
func latency(d time.Duration, requests uint64) string {
	if requests == 0 {
		return "-"
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}

// rate is the share of failed requests in percent, or a dash when there were none at all.
func rate(failed, requests uint64) string {
	if requests == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(failed)/float64(requests))
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
