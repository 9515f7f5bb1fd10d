package analysis

import "math"

// Confidence, in nats: a bound at k nats is wrong with a probability of at most e^-k, and mostly of far less.
const (
	// proofNats is what a Fail needs, about 3.7 standard deviations. Judged every second for ten steps of a minute, a release
	// without regression gets many chances to look bad; TestHealthyReleases measures how few of them this level lets through.
	// No fixed level holds for any number of looks: only a sequential test does.
	proofNats = 7
	// leanNats is what a Pass may not ignore, about 1.2 standard deviations.
	leanNats = 0.7
)

// interval is an estimate and its bounds. Any of them may be infinite when the evidence does not reach that far.
type interval struct{ estimate, low, high float64 }

// proportion bounds the share behind hits among n independent requests, with the Chernoff bound
// P(hits/n >= x) <= exp(-n KL(x, p)) and its mirror image, inverted. Other than a normal interval it keeps its promise
// for a handful of errors, which is when a rollback is most tempting.
//
// Chernoff (1952), A measure of asymptotic efficiency for tests of a hypothesis based on the sum of observations.
func proportion(hits, n, nats float64) interval {
	share := hits / n
	far := func(p float64) bool { return n*divergence(share, p) > nats }
	return interval{share, crossing(share, 0, far), crossing(share, 1, far)}
}

// ranks bounds the observed rank at which the true q-quantile of n independent requests lies: the ranks u at which
// n KL(u, q) <= nats. The interval holds whatever the distribution is. A high bound of +Inf means that even the
// largest request may lie below the quantile.
func ranks(q, n, nats float64) interval {
	far := func(u float64) bool { return n*divergence(u, q) > nats }
	r := interval{q, crossing(q, 0, far), crossing(q, 1, far)}
	if r.high == 1 {
		r.high = math.Inf(1)
	}
	return r
}

// crossing is where far becomes true on the way from a point where it is false to end; end itself when it never does.
func crossing(from, end float64, far func(float64) bool) float64 {
	if !far(end) {
		return end
	}
	for range 40 { // halves a unit interval to less than 1e-12
		if mid := (from + end) / 2; far(mid) {
			end = mid
		} else {
			from = mid
		}
	}
	return from
}

// divergence is the Kullback-Leibler divergence between coins with probabilities a and b, in nats.
func divergence(a, b float64) float64 {
	return part(a, b) + part(1-a, 1-b)
}

func part(a, b float64) float64 {
	switch {
	case a <= 0:
		return 0
	case b <= 0:
		return math.Inf(1)
	}
	return a * math.Log(a/b)
}

// excess is candidate - scale*baseline. Its bounds combine the distances of the single bounds from their estimates as
// the sides of a right-angled triangle, which is exact for normal estimates and good for skewed ones.
//
// Newcombe (1998), Interval estimation for the difference between independent proportions, method 10; Zou and Donner
// (2008), Construction of confidence limits about effect measures, for any two intervals.
func excess(candidate, baseline interval, scale float64) interval {
	if math.IsInf(candidate.estimate, 1) { // known only to be at least low
		return interval{math.Inf(1), candidate.low - scale*baseline.high, math.Inf(1)}
	}
	d := candidate.estimate - scale*baseline.estimate
	return interval{
		estimate: d,
		low:      d - math.Hypot(candidate.estimate-candidate.low, scale*(baseline.high-baseline.estimate)),
		high:     d + math.Hypot(candidate.high-candidate.estimate, scale*(baseline.estimate-baseline.low)),
	}
}
