package service

import (
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// z95 is the 95th percentile of the standard normal distribution.
	z95 = 1.6448536269514722
	// maxLatency bounds what a wide distribution can draw.
	maxLatency = 30 * time.Second
)

// logNormal is the distribution whose logarithm is normal. The zero value always draws zero.
type logNormal struct {
	median float64 // nanoseconds
	sigma  float64 // of the logarithm
}

// newLogNormal has the given median and 95th percentile; p95 must be at least p50, and both zero or neither.
func newLogNormal(p50, p95 time.Duration) logNormal {
	if p50 <= 0 {
		return logNormal{}
	}
	return logNormal{median: float64(p50), sigma: math.Log(float64(p95)/float64(p50)) / z95}
}

// at is the latency z standard deviations from the median.
func (d logNormal) at(z float64) time.Duration {
	return clamp(d.median * math.Exp(d.sigma*z))
}

func clamp(nanoseconds float64) time.Duration {
	return time.Duration(min(nanoseconds, float64(maxLatency)))
}

// dice draws what happens to each request. Draws are in the order of arrival, so one seed and one sequence of requests give
// one sequence of outcomes, whatever the behaviour. It is safe for concurrent use.
type dice struct {
	mu  sync.Mutex
	rng *rand.Rand
}

// newDice starts the sequence of seed, or a random one for 0.
func newDice(seed uint64) *dice {
	if seed == 0 {
		seed = rand.Uint64()
	}
	return &dice{rng: rand.New(rand.NewPCG(seed, 0x5e21))}
}

// roll says how long one request takes under b and whether it fails.
func (d *dice) roll(b Behaviour) (latency time.Duration, fail bool) {
	d.mu.Lock()
	z, u := d.rng.NormFloat64(), d.rng.Float64()
	d.mu.Unlock()
	latency = newLogNormal(b.P50, b.P95).at(z)
	return clamp(float64(latency) * b.LatencyFactor), u < b.ErrorRate
}
