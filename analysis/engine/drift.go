package engine

import "math"

// drift is how much the baseline's share of events moves over time: what its next minutes may differ from its last ones with
// nothing wrong. It matters at a weight of 100, where there is only the baseline's past to compare with.
type drift struct {
	// Events and Requests are the baseline's recent ones, older looks with less weight.
	Events, Requests float32
	// WindowEvents, WindowRequests and WindowLooks are those of the window that is going on.
	WindowEvents, WindowRequests, WindowLooks float32
	// Squares is the sum, over N windows, of the squared logarithm of how far they were from the recent share.
	Squares, N float32
}

const (
	driftLooks  = 8
	driftFading = 1 - 1.0/12
	driftPrior  = 0.2 // standard deviation of the logarithm, with the weight of driftWeight windows
	driftWeight = 4
)

func (d *drift) learn(events, requests float64) {
	d.WindowEvents += float32(events)
	d.WindowRequests += float32(requests)
	d.WindowLooks++
	if d.WindowLooks == driftLooks {
		if expected := float64(d.WindowRequests * d.Events / d.Requests); d.Requests > 0 && expected > 1 {
			moved := math.Log((float64(d.WindowEvents) + 0.5) / (expected + 0.5))
			d.Squares += float32(max(moved*moved-1/(expected+0.5), 0))
			d.N++
		}
		d.WindowEvents, d.WindowRequests, d.WindowLooks = 0, 0, 0
	}
	d.Events = driftFading*d.Events + float32(events)
	d.Requests = driftFading*d.Requests + float32(requests)
}

// variance of the logarithm of the share, a standard error larger than seen.
func (d *drift) variance() float64 {
	n := driftWeight + float64(d.N)
	return (driftWeight*driftPrior*driftPrior + float64(d.Squares)) / n * (1 + math.Sqrt(2/n))
}
