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
const stateVersion = 1

// State is all that the Engine remembers, for [Restore]. It does not grow with the length of the release.
func (e *Engine) State() []byte {
	b := []byte{stateVersion}
	b = put(b, policyHash(e.policy))
	b = put(b, e.release)
	b = putAll(b, e.unknown)
	for _, m := range e.metrics {
		b = put(b, m.Boundary)
		b = put(b, m.Tally)
		b = put(b, m.Drift)
		b = put(b, m.Load)
		b = put(b, m.ColdStart)
		b = put(b, m.Guard)
		b = put(b, m.Noise)
		b = put(b, m.Whole)
		b = put(b, m.Valued)
		b = put(b, m.Values)
		b = put(b, m.Last)
		b = put(b, m.Dispersion.Scales)
		b = put(b, [...]float32{m.Dispersion.Tail, m.Dispersion.Cells})
		b = put(b, m.Dispersion.Ticks)
		b = putAll(b, m.Dispersion.Pods)
		for _, s := range []*stream{&m.Comparison, &m.Limit} {
			b = put(b, s.recent)
			b = putAll(b, s.spans)
		}
		for _, h := range []analysis.Histogram{m.Shape, m.Baseline, m.Candidate} {
			b = putAll(b, h)
		}
	}
	return put(b, crc32.ChecksumIEEE(b))
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
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(state[len(body):]) {
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
	r.take(&m.Boundary)
	r.take(&m.Tally)
	r.take(&m.Drift)
	r.take(&m.Load)
	r.take(&m.ColdStart)
	r.take(&m.Guard)
	r.take(&m.Noise)
	r.take(&m.Whole)
	r.take(&m.Valued)
	r.take(&m.Values)
	r.take(&m.Last)
	r.take(&m.Dispersion.Scales)
	r.take(&m.Dispersion.Tail)
	r.take(&m.Dispersion.Cells)
	r.take(&m.Dispersion.Ticks)
	takeAll(r, &m.Dispersion.Pods)
	for _, s := range []*stream{&m.Comparison, &m.Limit} {
		r.take(&s.recent)
		takeAll(r, &s.spans)
	}
	for _, h := range []*analysis.Histogram{&m.Shape, &m.Baseline, &m.Candidate} {
		takeAll(r, (*[]analysis.Bucket)(h))
	}
}

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
