package engine

import (
	"strings"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// Engine judges one release. It is not safe for concurrent use.
type Engine struct {
	policy  analysis.Policy
	without Term
	metrics []*metric
	unknown []unknownPod
	release progress
	// open are the looks that are judged together and may become more; without length while there are none.
	open analysis.Look
}

// progress is how far the release is.
type progress struct {
	// Start and Step are since when the release goes on and has its weight, in milliseconds; Looks counts the looks.
	Start, Step int64
	Looks       uint32
	Weight      int32
}

// Option changes how an Engine judges.
type Option func(*Engine)

// Term is a part of the mathematics that can be left out, to show what it buys.
type Term uint32

// The terms.
const (
	Dispersion Term = 1 << iota // counts scatter more than those of independent requests
	PodEffects                  // pods differ from each other over many looks
	Margin                      // a part of the tolerance is no regression
	Clip                        // one pod counts only so much in one look
	Cap                         // one look counts only so much
	WarmUp                      // a pod's requests do not count until it is warm
	ColdStart                   // what new pods are worse by fades away
	Load                        // pods that carry more are slower
	Onsets                      // a regression may begin late
	Guard                       // disasters are seen within two looks
	Hold                        // no step is passed while a metric leans bad
)

// Without leaves terms out. It is meant for measuring them, never for releases.
func Without(terms Term) Option { return func(e *Engine) { e.without |= terms } }

// New makes an Engine for one release.
func New(p analysis.Policy, options ...Option) *Engine {
	e := &Engine{policy: p}
	for _, o := range options {
		o(e)
	}
	if !(p.FalseRollbackRate > 0 && p.FalseRollbackRate < 1) {
		p.FalseRollbackRate = analysis.DefaultFalseRollbackRate
	}
	compared := 0
	for _, c := range p.Criteria {
		if compares(c) {
			compared++
		}
	}
	for _, c := range p.Criteria {
		e.metrics = append(e.metrics, newMetric(c, p, compared, e.without))
	}
	return e
}

// Learn takes in a look at the baseline before the release: how much its pods differ, and where its quantiles are.
// Whatever the look holds of a candidate is not looked at.
func (e *Engine) Learn(l analysis.Look) {
	l.Weight, l.Next = 0, 0
	if group, over := e.gather(l); over {
		e.take(group, l)
	}
}

func (e *Engine) learn(l analysis.Look) {
	v := e.view(l)
	v.learning = true
	for _, m := range e.metrics {
		if r, err := m.read(v); err == nil {
			m.teach(v, r)
		}
	}
}

// Look takes in one interval of the release and says what is known by then. Looks of less than 15 seconds are judged together.
func (e *Engine) Look(l analysis.Look) analysis.Report {
	if !l.Window.To.After(l.Window.From) {
		return analysis.Report{Message: "the look has no length"}
	}
	if l.Weight <= 0 {
		e.Learn(l)
		return analysis.Report{Message: "the candidate has no traffic yet"}
	}
	group, over := e.gather(l)
	if over {
		return e.take(group, l)
	}
	return e.copied().take(group, l)
}

// take takes in a group of looks, of which newest is the last.
func (e *Engine) take(group, newest analysis.Look) analysis.Report {
	if group.Weight <= 0 {
		e.learn(group)
		return analysis.Report{}
	}
	begin := e.advance(group)
	v := e.view(group)
	v.begin, v.newest = begin, newest.Observations
	results := make([]analysis.Result, 0, len(e.metrics))
	for _, m := range e.metrics {
		if begin {
			m.Tally.Seen = 0 // the policy asks for so many requests at each step
		}
		results = append(results, m.look(v, e.policy.MinRequests))
	}
	return combine(results)
}

// advance notes the progress of the release, and says whether the weight has changed.
func (e *Engine) advance(l analysis.Look) (begin bool) {
	p := &e.release
	from := l.Window.From.UnixMilli()
	if p.Looks == 0 {
		p.Start = from
	}
	if begin = p.Looks == 0 || p.Weight != l.Weight; begin {
		p.Step, p.Weight = from, l.Weight
	}
	p.Looks++
	return begin
}

// started is when the release began; the zero time before that.
func (e *Engine) started() time.Time {
	if e.release.Looks == 0 {
		return time.Time{}
	}
	return time.UnixMilli(e.release.Start)
}

// combine lets any Fail fail, and any Inconclusive withhold the Pass.
func combine(results []analysis.Result) analysis.Report {
	if len(results) == 0 {
		return analysis.Report{Message: "nothing to judge: there is no metric"}
	}
	verdict := analysis.Pass
	for _, r := range results {
		if r.Verdict == analysis.Fail || r.Verdict == analysis.Inconclusive && verdict == analysis.Pass {
			verdict = r.Verdict
		}
	}
	var sentences []string
	for _, r := range results {
		if r.Verdict == verdict {
			sentences = append(sentences, r.Message)
		}
	}
	return analysis.Report{Verdict: verdict, Message: strings.Join(sentences, "; "), Results: results}
}
