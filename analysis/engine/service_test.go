package engine

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// service draws looks of a release: independent requests, log-normal durations, equal pods. The benchmark in test/decisions has the
// worlds that are not like this.
type service struct {
	rng  *rand.Rand
	now  time.Time
	rate float64 // requests per second of both arms
	pods [2]int
	// errors is the share of failing requests, slower the factor on durations, by arm.
	errors, slower [2]float64
	bounds         []float64
	whole, scalar  bool // the source knows only arms, or only one p95 per arm
	born           [2]time.Time
}

const lookSeconds = 15

func healthy(seed uint64, rate float64) *service {
	now := time.Unix(1_800_000_000, 0)
	return &service{
		rng: rand.New(rand.NewPCG(seed, 1)), now: now, rate: rate, pods: [2]int{10, 10}, errors: [2]float64{0.002, 0.002}, slower: [2]float64{1, 1},
		bounds: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}, born: [2]time.Time{now.Add(-time.Hour), {}},
	}
}

// usual is a policy as most Canaries have it.
func usual() analysis.Policy {
	return analysis.Policy{MinRequests: 50, WarmUp: 30 * time.Second, Criteria: []analysis.Criterion{
		{Name: "errors", Errors: true, Relative: 0.25, Absolute: 0.001},
		{Name: "latency", Quantile: 0.95, Relative: 0.1, Absolute: 0.005},
	}}
}

// look draws the next interval at a weight.
func (s *service) look(weight, next int32) analysis.Look {
	l := analysis.Look{Window: analysis.Window{From: s.now, To: s.now.Add(lookSeconds * time.Second)}, Weight: weight, Next: next}
	s.now = l.Window.To
	if weight > 0 && s.born[analysis.Candidate].IsZero() {
		s.born[analysis.Candidate] = l.Window.From
	}
	for arm, share := range [2]float64{1 - float64(weight)/100, float64(weight) / 100} {
		if share == 0 {
			continue
		}
		total := make([]float64, len(s.bounds)+1)
		var n, failed float64
		for i := range s.pods[arm] {
			name := fmt.Sprintf("pod-%d-%d", arm, i)
			l.Pods = append(l.Pods, analysis.Pod{Name: name, Arm: analysis.Arm(arm), ReadySince: s.born[arm]})
			counts, requests, errors := s.draw(arm, s.rate*share*lookSeconds/float64(s.pods[arm]))
			n, failed = n+requests, failed+errors
			for k := range counts {
				total[k] += counts[k]
			}
			if !s.whole && !s.scalar {
				l.Observations = append(l.Observations, s.observe(arm, name, counts, requests, errors)...)
			}
		}
		if s.whole || s.scalar {
			o := s.observe(arm, "", total, n, failed)
			if s.scalar {
				o[1].Value, o[1].Latency = s.p95(total, n), nil
			}
			l.Observations = append(l.Observations, o...)
		}
	}
	return l
}

func (s *service) observe(arm int, pod string, counts []float64, n, failed float64) []analysis.Observation {
	return []analysis.Observation{
		{Metric: "errors", Arm: analysis.Arm(arm), Pod: pod, Requests: n, Errors: failed},
		{Metric: "latency", Arm: analysis.Arm(arm), Pod: pod, Requests: n, Latency: s.histogram(counts)},
	}
}

func (s *service) histogram(counts []float64) analysis.Histogram {
	var h analysis.Histogram
	lower := 0.0
	for i, c := range counts {
		upper := math.Inf(1)
		if i < len(s.bounds) {
			upper = s.bounds[i]
		}
		h = append(h, analysis.Bucket{Lower: lower, Upper: upper, Count: c})
		lower = upper
	}
	return h
}

func (s *service) p95(counts []float64, n float64) *float64 {
	h := s.histogram(counts)
	v, _ := quantile(h, 0.95)
	// within a bucket an interpolated value hardly moves; a source that gives one number has finer buckets
	v *= math.Exp(s.rng.NormFloat64() * math.Sqrt(4/max(n, 1)))
	return &v
}

// draw is one pod's look: 85% of the requests around 60 ms, 15% around 200 ms.
func (s *service) draw(arm int, mean float64) (counts []float64, n, failed float64) {
	counts = make([]float64, len(s.bounds)+1)
	before := 0.0
	for i := range counts {
		reached := 1.0
		if i < len(s.bounds) {
			x := s.bounds[i] / s.slower[arm]
			reached = 0.85*normal(math.Log(x/0.06)/0.45) + 0.15*normal(math.Log(x/0.2)/0.6)
		}
		counts[i] = s.poisson(mean * (reached - before))
		before = reached
		n += counts[i]
	}
	return counts, n, min(s.poisson(mean*s.errors[arm]), n)
}

func normal(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// poisson multiplies uniforms (Knuth), and rounds a normal for large means.
func (s *service) poisson(mean float64) float64 {
	if mean > 200 {
		return max(math.Round(mean+math.Sqrt(mean)*s.rng.NormFloat64()), 0)
	}
	n := 0.0
	for p, end := s.rng.Float64(), math.Exp(-mean); p > end; n++ {
		p *= s.rng.Float64()
	}
	return n
}

// learn gives an engine half an hour of the baseline.
func (s *service) learn(e *Engine) {
	for range 120 {
		e.Learn(s.look(0, 10))
	}
}

// ended is how a release went.
type ended struct {
	verdict analysis.Verdict // Pass when it was promoted
	after   time.Duration
	weight  int32
	report  analysis.Report
}

// release takes an engine through ten steps of a minute each. change is called before each look; nil changes nothing.
func (s *service) release(e *Engine, change func(after time.Duration, weight int32)) ended {
	var after, inStep time.Duration
	weight := int32(10)
	for after < time.Hour {
		if change != nil {
			change(after, weight)
		}
		r := e.Look(s.look(weight, min(weight+10, 100)))
		after += lookSeconds * time.Second
		inStep += lookSeconds * time.Second
		switch {
		case r.Verdict == analysis.Fail:
			return ended{analysis.Fail, after, weight, r}
		case r.Verdict == analysis.Pass && inStep >= time.Minute && weight == 100:
			return ended{analysis.Pass, after, weight, r}
		case r.Verdict == analysis.Pass && inStep >= time.Minute:
			weight, inStep = weight+10, 0
		}
	}
	return ended{analysis.Inconclusive, after, weight, analysis.Report{}}
}
