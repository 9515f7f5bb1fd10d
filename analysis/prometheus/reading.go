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
	targets  map[target]*scraped
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
	upTo  string
	group string
}

// scraped is one target that series came from.
type scraped struct {
	target
	// known is true when any of its series had a sample before the window; firstAt is the first sample within, 0 for none.
	known   bool
	firstAt int64
	// samples is the largest number that any series has; native says that one has native histograms.
	samples int
	native  bool
	// wasUp is true when it was scraped just before the window, without the series asked for. wasLost is true when it had been
	// scraped, but no more just before the window.
	wasUp, wasLost bool
}

func newReading(f family, a arms, w analysis.Window) *reading {
	return &reading{
		family: f, arms: a, from: w.From.UnixMilli(), to: w.To.UnixMilli(),
		series: map[string]*counted{}, targets: map[target]*scraped{},
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
	c.target.known = c.target.known || c.known
	return nil
}

// add takes a series' samples of the window, or of its next part.
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
	t := c.target
	t.known = t.known || c.known
	t.samples, t.native = max(t.samples, c.samples), t.native || c.native
	if c.samples > 0 && (t.firstAt == 0 || c.firstAt < t.firstAt) {
		t.firstAt = c.firstAt
	}
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
	t := targetOf(s.Labels, pod)
	if r.targets[t] == nil {
		r.targets[t] = &scraped{target: t}
	}
	c := &counted{name: s.Labels["__name__"], arm: arm, pod: pod, target: r.targets[t]}
	c.failed, c.told = r.family.failed(s.Labels)
	if c.name == r.family.duration+"_bucket" {
		c.upTo, c.group = strings.Clone(s.Labels["le"]), identity(s.Labels, "le")
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

// fromZero says whether a series that was not known before the window began in it. Its target was scraped without it, or
// is itself new, while others were scraped before. Where nothing at all is known from before, it may be old.
func (r *reading) fromZero(c *counted) bool {
	t := c.target
	switch {
	case t.known || t.firstAt < c.firstAt || t.wasUp:
		return true
	case t.wasLost || r.otherTargetKnown(t.place): // scraped again, or by one more scraper
		return false
	}
	return r.anythingKnown()
}

// strangers are targets that nothing is known of from before the window, though their series appear in it.
func (r *reading) strangers() []*scraped {
	var out []*scraped
	for _, t := range r.targets {
		if !t.known && t.firstAt > 0 && !r.otherTargetKnown(t.place) {
			out = append(out, t)
		}
	}
	return out
}

// recognise takes the answer to [wereUp].
func (r *reading) recognise(strangers []*scraped) func(*series) error {
	return func(s *series) error {
		if s.Value == nil {
			return errShape
		}
		for _, t := range strangers {
			if t.job == s.Labels["job"] && t.instance == s.Labels["instance"] {
				t.wasUp = t.wasUp || s.Value.value == 1
				t.wasLost = t.wasLost || s.Value.value == 0
			}
		}
		return nil
	}
}

func (r *reading) otherTargetKnown(place string) bool {
	for _, t := range r.targets {
		if t.known && t.place == place {
			return true
		}
	}
	return false
}

func (r *reading) anythingKnown() bool {
	for _, t := range r.targets {
		if t.known || t.wasUp {
			return true
		}
	}
	return false
}

// empty says that there is no series of either arm.
func (r *reading) empty() bool { return len(r.series) == 0 }
