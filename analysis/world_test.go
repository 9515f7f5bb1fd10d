package analysis

import (
	"math"
	"math/rand/v2"
)

// arm draws the requests of one arm: independent, with log-normal durations in the buckets of a layout.
type arm struct {
	rate   float64 // requests a second
	errors float64 // share of requests that fail
	median float64 // seconds
	slower float64 // factor on every duration
	layout []float64
}

// sigma of the logarithm puts p95 at 2.5 times the median.
const sigma = 0.557

// semconv are the boundaries that OpenTelemetry advises, in seconds.
func semconv() []float64 {
	return []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
}

// fine is a layout like that of a native histogram: boundaries 9% apart, from 1 ms to 20 s.
func fine() []float64 {
	var b []float64
	for x := 0.001; x < 20; x *= math.Pow(2, 0.125) {
		b = append(b, x)
	}
	return b
}

// healthy is the arm that both are when nothing is wrong: 0.2% errors, p95 150 ms.
func healthy(rate float64) arm {
	return arm{rate: rate, errors: 0.002, median: 0.060, slower: 1, layout: semconv()}
}

// second draws one second's counts.
func (a arm) second(rng *rand.Rand) tally {
	var t tally
	lower, before := 0.0, 0.0
	for i := 0; i <= len(a.layout); i++ {
		upper, reached := math.Inf(1), 1.0
		if i < len(a.layout) {
			upper = a.layout[i]
			reached = normal(math.Log(upper/(a.median*a.slower)) / sigma)
		}
		n := poisson(rng, a.rate*(reached-before))
		t.latency = append(t.latency, Bucket{lower, upper, n})
		t.requests += n
		lower, before = upper, reached
	}
	t.errors = min(poisson(rng, a.rate*a.errors), t.requests)
	return t
}

// add sums two tallies of one layout.
func (t tally) add(o tally) tally {
	return tally{t.requests + o.requests, t.errors + o.errors, t.latency.add(o.latency)}
}

func normal(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// poisson multiplies uniforms (Knuth); mean must be moderate.
func poisson(rng *rand.Rand, mean float64) float64 {
	n := 0.0
	for p, end := rng.Float64(), math.Exp(-mean); p > end; n++ {
		p *= rng.Float64()
	}
	return n
}

// observe makes the observations of one look, as a source that knows only arms would.
func observe(baseline, candidate tally) []Observation {
	return []Observation{
		{Metric: "errors", Arm: Baseline, Requests: baseline.requests, Errors: baseline.errors},
		{Metric: "errors", Arm: Candidate, Requests: candidate.requests, Errors: candidate.errors},
		{Metric: "latency", Arm: Baseline, Latency: baseline.latency},
		{Metric: "latency", Arm: Candidate, Latency: candidate.latency},
	}
}

// usual is a policy as most Canaries have it.
func usual() Policy {
	return Policy{MinRequests: 50, Criteria: []Criterion{
		{Name: "errors", Errors: true, Relative: 0.1, Absolute: 0.001},
		{Name: "latency", Quantile: 0.95, Relative: 0.1, Absolute: 0.005},
	}}
}
