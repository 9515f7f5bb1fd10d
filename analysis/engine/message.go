package engine

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// result turns findings into a verdict with its sentence.
func (m *metric) result(v *view, f findings) analysis.Result {
	r := m.numbers(f)
	switch {
	case f.missing != "":
		r.Message = m.title() + ": " + f.missing
	case f.fail != "":
		r.Verdict = analysis.Fail
		r.Message = m.sentence(r)
		if f.fail != worse {
			r.Message += ": " + f.fail
		}
	case f.unknown != "":
		r.Message = m.title() + " " + f.unknown
	case f.doubt != "":
		r.Message = m.sentence(r) + ": " + f.doubt
		if f.wait > 0 {
			r.Message += "; about " + minutes(f.wait) + " at " + strconv.Itoa(int(v.Weight)) + "%"
		}
	default:
		r.Verdict = analysis.Pass
		r.Message = m.sentence(r)
		if f.limited {
			r.Message += ": on limited evidence"
		}
	}
	return r
}

// numbers for people.
func (m *metric) numbers(f findings) analysis.Result {
	nan := math.NaN()
	r := analysis.Result{
		Name: m.c.Name, Unit: m.unitOf(), Baseline: nan, Candidate: nan, Difference: nan, Low: nan, High: nan, Limit: nan,
		BaselineRequests: float64(m.Tally.Requests[0]), CandidateRequests: float64(m.Tally.Requests[1]),
	}
	r.Baseline, r.Candidate = m.told(analysis.Baseline), m.told(analysis.Candidate)
	r.Difference = r.Candidate - r.Baseline
	if m.c.Limit > 0 {
		r.Limit = m.c.Limit
	}
	if compares(m.c) && !math.IsNaN(r.Baseline) {
		r.Limit = m.ceiling(r.Baseline, r.Limit)
		r.Low, r.High = m.shift(r.Baseline, f.low), m.shift(r.Baseline, f.high)
		if r.Low > r.High { // of a value that gets worse downwards
			r.Low, r.High = r.High, r.Low
		}
		if m.c.Errors {
			most := m.alone(m.temper(m.Comparison.total()), always)
			r.High = min(r.High, most-r.Baseline)
		}
		// A quantile read off the buckets is another reading than the share of slow requests that is judged.
		r.Low, r.High = min(r.Low, r.Difference), max(r.High, r.Difference)
	}
	return r
}

// told is an arm's value as people know it.
func (m *metric) told(arm analysis.Arm) float64 {
	if m.Valued {
		return m.mean(arm)
	}
	if m.c.Errors {
		return float64(m.Tally.Events[arm] / m.Tally.Requests[arm]) // NaN without requests
	}
	h := m.Baseline
	if arm == analysis.Candidate {
		h = m.Candidate
	}
	if q, ok := quantile(h, m.c.Quantile); ok {
		return q
	}
	return math.NaN()
}

func (m *metric) allowed(baseline float64) float64 {
	return m.sign() * max(m.c.Relative*math.Abs(baseline), m.c.Absolute)
}

// sign is the direction in which the metric gets worse.
func (m *metric) sign() float64 {
	if m.c.Worse == analysis.Lower {
		return -1
	}
	return 1
}

// ceiling is what the candidate may not exceed, or fall below: the limit, or what the baseline and the tolerance come to.
func (m *metric) ceiling(baseline, limit float64) float64 {
	most := baseline + m.allowed(baseline)
	if math.IsNaN(limit) || m.sign()*(limit-most) > 0 {
		return most
	}
	return limit
}

// unitOf is that of the metric's values.
func (m *metric) unitOf() analysis.Unit {
	switch {
	case m.c.Errors:
		return analysis.Fraction
	case m.plain():
		return analysis.Number
	}
	return analysis.Seconds
}

// shift is the difference that a log ratio of events comes to.
func (m *metric) shift(baseline, g float64) float64 {
	switch {
	case m.c.Errors:
		// as in ratio, so that a baseline without errors is one of very few
		few := float64(m.Tally.Events[analysis.Baseline]+0.5) / float64(m.Tally.Requests[analysis.Baseline])
		return min(few*math.Exp(g)-baseline, 1-baseline)
	case m.Valued && m.ratios():
		return baseline * math.Expm1(g)
	case m.Valued:
		return m.sign() * g * m.unit(baseline)
	}
	return baseline * m.Boundary.slowdown(math.Exp(g))
}

// title names the criterion: "errors", "latency p95".
func (m *metric) title() string {
	if m.c.Errors || m.plain() {
		return m.c.Name
	}
	quantile := "p" + strconv.FormatFloat(m.c.Quantile*100, 'g', 6, 64)
	if strings.Contains(m.c.Name, quantile) {
		return m.c.Name
	}
	return m.c.Name + " " + quantile
}

// sentence says what was measured, such as "latency p95 142ms vs 94ms on the baseline (+48ms; between +26ms and +71ms; allowed
// +9.4ms), 11.8% of 1,204 requests slower than 100ms against 5.1%".
func (m *metric) sentence(r analysis.Result) string {
	var b strings.Builder
	b.WriteString(m.title())
	if !math.IsNaN(r.Candidate) {
		b.WriteString(" " + value(r.Candidate, r.Unit))
	}
	if !math.IsNaN(r.Baseline) {
		b.WriteString(" vs " + value(r.Baseline, r.Unit) + " on the baseline")
		if compares(m.c) {
			b.WriteString(" (" + m.comparison(r) + ")")
		}
	}
	requests := " of " + count(r.CandidateRequests) + " requests"
	switch {
	case m.plain():
		return b.String()
	case m.c.Errors || m.Boundary.At == 0:
		return b.String() + requests
	}
	events := func(arm int) float64 {
		return float64(m.Tally.Events[arm]) / math.Max(float64(m.Tally.Requests[arm]), 1)
	}
	return b.String() + ", " + value(events(1), analysis.Fraction) + requests + " slower than " + value(m.Boundary.At, analysis.Seconds) + " against " +
		value(events(0), analysis.Fraction)
}

// comparison says how far the arms are apart.
func (m *metric) comparison(r analysis.Result) string {
	var parts []string
	if !math.IsNaN(r.Difference) {
		parts = append(parts, increase(r.Difference, r.Unit, true))
	}
	if known := !math.IsNaN(r.Low+r.High) && !math.IsInf(r.Low, 0) && !math.IsInf(r.High, 0); known {
		parts = append(parts, "between "+increase(r.Low, r.Unit, false)+" and "+increase(r.High, r.Unit, false))
	}
	return strings.Join(append(parts, "allowed "+increase(m.allowed(r.Baseline), r.Unit, false)), "; ")
}

// noBoundary says why there is no boundary to judge latency by.
func (m *metric) noBoundary() string {
	if n := m.Shape.Total(); n < boundaryRequests {
		return "can't be judged yet: " + count(n) + " of " + count(boundaryRequests) + " requests of the baseline seen"
	}
	if _, ok := quantile(m.Shape, m.c.Quantile); !ok {
		return "lies beyond the last finite bucket on the baseline: the histogram needs larger buckets"
	}
	return "can't be judged yet: too few slow requests of the baseline seen"
}

func value(v float64, unit analysis.Unit) string { return analysis.FormatValue(v, unit) }

// increase writes a difference with its sign; of two fractions it is in points (1 point is 0.01).
func increase(v float64, unit analysis.Unit, named bool) string {
	text := value(v, unit)
	if v >= 0 {
		text = "+" + text
	}
	if unit != analysis.Fraction {
		return text
	}
	text = strings.TrimSuffix(text, "%")
	if named {
		text += " points"
	}
	return text
}

// count writes a number of requests: 1,204.
func count(n float64) string {
	s := strconv.FormatFloat(n, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// minutes writes a time to wait: "6 more minutes", "40 more seconds".
func minutes(d time.Duration) string {
	switch n := int(math.Ceil(d.Minutes())); {
	case d < 50*time.Second:
		return strconv.Itoa(int(math.Ceil(d.Seconds()/10))*10) + " more seconds"
	case n == 1:
		return "1 more minute"
	default:
		return strconv.Itoa(n) + " more minutes"
	}
}
