package engine

import (
	"math"

	"github.com/serin-dev/serin/analysis"
)

// mostBuckets of a histogram are kept between looks.
const mostBuckets = 24

// compact joins neighbouring buckets until few enough are left: always the two between which the share of slower requests falls
// least, so that the tail stays as finely divided as the rest.
func compact(h analysis.Histogram) analysis.Histogram {
	kept := h[:0]
	for _, b := range h {
		if b.Count > 0 {
			b.Count = float64(float32(b.Count)) // as it is kept
			kept = append(kept, b)
		}
	}
	for len(kept) > mostBuckets {
		at := narrowest(kept)
		kept[at].Upper = kept[at+1].Upper
		kept[at].Count += kept[at+1].Count
		kept = append(kept[:at+1], kept[at+2:]...)
	}
	return kept
}

// narrowest is the first of the two neighbours that are to be joined.
func narrowest(h analysis.Histogram) int {
	at, least, above := 0, math.Inf(1), 0.0
	for i := len(h) - 2; i >= 0; i-- {
		both := h[i].Count + h[i+1].Count
		if fall := both / (above + 1); fall < least && !math.IsInf(h[i+1].Upper, 1) {
			at, least = i, fall
		}
		above += h[i+1].Count
	}
	return at
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
