package prometheus

import (
	"maps"
	"slices"
	"strings"

	"github.com/serin-dev/serin/analysis"
)

// readings hold what one family's series grew by within each of some windows that follow each other.
type readings struct {
	family  family
	arms    arms
	windows []*reading
}

// reading is one window, in memory proportional to the number of series.
type reading struct {
	family   family
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

func newReadings(f family, a arms, ws []analysis.Window, known []targets) readings {
	rs := readings{family: f, arms: a}
	for n, w := range ws {
		rs.windows = append(rs.windows, &reading{
			family: f, from: w.From.UnixMilli(), to: w.To.UnixMilli(), series: map[string]*counted{}, targets: known[n],
		})
	}
	return rs
}

// span is the time from the first window's beginning to the last one's end, in milliseconds.
func (rs readings) span() (from, to int64) {
	return rs.windows[0].from, rs.windows[len(rs.windows)-1].to
}

// begin takes a series' last sample at or before the first window's beginning.
func (rs readings) begin(s *series) error {
	from, _ := rs.span()
	switch {
	case s.Histogram != nil:
		s.Histograms = histograms{{from, s.Histogram.count, s.Histogram.buckets}}
	case s.Value != nil:
		s.Values = floats{{from, s.Value.value}}
	}
	return rs.add(s)
}

// add takes a series' samples of the windows, or of a piece of them. What is earlier than a window is what it begins with.
func (rs readings) add(s *series) error {
	arm, pod, ok := rs.arms.of(s.Labels)
	if !ok {
		return nil
	}
	for i := range s.Histograms {
		s.Histograms[i].buckets = inSeconds(s.Histograms[i].buckets, rs.family.unit)
	}
	key := identity(s.Labels, "")
	for _, r := range rs.windows {
		c := r.find(key, s.Labels, arm, pod)
		r.take(c, s)
		c.target.saw(&c.counter)
	}
	return nil
}

// take counts the samples that lie within the window, and begins with the last one before it.
func (r *reading) take(c *counted, s *series) {
	for _, f := range s.Values {
		switch {
		case f.at > r.to:
		case f.at > r.from:
			c.addFloat(f)
		case r.current(f.at):
			c.beginFloat(f)
		}
	}
	for _, h := range s.Histograms {
		switch {
		case h.at > r.to:
		case h.at > r.from:
			c.addHistogram(h)
		case r.current(h.at):
			c.beginHistogram(h)
		}
	}
}

// current says whether a sample from before the window still holds at its beginning.
func (r *reading) current(at int64) bool { return r.from-at <= lookBack.Milliseconds() }

// find is what is held of a series.
func (r *reading) find(key string, labels map[string]string, arm analysis.Arm, pod string) *counted {
	if c := r.series[key]; c != nil {
		return c
	}
	c := &counted{name: labels["__name__"], arm: arm, pod: pod, target: r.targets.of(targetOf(labels, pod))}
	c.failed, c.told = r.family.failed(labels)
	if c.name == r.family.duration+"_bucket" {
		c.upTo, c.group = labels["le"], identity(labels, "le")
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
func (rs readings) empty() bool { return len(rs.windows[0].series) == 0 }
