package world

import (
	"math"
	"sort"
)

// Component of a service's latency: a share of the requests whose durations are log-normal, or follow Pareto's law.
type Component struct {
	// Share of the requests, Median of their durations in seconds.
	Share, Median float64
	// Sigma is the standard deviation of the logarithm. Ignored when Tail is set.
	Sigma float64
	// Tail is Pareto's exponent: the share beyond x falls like x to the power of -Tail.
	Tail float64
}

// Mixture is a service's latency. The first component is its light requests; the others are the heavy ones, which a shift of
// the mix makes more or less frequent, and a regression of the tail slower.
type Mixture []Component

// Web is the latency of an ordinary web service: p95 300 ms.
func Web() Mixture {
	return Mixture{{Share: 0.80, Median: 0.060, Sigma: 0.45}, {Share: 0.17, Median: 0.175, Sigma: 0.50}, {Share: 0.03, Median: 0.650, Sigma: 0.70}}
}

// below is the share of durations up to e to the power of logSeconds.
func (c Component) below(logSeconds float64) float64 {
	z := logSeconds - math.Log(c.Median)
	if c.Tail > 0 {
		return max(0, 1-math.Exp(-c.Tail*z)/2)
	}
	return math.Erfc(-z/c.Sigma/math.Sqrt2) / 2
}

// The table of a curve: every 1% from 10 microseconds to three hours.
const (
	curveStep = 0.01
	curveFrom = -11.5
	curveTo   = 9.2
)

// curve is a distribution function, tabulated over the logarithm of the duration.
type curve []float64

// curve of the components, whose shares are taken relative to each other.
func (m Mixture) curve() curve {
	shares := 0.0
	for _, c := range m {
		shares += c.Share
	}
	table := make(curve, int((curveTo-curveFrom)/curveStep)+1)
	for i := range table {
		for _, c := range m {
			table[i] += c.Share / shares * c.below(curveFrom+float64(i)*curveStep)
		}
	}
	return table
}

// at is the share of durations up to e to the power of logSeconds.
func (c curve) at(logSeconds float64) float64 {
	position := (logSeconds - curveFrom) / curveStep
	i := int(position)
	switch {
	case position <= 0:
		return c[0]
	case i >= len(c)-1:
		return 1
	}
	return c[i] + (position-float64(i))*(c[i+1]-c[i])
}

// quantile is the logarithm of the duration up to which a share of the requests lies.
func (c curve) quantile(share float64) float64 {
	return curveFrom + float64(sort.SearchFloat64s(c, share))*curveStep
}

// blend is a curve of light and of heavy requests.
type blend struct {
	whole, light, heavy curve
	// usual is the share of heavy requests in whole.
	usual float64
}

func (m Mixture) blend() blend {
	b := blend{whole: m.curve(), light: m[:1].curve()}
	for _, c := range m[1:] {
		b.usual += c.Share
	}
	if b.heavy = b.light; len(m) > 1 {
		b.heavy = m[1:].curve()
	}
	return b
}

// below is the share of durations up to e to the power of logSeconds, when a share of the requests is heavy and takes longer
// by a factor of e to the power of heavier.
func (b *blend) below(logSeconds, share, heavier float64) float64 {
	if share == b.usual && heavier == 0 {
		return b.whole.at(logSeconds)
	}
	return share*b.heavy.at(logSeconds-heavier) + (1-share)*b.light.at(logSeconds)
}
