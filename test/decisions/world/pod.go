package world

import (
	"fmt"
	"math"
	"slices"

	"github.com/serin-dev/serin/analysis"
)

// pod serves one arm's requests.
type pod struct {
	name string
	// born is the tick in which it began to serve.
	born int
	// latency and errors are what it has for good, as logarithms; the others change.
	latency, errors             float64
	wanderLatency, wanderErrors float64
	pause, episode              ailment
	storm                       float64
	stormUntil                  int
	scrapePhase                 int
	unscraped, scraped          counts
}

// counts of one pod: what happened, and what the source has seen of it.
type counts struct {
	requests, errors float64
	// buckets has one more than there are finite boundaries.
	buckets []float64
}

func (c *counts) add(o *counts) {
	c.requests += o.requests
	c.errors += o.errors
	for i, n := range o.buckets {
		c.buckets[i] += n
	}
}

func (c *counts) clear() {
	c.requests, c.errors = 0, 0
	clear(c.buckets)
}

// detach gives a copied pod memory of its own.
func (p *pod) detach() {
	p.unscraped.buckets = slices.Clone(p.unscraped.buckets)
	p.scraped.buckets = slices.Clone(p.scraped.buckets)
}

// addPod starts a pod on some node.
func (r *Release) addPod(a analysis.Arm, born int) {
	e := r.world.Pods
	p := pod{
		name: fmt.Sprintf("shop-%s-%05d", [...]string{"6d4cf56db6", "7c9f8b5d4c"}[a], r.names), born: born,
		latency: e.Latency * r.rng.NormFloat64(), errors: e.Errors * r.rng.NormFloat64(),
		wanderLatency: e.WanderLatency * r.rng.NormFloat64(), wanderErrors: e.WanderErrors * r.rng.NormFloat64(),
		scrapePhase: r.rng.IntN(int(r.world.Source.Scrape / Tick)),
		unscraped:   counts{buckets: make([]float64, len(r.edges)+1)}, scraped: counts{buckets: make([]float64, len(r.edges)+1)},
	}
	if e.SlowNodes > 0 && r.rng.IntN(5) == 0 {
		p.latency += math.Log(e.SlowNodes)
	}
	r.names++
	r.seen = nil
	r.arms[a].pods = append(r.arms[a].pods, p)
}

// serve lets an arm serve one tick at a rate of requests a second.
func (r *Release) serve(a analysis.Arm, rate float64) {
	pods := r.arms[a].pods
	if len(pods) == 0 {
		return
	}
	each := rate / float64(len(pods))
	worseErrors, worseShift, heavier := 0.0, 0.0, 0.0
	if r.worse.active(a == analysis.Candidate, r.weight, r.seconds()) {
		worseErrors, worseShift, heavier = r.worsening(r.weight, r.seconds())
	}
	for i := range pods {
		p := &pods[i]
		r.age(p)
		errors, shift := r.state(p, each)
		mean, share := each*Tick.Seconds(), r.arms[a].heavy
		n := r.distribute(p, mean, share, shift+worseShift, heavier)
		failed := r.rng.binomial(n, min(1, errors+worseErrors))
		if a == analysis.Candidate {
			r.harm.Requests += n
		}
		if a == analysis.Candidate && !r.worse.Shared {
			r.harm.Errors += mean * (min(1, errors+worseErrors) - errors)
			if worseShift != 0 || heavier != 0 {
				r.harm.Slow += mean * (r.latency.below(r.p95-shift, share, 0) - r.latency.below(r.p95-shift-worseShift, share, heavier))
			}
		}
		p.unscraped.requests += n
		p.unscraped.errors += failed
		r.shared.failed += failed
		r.weather(p)
		r.scrape(p)
	}
}

// age lets a tick go by on one pod.
func (r *Release) age(p *pod) {
	e, w := &r.world.Pods, &r.world
	p.wanderLatency = r.rng.wander(p.wanderLatency, e.WanderLatency, e.Memory)
	p.wanderErrors = r.rng.wander(p.wanderErrors, e.WanderErrors, e.Memory)
	if r.rng.happens(e.Pauses) {
		p.pause = ailment{until: r.now + ticks(r.rng.between(4, 12)) - 1, latency: math.Log(5)}
	}
	if r.rng.happens(w.Episodes.PerPodHour) {
		p.episode = ailment{
			until: r.now + ticks(w.Episodes.Seconds*r.rng.ExpFloat64()), errors: w.Episodes.Errors * r.rng.ExpFloat64(),
		}
	}
}

// state is a pod's share of errors, and the shift of the logarithm of its latency, were the candidate no worse.
func (r *Release) state(p *pod, load float64) (errors, shift float64) {
	w := &r.world
	e, s, burst := &w.Pods, &w.Shared, r.shared.burst.at(r.now)
	shift = r.shared.latency + p.latency + p.wanderLatency + burst.latency + p.pause.at(r.now).latency
	// The mean of a log-normal factor is moved back to 1.
	factor := math.Exp(r.shared.errors + p.errors + p.wanderErrors -
		(s.Errors*s.Errors+e.Errors*e.Errors+e.WanderErrors*e.WanderErrors)/2)
	if e.Clumped > 0 {
		factor *= r.rng.gamma(e.Clumped)
	}
	errors = w.Service.Errors*factor + burst.errors + p.episode.at(r.now).errors
	if c := w.Cold; c.Seconds > 0 {
		left := math.Exp(-float64(r.now-p.born) * Tick.Seconds() / c.Seconds)
		shift += math.Log1p(c.Latency * left)
		errors += c.Errors * left
	}
	if w.Service.Elasticity > 0 && load > 0 {
		shift += w.Service.Elasticity * math.Log(load/r.usualLoad)
	}
	return min(errors, 1), shift
}

// distribute draws a pod's requests into its buckets, and says how many there are. A few are placed one by one; for many it
// is quicker to draw the buckets.
func (r *Release) distribute(p *pod, mean, share, shift, heavier float64) float64 {
	const few = 6
	buckets := p.unscraped.buckets
	if mean < few {
		n := r.rng.poisson(mean)
		for range int(n) {
			buckets[r.place(r.rng.Float64(), share, shift, heavier)]++
		}
		return n
	}
	below, n := 0.0, 0.0
	for i, edge := range r.edges {
		upTo := r.latency.below(edge-shift, share, heavier)
		count := r.rng.poisson(mean * (upTo - below))
		buckets[i] += count
		below, n = upTo, n+count
	}
	count := r.rng.poisson(mean * (1 - below))
	buckets[len(r.edges)] += count
	return n + count
}

// place is the bucket of the request that a share of all requests is quicker than.
func (r *Release) place(quicker, share, shift, heavier float64) int {
	low, high := 0, len(r.edges)
	for low < high {
		middle := (low + high) / 2
		if r.latency.below(r.edges[middle]-shift, share, heavier) < quicker {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// weather lets a storm's requests in, evenly until it is over. They fail at once, in the first bucket.
func (r *Release) weather(p *pod) {
	if p.storm == 0 {
		return
	}
	n := math.Ceil(p.storm / float64(max(1, p.stormUntil-r.now+1)))
	p.storm -= n
	p.unscraped.requests += n
	p.unscraped.errors += n
	p.unscraped.buckets[0] += n
}

// scrape lets a container restart, and then the source read the counters, when they are due.
func (r *Release) scrape(p *pod) {
	s := r.world.Source
	if r.rng.happens(s.Restarts) {
		p.unscraped.clear()
		p.born = r.now
		r.seen = nil
	}
	every := int(s.Scrape / Tick)
	if (r.now%every+every)%every != p.scrapePhase || s.Missed > 0 && r.rng.Float64() < s.Missed {
		return
	}
	p.scraped.add(&p.unscraped)
	p.unscraped.clear()
}
