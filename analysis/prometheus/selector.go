package prometheus

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// matcher is one label matcher of a series selector.
type matcher struct{ label, op, value string }

// String is the matcher in PromQL, with its value escaped.
func (m matcher) String() string { return m.label + m.op + strconv.Quote(m.value) }

func equals(label, value string) matcher { return matcher{label, "=", value} }

// oneOf matches the values that any of the patterns matches as a whole.
func oneOf(label string, patterns ...string) matcher {
	return matcher{label, "=~", strings.Join(patterns, "|")}
}

// selector is a user's series selector without its arm: a metric name and further matchers, in PromQL.
type selector struct {
	name     string
	matchers []string
}

// expression selects the series with the given names, whatever s.name is; without names the matchers of s say it all.
func (s selector) expression(names []string, more []matcher) string {
	all := make([]string, 0, 1+len(s.matchers)+len(more))
	switch len(names) {
	case 0:
	case 1:
		all = append(all, equals("__name__", names[0]).String())
	default:
		all = append(all, oneOf("__name__", quoteAll(names)...).String())
	}
	all = append(all, s.matchers...)
	for _, m := range more {
		all = append(all, m.String())
	}
	return "{" + strings.Join(all, ",") + "}"
}

// quoteAll makes patterns that match the values literally.
func quoteAll(values []string) []string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = regexp.QuoteMeta(v)
	}
	return quoted
}

func quoteSet(values map[string]bool) []string { return quoteAll(slices.Sorted(maps.Keys(values))) }

const quoted = `"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|` + "`[^`]*`"

var (
	selectorHead = regexp.MustCompile(`^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*`)
	// selectorItem is $arm, a quoted metric name, or a matcher, and what separates it from the next.
	selectorItem = regexp.MustCompile(`^\s*(?:(\$arm)|(` + quoted + `)|([a-zA-Z_][a-zA-Z0-9_]*|` + quoted +
		`)\s*(=~|!~|!=|=)\s*(` + quoted + `))\s*([,}])`)
)

// parseSelector reads a selector such as http_requests_total{job="api",$arm}, in which $arm stands for the matchers of an
// arm. The error says what to write instead.
func parseSelector(text string) (selector, error) {
	s, err := scanSelector(text)
	if err != nil {
		return selector{}, fmt.Errorf(`series selector %q: %w; write it like http_requests_total{job="api",$arm}`, text, err)
	}
	return s, nil
}

func scanSelector(text string) (selector, error) {
	head := selectorHead.FindStringSubmatch(text)
	s := selector{name: head[1]}
	rest, braces := strings.CutPrefix(text[len(head[0]):], "{")
	switch {
	case !braces && rest == "" && s.name != "":
		return s, errors.New("it lacks {$arm}, which stands for the matchers that tell the versions apart")
	case !braces:
		return s, errors.New("only a series selector can be written here, without functions: the counting is Serin's")
	}
	arm, rest, err := s.scanMatchers(rest)
	switch {
	case err != nil:
		return s, err
	case strings.TrimSpace(rest) != "":
		return s, errors.New("only a series selector can be written here, without ranges or offsets: the counting is Serin's")
	case !arm:
		return s, errors.New("it lacks $arm, which stands for the matchers that tell the versions apart")
	}
	return s, nil
}

// scanMatchers reads what follows an opening brace, and answers what follows the closing one.
func (s *selector) scanMatchers(text string) (arm bool, rest string, err error) {
	for end := ""; end != "}"; {
		if end == "," && strings.TrimSpace(text) == "}" { // PromQL allows a comma after the last one
			return arm, "", nil
		}
		item := selectorItem.FindStringSubmatch(text)
		if item == nil {
			return arm, "", fmt.Errorf("%q does not begin with a label matcher", text)
		}
		text, end = text[len(item[0]):], item[6]
		name := item[2]
		if item[3] == "__name__" && item[4] == "=" {
			name = item[5]
		}
		switch {
		case item[1] != "":
			arm = true
		case name != "" && s.name != "":
			return arm, "", errors.New("it names the metric twice")
		case name != "":
			s.name = unquote(name)
		default:
			s.matchers = append(s.matchers, item[3]+item[4]+item[5])
		}
	}
	return arm, text, nil
}

// unquote reads a PromQL string; single quotes are not Go's.
func unquote(text string) string {
	if text[0] == '\'' {
		text = `"` + strings.ReplaceAll(strings.ReplaceAll(text[1:len(text)-1], `\'`, `'`), `"`, `\"`) + `"`
	}
	if s, err := strconv.Unquote(text); err == nil {
		return s
	}
	return text
}
