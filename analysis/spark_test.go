package analysis_test

import (
	"math"
	"testing"
	"unicode/utf8"

	"github.com/serin-dev/serin/analysis"
)

func TestBothArmsAreDrawnOnOneScale(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		baseline, candidate         []float64
		wantBaseline, wantCandidate string
		most                        float64
	}{
		"a slower candidate stands higher":      {[]float64{0.05, 0.05}, []float64{0.05, 0.1}, "▅▅", "▅█", 0.1},
		"without errors both lie on the ground": {[]float64{0, 0}, []float64{0, 0}, "▁▁", "▁▁", 0},
		"what nobody counted is left blank":     {[]float64{1, nan, 1}, []float64{nan, math.Inf(1), 0.5}, "█ █", "  ▅", 1},
		"what is below 0 is drawn as 0":         {[]float64{-5}, []float64{1}, "▁", "█", 1},
		"without looks there is nothing":        {nil, nil, "", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			b, cd, most := analysis.Sparks(c.baseline, c.candidate)
			if b != c.wantBaseline || cd != c.wantCandidate || most != c.most {
				t.Errorf("%q and %q up to %v, want %q and %q up to %v", b, cd, most, c.wantBaseline, c.wantCandidate, c.most)
			}
		})
	}
}

func FuzzSparks(f *testing.F) {
	f.Add(0.1, math.Inf(1), math.NaN())
	f.Add(-1.0, math.MaxFloat64, math.SmallestNonzeroFloat64)
	f.Fuzz(func(t *testing.T, x, y, z float64) {
		b, c, most := analysis.Sparks([]float64{x, y}, []float64{z})
		if utf8.RuneCountInString(b) != 2 || utf8.RuneCountInString(c) != 1 || !(most >= 0) || math.IsInf(most, 0) {
			t.Errorf("%v %v %v: %q, %q up to %v", x, y, z, b, c, most)
		}
	})
}
