package trace_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/trace"
)

var began = time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)

const interval = 15 * time.Second

// header is that of a release in ten steps.
func header() trace.Header {
	h := trace.Header{
		Canary: "read-api", Namespace: "shop",
		Baseline: trace.Revision{Name: "6c8d7f9b5d", Pods: "read-api-6c8d7f9b5d-"}, Candidate: trace.Revision{Name: "7b5f8c9d4f", Pods: "read-api-7b5f8c9d4f-"},
		Policy: analysis.Policy{
			Criteria: []analysis.Criterion{
				{Name: "errors", Errors: true, Relative: 0.25, Absolute: 0.001},
				{Name: "latency", Quantile: 0.95, Relative: 0.1, Absolute: 0.005},
			},
			FalseRollbackRate: 0.01, MinRequests: 50, WarmUp: 30 * time.Second,
		},
		Interval: interval, Deadline: 15 * time.Minute, OnInconclusive: "RollBack",
	}
	for weight := int32(10); weight <= 100; weight += 10 {
		h.Steps = append(h.Steps, trace.Step{Weight: weight, Bake: time.Minute})
	}
	return h
}

// traffic is a release as a source tells of it: rps requests a second at ten pods, 30 minutes before the release and one minute at each
// step. The candidate has factor times the baseline's errors.
func traffic(random *rand.Rand, rps, factor float64) []analysis.Look {
	var looks []analysis.Look
	at := began
	add := func(weight, next, candidates int32) {
		l := analysis.Look{Window: analysis.Window{From: at, To: at.Add(interval)}, Weight: weight, Next: next}
		for arm, n := range []int32{10, candidates} {
			share := []float64{float64(100 - weight), float64(weight)}[arm] / 100 / float64(max(n, 1))
			worse := []float64{1, factor}[arm]
			for i := range n {
				name := []string{"read-api-6c8d7f9b5d-", "read-api-7b5f8c9d4f-"}[arm] + fmt.Sprintf("x%d2z%d", i, 9-i)
				l.Pods = append(l.Pods, analysis.Pod{Name: name, Arm: analysis.Arm(arm), ReadySince: began.Add(-time.Hour * time.Duration(1-arm))})
				if share > 0 {
					l.Observations = append(l.Observations, pod(random, analysis.Arm(arm), name, l.Window, rps*interval.Seconds()*share, worse)...)
				}
			}
		}
		at = l.Window.To
		looks = append(looks, l)
	}
	for range 120 {
		add(0, 0, 0)
	}
	for weight := int32(10); weight <= 100; weight += 10 {
		for range 4 {
			add(weight, min(weight+10, 100), weight/10)
		}
	}
	return looks
}

// pod is what one pod did in a look.
func pod(random *rand.Rand, arm analysis.Arm, name string, w analysis.Window, requests, worse float64) []analysis.Observation {
	n := math.Round(requests + random.NormFloat64()*math.Sqrt(requests))
	o := analysis.Observation{Metric: "errors", Arm: arm, Pod: name, Window: w, Requests: max(n, 1)}
	o.Errors = min(math.Floor(o.Requests*0.002*worse+random.ExpFloat64()), o.Requests)
	l := analysis.Observation{Metric: "latency", Arm: arm, Pod: name, Window: w, Requests: o.Requests}
	lower := 0.0
	for _, upper := range []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, math.Inf(1)} {
		l.Latency = append(l.Latency, analysis.Bucket{Lower: lower, Upper: upper})
		lower = upper
	}
	for range int(o.Requests) {
		seconds := 0.06 * math.Exp(0.6*random.NormFloat64())
		for i := range l.Latency {
			if seconds <= l.Latency[i].Upper {
				l.Latency[i].Count++
				break
			}
		}
	}
	return []analysis.Observation{o, l}
}
