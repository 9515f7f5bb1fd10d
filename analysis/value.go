package analysis

import "math"

// Value is what a look showed of one arm, over all its pods: its error rate as a fraction, a quantile in seconds, or a plain value, which pods count for by their requests.
// NaN where nothing was counted. It is for people to look at; the engine judges by the counts.
func (l Look) Value(c Criterion, arm Arm) float64 {
	var requests, failed, values, weights float64
	var latency Histogram
	for _, o := range l.Observations {
		if o.Metric != c.Name || o.Arm != arm {
			continue
		}
		requests, failed, latency = requests+o.Requests, failed+o.Errors, latency.Merge(o.Latency)
		if o.Value != nil {
			weight := max(o.Requests, 1)
			values, weights = values+*o.Value*weight, weights+weight
		}
	}
	switch {
	case weights > 0:
		return values / weights
	case c.Errors && requests > 0:
		return failed / requests
	case c.Quantile > 0:
		return latency.Quantile(c.Quantile)
	}
	return math.NaN()
}

// Quantile q (0 to 1) of a histogram, its counts evenly spread within their buckets; NaN without any count. The last bucket has no end and tells its beginning.
func (h Histogram) Quantile(q float64) float64 {
	wanted := q * h.Total()
	if !(wanted > 0) {
		return math.NaN()
	}
	for _, b := range h {
		if b.Count >= wanted {
			if math.IsInf(b.Upper, 1) {
				return b.Lower
			}
			return b.Lower + (b.Upper-b.Lower)*wanted/b.Count
		}
		wanted -= b.Count
	}
	return h[len(h)-1].Lower
}
