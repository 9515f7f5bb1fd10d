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
