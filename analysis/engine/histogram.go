package engine

import (
	"math"

	"github.com/serin-dev/serin/analysis"
)

// mostBuckets of a histogram are kept between looks.
const mostBuckets = 40

// compact joins neighbouring buckets, the emptiest first, until few enough are left.
func compact(h analysis.Histogram) analysis.Histogram {
	kept := h[:0]
	for _, b := range h {
		if b.Count > 0 {
			kept = append(kept, b)
		}
	}
	for len(kept) > mostBuckets {
		at := -1
		for i := range len(kept) - 1 {
			if kept[i].Upper == kept[i+1].Lower && (at < 0 || kept[i].Count+kept[i+1].Count < kept[at].Count+kept[at+1].Count) {
				at = i
			}
		}
		if at < 0 {
			at = 0
		}
		kept[at].Upper = kept[at+1].Upper
		kept[at].Count += kept[at+1].Count
		kept = append(kept[:at+1], kept[at+2:]...)
	}
	return kept
}

// quantile is the q-quantile in seconds; ok is false when it lies beyond the last finite bucket or nothing was counted.
func quantile(h analysis.Histogram, q float64) (seconds float64, ok bool) {
	total := h.Total()
	rank, under := q*total, 0.0
	for _, b := range h {
		if b.Count == 0 || under+b.Count < rank {
			under += b.Count
			continue
		}
		if math.IsInf(b.Upper, 1) {
			return b.Lower, false
		}
		low, high := b.Lower, b.Upper
		for range 30 {
			middle := (low + high) / 2
			if b.Count*(1-partAbove(b, middle, under/total, total)) < rank-under {
				low = middle
			} else {
				high = middle
			}
		}
		return (low + high) / 2, true
	}
	return math.NaN(), false
}
