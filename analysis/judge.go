package analysis

import (
	"math"
	"strings"
)

// A Pass tolerates harm that so few requests can't rule out, up to these bounds: a step exposes little traffic for a short
// time, and the next one looks again with more. Without such room a healthy release at 15 requests a second would need
// half an hour to show that its error rate did not rise by 0.1 points.
const (
	harmErrors  = 0.02 // fraction of requests, on top of the tolerated increase
	harmLatency = 1.0  // of the baseline's quantile, on top of the tolerated increase
)

// Judge weighs the candidate against the baseline, criterion by criterion. Observations with the criterion's name are
// summed by arm, whatever their pods and windows, so it does not matter how finely they were taken.
//
// A criterion fails only on proof that the candidate is worse than tolerated, and passes only if nothing points that way
// and gross harm is ruled out. Otherwise, or when numbers are missing or make no sense, it is Inconclusive. More evidence
// of the same kind never takes a Fail back.
//
// Requests are taken to be independent of each other, and the level of proof is fixed. Noise at repeated looks is thereby
// unlikely to fail a good release, but the risk has no bound that holds for any number of looks.
func Judge(p Policy, obs []Observation) Report {
	least := p.MinRequests
	if !(least >= 1) {
		least = 1
	}
	results := make([]Result, 0, len(p.Criteria))
	for _, c := range p.Criteria {
		results = append(results, judge(c, least, collect(c, obs)))
	}
	return combine(results)
}

// combine lets any Fail fail, and any Inconclusive withhold the Pass.
func combine(results []Result) Report {
	if len(results) == 0 {
		return Report{Message: "nothing to judge: there is no metric"}
	}
	verdict := Pass
	for _, r := range results {
		if r.Verdict == Fail || r.Verdict == Inconclusive && verdict == Pass {
			verdict = r.Verdict
		}
	}
	var sentences []string
	for _, r := range results {
		if r.Verdict == verdict {
			sentences = append(sentences, r.Message)
		}
	}
	return Report{Verdict: verdict, Message: strings.Join(sentences, "; "), Results: results}
}

// judge gives the verdict on one criterion.
func judge(c Criterion, least float64, e evidence) Result {
	f := nothing()
	f.missing = e.missing(c, least)
	if f.missing == "" {
		c.weighLimit(&f, e)
		c.weighIncrease(&f, e, least)
	}
	return c.result(f, e)
}

// findings is what the evidence says about one criterion. Numbers that it says nothing about are NaN.
type findings struct {
	baseline, candidate, difference interval
	// allowed is the tolerated difference.
	allowed float64
	// overLimit and worse are proven.
	overLimit, worse bool
	// missing is what keeps the criterion from being judged at all, unknown why its value can't be told, and doubt why
	// it does not pass.
	missing, unknown, doubt string
}

func nothing() findings {
	none := interval{math.NaN(), math.NaN(), math.NaN()}
	return findings{baseline: none, candidate: none, difference: none, allowed: math.NaN()}
}

// weighLimit looks at the candidate alone.
func (c Criterion) weighLimit(f *findings, e evidence) {
	f.candidate = c.value(e.candidate, proofNats)
	if beyond(f.candidate) {
		f.unknown = "lies beyond the last finite bucket (" + FormatValue(e.candidate.latency.last(), true) +
			"): the histogram needs larger buckets"
	}
	if !(c.Limit > 0) {
		return
	}
	if c.Errors {
		f.overLimit = f.candidate.low > c.Limit
	} else { // greater than the lower boundary of its bucket is all that is known of a duration for sure
		f.overLimit = e.candidate.latency.surely(c.Quantile, proofNats) >= c.Limit
	}
	if f.candidate.estimate > c.Limit {
		f.doubt = "over the limit of " + FormatValue(c.Limit, c.seconds()) + ", but this may still be chance"
	}
}

// weighIncrease compares the candidate with the baseline.
func (c Criterion) weighIncrease(f *findings, e evidence, least float64) {
	if !c.compares() {
		return
	}
	if short := shortage(e.baseline.requests, least, "baseline"); short != "" {
		f.doubt = short
		return
	}
	f.baseline = c.value(e.baseline, proofNats)
	proof, lean := c.compare(e, proofNats), c.compare(e, leanNats)
	switch {
	case beyond(f.baseline) || beyond(proof.baseline):
		f.unknown = "lies beyond the last finite bucket on the baseline: the histogram needs larger buckets"
		return
	case !proof.comparable:
		f.unknown = "can't be compared: the two versions use different histogram buckets"
		return
	case beyond(proof.candidate) && f.unknown == "":
		f.unknown = "lies beyond the last finite bucket that both versions have: the histogram needs larger buckets"
	}
	f.baseline, f.candidate = proof.baseline, proof.candidate
	f.difference = proof.difference
	f.allowed = max(c.Relative*f.baseline.estimate, c.Absolute)
	f.worse = proof.worse
	switch {
	case lean.worse || f.difference.estimate > 2*f.allowed:
		// The estimate of a healthy candidate lies beyond what is tolerated now and then, and seldom beyond twice that.
		f.doubt = "it looks worse, but this may still be chance"
	case f.doubt == "" && lean.difference.high > f.allowed+c.harm(f.baseline.estimate):
		f.doubt = "too few requests yet to rule out harm"
	}
}

// comparison holds both arms' values and what separates them, at one level of confidence.
type comparison struct {
	baseline, candidate, difference interval
	// worse says that the candidate exceeds the baseline by more than the relative and by more than the absolute increase,
	// as the larger one is tolerated.
	worse bool
	// comparable is false when the arms' histograms share too few boundaries.
	comparable bool
}

// compare measures both arms with the same rule.
func (c Criterion) compare(e evidence, nats float64) comparison {
	k := comparison{comparable: true}
	if c.Errors {
		k.baseline = c.value(e.baseline, nats)
		k.candidate = c.value(e.candidate, nats)
	} else {
		baseline, candidate := align(e.baseline.latency, e.candidate.latency)
		var in [2]Bucket
		k.baseline, in[0] = baseline.quantile(c.Quantile, nats)
		k.candidate, in[1] = candidate.quantile(c.Quantile, nats)
		for _, b := range in { // coarser than both arms' own buckets: it would hide what they can tell
			k.comparable = k.comparable && (e.baseline.latency.has(b) || e.candidate.latency.has(b))
		}
	}
	k.difference = excess(k.candidate, k.baseline, 1)
	// the relative increase scales the baseline with its own uncertainty
	k.worse = k.difference.low > c.Absolute && excess(k.candidate, k.baseline, 1+c.Relative).low > 0
	return k
}

// value is the error rate or quantile of one arm.
func (c Criterion) value(t tally, nats float64) interval {
	if c.Errors {
		return proportion(t.errors, t.requests, nats)
	}
	v, _ := t.latency.quantile(c.Quantile, nats)
	return v
}

// harm is the increase, beyond the tolerated one, that a Pass has to rule out.
func (c Criterion) harm(baseline float64) float64 {
	if c.Errors {
		return harmErrors
	}
	return harmLatency * baseline
}

// compares is false when only a limit is judged.
func (c Criterion) compares() bool { return c.Relative > 0 || c.Absolute > 0 }

func (c Criterion) seconds() bool { return !c.Errors }

// beyond says that a quantile is known only to exceed some boundary.
func beyond(v interval) bool { return math.IsInf(v.estimate, 1) }
