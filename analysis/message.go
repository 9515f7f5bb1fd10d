package analysis

import (
	"math"
	"strconv"
	"strings"
)

// result turns findings into a verdict with its sentence.
func (c Criterion) result(f findings, e evidence) Result {
	r := Result{
		Name:              c.Name,
		Baseline:          known(f.baseline.estimate),
		Candidate:         known(f.candidate.estimate),
		Difference:        known(f.difference.estimate),
		Low:               f.difference.low,
		High:              f.difference.high,
		Limit:             c.ceiling(f),
		BaselineRequests:  e.baseline.requests,
		CandidateRequests: e.candidate.requests,
		Seconds:           c.seconds(),
	}
	switch {
	case f.missing != "":
		r.Message = c.title() + ": " + f.missing
	case f.overLimit:
		r.Verdict = Fail
		r.Message = c.sentence(r, f) + ": over the limit of " + FormatValue(c.Limit, r.Seconds)
	case f.worse:
		r.Verdict = Fail
		r.Message = c.sentence(r, f)
	case f.unknown != "":
		r.Message = c.title() + " " + f.unknown
	case f.doubt != "":
		r.Message = c.sentence(r, f) + ": " + f.doubt
	default:
		r.Verdict = Pass
		r.Message = c.sentence(r, f)
	}
	return r
}

// ceiling is what the candidate may not exceed: the limit, or what the baseline and the tolerated increase come to.
func (c Criterion) ceiling(f findings) float64 {
	ceiling := math.NaN()
	if c.Limit > 0 {
		ceiling = c.Limit
	}
	if most := known(f.baseline.estimate + f.allowed); !(most >= ceiling) && !math.IsNaN(most) {
		ceiling = most
	}
	return ceiling
}

// known turns infinity into the NaN of unknown values.
func known(v float64) float64 {
	if math.IsInf(v, 0) {
		return math.NaN()
	}
	return v
}

// title names the criterion: "errors", "latency p95".
func (c Criterion) title() string {
	if c.Errors {
		return c.Name
	}
	quantile := "p" + strconv.FormatFloat(c.Quantile*100, 'g', 6, 64)
	if strings.Contains(c.Name, quantile) {
		return c.Name
	}
	return c.Name + " " + quantile
}

// sentence says what was measured, such as "latency p95 142ms vs 94ms on the baseline (+48ms, 26ms to 71ms; allowed +9.4ms)
// on 1,204 of the candidate's requests".
func (c Criterion) sentence(r Result, f findings) string {
	var b strings.Builder
	b.WriteString(c.title())
	if math.IsNaN(r.Candidate) {
		b.WriteString(" over " + FormatValue(f.candidate.low, r.Seconds))
	} else {
		b.WriteString(" " + FormatValue(r.Candidate, r.Seconds))
	}
	if !math.IsNaN(r.Baseline) {
		b.WriteString(" vs " + FormatValue(r.Baseline, r.Seconds) + " on the baseline")
	}
	if !math.IsNaN(r.Low) {
		b.WriteString(" (")
		if !math.IsNaN(r.Difference) {
			b.WriteString(formatIncrease(r.Difference, r.Seconds, true) + ", ")
		}
		b.WriteString(formatRange(r.Low, r.High, r.Seconds))
		b.WriteString("; allowed " + formatIncrease(f.allowed, r.Seconds, false) + ")")
	}
	b.WriteString(" on " + formatCount(r.CandidateRequests) + " of the candidate's requests")
	return b.String()
}
