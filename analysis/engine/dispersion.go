package engine

import (
	"math"
	"slices"
)

// dispersion is how much the baseline's own pods differ from each other with nothing wrong: over one look, and over windows of
// 4, 16 and 64 looks. Two arms made of such pods may differ as much, so that is how far the evidence is to be trusted.
// It is learned from the baseline alone; a candidate's failure can't excuse itself by it.
type dispersion struct {
	Scales [windows]scatter
	// Ticks counts looks.
	Ticks uint32
	// Pods are followed over windows: a sample, so that there is a bound.
	Pods []podWindow
	// prior is what is assumed before anything was seen.
	prior prior
}

// windows is how many lengths of time pods are compared over; window k has windowLooks(k) looks.
const windows = 4

// windowLooks is 1, 4, 16, 64.
func windowLooks(k int) uint32 { return 1 << (2 * k) }

// scatter sums, over pods and windows, the squared differences between a pod's events and its share of all pods' events, and
// the variance that these differences would have if requests were independent.
type scatter struct{ Squares, Variance, N float32 }

// podWindow is the running window of one pod at each length.
type podWindow struct {
	Pod     uint32
	Looked  uint32 // tick at which it was last seen
	Windows [windows - 1]struct{ Difference, Variance float32 }
}

const (
	mostPods = 16
	// lastingWeight is the weight, in pods, of what is assumed about how pods differ.
	lastingWeight = 3
)

// prior is what is assumed of a metric's dispersion, with the weight of so many pods' windows.
type prior struct{ look, pods, weight float64 }

// learn compares baseline pods with each other in one look.
func (d *dispersion) learn(cells []cell) {
	var x, n float64
	for _, c := range cells {
		x += c.events
		n += c.requests
	}
	d.Ticks++
	if len(cells) > 1 && x > 0 {
		for _, c := range cells {
			share := c.requests / n
			d.follow(c.pod, c.events-x*share, x*share*(1-share))
		}
	}
	for k := 1; k < windows; k++ {
		if d.Ticks%windowLooks(k) == 0 {
			d.close(k)
		}
	}
}

// follow adds one pod's look.
func (d *dispersion) follow(pod uint32, difference, variance float64) {
	d.Scales[0].add(difference, variance)
	i := slices.IndexFunc(d.Pods, func(p podWindow) bool { return p.Pod == pod })
	if i < 0 {
		if len(d.Pods) == mostPods {
			return
		}
		i = len(d.Pods)
		d.Pods = append(d.Pods, podWindow{Pod: pod})
	}
	d.Pods[i].Looked = d.Ticks
	for k := range d.Pods[i].Windows {
		w := &d.Pods[i].Windows[k]
		w.Difference += float32(difference)
		w.Variance += float32(variance)
	}
}

// close ends the windows of one length, and forgets pods that are gone.
func (d *dispersion) close(k int) {
	for i := range d.Pods {
		w := &d.Pods[i].Windows[k-1]
		d.Scales[k].add(float64(w.Difference), float64(w.Variance))
		w.Difference, w.Variance = 0, 0
	}
	d.Pods = slices.DeleteFunc(d.Pods, func(p podWindow) bool { return d.Ticks-p.Looked >= windowLooks(k) })
}

func (s *scatter) add(difference, variance float64) {
	if variance > 0 {
		s.Squares += float32(difference * difference)
		s.Variance += float32(variance)
		s.N++
	}
}

// estimate is the ratio of the scatter to that of independent requests, drawn towards what was expected while there is little
// to learn from, and one standard error larger.
func (s scatter) estimate(expected, weight float64) (ratio, variance float64) {
	if s.N == 0 {
		return expected * (1 + math.Sqrt(2/weight)), 0
	}
	variance = float64(s.Variance / s.N)
	n := float64(s.N) * 2 / (2 + 1/variance) // counts of few events say less
	ratio = (weight*expected + n*float64(s.Squares/s.Variance)) / (weight + n)
	return ratio * (1 + math.Sqrt(2/(weight+n))), variance
}

// look is the dispersion over single looks, 1 or more: what does not grow with the length of the window. From one look to four,
// what is due to lasting differences between pods grows fourfold.
func (d *dispersion) look() float64 {
	one, _ := d.Scales[0].estimate(d.prior.look, d.prior.weight)
	if four, variance := d.Scales[1].estimate(one, d.prior.weight); variance > 0 {
		one = min(one, (4*one-four)/3)
	}
	return max(one, 1)
}

// pods is the variance of the logarithm of pods' event rates over a stretch of looks. Beyond the longest window, what shrank
// over the last one goes on shrinking with time, and the rest is taken to last for ever.
func (d *dispersion) pods(looks float64) float64 {
	var tau2 [windows]float64
	for k := range windows {
		tau2[k] = d.podsOver(k)
		if k > 1 { // differences average out over time; there are few long windows, and storms make them noisy
			tau2[k] = min(tau2[k], tau2[k-1])
		}
	}
	const last = windows - 1
	for k := range last {
		from, to := float64(windowLooks(k)), float64(windowLooks(k+1))
		if looks < to {
			return tau2[k] + math.Log(looks/from)/math.Log(to/from)*(tau2[k+1]-tau2[k])
		}
	}
	lasting := min(max((4*tau2[last]-tau2[last-1])/3, d.prior.pods*d.prior.pods), tau2[last])
	return lasting + (tau2[last]-lasting)*float64(windowLooks(last))/looks
}

// podsOver is the variance of the logarithm of pods' event rates over windows of one length.
func (d *dispersion) podsOver(k int) float64 {
	tau2 := d.prior.pods * d.prior.pods
	s := d.Scales[k]
	if s.N == 0 {
		return tau2
	}
	base, variance := d.look(), float64(s.Variance/s.N)
	ratio, _ := s.estimate(base+variance*tau2, d.prior.weight)
	// The pods are the same in each window: how they differ for good is seen only once.
	n := lastingWeight + float64(max(len(d.Pods)-1, 0))
	return (tau2 + (max(ratio-base, 0)/variance-tau2)*(n-lastingWeight)/n) * (1 + math.Sqrt(2/n)/2)
}

// temper is how many times wider the sums of spans scatter than those of independent requests.
func (d *dispersion) temper(s sum) float64 {
	if s.Info <= 0 {
		return d.look()
	}
	return d.look() + d.pods(max(float64(s.Looks), 1))*s.Pairs/float64(s.Info) + armVariance*float64(s.Info)
}

// armVariance of the log ratio is left for what no data can tell: two arms are never exactly alike.
const armVariance = 0.02 * 0.02
