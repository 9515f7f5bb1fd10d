package docs

import (
	"fmt"
	"strings"
	"unicode"
)

// leftOut is a line, or the end of one, that a page leaves out.
const leftOut = "..."

// Same says where what a page shows differs from what was said. A line ... stands for any lines, ... at the end of a line for its rest, and a word with a
// digit for any word: names of pods, ages and measurements are others each time.
func Same(shown, said string) error {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	skip := false
	for line := range strings.Lines(strings.TrimSpace(shown)) {
		if strings.TrimSpace(line) == leftOut {
			skip = true
			continue
		}
		for skip && len(lines) > 0 && !sameLine(line, lines[0]) {
			lines = lines[1:]
		}
		if len(lines) == 0 {
			return fmt.Errorf("the page shows %q, which was not said", strings.TrimSpace(line))
		}
		if !sameLine(line, lines[0]) {
			return fmt.Errorf("the page shows %q, and %q was said", strings.TrimSpace(line), strings.TrimSpace(lines[0]))
		}
		lines, skip = lines[1:], false
	}
	if !skip && len(lines) > 0 {
		return fmt.Errorf("the page does not show %q, which was said: show it, or write %s", strings.TrimSpace(lines[0]), leftOut)
	}
	return nil
}

func sameLine(shown, said string) bool {
	want, got := strings.Fields(shown), strings.Fields(said)
	for i, word := range want {
		if word == leftOut && i == len(want)-1 {
			return true
		}
		if i >= len(got) || word != got[i] && !strings.ContainsFunc(word, unicode.IsDigit) {
			return false
		}
	}
	return len(want) == len(got)
}
