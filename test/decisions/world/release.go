package world

import (
	"math"
	"slices"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// Setting is what a release is watched under.
type Setting struct {
	// Rate of requests per second, over both arms.
	Rate float64
	// Interval between two looks, whole ticks.
	Interval time.Duration
}

// Release is one release in one world, as it comes about.
type Release struct {
	world   World
	set     Setting
	worse   Regression
	seed    uint64
	latency blend
	// edges are the logarithms of the finite boundaries that are counted.
	edges  []float64
	bounds []float64
	// p95 of the service in seconds' logarithm, usualLoad of one pod in requests a second.
	p95, usualLoad float64

	rng    random
	shared shared
	// arms by analysis.Arm.
	arms [2]arm
	// now is the time in ticks since the release began; negative before.
	now    int
	weight int32
	harm   Harm
	names  int
	// seen is the list of pods for looks; nil after it has changed.
	seen []analysis.Pod
}

// arm is one version's pods.
type arm struct {
	pods []pod
	// heavy is the share of heavy requests.
	heavy float64
}

// shared is what hits both arms alike.
type shared struct {
	latency, errors, gust, phase float64
	burst                        ailment
	// failed is how many requests failed in the last tick, by all pods.
	failed float64
}

// ailment raises errors and latency until a tick.
type ailment struct {
	until           int
	errors, latency float64
}

// at is the ailment if it is still on; nothing otherwise.
func (a ailment) at(now int) ailment {
	if now > a.until {
		return ailment{}
	}
	return a
}

// Harm is what the candidate has cost, in requests that would have been well with the baseline. These are expected numbers, so
// that two rules that stop at the same moment are charged the same.
type Harm struct {
	// Errors fail, Slow take longer than the usual p95.
	Errors, Slow float64
	// Requests were served by the candidate in all; this one is a count.
	Requests float64
}

// Bad is all of it.
func (h Harm) Bad() float64 { return h.Errors + h.Slow }

// old is a tick long before every release: what is as old as that is warm and over.
const old = -1_000_000

// New is a service some time before a release, with only a baseline.
func New(w World, s Setting, seed uint64) *Release {
	if w.Source.Scrape == 0 {
		w.Source.Scrape = 3 * Tick
	}
	w.Source.Scrape = min(w.Source.Scrape, s.Interval)
	r := &Release{world: w, set: s, seed: seed, latency: w.Service.Latency.blend(), rng: newRandom(seed, 0)}
	r.bounds = w.Source.Bounds
	switch {
	case w.Source.Scalar:
		r.bounds = sketch()
	case r.bounds == nil:
		r.bounds = Coarse()
	}
	for _, b := range r.bounds {
		r.edges = append(r.edges, math.Log(b))
	}
	r.p95 = r.latency.whole.quantile(0.95)
	r.usualLoad = s.Rate / float64(w.Service.Replicas)
	r.shared = shared{
		latency: w.Shared.Latency * r.rng.NormFloat64(), errors: w.Shared.Errors * r.rng.NormFloat64(),
		gust: 1, phase: r.rng.between(0, 2*math.Pi), burst: ailment{until: old},
	}
	for range w.Service.Replicas {
		r.addPod(analysis.Baseline, old)
	}
	r.mix()
	return r
}

// Usual is what people see of the service on their dashboards: the share of errors, and the p95 and p99 in seconds as they are read
// off its buckets.
func (r *Release) Usual() (errors, p95, p99 float64) {
	shares, below := make([]float64, 0, len(r.edges)+1), 0.0
	for _, edge := range r.edges {
		upTo := r.latency.whole.at(edge)
		shares, below = append(shares, upTo-below), upTo
	}
	h := r.histogram(nil, append(shares, 1-below))
	return r.world.Service.Errors, Quantile(0.95, h), Quantile(0.99, h)
}

// History is what a source tells of the time before the release, which is over then.
func (r *Release) History(of time.Duration) []analysis.Look {
	looks := make([]analysis.Look, 0, int(of/r.set.Interval))
	for r.now = -int(of / Tick); r.now < 0; {
		looks = append(looks, r.Look(0, 0))
	}
	return looks
}

// Fork is the same service with a candidate of its own: the same moment, the same chances from there on, and nothing that
// happens to one release happens to another. The release it is made from may be forked again.
func (r *Release) Fork(worse Regression) *Release {
	f := r.Clone()
	f.worse, f.harm, f.rng = worse, Harm{}, newRandom(r.seed, 1)
	return f
}

// Clone goes on as r does, by itself.
func (r *Release) Clone() *Release {
	c := *r
	c.rng = r.rng.clone()
	for a := range c.arms {
		c.arms[a].pods = slices.Clone(r.arms[a].pods)
		for i := range c.arms[a].pods {
			c.arms[a].pods[i].detach()
		}
	}
	return &c
}

// Harm so far.
func (r *Release) Harm() Harm { return r.harm }

// HarmAt100 is the number of bad requests per second if the candidate had all the traffic from now on. What hits both arms is
// no harm of the candidate's.
func (r *Release) HarmAt100() float64 {
	if r.worse.Shared {
		return 0
	}
	errors, shift, heavier := r.worsening(100, max(r.worse.After.Seconds(), r.seconds()))
	beyond := func(shift, heavier float64) float64 {
		return 1 - r.latency.below(r.p95-shift, r.latency.usual, heavier)
	}
	base := r.world.Service.Errors
	return r.set.Rate * (min(1, base+errors) - base + beyond(shift, heavier) - beyond(0, 0))
}

// seconds since the release began.
func (r *Release) seconds() float64 { return float64(r.now) * Tick.Seconds() }

// worsening is what the regression adds at a weight and time to the share of errors, and to the logarithm of the latency of
// all and of heavy requests.
func (r *Release) worsening(weight int32, since float64) (errors, shift, heavier float64) {
	if !r.worse.active(true, weight, since) {
		return 0, 0, 0
	}
	shift = r.worse.Growth * (since - r.worse.After.Seconds()) / 60
	if r.worse.Slower > 0 {
		shift += math.Log(r.worse.Slower)
	}
	if r.worse.TailSlower > 0 {
		heavier = math.Log(r.worse.TailSlower)
	}
	return r.worse.Errors, shift, heavier
}

// setWeight scales the candidate and moves the traffic.
func (r *Release) setWeight(weight int32) {
	if weight == r.weight {
		return
	}
	r.weight = weight
	want := (int(weight)*r.world.Service.Replicas + 99) / 100
	for len(r.arms[analysis.Candidate].pods) < max(1, want) {
		r.addPod(analysis.Candidate, r.now)
	}
	r.mix()
}

// mix draws the shares of heavy requests.
func (r *Release) mix() {
	for a := range r.arms {
		r.arms[a].heavy = r.latency.usual
		if d := r.world.Service.Mix; d > 0 {
			r.arms[a].heavy = min(0.95, r.latency.usual*math.Exp(d*r.rng.NormFloat64()))
		}
	}
}

// tick lets one tick go by.
func (r *Release) tick() {
	r.now++
	w, s := &r.world, &r.shared
	s.latency = r.rng.wander(s.latency, w.Shared.Latency, w.Shared.Memory)
	s.errors = r.rng.wander(s.errors, w.Shared.Errors, w.Shared.Memory)
	if w.Shared.Gusts > 0 {
		s.gust += (r.rng.gamma(w.Shared.Gusts) - s.gust) * (1 - math.Exp(-Tick.Seconds()/20))
	}
	if r.now > s.burst.until && r.rng.happens(w.Bursts.PerHour) {
		s.burst = ailment{
			until:   r.now + ticks(r.rng.between(20, 90)),
			errors:  w.Bursts.Errors * r.rng.between(0.1, 1),
			latency: math.Log(r.rng.between(1.2, max(1.2, w.Bursts.Latency))),
		}
	}
	if r.rng.happens(w.Storms.PerHour) {
		r.storm()
	}
	rate := r.set.Rate * s.gust * (1 + w.Shared.Diurnal*math.Sin(2*math.Pi*r.seconds()/7200+s.phase))
	rate += w.Service.Retries * s.failed / Tick.Seconds()
	s.failed = 0
	share := float64(r.weight) / 100
	r.serve(analysis.Baseline, rate*(1-share))
	r.serve(analysis.Candidate, rate*share)
}

// storm lets the clients of one pod retry a failing request, a pod of either arm by its traffic.
func (r *Release) storm() {
	a := analysis.Baseline
	if r.rng.Float64()*100 < float64(r.weight) {
		a = analysis.Candidate
	}
	if pods := r.arms[a].pods; len(pods) > 0 {
		p := &pods[r.rng.IntN(len(pods))]
		p.storm += max(1, math.Round(r.rng.ExpFloat64()*r.world.Storms.size(r.set.Rate)))
		p.stormUntil = r.now + ticks(r.rng.between(5, 30))
	}
}

// ticks are as many as last for some seconds, at least one.
func ticks(seconds float64) int { return max(1, int(math.Round(seconds/Tick.Seconds()))) }
