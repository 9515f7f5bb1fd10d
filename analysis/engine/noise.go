package engine

import "math"

// noise is how much the difference between the arms moves from one window of looks to the next, over windows of 1, 4 and 16: where
// neighbouring looks are alike, longer windows differ more than shorter ones say. It takes the place of [dispersion] where the
// source does not tell pods apart. A regression moves the difference only once.
type noise [3]moves

// moves compares each window with the one before it.
type moves struct {
	Sum, Weight, Looks float32
	Before, BeforeW    float32
	Squares, N         float32
}

// noiseWeight is the weight, in windows, of what is assumed before anything was seen.
const noiseWeight = 4

// add takes in the difference of one look, which would have the variance 1/weight without noise.
func (n *noise) add(difference, weight float64) {
	if !(weight > 0) {
		return
	}
	for k := range n {
		n[k].add(float32(windowLooks(k)), float32(difference), float32(weight))
	}
}

func (w *moves) add(length, difference, weight float32) {
	w.Sum += difference * weight
	w.Weight += weight
	w.Looks++
	if w.Looks < length {
		return
	}
	mean := w.Sum / w.Weight
	if w.BeforeW > 0 {
		moved := mean - w.Before
		w.Squares += moved * moved / (1/w.Weight + 1/w.BeforeW)
		w.N++
	}
	w.Before, w.BeforeW = mean, w.Weight
	w.Sum, w.Weight, w.Looks = 0, 0, 0
}

// variance of a difference of weight 1, a standard error larger than seen.
func (n *noise) variance(expected float64) float64 {
	most := 0.0
	for _, w := range n {
		count := noiseWeight + float64(w.N)
		most = max(most, (noiseWeight*expected+float64(w.Squares))/count*(1+math.Sqrt(2/count)))
	}
	return most
}
