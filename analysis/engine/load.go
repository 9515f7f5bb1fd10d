package engine

import "math"

// load is how the baseline's share of slow requests moves with the requests per second that one of its pods has. The baseline
// keeps its pods while its traffic goes, so that in the end the candidate's pods carry much more than the baseline's: were
// they the same version, the candidate would be slower. As the baseline unloads it shows by how much.
//
// Kept are the sums of a weighted regression of the logarithm of the share on the logarithm of the load, over windows.
type load struct {
	Events, Requests, PodSeconds, Looks float32
	W, X, Y, XX, XY, YY, N              float32
}

const (
	loadLooks = 4
	// loadUnknown is the elasticity assumed until the load has varied enough to learn it to within loadEnough.
	loadUnknown, loadEnough = 0.02, 0.15
	// loadPrior is the standard deviation of the elasticity before anything was seen, loadMost the largest one believed.
	loadPrior, loadMost = 0.1, 1
	// loadDrift is the variance of the logarithm of a window's share for other reasons.
	loadDrift = 0.02
)

// learn takes in a look of the baseline with so many pods.
func (l *load) learn(events, requests, pods, seconds float64) {
	l.Events += float32(events)
	l.Requests += float32(requests)
	l.PodSeconds += float32(pods * seconds)
	l.Looks++
	if l.Looks < loadLooks {
		return
	}
	if l.Events >= 3 && l.PodSeconds > 0 {
		x, y := math.Log(float64(l.Requests/l.PodSeconds)), math.Log(float64((l.Events+0.5)/l.Requests))
		w := float64(l.Events) / (1 + loadDrift*float64(l.Events))
		l.W += float32(w)
		l.X += float32(w * x)
		l.Y += float32(w * y)
		l.XX += float32(w * x * x)
		l.XY += float32(w * x * y)
		l.YY += float32(w * y * y)
		l.N++
	}
	l.Events, l.Requests, l.PodSeconds, l.Looks = 0, 0, 0, 0
}

// elasticity is the relative increase of the share of slow requests per relative increase of the load.
func (l *load) elasticity() float64 {
	if l.N < 4 {
		return loadUnknown
	}
	w := float64(l.W)
	xx := float64(l.XX) - float64(l.X)*float64(l.X)/w
	xy := float64(l.XY) - float64(l.X)*float64(l.Y)/w
	yy := float64(l.YY) - float64(l.Y)*float64(l.Y)/w
	if !(xx > 1e-6*w) {
		return loadUnknown
	}
	slope := xy / xx
	variance := 2 * max(1, (yy-slope*xy)/float64(l.N-2)) / xx // twice, for neighbouring windows are alike
	if variance > loadEnough*loadEnough {
		return loadUnknown
	}
	trust := 1 / (1 + variance/(loadPrior*loadPrior))
	return min(max(trust*slope, 0), loadMost)
}
