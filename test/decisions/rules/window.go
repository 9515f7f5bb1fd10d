package rules

import (
	"math"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/test/decisions/world"
)

// window adds up the looks since it was last emptied, by arm. A query over the last minute that is asked every minute sees the same.
type window struct {
	arms [2]tally
	from time.Time
}

// tally is what one arm did.
type tally struct {
	requests, errors float64
	latency          analysis.Histogram
	// values are the quantiles told without counts, times their requests.
	values, valued float64
}

func (w *window) add(look analysis.Look) {
	if w.from.IsZero() {
		w.from = look.Window.From
	}
	for _, o := range look.Observations {
		t := &w.arms[o.Arm]
		switch {
		case o.Metric == world.Errors:
			t.requests += o.Requests
			t.errors += o.Errors
		case o.Value != nil:
			t.values += *o.Value * o.Requests
			t.valued += o.Requests
		default:
			t.latency = t.latency.Merge(o.Latency)
		}
	}
}

// spans says that the window is as long as period.
func (w *window) spans(period time.Duration, look analysis.Look) bool {
	return look.Window.To.Sub(w.from) >= period
}

// empty begins anew.
func (w *window) empty() { *w = window{} }

// errorRate is NaN without requests.
func (t *tally) errorRate() float64 { return t.errors / t.requests }

// quantile as PromQL reads it, or the mean of the quantiles that were told; NaN without either.
func (t *tally) quantile(q float64) float64 {
	if t.valued > 0 {
		return t.values / t.valued
	}
	return world.Quantile(q, t.latency)
}

// period is how often a rule looks: once a minute, or once a step if that is shorter.
func (s Scene) period() time.Duration {
	return min(time.Minute, s.Plan[0].Bake)
}

// within says that a value is known and not above a limit: NaN is within nothing.
func within(value, limit float64) bool { return !math.IsNaN(value) && value <= limit }
