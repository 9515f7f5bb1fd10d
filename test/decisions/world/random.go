package world

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"
)

// random draws what a world leaves to chance.
type random struct {
	*rand.Rand
	source *rand.PCG
}

// newRandom gives every stream of every seed its own sequence.
func newRandom(seed, stream uint64) random {
	source := rand.NewPCG(seed, stream)
	return random{rand.New(source), source}
}

// clone draws what r is about to draw.
func (r random) clone() random {
	source := *r.source
	return random{rand.New(&source), &source}
}

// between is uniform from low to high.
func (r random) between(low, high float64) float64 { return low + (high-low)*r.Float64() }

// happens is true once per an average of perHour ticks' worth of an hour.
func (r random) happens(perHour float64) bool {
	return perHour > 0 && r.Float64() < perHour*Tick.Hours()
}

// poisson draws a count. Small means are inverted term by term; for others the counts come by transformed rejection (PTRS in
// Hörmann 1993, The transformed rejection method for generating Poisson random variables).
func (r random) poisson(mean float64) float64 {
	const small = 10
	switch {
	case mean <= 0:
		return 0
	case mean < small:
		term, left, count := math.Exp(-mean), r.Float64(), 0.0
		for left > term && term > 0 {
			left -= term
			count++
			term *= mean / count
		}
		return count
	}
	spread := 0.931 + 2.53*math.Sqrt(mean)
	a := 0.02483*spread - 0.059
	inverse := 1.1239 + 1.1328/(spread-3.4)
	squeeze := 0.9277 - 3.6224/(spread-2)
	for {
		u, v := r.Float64()-0.5, r.Float64()
		edge := 0.5 - math.Abs(u)
		count := math.Floor((2*a/edge+spread)*u + mean + 0.43)
		if edge >= 0.07 && v <= squeeze {
			return count
		}
		if count < 0 || edge < 0.013 && v > edge {
			continue
		}
		factorial, _ := math.Lgamma(count + 1)
		if math.Log(v*inverse/(a/(edge*edge)+spread)) <= count*math.Log(mean)-mean-factorial {
			return count
		}
	}
}

// binomial draws how many of n have what each has with the given share.
func (r random) binomial(n, share float64) float64 {
	switch {
	case n <= 0 || share <= 0:
		return 0
	case share >= 1:
		return n
	case n*share > 10:
		return distuv.Binomial{N: n, P: share, Src: r.source}.Rand()
	}
	term, left, count := math.Exp(n*math.Log1p(-share)), r.Float64(), 0.0
	for left > term && count < n {
		left -= term
		term *= (n - count) / (count + 1) * share / (1 - share)
		count++
	}
	return count
}

// gamma draws a factor with mean 1 and variance 1/shape.
func (r random) gamma(shape float64) float64 {
	return distuv.Gamma{Alpha: shape, Beta: shape, Src: r.source}.Rand()
}

// wander is one tick of a stationary Gaussian process of mean 0 that forgets within memory seconds (Ornstein-Uhlenbeck).
func (r random) wander(value, deviation, memory float64) float64 {
	if deviation == 0 {
		return 0
	}
	kept := math.Exp(-Tick.Seconds() / memory)
	return kept*value + deviation*math.Sqrt(1-kept*kept)*r.NormFloat64()
}
