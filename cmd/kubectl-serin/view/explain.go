package view

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// Explanation says why the last release was refused, and stands alone. Of a release that was not, it says what there is to say.
type Explanation struct {
	Name      string     `json:"name"`
	Namespace string     `json:"namespace"`
	Target    string     `json:"target"`
	Refused   bool       `json:"refused"`
	Revision  string     `json:"revision,omitempty"`
	Baseline  string     `json:"baseline,omitempty"`
	Reason    string     `json:"reason,omitempty"`
	Means     string     `json:"means,omitempty"`
	Message   string     `json:"message,omitempty"`
	Where     string     `json:"where,omitempty"`
	StartedAt *time.Time `json:"startedAt,omitempty"`
	EndedAt   *time.Time `json:"endedAt,omitempty"`
	// Metrics are what the last look showed, those that failed first.
	Metrics []Metric `json:"metrics,omitempty"`
	Do      []string `json:"do"`
	// Queries are what to paste into Source, and NoQueries says why there are none.
	Source    string  `json:"source,omitempty"`
	Queries   []Query `json:"queries,omitempty"`
	NoQueries string  `json:"noQueries,omitempty"`
}

// Query is one of the source's questions.
type Query struct {
	Metric string `json:"metric"`
	Arm    string `json:"arm"`
	About  string `json:"about"`
	Text   string `json:"text"`
}

// Asked is what is known of the source that was asked.
type Asked struct {
	// Source names it, such as "MetricSource prometheus (prometheus, http://...)".
	Source    string
	Questions []analysis.Question
	// Missing says why there are no questions; empty when there are.
	Missing string
}

// where a candidate was refused, in the words of the operator's message.
var where = regexp.MustCompile(`was refused (at step [0-9]+ of [0-9]+ \(weight [0-9]+%(?: since [0-9:]+ UTC)?\)|before it got any traffic)`)

// Explain explains the last release.
func Explain(c *v1alpha1.Canary, asked Asked) Explanation {
	e := Explanation{Name: c.Name, Namespace: c.Namespace, Target: c.Spec.TargetRef.Kind + " " + c.Spec.TargetRef.Name, Do: []string{}}
	m := c.Status.Rollout
	switch {
	case m == nil:
		e.Message = "the operator has not looked at this Canary yet"
		return e
	case m.Refused:
		e.refused(c, m)
	case ProblemOf(c) != nil:
		p := ProblemOf(c)
		e.Revision, e.Reason, e.Message = c.Status.Revision, p.Reason, p.Message
		e.Do = append(e.Do, Advice(p.Reason))
	case !InFlight(c) && len(c.Status.History) > 0:
		r := c.Status.History[0]
		e.Revision, e.Reason, e.Message, e.StartedAt, e.EndedAt = r.Revision, r.Reason, r.Message, timeOf(r.StartedAt), timeOf(r.EndedAt)
		if r.Outcome == v1alpha1.ReasonRolledBack {
			e.Refused, e.Where = true, placeOf(r.Message)
		}
	default:
		e.Revision, e.Reason, e.Message = c.Status.Revision, m.Reason, c.Status.Message
	}
	e.Means = Meaning(e.Reason)
	if !e.Refused {
		return e
	}
	e.Source, e.NoQueries = asked.Source, asked.Missing
	for _, q := range asked.Questions {
		e.Queries = append(e.Queries, Query{Metric: q.Metric, Arm: [...]string{"baseline", "candidate"}[q.Arm], About: q.About, Text: q.Text})
	}
	return e
}

// refused explains a refusal that the Canary remembers.
func (e *Explanation) refused(c *v1alpha1.Canary, m *v1alpha1.RolloutStatus) {
	e.Refused, e.Revision, e.Baseline, e.Reason, e.Message = true, m.Candidate, m.Baseline, m.Reason, m.Cause
	e.Where = placeOf(m.Cause)
	e.StartedAt = timeOf(m.StartedAt)
	for _, r := range c.Status.History {
		if r.Revision == m.Candidate && r.Outcome == v1alpha1.ReasonRolledBack {
			e.StartedAt, e.EndedAt = timeOf(r.StartedAt), timeOf(r.EndedAt)
			break
		}
	}
	if seen := evidenceOf(c); seen != nil {
		for _, failed := range []bool{true, false} {
			for _, metric := range seen.Metrics {
				if (metric.Verdict == "Fail") == failed {
					e.Metrics = append(e.Metrics, metric)
				}
			}
		}
	}
	if do := Advice(m.Reason); do != "" && do != nothing {
		e.Do = append(e.Do, do)
	}
	e.Do = append(e.Do,
		"Push a fix: it is released from the first step. Until then baseline "+m.Baseline+" serves, and the Deployment keeps the refused template, paused.",
		"Revert: apply the template of before again, best by git revert; kubectl rollout undo refuses a Deployment that is paused.",
		"Try the same again: "+Command("retry", c),
	)
	if len(e.Metrics) > 0 {
		e.Do = append(e.Do, "See what another policy would have decided: kubectl get configmap "+c.Name+"-last-release -n "+c.Namespace+" -o jsonpath='{.data.trace}' > last.trace && kubectl serin replay --trace last.trace")
	}
}

func placeOf(message string) string {
	found := where.FindStringSubmatch(message)
	if found == nil {
		return ""
	}
	return found[1]
}

// Meaning is what a reason means; empty for one that nobody knows.
func Meaning(reason string) string {
	for _, g := range Reasons() {
		for _, r := range g.Reasons {
			if r.Name == reason {
				return r.Means
			}
		}
	}
	return ""
}

// Text is the explanation for people.
func (e Explanation) Text(s Style, now time.Time) string {
	var b strings.Builder
	title := fmt.Sprintf("%s in %s (%s)", s.paint(e.Name, bold), e.Namespace, e.Target)
	if !e.Refused {
		fmt.Fprintf(&b, "%s: the last release was not refused\n", title)
		e.present(&b, s, now)
		return b.String()
	}
	fmt.Fprintf(&b, "%s: revision %s was %s %s\n", title, e.Revision, s.paint("refused", red), e.Where)
	e.facts(&b, s, now)
	if len(e.Metrics) > 0 {
		b.WriteString("\n")
		writeMetrics(&b, s, e.Metrics)
	}
	fmt.Fprintf(&b, "\n%s %s\n", s.paint("Why:", bold), s.wrap(clean(e.Message), 5))
	if e.Means != "" {
		fmt.Fprintf(&b, "     %s\n", s.paint(s.wrap("("+e.Reason+": "+e.Means+")", 5), faint))
	}
	fmt.Fprintf(&b, "\n%s\n", s.paint("What to do:", bold))
	for _, do := range e.Do {
		fmt.Fprintf(&b, "  - %s\n", s.wrap(do, 4))
	}
	e.queries(&b, s)
	return b.String()
}

func (e Explanation) facts(b *strings.Builder, s Style, now time.Time) {
	var facts []string
	if e.Baseline != "" {
		facts = append(facts, "against baseline "+e.Baseline+", which has all traffic again")
	}
	if e.StartedAt != nil {
		facts = append(facts, "started "+clockTime(*e.StartedAt, now)+" UTC")
	}
	if e.EndedAt != nil {
		facts = append(facts, "refused "+clockTime(*e.EndedAt, now)+" UTC, "+ago(*e.EndedAt, now))
	}
	if len(facts) > 0 {
		b.WriteString(s.paint(s.wrap(strings.Join(facts, "; "), 0), faint) + "\n")
	}
}

// present says how it stands instead.
func (e Explanation) present(b *strings.Builder, s Style, now time.Time) {
	if e.Revision != "" {
		fmt.Fprintf(b, "Revision %s", e.Revision)
		if e.EndedAt != nil {
			fmt.Fprintf(b, ", ended %s", ago(*e.EndedAt, now))
		}
		b.WriteString(": ")
	}
	b.WriteString(s.wrap(clean(e.Message), 0) + "\n")
	if e.Means != "" {
		fmt.Fprintf(b, "%s\n", s.paint(s.wrap("("+e.Reason+": "+e.Means+")", 0), faint))
	}
	for _, do := range e.Do {
		fmt.Fprintf(b, "Do: %s\n", s.wrap(do, 4))
	}
}

// queries are never wrapped: they are there to be copied.
func (e Explanation) queries(b *strings.Builder, s Style) {
	if e.Source == "" && e.NoQueries == "" {
		return
	}
	fmt.Fprintf(b, "\n%s\n", s.paint("To see it yourself, in "+orElse(e.Source, "the metrics backend")+":", bold))
	if e.NoQueries != "" {
		fmt.Fprintf(b, "  %s\n", s.wrap(clean(e.NoQueries), 2))
	}
	for _, q := range e.Queries {
		fmt.Fprintf(b, "  %s\n    %s\n", s.paint(q.Metric+", "+q.About+", "+q.Arm+":", faint), q.Text)
	}
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
