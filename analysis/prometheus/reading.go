package prometheus

import (
	"maps"
	"slices"
	"strings"

	"github.com/serin-dev/serin/analysis"
)

// reading holds what one family's series grew by within a window, in memory proportional to their number.
type reading struct {
	family   family
	arms     arms
	from, to int64 // milliseconds
	series   map[string]*counted
	targets  targets // shared with other readings of the window
}

// counted is one series.
type counted struct {
	counter
	name   string
	arm    analysis.Arm
	pod    string // empty when only the arm is known
	target *scraped
	// failed says that its requests are errors; told is false when its labels do not tell.
	failed, told bool
	// upTo is the boundary of a bucket of a classic histogram, and group what its buckets have in common.
	upTo, group string
}

func newReading(f family, a arms, w analysis.Window, ts targets) *reading {
	return &reading{
		family: f, arms: a, from: w.From.UnixMilli(), to: w.To.UnixMilli(), series: map[string]*counted{}, targets: ts,
	}
}

// begin takes a series' last sample at or before the window's beginning.
func (r *reading) begin(s *series) error {
	c := r.find(s)
	if c == nil {
		return nil
	}
	if s.Histogram != nil {
		s.Histogram.buckets = inSeconds(s.Histogram.buckets, r.family.unit)
		c.beginHistogram(*s.Histogram)
	} else if s.Value != nil {
		c.beginFloat(*s.Value)
	}
	c.target.saw(&c.counter)
	return nil
}

// add takes a series' samples of the window, or of its next piece.
func (r *reading) add(s *series) error {
	c := r.find(s)
	if c == nil {
		return nil
	}
	for _, f := range s.Values {
		switch {
		case f.at > r.to:
		case f.at > r.from:
			c.addFloat(f)
		default: // servers differ on whether a range includes its beginning
			c.beginFloat(f)
		}
	}
	for _, h := range s.Histograms {
		h.buckets = inSeconds(h.buckets, r.family.unit)
		switch {
		case h.at > r.to:
		case h.at > r.from:
			c.addHistogram(h)
		default:
			c.beginHistogram(h)
		}
	}
	c.target.saw(&c.counter)
	return nil
}

// find is what is held of a series; nil when it belongs to neither arm.
func (r *reading) find(s *series) *counted {
	arm, pod, ok := r.arms.of(s.Labels)
	if !ok {
		return nil
	}
	key := identity(s.Labels, "")
	if c := r.series[key]; c != nil {
		return c
	}
	c := &counted{name: s.Labels["__name__"], arm: arm, pod: pod, target: r.targets.of(targetOf(s.Labels, pod))}
	c.failed, c.told = r.family.failed(s.Labels)
	if c.name == r.family.duration+"_bucket" {
		c.upTo, c.group = s.Labels["le"], identity(s.Labels, "le")
	}
	r.series[key] = c
	return c
}

// identity writes labels, but for one, in an unmistakable form.
func identity(labels map[string]string, without string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if name != without {
			b.WriteString(name + "\xff" + labels[name] + "\xff")
		}
	}
	return b.String()
}

// increase is what a series grew by.
func (r *reading) increase(c *counted) float64 {
	return c.counter.increase(r.targets.fromZero(c.target, &c.counter))
}

// distribution is what a native histogram grew by.
func (r *reading) distribution(c *counted) analysis.Histogram {
	return c.counter.distribution(r.targets.fromZero(c.target, &c.counter))
}

// empty says that there is no series of either arm.
func (r *reading) empty() bool { return len(r.series) == 0 }
