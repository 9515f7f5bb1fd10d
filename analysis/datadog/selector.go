package datadog

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

const (
	countExample        = "sum:http.requests{service:shop,$arm}.as_count()"
	distributionExample = "http.request.duration{service:shop,$arm}"
)

var (
	// customForm is an optional function and colon, a metric, braces, and what follows them.
	customForm = regexp.MustCompile(`^\s*(?:([a-z0-9_]+(?:\(\s*v\s*:\s*v\s*(?:<=|>=|<|>)\s*[0-9.]+\s*\))?)\s*:)?\s*([A-Za-z][A-Za-z0-9_.]*)\s*\{([^{}]*)\}(.*)$`)
	// agentQuantile ends the names of what an Agent computes of a histogram on its own.
	agentQuantile = regexp.MustCompile(`\.([0-9]{1,2}percentile|median|avg|max|min)$`)
	alternatives  = regexp.MustCompile(`(?i)\bOR\b`)
	joined        = regexp.MustCompile(`(?i)\b(?:AND|OR|IN|NOT)\b|[()!]`)
	armAlone      = regexp.MustCompile(`(?i)(?:^|,|\bAND\b)\s*\$arm\s*(?:$|,|\bAND\b)`)
	milliseconds  = regexp.MustCompile(`[._](?:ms|milliseconds)$`)
	microseconds  = regexp.MustCompile(`[._](?:us|microseconds)$`)
	nanoseconds   = regexp.MustCompile(`[._](?:ns|nanoseconds)$`)
)

// custom is a query that a user wrote: a function, a metric and its scope, with $arm in the place of the arm's tags.
type custom struct {
	function, metric, scope string
}

// parseCount reads a count such as sum:http.requests{service:shop,$arm}.as_count(). The error says what to write instead.
func parseCount(text string) (custom, error) {
	c, rest, err := parse(text)
	function, _, _ := strings.Cut(c.function, "(")
	switch {
	case err != nil:
	case function != "sum" && function != "count":
		err = fmt.Errorf("%q does not add up to a number of requests: write sum: before a count, or count: before a distribution", c.function)
	case rest == "":
		err = errors.New("without .as_count() it is a rate: add it at the end")
	case rest != ".as_count()":
		err = fmt.Errorf("%q can't follow the braces, only .as_count(): the grouping and the roll-up are Serin's", rest)
	}
	if err != nil {
		return custom{}, fmt.Errorf("query %q: %w; write it like %s", text, err, countExample)
	}
	return c, nil
}

// parseDistribution reads a distribution such as http.request.duration{service:shop,$arm}.
func parseDistribution(text string) (custom, error) {
	c, rest, err := parse(text)
	switch part := agentQuantile.FindString(c.metric); {
	case err != nil:
	case part != "":
		err = fmt.Errorf("%s is worked out by each Agent for its own host, and an average of such numbers over hosts is no quantile of the requests: "+
			"send the durations as a distribution", c.metric)
	case c.function != "":
		err = fmt.Errorf("%s: can't stand before it: which quantile is read, or how many requests are counted, is Serin's", c.function)
	case rest != "":
		err = fmt.Errorf("%q can't follow the braces: the functions are Serin's", rest)
	}
	if err != nil {
		return custom{}, fmt.Errorf("distribution %q: %w; write it like %s", text, err, distributionExample)
	}
	return c, nil
}

// parse reads what both have in common.
func parse(text string) (custom, string, error) {
	m := customForm.FindStringSubmatch(text)
	if m == nil {
		return custom{}, "", errors.New("it is not a metric with its tags in braces")
	}
	c := custom{function: strings.Join(strings.Fields(m[1]), ""), metric: m[2], scope: strings.Join(strings.Fields(m[3]), " ")}
	c.function = strings.Replace(c.function, "(v:v", "(v: v", 1)
	switch outside := outsideBrackets(c.scope); {
	case !strings.Contains(c.scope, "$arm"):
		return c, "", errors.New("it lacks $arm between the braces, which stands for the tags that tell the versions apart")
	case strings.Count(c.scope, "$arm") > 1 || !armAlone.MatchString(outside):
		return c, "", errors.New("$arm has to stand once, by itself, between commas or ANDs: it must hold for all that is counted")
	case alternatives.MatchString(outside):
		return c, "", errors.New("OR beside $arm would count the requests of both versions: put the alternatives into brackets")
	case strings.Count(c.scope, "(") != strings.Count(c.scope, ")"):
		return c, "", errors.New("a bracket is missing")
	case strings.ContainsAny(strings.Replace(c.scope, "$arm", "", 1), "$\"'`\\;"):
		return c, "", errors.New("between the braces are characters that tags don't have; $arm is the only thing filled in")
	}
	return c, strings.TrimSpace(m[4]), nil
}

// outsideBrackets is the text without what is in brackets.
func outsideBrackets(text string) string {
	var b strings.Builder
	depth := 0
	for _, r := range text {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case depth == 0:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// of is the scope for an arm. Commas and ANDs can't be mixed.
func (c custom) of(tags []string) []string {
	text := strings.Join(tags, ",")
	if joined.MatchString(c.scope) && !strings.Contains(outsideBrackets(c.scope), ",") {
		text = strings.Join(tags, " AND ")
	}
	return []string{strings.Replace(c.scope, "$arm", text, 1)}
}

// counted asks for the count of an arm.
func (c custom) counted(a arm) query {
	return metrics{c.function, c.metric, c.of(a.own), a.by}.counted()
}

// durations asks for the distribution of an arm.
func (c custom) durations(a arm) latencies {
	return distribution(c.metric, c.of(a.own), a.by, c.unit())
}

// unit is what the name says that durations are measured in, in seconds.
func (c custom) unit() float64 {
	switch {
	case milliseconds.MatchString(c.metric):
		return 1e-3
	case microseconds.MatchString(c.metric):
		return 1e-6
	case nanoseconds.MatchString(c.metric):
		return 1e-9
	}
	return 1
}
