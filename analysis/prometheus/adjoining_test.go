package prometheus_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/analysistest"
)

// history makes series of two pods scraped every 5 seconds from 0 to 300 by each of two jobs, with resets, missing scrapes, and
// series that appear late.
func history(rng *rand.Rand) *fake {
	f := &fake{}
	for _, pod := range []string{"api-1-aaaaa", "api-2-bbbbb"} {
		var missing [2][60]bool
		for i := range 60 {
			missing[0][i], missing[1][i] = i > 0 && rng.IntN(6) == 0, i > 0 && rng.IntN(6) == 0
		}
		restart := rng.IntN(120)
		for i, code := range []string{"200", "404", "500", "503"} {
			begins, value := i*rng.IntN(70), 0
			var samples [2][]string
			for at := range 60 {
				if at == restart {
					value = 0
				}
				for job := range samples {
					if at >= begins {
						value += rng.IntN(20)
					}
					if at >= begins && !missing[job][at] {
						samples[job] = append(samples[job], fmt.Sprintf("%d:%d", at*5+2*job, value))
					}
				}
			}
			f.add(counter(pod, code, ""), samples[0]...)
			f.add(strings.Replace(counter(pod, code, ""), `"pods"`, `"more"`, 1), samples[1]...)
		}
	}
	return f
}

func TestAdjoiningWindowsAddUp(t *testing.T) {
	query := analysis.Query{Metric: "errors", Preset: "classic", Errors: true}
	for seed := range 100 {
		rng := rand.New(rand.NewPCG(uint64(seed), 1))
		f := history(rng)
		whole, err := f.count(t, 20, 290, query)
		if err != nil {
			t.Fatal(err)
		}
		var parts []analysis.Observation
		for from := 20.0; from < 290; {
			to := min(from+float64(1+rng.IntN(40)), 290)
			part, err := f.count(t, from, to, query)
			if err != nil {
				t.Fatal(err)
			}
			parts, from = append(parts, part...), to
		}
		if diff := cmp.Diff(short(whole), short(observed(analysistest.Merge(parts)))); diff != "" {
			t.Fatalf("seed %d: the whole and its parts differ:\n%s", seed, diff)
		}
	}
}

// observed puts observations in order of their pods.
func observed(obs []analysis.Observation) []analysis.Observation {
	if len(obs) == 2 && obs[0].Pod > obs[1].Pod {
		obs[0], obs[1] = obs[1], obs[0]
	}
	return obs
}
