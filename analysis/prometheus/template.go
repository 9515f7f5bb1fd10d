package prometheus

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// template is a user's expression, cut into what stands before, between and behind the places where an arm's matchers belong.
type template []string

// placeholder stands for the matchers of an arm.
const placeholder = "$arm"

// expressionToken is the next of a PromQL expression, as far as it takes to know strings, comments and brackets.
var expressionToken = regexp.MustCompile(`(?s)^(?:` + quoted + `|#[^\n]*|\s+|\$[a-zA-Z0-9_]*|[(){}\[\],]|[^"'` + "`" + `#\s$(){}\[\],]+|.)`)

// parseTemplate reads an expression such as max(lag{group="orders",$arm}). The error says what to write instead.
func parseTemplate(text string) (template, error) {
	t, err := scanTemplate(text)
	if err != nil {
		return nil, fmt.Errorf(`value query %q: %w; write it like max(records_lag_max{group="orders",$arm})`, text, err)
	}
	return t, nil
}

func scanTemplate(text string) (template, error) {
	s := templateScan{cut: template{""}}
	for rest := text; rest != ""; {
		token := expressionToken.FindString(rest)
		rest = rest[len(token):]
		if err := s.take(token); err != nil {
			return nil, err
		}
	}
	switch {
	case s.open.last() != 0:
		return nil, fmt.Errorf("its %c is not closed", s.open.last())
	case len(s.cut) > 1:
		return s.cut, nil
	case strings.Contains(text, placeholder):
		return nil, errors.New("$arm in quotes or in a comment is not replaced: it belongs between the braces of a selector, by itself")
	}
	return nil, errors.New("it lacks $arm, which stands for the matchers that tell the versions apart")
}

// templateScan is how far an expression is read.
type templateScan struct {
	cut  template
	open brackets
	// before is the last token that was neither space nor comment.
	before string
}

// take reads a token.
func (s *templateScan) take(token string) error {
	last := len(s.cut) - 1
	if strings.TrimSpace(token) == "" || token[0] == '#' {
		s.cut[last] += token
		return nil
	}
	if err := s.misplaced(token); err != nil {
		return err
	}
	if err := s.open.take(token); err != nil {
		return err
	}
	if s.before = token; token == placeholder {
		s.cut = append(s.cut, "")
	} else {
		s.cut[last] += token
	}
	return nil
}

// misplaced says why a token can't follow what was read, as far as that matters here: the rest is for the server to say.
func (s *templateScan) misplaced(token string) error {
	arm := token == placeholder
	switch {
	case token == `"` || token == `'` || token == "`":
		return fmt.Errorf("a string is opened with %s and not closed", token)
	case token[0] == '$' && !arm:
		return fmt.Errorf("%s is no part of PromQL, and only $arm is replaced", token)
	case arm && (s.open.last() != '{' || s.before != "{" && s.before != ","):
		return errors.New("$arm stands for label matchers: it belongs between the braces of a selector, by itself")
	case s.before == placeholder && token != "," && token != "}":
		return errors.New("$arm stands for label matchers: what follows it between the braces begins with a comma")
	}
	return nil
}

// fill is the expression for one arm.
func (t template) fill(matchers []matcher) string {
	texts := make([]string, len(matchers))
	for i, m := range matchers {
		texts[i] = m.String()
	}
	return strings.Join(t, strings.Join(texts, ","))
}

// brackets are those that are open, the innermost last.
type brackets []byte

// last is the innermost one, 0 for none.
func (b brackets) last() byte {
	if len(b) == 0 {
		return 0
	}
	return b[len(b)-1]
}

// take opens or closes a bracket.
func (b *brackets) take(token string) error {
	opens := map[string]byte{")": '(', "]": '[', "}": '{'}
	switch token {
	case "(", "[", "{":
		if b.last() == '{' {
			return fmt.Errorf("there is a %s between the braces of a selector", token)
		}
		*b = append(*b, token[0])
	case ")", "]", "}":
		if b.last() != opens[token] {
			return fmt.Errorf("its %s closes nothing", token)
		}
		*b = (*b)[:len(*b)-1]
	}
	return nil
}
