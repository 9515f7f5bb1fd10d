package engine

import (
	"math"
	"slices"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// How much harm must be implausible before a step is passed, in the end and on top of it early on, when little traffic is
// exposed: errors as a fraction of requests, latency as a fraction of the baseline's quantile.
const (
	harmErrors, harmLatency       = 0.005, 0.10
	limitedErrors, limitedLatency = 0.01, 0.25 // after limitedAfter
	earlyErrors, earlyLatency     = 0.01, 0.30
	earlyValue                    = 3 // in tolerated differences
	limitedAfter                  = 20 * time.Minute
)

// With little traffic, steps up to lowWeight are passed when the plausible harm until the engine would have reacted is a few
// requests, or after lowWait.
const (
	lowWeight = 30
	lowWait   = 5 * time.Minute
	reaction  = 2 * time.Minute
	fewHarmed = 50
)

const (
	// plausible nats: a ratio less likely than the best one by more has become implausible (95%, one-sided).
	plausible = 1.35
	// oneSided standard errors are the same of a count, and always those at which it may be looked at again and again.
	oneSided, always = 1.645, 3.5
	// leans nats towards "worse than tolerated" hold a step, be it in all looks or in those of the last span alone.
	leans = 0.7
	// leansPast is that of the comparison with the baseline's past, which other things than the candidate move.
	leansPast = 2
	// alert nats short of a rollback hold it too, whenever the regression may have begun.
	alert = 3
)

// findings is what the evidence says about one criterion.
type findings struct {
	// fail is why the candidate fails, missing what keeps the metric from being judged at all, unknown why its value can't be
	// told, doubt why it does not pass. At most one of them counts, in this order.
	fail, missing, unknown, doubt string
	// limited says that it passes on little evidence.
	limited bool
	// wait is about how long until it may pass, 0 when unknown.
	wait time.Duration
	// low and high are the anytime-valid bounds of the log ratio of events, candidate to baseline.
	low, high float64
}

// look takes in one interval and gives the verdict on one metric.
func (m *metric) look(v *view, least float64) analysis.Result {
	var f findings
	r, err := m.read(v)
	if err != nil {
		f.missing = err.Error()
		return m.result(v, f)
	}
	m.Valued = m.Valued || m.c.Worse != analysis.None || !math.IsNaN(r.value[0]) || !math.IsNaN(r.value[1])
	if m.Valued {
		return m.lookValues(v, r, least)
	}
	fresh := m.Boundary.At == 0
	m.teach(v, r)
	if fresh && m.Boundary.At > 0 {
		if r, err = m.read(v); err != nil {
			f.missing = err.Error()
			return m.result(v, f)
		}
	}
	m.take(v, r)
	f.missing = m.missing(r, least)
	if f.missing == "" {
		m.weighLimit(&f)
		m.weigh(v, &f)
	}
	if f.fail == "" && f.doubt == "" {
		f.doubt = m.silent(v)
	}
	return m.result(v, f)
}

// silent says who was not heard of in this very look. What was seen before says nothing about now: no step is passed on it.
func (m *metric) silent(v *view) string {
	for arm, name := range [...]string{"the baseline", "the candidate"} {
		if arm == int(analysis.Baseline) && (v.Weight >= 100 || !compares(m.c)) {
			continue
		}
		heard := slices.ContainsFunc(v.newest, func(o analysis.Observation) bool {
			return o.Metric == m.c.Name && int(o.Arm) == arm && (o.Requests > 0 || o.Value != nil || o.Latency.Total() > 0)
		})
		switch {
		case heard:
		case m.Valued:
			return "no value from " + name + " in this interval"
		default:
			return "no requests from " + name + " in this interval"
		}
	}
	return ""
}

// missing says what keeps the metric from being judged.
func (m *metric) missing(r *reading, least float64) string {
	c := m.c
	switch {
	case !c.Errors && !(c.Quantile > 0 && c.Quantile < 1):
		return "neither an error rate nor a quantile to judge"
	case !compares(c) && !(c.Limit > 0):
		return "neither an increase nor a limit to judge by"
	case m.Tally.Seen == 0:
		return "no requests from the candidate yet"
	case float64(m.Tally.Seen) < least:
		return shortage(float64(m.Tally.Seen), least, "the candidate so far")
	case compares(c) && m.Tally.Requests[analysis.Baseline] == 0 && m.Drift.Requests == 0:
		return "no requests from the baseline yet"
	case r.across[0] || r.across[1]:
		return "can't be compared: the two versions use different histogram buckets"
	}
	return ""
}

// weigh compares the candidate with the baseline.
func (m *metric) weigh(v *view, f *findings) {
	if !compares(m.c) {
		return
	}
	if !m.Valued && !m.c.Errors && m.Boundary.At == 0 {
		f.unknown = m.noBoundary()
		return
	}
	all := curve{m.Comparison.spans, m.temper(m.Comparison.total())}
	f.low, f.high = m.interval(all)
	e := m.Comparison.evidence(m.temper)
	past := m.lastEvidence()
	anytime := max(e.anytime, past+math.Log((1-firstOnset)/(mostSpans-1)))
	switch {
	case f.fail != "" || f.doubt != "":
	case m.proven(anytime):
		f.fail = worse
	case m.uses(Hold) && (e.fromStart > leans || e.newest > leans || past > leansPast || anytime > m.proof-alert):
		f.doubt = "it looks worse, but this may still be chance"
	case v.Weight < 100 || m.Comparison.total().Looks == 0:
		m.weighHarm(v, f, all)
	}
}

// worse is the reason of a failure that the numbers tell by themselves.
const worse = "worse"

// noneWarm is the doubt while the candidate's pods only warm up, or the baseline is silent.
func (m *metric) noneWarm() string { return "too few " + m.evidence() + " from warm pods yet" }

// evidence is what there may be too little of.
func (m *metric) evidence() string {
	if m.plain() {
		return "values"
	}
	return "requests"
}

// proven says that the candidate is worse than tolerated: the evidence is enough and has not stopped, or it is a disaster.
func (m *metric) proven(evidence float64) bool {
	if float64(m.Guard) >= m.alarm {
		return true
	}
	return evidence >= m.proof
}

// weighHarm asks whether harm at the next weight has become implausible.
func (m *metric) weighHarm(v *view, f *findings, all curve) {
	if m.Comparison.total().Looks == 0 {
		f.doubt = m.noneWarm()
		return
	}
	room := 1 - float64(v.Next)/100
	room *= room / 0.64
	worst, likely := m.worst(all, all.upper()), m.worst(all, all.best())
	strict, wide := m.harm(harmErrors, harmLatency), m.harm(limitedErrors, limitedLatency)
	early := earlyLatency
	switch {
	case m.c.Errors:
		early = earlyErrors
	case m.plain():
		early = earlyValue
	}
	switch {
	case worst <= strict+early*room:
	case v.inRelease >= limitedAfter && worst <= wide+early*room && likely <= strict+early*room:
		f.limited = true
	case v.Next <= lowWeight && (v.inStep >= lowWait || m.harmed(v, all) <= fewHarmed):
		f.limited = true
	default:
		f.doubt = "too few " + m.evidence() + " yet to rule out harm"
		f.wait = m.wait(v, worst, strict+early*room)
	}
}

// harm is the increase that must be implausible in the end.
func (m *metric) harm(errors, latency float64) float64 {
	switch {
	case m.c.Errors:
		return max(errors, m.c.Absolute, m.c.Relative*m.share(analysis.Baseline))
	case !m.Valued:
		return max(latency, m.slack())
	case m.ratios():
		return max(latency, m.slackOf(m.mean(analysis.Baseline)))
	}
	return latency / harmLatency // in tolerated differences
}

// share is an arm's share of events in the release.
func (m *metric) share(arm analysis.Arm) float64 {
	return float64(m.Tally.Events[arm]+0.5) / float64(m.Tally.Requests[arm]+100)
}

// worst is the increase that a log ratio g comes to, the greatest plausible one for g at the curve's upper bound: of the error
// rate as a fraction of requests, of the quantile as a fraction of it.
func (m *metric) worst(c curve, g float64) float64 {
	if m.Valued {
		return m.worstValue(g)
	}
	ratio := m.ratio(g)
	if !m.c.Errors {
		return m.Boundary.slowdown(ratio)
	}
	base := m.share(analysis.Baseline)
	return min(ratio*base, m.alone(c.temper, oneSided)) - base
}

// ratio is the ratio of the arms' shares of events at a log ratio beyond the tolerated one.
func (m *metric) ratio(g float64) float64 {
	if !m.c.Errors {
		return math.Exp(g) * m.allow(1, 1, m.part())
	}
	y, n := float64(m.Tally.Events[analysis.Baseline])+0.5, float64(m.Tally.Requests[analysis.Baseline])
	return math.Exp(g) * m.allow(y, n, m.part()) / y
}

// alone is the greatest plausible share of errors from the candidate's own counts: where there are hardly any errors, the
// split of them says nothing. z is how many standard errors are still plausible. Poisson, with the approximation of Wilson and Hilferty (1931).
func (m *metric) alone(temper, z float64) float64 {
	k := float64(m.Tally.Events[analysis.Candidate])/temper + 1
	t := 1 - 1/(9*k) + z/(3*math.Sqrt(k))
	return temper * k * t * t * t / float64(m.Tally.Requests[analysis.Candidate])
}

// harmed is how many requests may plausibly be harmed at the next weight until the engine would have reacted.
func (m *metric) harmed(v *view, c curve) float64 {
	increase := m.worst(c, c.upper())
	switch {
	case m.plain():
		return math.Inf(1) // nobody counts the requests behind a plain value
	case m.Valued:
		increase = 1 - m.c.Quantile // as many are slower than the quantile
	case !m.c.Errors:
		base := m.share(analysis.Baseline)
		increase = min(m.ratio(c.upper())*base, 1) - base
	}
	requests := float64(m.Tally.Requests[0]+m.Tally.Requests[1]) / v.inRelease.Seconds()
	return max(min(increase, 1), 0) * requests * float64(v.Next) / 100 * reaction.Seconds()
}

// wait is about how long at this weight until so little harm is plausible, if nothing is wrong.
func (m *metric) wait(v *view, worst, allowed float64) time.Duration {
	if !(worst > allowed) || math.IsInf(worst, 1) || allowed <= 0 {
		return 0
	}
	more := worst / allowed // the bound shrinks with the root of the evidence
	d := time.Duration((more*more - 1) * float64(v.inStep))
	if v.Next <= lowWeight {
		d = min(d, lowWait-v.inStep)
	}
	return max(d, 0)
}

// interval bounds the log ratio of events, candidate to baseline, at all times together with 95%: it holds the ratios against
// which the mixture of the rollback, or its mirror image, has not reached the evidence of 1 in 40.
func (m *metric) interval(c curve) (low, high float64) {
	c.spans = []span{totalOf(c.spans).span} // the mixture is looked at many times, and this is for people
	low, high = c.bound(1), c.bound(-1)
	if m.Valued {
		margin := m.valueMargin(m.mean(analysis.Baseline))
		return low + margin, high + margin
	}
	return math.Log(m.ratio(low)), math.Log(m.ratio(high))
}
