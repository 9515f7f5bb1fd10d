package rules

import (
	"math"

	"github.com/serin-dev/serin/analysis"
)

// Independent is a sequential test that may be looked at whenever one likes, and takes every request to be independent of every
// other: per look, the split of the bad requests between the arms is binomial, and the likelihood ratios against a grid of worse
// candidates are averaged (a mixture sequential probability ratio test). Bad are errors, and requests slower than the bucket
// boundary nearest to the usual p95.
//
// Source: Robbins 1970, Statistical methods related to the law of the iterated logarithm; Johari, Koomen, Pekelis and Walsh 2022,
// Always valid inference: continuous monitoring of A/B tests; Lindon and Malek 2022, Anytime-valid inference for multinomial count data.
type Independent struct {
	// Errors and Latency are the nats of evidence that roll back; +Inf leaves a metric out. ln 200 each bounds false rollbacks by 1%
	// over both, were requests independent.
	Errors, Latency float64
	// Worse is the ratio of the odds that is still tolerated: 1 for none.
	Worse float64

	scene    Scene
	walk     Walk
	before   window
	boundary float64
	// evidence in nats against each member of the grid: by errors and by slow requests.
	evidence [2][]float64
}

// grid of ratios between the odds of a bad request for the candidate and what is tolerated.
func grid() []float64 { return []float64{1.15, 1.35, 1.8, 3, 6, 15, 60} }

// Start implements [Decider].
func (t *Independent) Start(s Scene) {
	t.scene, t.walk = s, Walk{Plan: s.Plan}
	for i := range t.evidence {
		t.evidence[i] = make([]float64, len(grid()))
	}
}

// Learn implements [Decider].
func (t *Independent) Learn(look analysis.Look) { t.before.add(look) }

// Decide implements [Decider].
func (t *Independent) Decide(look analysis.Look) Action {
	if t.boundary == 0 {
		t.boundary = nearest(t.before.arms[analysis.Baseline].latency, 0.95)
	}
	var now window
	now.add(look)
	var requests, errors, slow [2]float64
	for a := range now.arms {
		requests[a], errors[a], slow[a] = now.arms[a].requests, now.arms[a].errors, beyond(now.arms[a].latency, t.boundary)
	}
	if requests[analysis.Baseline] > 0 && requests[analysis.Candidate] > 0 {
		t.weigh(0, requests, errors)
		t.weigh(1, requests, slow)
	}
	if mixture(t.evidence[0]) >= t.Errors || mixture(t.evidence[1]) >= t.Latency {
		return Action{Kind: RollBack, Why: "evidence"}
	}
	return t.walk.Stroll(look)
}

// weigh adds one look's log likelihood ratios.
func (t *Independent) weigh(metric int, requests, bad [2]float64) {
	all := bad[analysis.Baseline] + bad[analysis.Candidate]
	odds := t.Worse * requests[analysis.Candidate]
	share := odds / (odds + requests[analysis.Baseline])
	for i, ratio := range grid() {
		t.evidence[metric][i] += bad[analysis.Candidate]*math.Log(ratio) - all*math.Log1p(share*(ratio-1))
	}
}

// mixture is the logarithm of the mean of e to the power of each.
func mixture(nats []float64) float64 {
	top := math.Inf(-1)
	for _, n := range nats {
		top = max(top, n)
	}
	sum := 0.0
	for _, n := range nats {
		sum += math.Exp(n - top)
	}
	return top + math.Log(sum/float64(len(nats)))
}

// nearest is the boundary whose share beyond it is nearest to that beyond the quantile, by ratio; +Inf without a histogram.
func nearest(h analysis.Histogram, q float64) float64 {
	best, boundary := math.Inf(1), math.Inf(1)
	below, total := 0.0, h.Total()
	for _, b := range h {
		below += b.Count
		if off := math.Abs(math.Log((1 - below/total) / (1 - q))); off < best && !math.IsInf(b.Upper, 1) {
			best, boundary = off, b.Upper
		}
	}
	return boundary
}

// beyond counts the durations above a boundary.
func beyond(h analysis.Histogram, boundary float64) float64 {
	n := 0.0
	for _, b := range h {
		if b.Lower >= boundary {
			n += b.Count
		}
	}
	return n
}
