package trace

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/serin-dev/serin/analysis"
)

// Compact keeps the totals of each arm, and joins looks when there are too many, so that a whole release fits a few kilobytes.
// It is not safe for concurrent use.
//
// What is joined first are the looks before the release, then those of the release that have a weight in common, and last the
// newest, which decided. Counts are added up and stay exact; single values of sources without counts are averaged by requests.
//
// A replay of it can't reproduce what the engine sees in single pods: how much the baseline's pods differ (its prior takes their
// place), that one pod counts only so much, that each pod warms up by itself. Verdicts may come a few looks earlier or later, and
// an excess of one pod alone may weigh more.
type Compact struct {
	header Header
	looks  []Look
}

const (
	// mostLooks are kept in memory.
	mostLooks = 256
	// leastHistory is how many looks before the release are left of them at least, if the release has others to join.
	leastHistory = 8
	// newest looks are joined only when nothing else can be.
	newest = 8
)

// NewCompact begins a compact trace.
func NewCompact(h Header) *Compact {
	h.ArmTotals = true
	return &Compact{header: h}
}

// Look takes in one look, whose list of pods it keeps. A look that no source may bring is refused.
func (c *Compact) Look(l analysis.Look) error {
	var last Look
	if len(c.looks) > 0 {
		last = c.looks[len(c.looks)-1]
	}
	if err := valid(Look{l, 1}, last.Window.To); err != nil {
		return err
	}
	l.Observations = totals(l.Window, l.Observations)
	c.looks = append(c.looks, Look{l, 1})
	if len(c.looks) > mostLooks {
		c.thin()
	}
	return nil
}

// Pack is the zipped trace, of at most limit bytes; looks are joined until it fits. [Text] writes it as text, a third longer.
func (c *Compact) Pack(e End, limit int) ([]byte, error) {
	for {
		packed, err := c.pack(e)
		if err != nil || len(packed) <= limit {
			return packed, err
		}
		if !c.thin() {
			return nil, fmt.Errorf("%w: the release takes %d bytes, more than %d", ErrLimit, len(packed), limit)
		}
	}
}

func (c *Compact) pack(e End) ([]byte, error) {
	var packed bytes.Buffer
	zip, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	w, err := NewWriter(zip, c.header, mostUnpacked)
	if err != nil {
		return nil, err
	}
	for _, l := range c.looks {
		if err := w.look(l); err != nil {
			return nil, err
		}
	}
	err = errors.Join(w.End(e), zip.Close())
	return packed.Bytes(), err
}

// mostUnpacked is more than the lines of mostLooks looks take, pods included.
const mostUnpacked = 1 << 30

// Text is a packed trace as text, for where bytes can't be. A [Reader] reads it as it is.
func Text(packed []byte) string { return base64.StdEncoding.EncodeToString(packed) }

// thin joins neighbours; false when there are none to join.
func (c *Compact) thin() bool {
	release := 0
	for release < len(c.looks) && c.looks[release].Weight == 0 {
		release++
	}
	recent := max(release, len(c.looks)-newest)
	switch {
	case release > leastHistory && c.join(0, release):
	case c.join(release, recent):
	case c.join(0, release):
	default:
		return c.join(recent, len(c.looks))
	}
	return true
}

// join joins each pair of neighbours from one look on up to another, where both have the same weights.
func (c *Compact) join(from, to int) bool {
	joined := append([]Look{}, c.looks[:from]...)
	for i := from; i < to; i++ {
		l := c.looks[i]
		if i+1 < to && c.looks[i+1].Weight == l.Weight && c.looks[i+1].Next == l.Next {
			i++
			l = l.and(c.looks[i])
		}
		joined = append(joined, l)
	}
	joined = append(joined, c.looks[to:]...)
	fewer := len(joined) < len(c.looks)
	c.looks = joined
	return fewer
}

// and is l and the look after it as one.
func (l Look) and(next Look) Look {
	next.Window.From = l.Window.From
	next.Looks += l.Looks
	next.Observations = totals(next.Window, append(append([]analysis.Observation{}, l.Observations...), next.Observations...))
	return next
}

// totals adds up what was counted of each metric and arm.
func totals(w analysis.Window, all []analysis.Observation) []analysis.Observation {
	var sums []analysis.Observation
	var weights []float64
	at := map[series]int{}
	for _, o := range all {
		s := series{metric: o.Metric, arm: o.Arm}
		i, known := at[s]
		if !known {
			at[s], weights = len(sums), append(weights, weightOf(o))
			o.Pod, o.Window, o.Latency = "", w, o.Latency.Merge()
			sums = append(sums, o)
			continue
		}
		sum := &sums[i]
		more := weightOf(o)
		if sum.Value != nil && o.Value != nil && weights[i]+more > 0 {
			mean := (*sum.Value*weights[i] + *o.Value*more) / (weights[i] + more)
			sum.Value = &mean
		}
		weights[i] += more
		sum.Requests += o.Requests
		sum.Errors += o.Errors
		sum.Latency = sum.Latency.Merge(o.Latency)
	}
	return sums
}

// weightOf is what a value counts among others: the requests that it is of, or the time where nobody counts requests.
func weightOf(o analysis.Observation) float64 {
	if o.Requests > 0 {
		return o.Requests
	}
	return o.Window.To.Sub(o.Window.From).Seconds()
}
