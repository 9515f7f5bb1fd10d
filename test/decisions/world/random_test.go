package world

import (
	"fmt"
	"math"
	"testing"
)

// moments are the mean and variance of many draws.
func moments(n int, draw func() float64) (mean, variance float64) {
	sum, squares := 0.0, 0.0
	for range n {
		x := draw()
		sum += x
		squares += x * x
	}
	mean = sum / float64(n)
	return mean, squares/float64(n) - mean*mean
}

// near fails unless got is within five standard errors of want.
func near(t *testing.T, what string, got, want, standardError float64) {
	t.Helper()
	if math.Abs(got-want) > 5*standardError {
		t.Errorf("%s is %g, want %g, give or take %g", what, got, want, 5*standardError)
	}
}

func TestCountsHaveTheMeanAndVarianceOfPoisson(t *testing.T) {
	const n = 40_000
	for _, mean := range []float64{0.001, 0.3, 3, 9.9, 10.1, 40, 700, 1e6} {
		t.Run(fmt.Sprint(mean), func(t *testing.T) {
			rng := newRandom(1, 2)
			gotMean, gotVariance := moments(n, func() float64 { return rng.poisson(mean) })
			near(t, "the mean", gotMean, mean, math.Sqrt(mean/n))
			near(t, "the variance", gotVariance, mean, math.Sqrt((mean+2*mean*mean)/n))
		})
	}
}

func TestHitsHaveTheMeanAndVarianceOfABinomial(t *testing.T) {
	const runs = 40_000
	for _, test := range []struct{ n, share float64 }{{1, 0.5}, {30, 0.01}, {30, 0.9}, {5000, 0.001}, {5000, 0.4}} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			rng := newRandom(3, 4)
			variance := test.n * test.share * (1 - test.share)
			gotMean, gotVariance := moments(runs, func() float64 {
				k := rng.binomial(test.n, test.share)
				if k < 0 || k > test.n || k != math.Round(k) {
					t.Fatalf("%g of %g", k, test.n)
				}
				return k
			})
			near(t, "the mean", gotMean, test.n*test.share, math.Sqrt(variance/runs))
			near(t, "the variance", gotVariance, variance, variance*math.Sqrt((2+1/variance)/runs))
		})
	}
}

func TestNothingHitsNothing(t *testing.T) {
	rng := newRandom(1, 1)
	if rng.poisson(0) != 0 || rng.binomial(0, 0.5) != 0 || rng.binomial(10, 0) != 0 || rng.binomial(10, 1) != 10 {
		t.Error("the edges of the distributions are wrong")
	}
}

func TestFactorsHaveMeanOne(t *testing.T) {
	const n, shape = 40_000, 0.3
	rng := newRandom(5, 6)
	mean, variance := moments(n, func() float64 { return rng.gamma(shape) })
	near(t, "the mean", mean, 1, math.Sqrt(1/shape/n))
	near(t, "the variance", variance, 1/shape, 0.2)
}

func TestWhatWandersStaysAsWideAndForgetsInTime(t *testing.T) {
	const n, deviation, memory = 200_000, 0.1, 50
	rng := newRandom(7, 8)
	value, before := 0.0, 0.0
	together := 0.0
	_, variance := moments(n, func() float64 {
		before, value = value, rng.wander(value, deviation, memory)
		together += before * value / n
		return value
	})
	near(t, "the variance", variance, deviation*deviation, deviation*deviation*0.01)
	near(t, "the correlation from tick to tick", together/variance, math.Exp(-0.1), 0.002)
	if rng.wander(1, 0, memory) != 0 {
		t.Error("something wanders that has no width")
	}
}
