package datadog

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/serin-dev/serin/analysis"
)

// errPartial means that some of what belongs together is missing.
var errPartial = fmt.Errorf("%w: a part of it is missing", analysis.ErrNonsense)

// observe counts one query in one window.
func (a *answer) observe(q analysis.Query, all []parts, w analysis.Window, s span) ([]analysis.Observation, error) {
	var out []analysis.Observation
	buckets := a.within(s.of(w))
	for _, p := range all {
		for _, pod := range a.pods(p) {
			o := analysis.Observation{Metric: q.Metric, Arm: p.arm, Pod: pod, Window: w}
			var err error
			switch {
			case p.quantile != none:
				a.addValue(&o, p, buckets)
			case p.total != none:
				err = a.addLatency(&o, p, buckets)
			}
			if err != nil {
				return nil, err
			}
			if p.requests != none {
				a.addCounts(&o, p, buckets)
			}
			if o.Requests > 0 {
				out = append(out, o)
			}
		}
	}
	slices.SortFunc(out, func(a, b analysis.Observation) int {
		return cmp.Or(cmp.Compare(a.Arm, b.Arm), cmp.Compare(a.Pod, b.Pod))
	})
	return out, nil
}

// pods are those that an arm's requests were counted of.
func (a *answer) pods(p parts) []string {
	var out []string
	for _, at := range []int{p.requests, p.total} {
		if at == none {
			continue
		}
		for _, s := range a.series[at] {
			if !slices.Contains(out, s.pod) {
				out = append(out, s.pod)
			}
		}
	}
	return out
}

// addCounts adds up the buckets that have requests. Where they are null nothing was counted; where only the errors are, there were
// none, as no point is sent for a count that did not move.
func (a *answer) addCounts(o *analysis.Observation, p parts, buckets []int) {
	requests, failed := a.find(p.requests, o.Pod), a.find(p.errors, o.Pod)
	o.Requests, o.Errors = 0, 0
	for _, i := range buckets {
		if n := value(requests, i); n != nil {
			o.Requests += *n
			if e := value(failed, i); e != nil {
				o.Errors += *e
			}
		}
	}
	o.Errors = min(o.Errors, o.Requests) // they come from elsewhere, and a little later
}

// addLatency makes a histogram of the cumulative counts.
func (a *answer) addLatency(o *analysis.Observation, p parts, buckets []int) error {
	total := a.find(p.total, o.Pod)
	upTo := make([][]*float64, len(p.upTo))
	for k, at := range p.upTo {
		upTo[k] = a.find(at, o.Pod)
	}
	sums := make([]float64, len(upTo)+1)
	for _, i := range buckets {
		n := value(total, i)
		if n == nil {
			continue
		}
		below := 0.0
		for k := range upTo {
			v := value(upTo[k], i)
			if v == nil && below > 0 {
				return fmt.Errorf("%w: of %s there are counts below some boundaries, but not below greater ones", errPartial, p.metric)
			}
			if v != nil {
				below = min(max(below, *v), *n)
			}
			sums[k] += below
		}
		sums[len(upTo)] += *n
	}
	o.Requests = sums[len(upTo)]
	if o.Requests > 0 && sums[len(upTo)-1] == 0 && !a.told(p) {
		return fmt.Errorf("%w: %s has %v values, but none below any boundary: turn on percentiles for this distribution in Datadog's metrics summary, "+
			"or use a preset that ends in -quantile", analysis.ErrRejected, p.metric, o.Requests)
	}
	o.Latency = histogram(sums)
	return nil
}

// told says whether any count below a boundary came for an arm.
func (a *answer) told(p parts) bool {
	return slices.ContainsFunc(p.upTo, func(at int) bool { return len(a.series[at]) > 0 })
}

// histogram makes buckets of counts below the boundaries and of all.
func histogram(sums []float64) analysis.Histogram {
	var h analysis.Histogram
	lower, below := 0.0, 0.0
	for k, upper := range append(boundaries(), math.Inf(1)) {
		h = append(h, analysis.Bucket{Lower: lower, Upper: upper, Count: max(sums[k]-below, 0)})
		lower, below = upper, sums[k]
	}
	return h
}

// addValue is the quantile of the window. There is one bucket in each, but where windows are not made of whole buckets: then
// it is the mean of the logarithms, by requests, since ratios are judged.
func (a *answer) addValue(o *analysis.Observation, p parts, buckets []int) {
	const least = 1e-6 // a microsecond
	total, quantile := a.find(p.total, o.Pod), a.find(p.quantile, o.Pod)
	var weight, sum float64
	for _, i := range buckets {
		if n, v := value(total, i), value(quantile, i); n != nil && v != nil && *n > 0 {
			weight += *n
			sum += *n * math.Log(max(*v*p.unit, least))
		}
	}
	if weight > 0 {
		x := math.Exp(sum / weight)
		o.Requests, o.Value = weight, &x
	}
}
