package prometheus

import (
	"cmp"
	"math"
	"slices"

	"github.com/serin-dev/serin/analysis"
)

// counter adds up what a series grew by within a window, sample by sample.
type counter struct {
	// known is true when the series had a sample at or before the window's beginning.
	known bool
	// firstAt is when its first sample within the window was taken, in milliseconds; samples counts them.
	firstAt int64
	samples int
	// first is the first sample of a series that was not known, grown what came after.
	first, last, grown float64
	// The same for the buckets of a native histogram. since is what the present run, which ends with a reset, began with.
	native                      bool
	firstBuckets, grownBuckets  analysis.Histogram
	sinceBuckets, latestBuckets analysis.Histogram
}

// beginFloat sets the last sample at or before the window's beginning.
func (c *counter) beginFloat(f float) {
	if f.sane() {
		c.known, c.last = true, f.value
	}
}

// beginHistogram is beginFloat for a native histogram.
func (c *counter) beginHistogram(h histogram) {
	if h.sane() {
		c.known, c.native, c.last = true, true, h.count
		c.sinceBuckets, c.latestBuckets = h.buckets, h.buckets
	}
}

// sane says whether a counter can have this value.
func (f float) sane() bool { return f.value >= 0 && !math.IsInf(f.value, 0) }

func (h histogram) sane() bool {
	return h.count >= 0 && !math.IsInf(h.count, 0) && h.buckets.Validate() == nil
}

// addFloat counts a sample of a plain counter. Samples that no counter has are passed over.
func (c *counter) addFloat(f float) {
	if !f.sane() {
		return
	}
	c.appears(f.at)
	switch {
	case c.samples == 1 && !c.known:
		c.first = f.value
	case c.late(f.value):
		return
	case f.value < c.last: // reset
		c.grown += f.value
	default:
		c.grown += f.value - c.last
	}
	c.last = f.value
}

// addHistogram counts a sample of a native histogram, whose buckets are in seconds.
func (c *counter) addHistogram(h histogram) {
	if !h.sane() {
		return
	}
	c.native = true
	c.appears(h.at)
	switch {
	case c.samples == 1 && !c.known:
		c.first, c.firstBuckets, c.sinceBuckets = h.count, h.buckets, h.buckets
	case c.late(h.count):
		return
	case h.count < c.last || falls(c.latestBuckets, h.buckets):
		c.grown += h.count
		c.grownBuckets = c.grownBuckets.Merge(subtract(c.latestBuckets, c.sinceBuckets))
		c.sinceBuckets = nil
	default:
		c.grown += h.count - c.last
	}
	c.last, c.latestBuckets = h.count, h.buckets
}

// late says that a value which is a little less than the last one is no reset: a store that merges the samples of two scrapers,
// as Thanos does, may put what one saw after what the other saw a moment later. Taken for a reset, all that the counter ever
// counted would be counted again.
func (c *counter) late(value float64) bool {
	const leastCount, share = 100, 0.95
	return value < c.last && c.last >= leastCount && value >= share*c.last
}

func (c *counter) appears(at int64) {
	if c.samples++; c.samples == 1 {
		c.firstAt = at
	}
}

// increase is what was counted within the window; fromZero says that the series began in it.
func (c *counter) increase(fromZero bool) float64 {
	if fromZero && !c.known {
		return c.first + c.grown
	}
	return c.grown
}

// distribution is the increase of a native histogram's buckets.
func (c *counter) distribution(fromZero bool) analysis.Histogram {
	grown := c.grownBuckets.Merge(subtract(c.latestBuckets, c.sinceBuckets))
	if fromZero && !c.known {
		grown = grown.Merge(c.firstBuckets)
	}
	return grown
}

// overlaps calls each with what two histograms count in the same place: where their buckets overlap without being equal,
// because the resolution was changed meanwhile, in the smallest interval that both can tell.
func overlaps(a, b analysis.Histogram, each func(lower, upper, inA, inB float64)) {
	for len(a)+len(b) > 0 {
		var inA, inB, upper float64
		lower := math.Inf(1)
		if len(a) > 0 {
			lower, upper = a[0].Lower, a[0].Upper
		}
		if len(b) > 0 && b[0].Lower < lower {
			lower, upper = b[0].Lower, b[0].Upper
		}
		for more := true; more; {
			more = false
			for ; len(a) > 0 && a[0].Lower < upper; a, more = a[1:], true {
				inA, upper = inA+a[0].Count, max(upper, a[0].Upper)
			}
			for ; len(b) > 0 && b[0].Lower < upper; b, more = b[1:], true {
				inB, upper = inB+b[0].Count, max(upper, b[0].Upper)
			}
		}
		each(lower, upper, inA, inB)
	}
}

// falls says whether any bucket counts less than before.
func falls(before, now analysis.Histogram) bool {
	fallen := false
	overlaps(before, now, func(_, _, was, is float64) { fallen = fallen || is < was })
	return fallen
}

// subtract is the growth from one sample to a later one.
func subtract(later, earlier analysis.Histogram) analysis.Histogram {
	grown := make(analysis.Histogram, 0, len(later))
	overlaps(later, earlier, func(lower, upper, is, was float64) {
		if is > was {
			grown = append(grown, analysis.Bucket{Lower: lower, Upper: upper, Count: is - was})
		}
	})
	return grown
}

// inSeconds gives buckets as a native histogram has them the form of durations: in seconds and greater than zero. What was
// observed at or below zero counts as hardly more than that.
func inSeconds(buckets analysis.Histogram, unit float64) analysis.Histogram {
	const least = 1e-12
	out := buckets[:0]
	for _, b := range buckets {
		b.Lower, b.Upper = max(b.Lower*unit, 0), max(b.Upper*unit, least)
		if last := len(out) - 1; last >= 0 && b.Lower < out[last].Upper && b.Lower == 0 {
			out[last].Upper = max(out[last].Upper, b.Upper)
			out[last].Count += b.Count
			continue
		}
		out = append(out, b)
	}
	return out
}

// step is one bucket of a classic histogram: how much the counter of durations up to a boundary has grown.
type step struct{ upTo, grown float64 }

// fromSteps makes buckets, in seconds, out of the cumulative ones of a classic histogram.
func fromSteps(steps []step, unit float64) analysis.Histogram {
	slices.SortFunc(steps, func(a, b step) int { return cmp.Compare(a.upTo, b.upTo) })
	var h analysis.Histogram
	lower, below := 0.0, 0.0
	for _, s := range steps {
		upper := s.upTo * unit
		if !(upper > lower) { // at or below zero; or told twice
			continue
		}
		h = append(h, analysis.Bucket{Lower: lower, Upper: upper, Count: max(s.grown-below, 0)})
		lower, below = upper, max(s.grown, below)
	}
	return h
}
