package analysis

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMerge(t *testing.T) {
	inf := math.Inf(1)
	for name, test := range map[string]struct{ a, b, want Histogram }{
		"nothing and something": {nil, Histogram{{0, 1, 5}}, Histogram{{0, 1, 5}}},
		"one layout":            {Histogram{{0, 1, 5}, {1, inf, 0}}, Histogram{{0, 1, 2}, {1, inf, 3}}, Histogram{{0, 1, 7}, {1, inf, 3}}},
		"a finer layout within a coarser": {
			Histogram{{0, 1, 5}, {1, 4, 6}},
			Histogram{{1, 2, 1}, {2, 4, 1}, {4, 8, 1}},
			Histogram{{0, 1, 5}, {1, 4, 8}, {4, 8, 1}},
		},
		"boundaries that cross become one bucket": {Histogram{{0, 2, 1}, {2, 4, 1}}, Histogram{{1, 3, 1}}, Histogram{{0, 4, 3}}},
		"an empty bucket has no say":              {Histogram{{0, 4, 0}, {4, 8, 1}}, Histogram{{1, 2, 1}, {2, 3, 1}}, Histogram{{1, 2, 1}, {2, 3, 1}, {4, 8, 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Histogram(nil).Merge(test.a, test.b)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.want, Histogram(nil).Merge(test.b, test.a)); diff != "" {
				t.Errorf("the other way round: %s", diff)
			}
		})
	}
}

func TestMergeKeepsCountsAndOrder(t *testing.T) {
	for seed := range 500 {
		rng := rand.New(rand.NewPCG(uint64(seed), 5))
		var sum Histogram
		var total float64
		for range rng.IntN(6) {
			var h Histogram
			for x := 0; x < 10; {
				y := x + 1 + rng.IntN(4)
				if rng.IntN(3) > 0 {
					h = append(h, Bucket{float64(x), float64(y), float64(rng.IntN(5))})
				}
				x = y
			}
			total += h.Total()
			sum = sum.Merge(h)
		}
		if err := sum.Validate(); err != nil || sum.Total() != total {
			t.Fatalf("seed %d: %v has %v of %v durations: %v", seed, sum, sum.Total(), total, err)
		}
	}
}

func TestQuantileOfALogNormalDistributionIsExact(t *testing.T) {
	for _, layout := range [][]float64{semconv(), fine()} {
		for _, p95 := range []float64{0.020, 0.094, 0.150, 0.3, 2} {
			value, _ := spread(1e7, p95, layout).quantile(0.95, proofNats)
			if math.Abs(value.estimate/p95-1) > 0.01 {
				t.Errorf("p95 of %v seconds is taken for %v in %d buckets", p95, value.estimate, len(layout))
			}
		}
	}
}

func TestQuantileBelowWhichNothingIsMissing(t *testing.T) {
	h := spread(50, 0.15, semconv()) // all fifty are below 0.25, which does not make 0.25 the slowest possible
	value, in := h.quantile(0.95, proofNats)
	if in.Upper != 0.25 || math.Abs(value.estimate/0.15-1) > 0.15 || !(value.low < value.estimate) {
		t.Errorf("p95 is taken for %+v, in %+v", value, in)
	}
}

func TestQuantileBoundsHoldTheTruth(t *testing.T) {
	const looks = 2000
	a := healthy(200)
	a.layout = fine()
	truth := a.median * math.Exp(1.6448536*sigma)
	outside := 0
	for seed := range looks {
		rng := rand.New(rand.NewPCG(uint64(seed), 6))
		if v, _ := a.second(rng).latency.quantile(0.95, 2); truth < v.low || truth > v.high {
			outside++
		}
	}
	if share := float64(outside) / looks; share > 2*math.Exp(-2) {
		t.Errorf("%v of the intervals miss the truth, at most %v may", share, 2*math.Exp(-2))
	}
}

func TestProportionBoundsHoldTheTruth(t *testing.T) {
	const looks, nats, requests = 5000, 3, 300
	for _, truth := range []float64{0.002, 0.01, 0.1, 0.5} {
		rng := rand.New(rand.NewPCG(8, 8))
		over, under := 0, 0
		for range looks {
			hits := 0.0
			for range requests {
				if rng.Float64() < truth {
					hits++
				}
			}
			v := proportion(hits, requests, nats)
			if truth < v.low {
				over++
			}
			if truth > v.high {
				under++
			}
		}
		if most := looks * math.Exp(-nats); float64(over) > most || float64(under) > most {
			t.Errorf("at %v the low bound was too high %d times and the high one too low %d times of %d, at most %.0f may be", truth, over, under, looks, most)
		}
	}
}

func TestBoundsAtTheEdges(t *testing.T) {
	if v := proportion(0, 100, 3); v.low != 0 || !(v.high > 0.02 && v.high < 0.04) {
		t.Errorf("no error in 100: %+v", v) // 1-exp(-3/100)
	}
	if v := proportion(100, 100, 3); v.high != 1 || !(v.low > 0.96 && v.low < 0.98) {
		t.Errorf("nothing but errors: %+v", v)
	}
	if r := ranks(0.95, 50, proofNats); !math.IsInf(r.high, 1) {
		t.Errorf("fifty requests bound p95 from above: %+v", r)
	}
	if r := ranks(0.95, 500, proofNats); !(r.low > 0.9 && r.high < 0.99) {
		t.Errorf("500 requests: %+v", r)
	}
}
