package world

import (
	"math"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// The names of the metrics in every look.
const (
	Errors  = "errors"
	Latency = "latency"
)

// quantile of the latency that a scalar source tells.
const quantile = 0.95

// Began is the moment at which every release begins.
func Began() time.Time { return time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC) }

// Look lets one interval go by at a weight, and is what the source tells of it. It shares no memory with other looks but the list
// of pods, and nobody may change it.
func (r *Release) Look(weight, next int32) analysis.Look {
	r.setWeight(weight)
	window := analysis.Window{From: r.time(r.now)}
	for range int(r.set.Interval / Tick) {
		r.tick()
	}
	window.To = r.time(r.now)
	look := analysis.Look{Window: window, Weight: weight, Next: next, Pods: r.pods()}
	if r.world.Source.ArmOnly || r.world.Source.Scalar {
		look.Observations = r.byArm(window)
	} else {
		look.Observations = r.byPod(window)
	}
	return look
}

func (r *Release) time(tick int) time.Time { return Began().Add(time.Duration(tick) * Tick) }

// pods are the pods that Kubernetes knows of.
func (r *Release) pods() []analysis.Pod {
	if r.seen == nil {
		for a := range r.arms {
			for i := range r.arms[a].pods {
				p := &r.arms[a].pods[i]
				r.seen = append(r.seen, analysis.Pod{Name: p.name, Arm: analysis.Arm(a), ReadySince: r.time(p.born)})
			}
		}
	}
	return r.seen
}

// byPod tells what was scraped of each pod since the last look, ordered by metric, arm and pod. Pods without requests are left
// out, as the Prometheus source does.
func (r *Release) byPod(w analysis.Window) []analysis.Observation {
	n := len(r.arms[0].pods) + len(r.arms[1].pods)
	observations := make([]analysis.Observation, 0, 2*n)
	for a := range r.arms {
		for i := range r.arms[a].pods {
			if p := &r.arms[a].pods[i]; p.scraped.requests > 0 {
				observations = append(observations, analysis.Observation{
					Metric: Errors, Arm: analysis.Arm(a), Pod: p.name, Window: w, Requests: p.scraped.requests, Errors: p.scraped.errors,
				})
			}
		}
	}
	slab := make(analysis.Histogram, 0, n*(len(r.edges)+1))
	for a := range r.arms {
		for i := range r.arms[a].pods {
			p := &r.arms[a].pods[i]
			if p.scraped.requests == 0 {
				continue
			}
			from := len(slab)
			slab = r.histogram(slab, p.scraped.buckets)
			observations = append(observations, analysis.Observation{
				Metric: Latency, Arm: analysis.Arm(a), Pod: p.name, Window: w, Requests: p.scraped.requests, Latency: slab[from:len(slab):len(slab)],
			})
			p.scraped.clear()
		}
	}
	return observations
}

// byArm tells the sums over each arm's pods.
func (r *Release) byArm(w analysis.Window) []analysis.Observation {
	var errors, latencies []analysis.Observation
	for a := range r.arms {
		sum := counts{buckets: make([]float64, len(r.edges)+1)}
		for i := range r.arms[a].pods {
			p := &r.arms[a].pods[i]
			sum.add(&p.scraped)
			p.scraped.clear()
		}
		if sum.requests == 0 {
			continue
		}
		errors = append(errors, analysis.Observation{
			Metric: Errors, Arm: analysis.Arm(a), Window: w, Requests: sum.requests, Errors: sum.errors,
		})
		latency := analysis.Observation{Metric: Latency, Arm: analysis.Arm(a), Window: w, Requests: sum.requests}
		if r.world.Source.Scalar {
			value := Quantile(quantile, r.histogram(nil, sum.buckets))
			latency.Value = &value
		} else {
			latency.Latency = r.histogram(nil, sum.buckets)
		}
		latencies = append(latencies, latency)
	}
	return append(errors, latencies...)
}

// histogram appends a pod's buckets.
func (r *Release) histogram(h analysis.Histogram, buckets []float64) analysis.Histogram {
	lower := 0.0
	for i, n := range buckets {
		upper := math.Inf(1)
		if i < len(r.bounds) {
			upper = r.bounds[i]
		}
		if n > 0 || !r.world.Source.Sparse {
			h = append(h, analysis.Bucket{Lower: lower, Upper: upper, Count: n})
		}
		lower = upper
	}
	return h
}

// Quantile reads a quantile off a histogram as PromQL's histogram_quantile does: evenly spread within a bucket, the last finite
// boundary for what lies beyond it, NaN for nothing.
func Quantile(q float64, h analysis.Histogram) float64 {
	rank, below := q*h.Total(), 0.0
	for _, b := range h {
		switch {
		case b.Count == 0 || below+b.Count < rank:
			below += b.Count
		case math.IsInf(b.Upper, 1):
			return b.Lower
		default:
			return b.Lower + (b.Upper-b.Lower)*(rank-below)/b.Count
		}
	}
	return math.NaN()
}
