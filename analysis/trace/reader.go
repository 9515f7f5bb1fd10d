package trace

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// longestLine that is read: far more than a look at a thousand pods takes.
const longestLine = 4 << 20

// Reader reads a trace, plain, zipped or as text, line by line: it never holds more of it than one line and one sum per series.
// It is strict: an error names the line and the field.
type Reader struct {
	lines   *bufio.Reader
	long    []byte // holds a line that is longer than the buffer of lines
	number  int
	header  Header
	layouts map[int]analysis.Histogram
	sums    map[series]*sums
	last    time.Time
	end     *End
}

// NewReader reads the header.
func NewReader(in io.Reader) (*Reader, error) {
	plain, err := unpack(bufio.NewReader(in))
	if err != nil {
		return nil, err
	}
	r := &Reader{lines: bufio.NewReader(plain), layouts: map[int]analysis.Histogram{}, sums: map[series]*sums{}}
	text, err := r.line()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the trace is empty")
	}
	if err != nil {
		return nil, err
	}
	var found struct {
		Version *int `json:"serinTrace"`
	}
	switch err := json.Unmarshal(text, &found); {
	case err != nil || found.Version == nil:
		return nil, errors.New(`line 1: this is no trace: the first line of one begins with {"serinTrace":1`)
	case *found.Version != version:
		return nil, fmt.Errorf("line 1: serinTrace: the trace has version %d, and this kubectl-serin reads version %d: take the kubectl-serin of the Serin that wrote it", *found.Version, version)
	}
	var line headerLine
	if err := r.decode(text, &line); err != nil {
		return nil, err
	}
	if r.header, err = line.header(); err != nil {
		return nil, r.wrong(err)
	}
	return r, nil
}

// unpack finds out by its first bytes whether a trace is zipped, and whether as text.
func unpack(in *bufio.Reader) (io.Reader, error) {
	first, _ := in.Peek(4) // fewer, if the trace is shorter; the first line will tell
	switch {
	case bytes.HasPrefix(first, []byte{0x1f, 0x8b}):
		return unzip(in)
	case string(first) == "H4sI": // the same in base64
		return unzip(base64.NewDecoder(base64.StdEncoding, in))
	}
	return in, nil
}

func unzip(in io.Reader) (io.Reader, error) {
	plain, err := gzip.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("the zipped trace can't be read: %w", err)
	}
	return plain, nil
}

// Header of the trace.
func (r *Reader) Header() Header { return r.header }

// End is how the trace ended, once Next has answered io.EOF; nil when it was cut short, or when the release still went on.
func (r *Reader) End() *End { return r.end }

// Next is the next look. The error after the last one is io.EOF.
func (r *Reader) Next() (Look, error) {
	for {
		text, err := r.line()
		if err != nil {
			return Look{}, err
		}
		if r.end != nil {
			return Look{}, r.wrong(errors.New("there is something after the end: delete it"))
		}
		var kind struct{ Layout, From, End json.RawMessage }
		if err := json.Unmarshal(text, &kind); err != nil {
			return Look{}, r.malformed(text, err)
		}
		switch {
		case kind.From != nil:
			return r.look(text)
		case kind.Layout != nil:
			err = r.layout(text)
		case kind.End != nil:
			err = r.finish(text)
		default:
			err = r.wrong(errors.New("the line is neither a look (from), nor a layout, nor the end"))
		}
		if err != nil {
			return Look{}, err
		}
	}
}

// line reads up to the next line's end.
func (r *Reader) line() ([]byte, error) {
	text, err := r.lines.ReadSlice('\n')
	for r.long = r.long[:0]; errors.Is(err, bufio.ErrBufferFull) && len(r.long) < longestLine; {
		r.long = append(r.long, text...)
		text, err = r.lines.ReadSlice('\n')
	}
	if len(r.long) > 0 {
		text = append(r.long, text...)
		r.long = text
	}
	if errors.Is(err, io.EOF) && len(text) == 0 {
		return nil, io.EOF
	}
	r.number++
	switch {
	case len(text) > longestLine:
		return nil, r.wrong(fmt.Errorf("the line is longer than %d bytes, which no trace's is", longestLine))
	case err != nil && !errors.Is(err, io.EOF):
		return nil, r.wrong(fmt.Errorf("the trace can't be read on: %w", err))
	}
	return text, nil
}

// decode reads a line strictly.
func (r *Reader) decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return r.malformed(text, err)
	}
	return nil
}

// malformed tells a line that is wrong from one that is not whole.
func (r *Reader) malformed(text []byte, err error) error {
	var syntax *json.SyntaxError
	if !bytes.HasSuffix(text, []byte("\n")) && errors.As(err, &syntax) {
		return r.wrong(errors.New("the line is cut short: delete it to read the rest"))
	}
	return r.wrong(err)
}

func (r *Reader) wrong(err error) error { return fmt.Errorf("line %d: %w", r.number, err) }

func (r *Reader) layout(text []byte) error {
	var line layoutLine
	if err := r.decode(text, &line); err != nil {
		return err
	}
	if line.Layout < 1 || r.layouts[line.Layout] != nil {
		return r.wrong(fmt.Errorf("layout: %d is taken, or below 1", line.Layout))
	}
	h, err := line.buckets()
	if err != nil {
		return r.wrong(err)
	}
	r.layouts[line.Layout] = h
	return nil
}

func (r *Reader) finish(text []byte) error {
	var line endLine
	if err := r.decode(text, &line); err != nil {
		return err
	}
	if line.At.IsZero() {
		return r.wrong(errors.New("end: write when the release ended"))
	}
	switch line.Outcome {
	case Promoted, RolledBack, Left, Full:
	default:
		return r.wrong(fmt.Errorf("outcome: %q is none of %s, %s, %s and %s", line.Outcome, Promoted, RolledBack, Left, Full))
	}
	r.end = &End{line.At.UTC(), line.Outcome, line.Message}
	return nil
}

func (r *Reader) look(text []byte) (Look, error) {
	var line lookLine
	if err := r.decode(text, &line); err != nil {
		return Look{}, err
	}
	l := Look{analysis.Look{Window: analysis.Window{From: line.From.UTC(), To: line.To.UTC()}, Weight: line.Weight, Next: line.Next}, line.Looks}
	if l.Looks == 0 {
		l.Looks = 1
	}
	for _, p := range line.Pods {
		a := analysis.Arm(p.Arm)
		l.Pods = append(l.Pods, analysis.Pod{Name: r.header.of(a).lengthen(p.Pod), Arm: a, ReadySince: p.Since.UTC()})
	}
	for i, c := range line.Counts {
		o, err := r.count(c)
		if err != nil {
			return Look{}, r.wrong(fmt.Errorf("counts[%d].%w", i, err))
		}
		o.Window = l.Window
		l.Observations = append(l.Observations, o)
	}
	if err := valid(l, r.last); err != nil {
		return Look{}, r.wrong(err)
	}
	r.last = l.Window.To
	return l, nil
}

// count is what a line counted beyond the lines before it.
func (r *Reader) count(line countLine) (analysis.Observation, error) {
	a := analysis.Arm(line.Arm)
	o := analysis.Observation{Metric: line.Metric, Arm: a, Pod: r.header.of(a).lengthen(line.Pod), Value: line.Value}
	s := r.sums[series{o.Metric, a, o.Pod}]
	if s == nil {
		s = &sums{buckets: map[place]amount{}}
		r.sums[series{o.Metric, a, o.Pod}] = s
	}
	var err error
	if o.Requests, err = line.Requests.since(s.requests); err != nil {
		return o, fmt.Errorf("requests: %w", err)
	}
	if o.Errors, err = line.Errors.since(s.errors); err != nil {
		return o, fmt.Errorf("errors: %w", err)
	}
	s.requests, s.errors = line.Requests, line.Errors
	if line.Layout == 0 && len(line.Buckets) == 0 {
		return o, nil
	}
	layout := r.layouts[line.Layout]
	switch {
	case layout == nil:
		return o, fmt.Errorf("layout: no line before tells of layout %d", line.Layout)
	case len(layout) != len(line.Buckets):
		return o, fmt.Errorf("buckets: there are %d, and layout %d has %d", len(line.Buckets), line.Layout, len(layout))
	}
	for i, b := range layout {
		at := placeOf(b)
		if b.Count, err = line.Buckets[i].since(s.buckets[at]); err != nil {
			return o, fmt.Errorf("buckets[%d]: %w", i, err)
		}
		s.buckets[at] = line.Buckets[i]
		o.Latency = append(o.Latency, b)
	}
	return o, nil
}
