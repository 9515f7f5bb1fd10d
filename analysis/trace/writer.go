package trace

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// Writer streams a release, look by look, in a bounded number of bytes. It is not safe for concurrent use.
//
// When the next look does not fit any more, the Writer writes a last line that says so, and takes no more looks. It does not
// join looks to make room: the engine weighs each look by itself (how much one may tell, how many in a row still show an excess),
// so that joined ones may be judged otherwise, and nobody could tell such a replay from a fault. What was written replays to the
// very same verdicts as far as it goes, a crash loses nothing of it, and nothing has to be kept in memory. The end of a release
// is not lost either: [Compact] always reaches it.
type Writer struct {
	out     io.Writer
	header  Header
	left    int
	sums    map[series]*sums
	layouts map[string]int
	last    time.Time
	ended   bool
	full    bool
	failed  error
}

const (
	// reserve is kept for the last line.
	reserve = 2048
	// longestMessage of the last line is so short that it fits the reserve even if every letter has to be escaped.
	longestMessage = 300
)

// ErrLimit means that not even the header and the last line have room.
var ErrLimit = errors.New("the limit leaves no room for a trace")

// NewWriter begins a trace of at most limit bytes.
func NewWriter(out io.Writer, h Header, limit int) (*Writer, error) {
	w := &Writer{out: out, header: h, left: limit, sums: map[series]*sums{}, layouts: map[string]int{}}
	line, err := encode(h.line())
	if err != nil {
		return nil, fmt.Errorf("the header can't be written: %w", err)
	}
	if len(line)+reserve > limit {
		return nil, fmt.Errorf("%w: write a limit of %d bytes or more", ErrLimit, len(line)+reserve)
	}
	return w, w.write(line)
}

// Look writes one look. A look that no source may bring is refused and leaves no trace; so is a look after the end. When the trace is
// full, that is written down, and this look and all that follow are passed over without an error.
func (w *Writer) Look(l analysis.Look) error { return w.look(Look{l, 1}) }

func (w *Writer) look(l Look) error {
	switch {
	case w.failed != nil:
		return w.failed
	case w.full:
		return nil
	case w.ended:
		return errors.New("the trace has ended")
	}
	if err := valid(l, w.last); err != nil {
		return err
	}
	text, err := w.encode(l)
	if err != nil {
		return err
	}
	if len(text)+reserve > w.left {
		w.full = true
		return w.End(End{l.Window.From, Full, "the trace is full; what follows is missing"})
	}
	w.last = l.Window.To
	return w.write(text)
}

// Full says that the trace had no room for the last look, and for none after it.
func (w *Writer) Full() bool { return w.full }

// End writes the last line, once: a trace that was full has one already.
func (w *Writer) End(e End) error {
	if w.ended || w.failed != nil {
		return w.failed
	}
	message := strings.ToValidUTF8(e.Message, "")
	if len(message) > longestMessage {
		message = strings.ToValidUTF8(message[:longestMessage], "") + "..."
	}
	line, err := encode(endLine{e.At.UTC(), e.Outcome, message})
	if err != nil {
		return fmt.Errorf("the end can't be written: %w", err)
	}
	w.ended = true
	return w.write(line)
}

// write writes whole lines. After a failure nothing is written any more: the rest of a line may be missing.
func (w *Writer) write(text []byte) error {
	w.left -= len(text)
	_, w.failed = w.out.Write(text)
	return w.failed
}

// encode is the line of a look, after those of the layouts that it is the first to have.
func (w *Writer) encode(l Look) ([]byte, error) {
	line := lookLine{From: l.Window.From.UTC(), To: l.Window.To.UTC(), Weight: l.Weight, Next: l.Next}
	if l.Looks > 1 {
		line.Looks = l.Looks
	}
	for _, p := range l.Pods {
		line.Pods = append(line.Pods, podLine{w.header.of(p.Arm).shorten(p.Name), arm(p.Arm), p.ReadySince.UTC()})
	}
	var text []byte
	for i := range l.Observations {
		count, layout := w.count(&l.Observations[i])
		if layout != nil {
			more, err := encode(layout)
			if err != nil {
				return nil, err
			}
			text = append(text, more...)
		}
		line.Counts = append(line.Counts, count)
	}
	more, err := encode(line)
	return append(text, more...), err
}

// count adds an observation to the sums, and is what they come to. The layout is nil when it was written before.
func (w *Writer) count(o *analysis.Observation) (countLine, *layoutLine) {
	line := countLine{Metric: o.Metric, Arm: arm(o.Arm), Pod: w.header.of(o.Arm).shorten(o.Pod), Value: o.Value}
	s := w.sums[series{o.Metric, o.Arm, o.Pod}]
	if s == nil {
		s = &sums{buckets: map[place]amount{}}
		w.sums[series{o.Metric, o.Arm, o.Pod}] = s
	}
	s.requests, s.errors = s.requests.plus(o.Requests), s.errors.plus(o.Errors)
	line.Requests, line.Errors = s.requests, s.errors
	for _, b := range o.Latency {
		at := placeOf(b)
		s.buckets[at] = s.buckets[at].plus(b.Count)
		line.Buckets = append(line.Buckets, s.buckets[at])
	}
	if len(o.Latency) == 0 {
		return line, nil
	}
	var fresh *layoutLine
	key := keyOf(o.Latency)
	if w.layouts[key] == 0 {
		w.layouts[key] = len(w.layouts) + 1
		layout := layoutOf(w.layouts[key], o.Latency)
		fresh = &layout
	}
	line.Layout = w.layouts[key]
	return line, fresh
}
