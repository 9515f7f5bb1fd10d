package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"sort"
	"sync"
	"time"
)

// metrics counts requests. It encodes itself, as this module has no dependencies.
type metrics struct {
	version string

	mu      sync.Mutex
	count   uint64
	sum     float64
	buckets map[int]int64 // bucket i of schema 0 holds values in (2^(i-1), 2^i]
}

func newMetrics(version string) *metrics { return &metrics{version: version, buckets: map[int]int64{}} }

func (m *metrics) observe(d time.Duration) {
	v := max(d.Seconds(), 1e-9)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count++
	m.sum += v
	m.buckets[int(math.Ceil(math.Log2(v)))]++
}

func (m *metrics) text() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return fmt.Appendf(nil, "# TYPE testapp_requests_total counter\ntestapp_requests_total{version=%q} %d\n", m.version, m.count)
}

// protobuf writes two io.prometheus.client.MetricFamily messages, each preceded by its length. The numbers below
// are that schema's field numbers.
func (m *metrics) protobuf() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()

	var counter, histogram message
	counter.float(1, float64(m.count))

	histogram.varint(1, m.count)
	histogram.float(2, m.sum)
	histogram.signed(5, 0)        // schema: each bucket twice as wide as the one before
	histogram.float(6, 0x1p-1074) // zero threshold; it also marks an empty histogram as native
	histogram.varint(7, 0)        // observations of zero
	indexes := make([]int, 0, len(m.buckets))
	for i := range m.buckets {
		indexes = append(indexes, i)
	}
	sort.Ints(indexes)
	next, last := 0, int64(0)
	for _, i := range indexes {
		var span message // one span per bucket: wasteful and simple
		span.signed(1, int64(i-next))
		span.varint(2, 1)
		histogram.nested(12, span)
		next = i + 1
	}
	for _, i := range indexes {
		histogram.signed(13, m.buckets[i]-last) // counts are sent as differences
		last = m.buckets[i]
	}

	var out message
	for _, f := range []struct {
		name        string
		kind        uint64 // of the family
		field       int    // in Metric
		measurement message
	}{
		{"testapp_requests_total", 0, 3, counter},
		{"testapp_request_duration_seconds", 4, 7, histogram},
	} {
		var label, metric, family message
		label.text(1, "version")
		label.text(2, m.version)
		metric.nested(1, label)
		metric.nested(f.field, f.measurement)
		family.text(1, f.name)
		family.varint(3, f.kind)
		family.nested(4, metric)
		out = append(binary.AppendUvarint(out, uint64(len(family))), family...)
	}
	return out
}

// message is an encoded protobuf message under construction.
type message []byte

func (m *message) key(field int, wire uint64) { *m = binary.AppendUvarint(*m, uint64(field)<<3|wire) }
func (m *message) varint(field int, v uint64) { m.key(field, 0); *m = binary.AppendUvarint(*m, v) }
func (m *message) signed(field int, v int64)  { m.varint(field, uint64(v<<1)^uint64(v>>63)) }
func (m *message) float(field int, v float64) {
	m.key(field, 1)
	*m = binary.LittleEndian.AppendUint64(*m, math.Float64bits(v))
}

func (m *message) nested(field int, v message) {
	m.key(field, 2)
	*m = append(binary.AppendUvarint(*m, uint64(len(v))), v...)
}
func (m *message) text(field int, v string) { m.nested(field, message(v)) }
