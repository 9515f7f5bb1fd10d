package notify

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// mostText is how long a message may become, and mostTold how many notices are told in it one by one: the rest is counted. It is less than what any of the services
	// takes.
	mostText, mostTold = 3500, 20
	// mostOfMany is how much of each notice is told where there are several. One alone is told whole, within mostAlone.
	mostOfMany, mostAlone = 600, 8000
)

// message is what one send tells: one notice, or several that had to wait.
type message struct {
	notices []Notice
	link    link
}

// id is the notice's own, or that of the first of several.
func (m message) id() string { return m.notices[0].ID }

// title is one short line.
func (m message) title() string {
	first := m.notices[0]
	title := first.name() + ": " + first.Reason
	if len(m.notices) > 1 {
		title = strconv.Itoa(len(m.notices)) + " messages: " + m.count(m.notices)
	}
	if m.link.cluster != "" {
		title = "[" + m.link.cluster + "] " + title
	}
	return title
}

// text is the message of the notice as it is; of several, a line for each as long as there is room.
func (m message) text() string {
	if len(m.notices) == 1 {
		return cut(m.notices[0].Message, mostAlone) + m.linkTo(m.notices[0])
	}
	var lines []string
	length := 0
	for i, n := range m.notices {
		line := n.name() + ": " + n.Reason + ": " + cut(oneLine(n.Message), mostOfMany) + m.linkTo(n)
		length += len(line)
		if i == mostTold || length > mostText {
			lines = append(lines, fmt.Sprintf("and %d more: %s", len(m.notices)-i, m.count(m.notices[i:])))
			break
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func (m message) linkTo(n Notice) string {
	if to := m.link.to(n); to != "" {
		return "\n" + to
	}
	return ""
}

// count says how many there are of each reason.
func (m message) count(of []Notice) string {
	by := map[string]int{}
	for _, n := range of {
		by[n.Reason]++
	}
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, strconv.Itoa(by[reason])+" "+reason)
	}
	return strings.Join(parts, ", ")
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// cut cuts at a rune's border.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	const more = " ..."
	end := most - len(more)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + more
}
