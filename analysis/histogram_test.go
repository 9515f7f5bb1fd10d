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
