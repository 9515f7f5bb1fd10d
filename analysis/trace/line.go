package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// lookLine is one look as it is written.
type lookLine struct {
	From   time.Time   `json:"from"`
	To     time.Time   `json:"to"`
	Weight int32       `json:"weight"`
	Next   int32       `json:"next"`
	Looks  int         `json:"looks,omitempty"`
	Pods   []podLine   `json:"pods,omitempty"`
	Counts []countLine `json:"counts,omitempty"`
}

type podLine struct {
	Pod   string    `json:"pod"`
	Arm   arm       `json:"arm"`
	Since time.Time `json:"since,omitzero"`
}

// countLine is what was counted of one metric and pod, or of a whole arm, since the header. A value is no count: it is the look's own.
type countLine struct {
	Metric   string   `json:"metric"`
	Arm      arm      `json:"arm"`
	Pod      string   `json:"pod,omitempty"`
	Requests amount   `json:"requests,omitzero"`
	Errors   amount   `json:"errors,omitzero"`
	Layout   int      `json:"layout,omitempty"`
	Buckets  []amount `json:"buckets,omitempty"`
	Value    *float64 `json:"value,omitempty"`
}

// layoutLine says once where the buckets of a histogram lie. Lower is left out where each bucket begins at the end of the one
// before it, and the first at 0.
type layoutLine struct {
	Layout int     `json:"layout"`
	UpTo   []bound `json:"upTo"`
	Lower  []bound `json:"lower,omitempty"`
}

// bound is a bucket's boundary in seconds; JSON has no infinity.
type bound float64

// MarshalJSON writes a number, or "+Inf".
func (b bound) MarshalJSON() ([]byte, error) {
	if math.IsInf(float64(b), 1) {
		return []byte(`"+Inf"`), nil
	}
	return json.Marshal(float64(b))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (b *bound) UnmarshalJSON(text []byte) error {
	if string(text) == `"+Inf"` {
		*b = bound(math.Inf(1))
		return nil
	}
	var x *float64
	if err := json.Unmarshal(text, &x); err != nil || x == nil {
		return errors.New(`upTo and lower: write seconds, or "+Inf" for the last upper boundary`)
	}
	*b = bound(*x)
	return nil
}

// layoutOf describes the buckets of a histogram.
func layoutOf(id int, h analysis.Histogram) layoutLine {
	line := layoutLine{Layout: id}
	plain, end := true, 0.0
	for _, b := range h {
		line.UpTo = append(line.UpTo, bound(b.Upper))
		line.Lower = append(line.Lower, bound(b.Lower))
		plain, end = plain && b.Lower == end, b.Upper
	}
	if plain {
		line.Lower = nil
	}
	return line
}

// buckets are the empty buckets that the line describes.
func (line layoutLine) buckets() (analysis.Histogram, error) {
	if len(line.UpTo) == 0 {
		return nil, errors.New("upTo: write the upper boundary of at least one bucket")
	}
	if line.Lower != nil && len(line.Lower) != len(line.UpTo) {
		return nil, fmt.Errorf("lower: there are %d lower boundaries for %d upper ones", len(line.Lower), len(line.UpTo))
	}
	var h analysis.Histogram
	end := 0.0
	for i, upper := range line.UpTo {
		b := analysis.Bucket{Lower: end, Upper: float64(upper)}
		if line.Lower != nil {
			b.Lower = float64(line.Lower[i])
		}
		h, end = append(h, b), b.Upper
	}
	if err := h.Validate(); err != nil {
		return nil, fmt.Errorf("upTo: %w", err)
	}
	return h, nil
}

// arm of the comparison, in words.
type arm analysis.Arm

// MarshalText writes baseline or candidate.
func (a arm) MarshalText() ([]byte, error) {
	switch analysis.Arm(a) {
	case analysis.Baseline:
		return []byte("baseline"), nil
	case analysis.Candidate:
		return []byte("candidate"), nil
	}
	return nil, fmt.Errorf("no arm: %d", a)
}

// UnmarshalText reads what MarshalText wrote.
func (a *arm) UnmarshalText(text []byte) error {
	switch string(text) {
	case "baseline":
		*a = arm(analysis.Baseline)
	case "candidate":
		*a = arm(analysis.Candidate)
	default:
		return fmt.Errorf("%q is no arm: write baseline or candidate", text)
	}
	return nil
}

// wholeName marks a pod's name that does not begin as those of its revision do. No name of a pod holds it.
const wholeName = "/"

// shorten leaves out what all names of the revision's pods begin with.
func (r Revision) shorten(name string) string {
	short, ok := strings.CutPrefix(name, r.Pods)
	switch {
	case name == "" || r.Pods == "" && !strings.HasPrefix(name, wholeName):
		return name
	case ok && short != "" && !strings.HasPrefix(short, wholeName):
		return short
	}
	return wholeName + name
}

// lengthen puts it back.
func (r Revision) lengthen(short string) string {
	if whole, ok := strings.CutPrefix(short, wholeName); ok || short == "" {
		return whole
	}
	return r.Pods + short
}

// valid says what keeps a look, the next after one that ended at last, out of a trace. A reader refuses the same that a writer does.
func valid(l Look, last time.Time) error {
	if err := validFrame(l, last); err != nil {
		return err
	}
	for i, p := range l.Pods {
		if p.Arm != analysis.Baseline && p.Arm != analysis.Candidate || !writable(p.ReadySince) {
			return fmt.Errorf("pods[%d]: no arm or no year that can be written", i)
		}
	}
	for i := range l.Observations {
		if err := validCount(&l.Observations[i]); err != nil {
			return fmt.Errorf("counts[%d].%w", i, err)
		}
	}
	return nil
}

// validFrame is valid for all of a look but its lists.
func validFrame(l Look, last time.Time) error {
	w := l.Window
	switch {
	case !w.To.After(w.From):
		return fmt.Errorf("to: the look ends at %s, which is not after its beginning", stamp(w.To))
	case w.From.Before(last):
		return fmt.Errorf("from: the look begins at %s, before the end of the one before it", stamp(w.From))
	case !writable(w.From) || !writable(w.To):
		return errors.New("to: no year that can be written")
	case l.Weight < 0 || l.Weight > 100:
		return fmt.Errorf("weight: %d is no share in percent, 0 to 100", l.Weight)
	case l.Next < l.Weight || l.Next > 100:
		return fmt.Errorf("next: %d is no weight from %d to 100", l.Next, l.Weight)
	case l.Looks < 1:
		return errors.New("looks: a line tells of at least one look")
	}
	return nil
}

// writable says that JSON's spelling of times has room for the year.
func writable(t time.Time) bool { return t.UTC().Year() >= 1 && t.UTC().Year() <= 9999 }

func validCount(o *analysis.Observation) error {
	if o.Arm != analysis.Baseline && o.Arm != analysis.Candidate {
		return fmt.Errorf("arm: no arm: %d", o.Arm)
	}
	if o.Value != nil && (math.IsNaN(*o.Value) || math.IsInf(*o.Value, 0)) {
		return fmt.Errorf("value: %v is no number", *o.Value)
	}
	if err := countable(o.Requests); err != nil {
		return fmt.Errorf("requests: %w", err)
	}
	if err := countable(o.Errors); err != nil {
		return fmt.Errorf("errors: %w", err)
	}
	if err := o.Latency.Validate(); err != nil {
		return fmt.Errorf("buckets: %w", err)
	}
	if i := slices.IndexFunc(o.Latency, func(b analysis.Bucket) bool { return countable(b.Count) != nil }); i >= 0 {
		return fmt.Errorf("buckets[%d]: %w", i, countable(o.Latency[i].Count))
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
