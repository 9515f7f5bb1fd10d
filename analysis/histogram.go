package analysis

import (
	"fmt"
	"math"
	"slices"
)

// Total is the number of durations counted.
func (h Histogram) Total() float64 {
	var n float64
	for _, b := range h {
		n += b.Count
	}
	return n
}

// Validate says what is wrong with h: every duration must be in exactly one bucket, and every count a number.
func (h Histogram) Validate() error {
	for i, b := range h {
		switch {
		case !(b.Count >= 0) || math.IsInf(b.Count, 0):
			return fmt.Errorf("bucket (%v, %v] counts %v", b.Lower, b.Upper, b.Count)
		case !(b.Lower < b.Upper) || math.IsInf(b.Lower, 0):
			return fmt.Errorf("bucket (%v, %v] holds nothing", b.Lower, b.Upper)
		case i > 0 && b.Lower < h[i-1].Upper:
			return fmt.Errorf("bucket (%v, %v] overlaps the one before it", b.Lower, b.Upper)
		}
	}
	return nil
}

// Merge adds valid histograms, whose layouts may differ. Counts are never divided by guesswork: buckets that overlap
// become one, so the result is as fine as all of them together allow, and where nothing was counted a layout does not
// matter. The result shares no memory with what it is made of.
func (h Histogram) Merge(others ...Histogram) Histogram {
	sum := slices.Clone(h)
	for _, o := range others {
		sum = sum.add(o)
	}
	return sum
}

// add is Merge of two, which may reuse the memory of h.
func (h Histogram) add(o Histogram) Histogram {
	switch {
	case len(o) == 0:
		return h
	case len(h) == 0:
		return slices.Clone(o)
	case !h.sameLayout(o):
		return union(h, o)
	}
	for i := range h {
		h[i].Count += o[i].Count
	}
	return h
}

func (h Histogram) sameLayout(o Histogram) bool {
	return slices.EqualFunc(h, o, func(a, b Bucket) bool { return a.Lower == b.Lower && a.Upper == b.Upper })
}

// union merges the non-empty buckets of two histograms; buckets that overlap become one.
func union(a, b Histogram) Histogram {
	sum := make(Histogram, 0, len(a)+len(b))
	for len(a)+len(b) > 0 {
		var next Bucket
		if len(b) == 0 || len(a) > 0 && a[0].Lower <= b[0].Lower {
			next, a = a[0], a[1:]
		} else {
			next, b = b[0], b[1:]
		}
		last := len(sum) - 1
		switch {
		case next.Count == 0:
		case last >= 0 && next.Lower < sum[last].Upper:
			sum[last].Upper = max(sum[last].Upper, next.Upper)
			sum[last].Count += next.Count
		default:
			sum = append(sum, next)
		}
	}
	return sum
}

// align gives both histograms a common layout, so that equal distributions yield equal quantiles: a quantile is
// interpolated within its bucket, and what interpolation adds depends on the bucket.
func align(a, b Histogram) (Histogram, Histogram) {
	if a.sameLayout(b) {
		return a, b
	}
	common := union(a, b)
	return a.within(common), b.within(common)
}

// has says whether b is a bucket of h, rather than the union of several.
func (h Histogram) has(b Bucket) bool {
	return slices.ContainsFunc(h, func(own Bucket) bool { return own.Lower == b.Lower && own.Upper == b.Upper })
}

// within counts h in the buckets of a layout, of which each bucket of h that is not empty lies within one.
func (h Histogram) within(layout Histogram) Histogram {
	out := slices.Clone(layout)
	i := 0
	for j := range out {
		out[j].Count = 0
		for ; i < len(h) && h[i].Lower < out[j].Upper; i++ {
			out[j].Count += h[i].Count
		}
	}
	return out
}

// quantile is the q-quantile with its bounds, in seconds, and the bucket that holds it. An estimate or high bound of +Inf
// lies beyond the last finite bucket.
func (h Histogram) quantile(q, nats float64) (interval, Bucket) {
	n := h.Total()
	r := ranks(q, n, nats)
	value, in := h.at(q*n, n)
	v := interval{estimate: value, low: h.atLeast(r.low*n, n), high: math.Inf(1)}
	if r.high < 1 {
		v.high, _ = h.at(r.high*n, n)
	}
	return v, in
}

// surely is what the q-quantile is certainly greater than, without interpolation.
func (h Histogram) surely(q, nats float64) float64 {
	n := h.Total()
	_, in := h.at(ranks(q, n, nats).low*n, n)
	return in.Lower
}

// atLeast is at, with the last finite boundary for what lies beyond it.
func (h Histogram) atLeast(rank, n float64) float64 {
	value, in := h.at(rank, n)
	if math.IsInf(value, 1) {
		return in.Lower
	}
	return value
}

// at is the duration at a rank (0 to n, the total), and its bucket.
func (h Histogram) at(rank, n float64) (value float64, in Bucket) {
	var below float64
	for _, b := range h {
		if b.Count == 0 {
			continue
		}
		below += in.Count
		in = b
		if below+b.Count >= rank {
			break
		}
	}
	return in.interpolate(below, rank, n), in
}

// interpolate is the duration at a rank within b, of n durations of which below lie under b. The logarithm of a duration is
// taken to be normal between the bucket's boundaries, with the shares counted at both; for the tail in a wide bucket this is
// far nearer to the truth than an even spread. From 0, which has no logarithm, to the first boundary the spread is even.
func (b Bucket) interpolate(below, rank, n float64) float64 {
	part := min(max((rank-below)/b.Count, 0), 1)
	switch {
	case part == 0:
		return b.Lower
	case math.IsInf(b.Upper, 1):
		return b.Upper
	case b.Lower <= 0:
		return b.Lower + (b.Upper-b.Lower)*part
	}
	score := func(rank float64) float64 { // half a request is kept on each side: counting none does not mean that there are none
		return math.Erfinv(2*min(max(rank, 0.5), n-0.5)/n - 1)
	}
	if low, high := score(below), score(below+b.Count); low < high {
		part = min(max((score(rank)-low)/(high-low), 0), 1)
	}
	return b.Lower * math.Pow(b.Upper/b.Lower, part)
}

// last is the largest finite boundary of h.
func (h Histogram) last() float64 {
	for _, b := range slices.Backward(h) {
		if !math.IsInf(b.Upper, 1) {
			return b.Upper
		}
		return b.Lower
	}
	return 0
}
