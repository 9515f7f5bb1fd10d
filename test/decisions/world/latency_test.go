package world

import (
	"math"
	"testing"

	"github.com/serin-dev/serin/analysis"
)

func TestACurveIsTheDistributionOfItsMixture(t *testing.T) {
	for name, m := range map[string]Mixture{
		"log-normal": {{Share: 1, Median: 0.1, Sigma: 0.5}},
		"Pareto":     {{Share: 1, Median: 0.1, Tail: 1.5}},
		"a mixture":  Web(),
	} {
		t.Run(name, func(t *testing.T) {
			c := m.curve()
			for x := -11.0; x < 9; x += 0.37 {
				want := 0.0
				for _, part := range m {
					want += part.Share * part.below(x)
				}
				if got := c.at(x); math.Abs(got-want) > 1e-4 {
					t.Errorf("%g of the durations up to %g s, want %g", got, math.Exp(x), want)
				}
			}
			if c.at(-100) > 1e-6 || c.at(100) != 1 {
				t.Error("not all durations are between the ends")
			}
			if got := c.at(c.quantile(0.95)); math.Abs(got-0.95) > 0.005 {
				t.Errorf("%g of the durations are below the p95", got)
			}
		})
	}
}

func TestHalfOfAComponentTakesLongerThanItsMedian(t *testing.T) {
	for _, c := range []Component{{Median: 0.2, Sigma: 0.7}, {Median: 0.2, Tail: 1.3}} {
		if got := c.below(math.Log(0.2)); math.Abs(got-0.5) > 1e-9 {
			t.Errorf("%+v: %g", c, got)
		}
	}
}

func TestABlendWithTheUsualShareIsTheWhole(t *testing.T) {
	b := Web().blend()
	for x := -5.0; x < 2; x += 0.1 {
		parts := b.usual*b.heavy.at(x) + (1-b.usual)*b.light.at(x)
		if got := b.below(x, b.usual, 0); math.Abs(got-parts) > 1e-9 {
			t.Errorf("%g below %g s, of the parts %g", got, math.Exp(x), parts)
		}
	}
	if b.below(-1.4, b.usual, math.Log(2)) >= b.below(-1.4, b.usual, 0) {
		t.Error("a slower tail makes nothing slower")
	}
}

func TestAQuantileIsReadAsPromQLDoes(t *testing.T) {
	h := analysis.Histogram{{Lower: 0, Upper: 0.1, Count: 50}, {Lower: 0.1, Upper: 0.2, Count: 40}, {Lower: 0.2, Upper: math.Inf(1), Count: 10}}
	for q, want := range map[float64]float64{0.25: 0.05, 0.5: 0.1, 0.7: 0.15, 0.95: 0.2} {
		if got := Quantile(q, h); math.Abs(got-want) > 1e-12 {
			t.Errorf("the %g-quantile is %g, want %g", q, got, want)
		}
	}
	if !math.IsNaN(Quantile(0.5, nil)) {
		t.Error("nothing has a quantile")
	}
}
