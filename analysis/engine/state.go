package engine

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"io"

	"github.com/serin-dev/serin/analysis"
)

// stateVersion of the format; a change of the format or of what the numbers mean takes the next one.
const stateVersion = 3

// State is all that the Engine remembers, for [Restore]. It does not grow with the length of the release.
func (e *Engine) State() []byte {
	b := []byte{stateVersion}
	b = put(b, policyHash(e.policy))
	b = put(b, e.release)
	b = putAll(b, e.unknown)
	for _, m := range e.metrics {
		for _, part := range append(m.fixed(), m.rare()...) {
			b = put(b, part)
		}
		b = putAll(b, m.Dispersion.Pods)
		b = putAll(b, m.Comparison.spans)
		b = putAll(b, m.Limit.spans)
		for _, h := range m.histograms() {
			b = putHistogram(b, *h)
		}
	}
	return put(b, checksum(b))
}

// fixed are the parts of a metric's memory that always have the same size.
func (m *metric) fixed() []any {
	return []any{
		&m.Whole, &m.Valued, &m.Boundary, &m.Tally, &m.Drift, &m.Load, &m.ColdStart, &m.Guard, &m.Last, &m.Dispersion.Scales,
		&m.Dispersion.Ticks,
	}
}

// rare are the parts of a metric's memory that only some sources need.
func (m *metric) rare() []any {
	if m.Whole || m.Valued {
		return []any{&m.Noise, &m.Values}
	}
	return nil
}

func (m *metric) histograms() []*analysis.Histogram {
	return []*analysis.Histogram{&m.Shape, &m.Baseline, &m.Candidate}
}

// Restore continues from a state as if there had been no interruption. The error says when the state is of another version
// or another policy, or no state at all; the release has to be judged anew then.
func Restore(p analysis.Policy, state []byte, options ...Option) (*Engine, error) {
	if len(state) < 1+8+4 {
		return nil, errors.New("the engine's state is cut short")
	}
	if state[0] != stateVersion {
		return nil, fmt.Errorf("the engine's state has version %d, and this version of Serin reads %d", state[0], stateVersion)
	}
	body := state[:len(state)-4]
	if checksum(body) != binary.LittleEndian.Uint32(state[len(body):]) {
		return nil, errors.New("the engine's state is damaged")
	}
	if binary.LittleEndian.Uint64(body[1:]) != policyHash(p) {
		return nil, errors.New("the policy has changed since the engine's state was written")
	}
	e := New(p, options...)
	r := &reader{bytes.NewReader(body[1+8:]), nil}
	r.take(&e.release)
	takeAll(r, &e.unknown)
	for _, m := range e.metrics {
		m.restore(r)
	}
	if r.err == nil && r.Len() > 0 {
		r.err = errors.New("bytes are left over")
	}
	if r.err != nil {
		return nil, fmt.Errorf("the engine's state can't be read: %w", r.err)
	}
	return e, nil
}

func (m *metric) restore(r *reader) {
	for _, part := range m.fixed() {
		r.take(part)
	}
	for _, part := range m.rare() {
		r.take(part)
	}
	takeAll(r, &m.Dispersion.Pods)
	takeAll(r, &m.Comparison.spans)
	takeAll(r, &m.Limit.spans)
	for _, h := range m.histograms() {
		*h = r.takeHistogram()
	}
}

// checksum tells a state from one that was damaged.
func checksum(b []byte) uint32 { return crc32.ChecksumIEEE(b) }

// policyHash tells policies apart.
func policyHash(p analysis.Policy) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%v", p)
	return h.Sum64()
}

func put(b []byte, v any) []byte {
	b, err := binary.Append(b, binary.LittleEndian, v)
	if err != nil { // only for values without a fixed size, which the tests would find
		panic(err)
	}
	return b
}

func putAll[T any](b []byte, all []T) []byte {
	b = binary.LittleEndian.AppendUint16(b, uint16(len(all)))
	return put(b, all)
}

// bucket is a bucket of a histogram as it is kept.
type bucket struct {
	Lower, Upper float64
	Count        float32
}

func putHistogram(b []byte, h analysis.Histogram) []byte {
	kept := make([]bucket, len(h))
	for i, x := range h {
		kept[i] = bucket{x.Lower, x.Upper, float32(x.Count)}
	}
	return putAll(b, kept)
}

func (r *reader) takeHistogram() analysis.Histogram {
	var kept []bucket
	takeAll(r, &kept)
	if len(kept) == 0 {
		return nil
	}
	h := make(analysis.Histogram, len(kept))
	for i, x := range kept {
		h[i] = analysis.Bucket{Lower: x.Lower, Upper: x.Upper, Count: float64(x.Count)}
	}
	if r.err == nil {
		r.err = h.Validate()
	}
	return h
}

// reader reads until the first error.
type reader struct {
	*bytes.Reader
	err error
}

func (r *reader) take(v any) {
	if r.err == nil {
		r.err = binary.Read(r, binary.LittleEndian, v)
	}
}

// takeAll reads a list. Its length is not believed beyond what is left to read.
func takeAll[T any](r *reader, all *[]T) {
	var n uint16
	r.take(&n)
	if r.err != nil || n == 0 {
		return
	}
	var one T
	if int(n)*binary.Size(one) > r.Len() {
		r.err = io.ErrUnexpectedEOF
		return
	}
	*all = make([]T, n)
	r.take(*all)
}
