package world

import "math"

// Coarse are the default buckets of Prometheus' client libraries, in seconds.
func Coarse() []float64 { return []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10} }

// Finer are buckets about 19% apart from 8 ms to 12 s, as a careful person would choose.
func Finer() []float64 { return spread(0.008, 12, math.Pow(2, 0.25)) }

// Native are the buckets of a native histogram of schema 3: 9% apart.
func Native() []float64 { return spread(0.001, 30, math.Pow(2, 0.125)) }

// CutOff are buckets that end before the usual service's p95.
func CutOff() []float64 { return []float64{.005, .01, .025, .05, .1, .2} }

// sketch is fine enough that reading a quantile off it adds no error worth mentioning: 2% from 1 ms to 2 minutes.
func sketch() []float64 { return spread(0.001, 120, 1.02) }

func spread(from, to, factor float64) []float64 {
	var bounds []float64
	for x := from; x < to; x *= factor {
		bounds = append(bounds, x)
	}
	return bounds
}
