package datadog

import (
	"time"

	"github.com/serin-dev/serin/analysis"
)

// bucket is the shortest roll-up: as long as Agents and tracers gather before they send. The points of a finer one would hold
// what happened during the seconds around them.
const bucket = 10 * time.Second

// span is a range of buckets, in milliseconds: those that begin at from or later, and before to.
type span struct{ from, to, step int64 }

// rollUp is the length of the buckets to ask for: counts add up, so the shortest; of quantiles there should be one in each
// window, whose buckets are the longest that begin in every one of them.
func (p *plan) rollUp(ws []analysis.Window) time.Duration {
	if !p.quantiles {
		return bucket
	}
	shortest := ws[0].To.Sub(ws[0].From)
	for _, w := range ws {
		shortest = min(shortest, w.To.Sub(w.From))
	}
	return max(shortest.Truncate(bucket), bucket)
}

// spanOf are the buckets that begin in the windows.
func spanOf(ws []analysis.Window, step time.Duration) span {
	return span{from: ceil(ws[0].From, step), to: ceil(ws[len(ws)-1].To, step), step: step.Milliseconds()}
}

// of are the buckets of one window.
func (s span) of(w analysis.Window) span {
	step := time.Duration(s.step) * time.Millisecond
	return span{from: ceil(w.From, step), to: ceil(w.To, step), step: s.step}
}

// around is the span with all that points may still come for.
func (s span) around(now time.Time) span {
	step := time.Duration(s.step) * time.Millisecond
	s.from = min(s.from, ceil(now.Add(-mostDelay), step))
	s.to = max(s.to, ceil(now, step))
	return s
}

// end is when the last bucket is over.
func (s span) end() time.Time {
	return time.UnixMilli(s.to - s.step).Add(time.Duration(s.step) * time.Millisecond)
}

// ceil is the first begin of a bucket at t or later, as buckets are aligned to 1970.
func ceil(t time.Time, step time.Duration) int64 {
	n := step.Milliseconds()
	at := t.UnixMilli()
	if t.Sub(time.UnixMilli(at)) > 0 {
		at++
	}
	return (at + n - 1) / n * n
}
