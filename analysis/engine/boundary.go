package engine

import (
	"math"

	"github.com/serin-dev/serin/analysis"
)

// boundary turns a quantile of latency into events: requests slower than a boundary of the histogram's buckets, chosen near
// the baseline's quantile before the candidate is looked at. "The p95 got worse" then means that more than the baseline's share
// of requests lies beyond it: a count, which can be judged as errors are, where a number interpolated within a wide bucket can't.
type boundary struct {
	// At and Quantile, the baseline's own, are in seconds; 0 while there is none.
	At, Quantile float64
	// Share of the baseline's requests beyond At when it was chosen.
	Share float64
	// Growth is by how much that share grows were all requests slower by slowdowns().
	Growth [12]float32
}

// slowdowns for which the growth is kept, as fractions.
func slowdowns() [12]float64 {
	return [...]float64{0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 4}
}

const (
	// boundaryRequests of the baseline are needed to choose a boundary.
	boundaryRequests = 200
	// leastSlope is the least relative growth of the slow share per relative slowdown. It matters where the distribution is flat,
	// or where nothing was counted in the bucket below the boundary.
	leastSlope = 1.5
)

// choose finds the boundary at which a slowdown shows best: information about it grows with the share beyond the boundary and
// with the square of the slope there. Boundaries far from the quantile are marked down, for they tell of another one.
func choose(h analysis.Histogram, q, tolerated float64) boundary {
	total := h.Total()
	value, ok := quantile(h, q)
	if total < boundaryRequests || !ok {
		return boundary{}
	}
	var best boundary
	most := 0.0
	for i, b := range h {
		share := h[i+1:].Total() / total
		if math.IsInf(b.Upper, 1) || share*total < 5 {
			break
		}
		far := math.Log(share / (1 - q))
		slope := math.Log(growth(h, b.Upper, tolerated))
		if score := share * slope * slope * math.Exp(-2*far*far); score > most {
			most, best = score, boundary{At: b.Upper, Share: share}
		}
	}
	if best.At == 0 {
		return best
	}
	best.Quantile = value
	for i, d := range slowdowns() {
		best.Growth[i] = float32(growth(h, best.At, d))
	}
	return best
}

// growth is the factor by which the share beyond x grows were all requests slower by the fraction d.
func growth(h analysis.Histogram, x, d float64) float64 {
	g := survival(h, x/(1+d)) / survival(h, x)
	return max(g, 1+leastSlope*d)
}

// survival is the share of durations above x. Within a bucket the logarithm of durations is taken to be normal.
func survival(h analysis.Histogram, x float64) float64 {
	total, above := h.Total(), 0.0
	for _, b := range h {
		switch {
		case b.Lower >= x:
			above += b.Count
		case b.Upper > x && b.Count > 0:
			above += b.Count * partAbove(b, x, below(h, b.Lower)/total, total)
		}
	}
	return above / total
}

func below(h analysis.Histogram, x float64) float64 {
	var n float64
	for _, b := range h {
		if b.Upper <= x {
			n += b.Count
		}
	}
	return n
}

// partAbove is the part of a bucket's durations above x, of a total of which the share under lies below the bucket.
func partAbove(b analysis.Bucket, x, under, total float64) float64 {
	switch {
	case math.IsInf(b.Upper, 1):
		return 1 // at least the bucket's lower boundary is all that is known
	case b.Lower <= 0:
		return (b.Upper - x) / (b.Upper - b.Lower)
	}
	part := math.Log(x/b.Lower) / math.Log(b.Upper/b.Lower)
	half := 0.5 / total // half a request is kept on each side: counting none does not mean that there are none
	score := func(p float64) float64 { return math.Erfinv(2*min(max(p, half), 1-half) - 1) }
	reached := under + b.Count/total
	low, high := score(under), score(reached)
	if low >= high {
		return 1 - part
	}
	at := (1 + math.Erf(low+part*(high-low))) / 2
	return min(max((reached-at)*total/b.Count, 0), 1)
}

// grown is the factor by which the share beyond the boundary grows were all requests slower by the fraction d.
func (b boundary) grown(d float64) float64 {
	from, factor := 0.0, 1.0
	for i, to := range slowdowns() {
		if d <= to {
			return factor + (float64(b.Growth[i])-factor)*(d-from)/(to-from)
		}
		from, factor = to, float64(b.Growth[i])
	}
	return factor
}

// slowdown is the inverse of grown; below 1, where the candidate is faster, the first step's slope is kept.
func (b boundary) slowdown(factor float64) float64 {
	from, was := 0.0, 1.0
	for i, to := range slowdowns() {
		if next := float64(b.Growth[i]); factor <= next && next > was {
			return max(from+(to-from)*(factor-was)/(next-was), -1)
		}
		from, was = to, float64(b.Growth[i])
	}
	return math.Inf(1)
}

// beyond counts the durations above x; ok is false when a bucket that is not empty lies across x.
func beyond(h analysis.Histogram, x float64) (n float64, ok bool) {
	for _, b := range h {
		switch {
		case b.Lower >= x:
			n += b.Count
		case b.Upper > x && b.Count > 0:
			return 0, false
		}
	}
	return n, true
}
