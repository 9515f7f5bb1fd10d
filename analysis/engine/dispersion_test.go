package engine

import (
	"math"
	"math/rand/v2"
	"testing"
)

// taught is a dispersion after so many looks at ten pods, whose rates of events are mean times the factors that pod gives.
func taught(looks int, mean float64, factor func(pod, look int, rng *rand.Rand) float64) *dispersion {
	rng := rand.New(rand.NewPCG(7, 7))
	s := service{rng: rng}
	d := &dispersion{prior: prior{look: 1.2, pods: 0.08, weight: 6}}
	for look := range looks {
		var cells []cell
		for pod := range 10 {
			cells = append(cells, cell{pod: uint32(pod + 1), events: s.poisson(mean * factor(pod, look, rng)), requests: 1000})
		}
		d.learn(cells)
	}
	return d
}

func TestTheScatterOfPodsIsLearned(t *testing.T) {
	lasting := [10]float64{0.7, 1.3, 0.8, 1.2, 1, 0.75, 1.25, 1, 0.9, 1.1}
	for name, c := range map[string]struct {
		factor     func(pod, look int, rng *rand.Rand) float64
		look, pods [2]float64 // the range that is right: dispersion of single looks, standard deviation over an hour
	}{
		"independent requests": {func(int, int, *rand.Rand) float64 { return 1 }, [2]float64{1, 1.35}, [2]float64{0, 0.09}},
		"pods that differ for good": {
			func(pod, _ int, _ *rand.Rand) float64 { return lasting[pod] }, [2]float64{1, 2}, [2]float64{0.15, 0.35},
		},
		"looks that differ": {
			func(_, _ int, rng *rand.Rand) float64 { return math.Exp(0.4 * rng.NormFloat64()) }, [2]float64{2.5, 8}, [2]float64{0, 0.2},
		},
		"one look in twenty is ten times as bad": {
			func(_, _ int, rng *rand.Rand) float64 {
				if rng.IntN(20) == 0 {
					return 10
				}
				return 1
			}, [2]float64{10, 200}, [2]float64{0, 1.2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := taught(240, 20, c.factor)
			if got := d.look(); got < c.look[0] || got > c.look[1] {
				t.Errorf("looks scatter %v times as much as independent requests, want %v", got, c.look)
			}
			if got := math.Sqrt(d.pods(240)); got < c.pods[0] || got > c.pods[1] {
				t.Errorf("pods differ by %v over an hour, want %v", got, c.pods)
			}
		})
	}
}

func TestWithoutAnythingSeenThePriorHolds(t *testing.T) {
	d := &dispersion{prior: prior{look: 1.2, pods: 0.1, weight: 6}}
	if got := d.look(); got < 1.2 || got > 2.4 {
		t.Errorf("looks scatter %v times", got)
	}
	if got := math.Sqrt(d.pods(10)); math.Abs(got-0.1) > 1e-9 {
		t.Errorf("pods differ by %v", got)
	}
}

func TestAVanishedPodIsForgotten(t *testing.T) {
	d := taught(64, 5, func(int, int, *rand.Rand) float64 { return 1 })
	for look := range 64 {
		d.learn([]cell{{pod: 99, events: 5, requests: 1000}, {pod: uint32(200 + look), events: 5, requests: 1000}})
	}
	if len(d.Pods) > mostPods {
		t.Errorf("%d pods are followed", len(d.Pods))
	}
	for _, p := range d.Pods {
		if p.Pod <= 10 {
			t.Errorf("pod %d has not been seen for 64 looks and is still followed", p.Pod)
		}
	}
}
