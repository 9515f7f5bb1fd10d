package load

import (
	"maps"
	"slices"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/serin-dev/serin/hack/demo/service"
)

// sampleBytes bounds the part of an answer's body that a sample keeps.
const sampleBytes = 256

// tally counts requests as they end. It is safe for concurrent use.
type tally struct {
	maxSamples int

	mu       sync.Mutex
	requests Requests
	latency  map[string]*vegeta.LatencyMetrics // by version, since the start
	window   map[string]*vegeta.LatencyMetrics // by version, since the last call of lap
	recent   answers
}

func newTally(maxSamples int) *tally {
	return &tally{
		maxSamples: maxSamples,
		requests:   Requests{ByStatus: map[int]uint64{}, ByVersion: map[string]*Version{}},
		latency:    map[string]*vegeta.LatencyMetrics{},
		window:     map[string]*vegeta.LatencyMetrics{},
	}
}

func (t *tally) record(r *vegeta.Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	kind := classify(r)
	t.requests.add(kind)
	if r.Code == 0 {
		t.requests.TransportErrors++
	} else {
		t.requests.ByStatus[int(r.Code)]++
	}
	if name := r.Headers.Get(service.HeaderVersion); name != "" {
		t.version(name).add(kind)
		t.latency[name].Add(r.Latency)
		entry(t.window, name).Add(r.Latency)
		t.recent.add(name, r, kind)
	}
	// Injected errors are asked for; they must not take the places of those that nobody asked for.
	if (kind == platform || kind == unexpected) && len(t.requests.Samples) < t.maxSamples {
		t.requests.Samples = append(t.requests.Samples, sample(r, kind))
	}
}

// snapshot is a copy with the latency quantiles filled in.
func (t *tally) snapshot() Requests {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := t.requests
	out.ByStatus = maps.Clone(t.requests.ByStatus)
	out.Samples = slices.Clone(t.requests.Samples)
	out.ByVersion = make(map[string]*Version, len(t.requests.ByVersion))
	for name, v := range t.requests.ByVersion {
		l := t.latency[name]
		out.ByVersion[name] = &Version{Counts: v.Counts, Latency: Latency{
			P50: l.Quantile(0.50).Seconds(),
			P95: l.Quantile(0.95).Seconds(),
			P99: l.Quantile(0.99).Seconds(),
			Max: l.Max.Seconds(),
		}}
	}
	return out
}

// lap returns the 95th percentile in seconds of each version that answered since the last call, and begins anew.
func (t *tally) lap() map[string]float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	p95 := make(map[string]float64, len(t.window))
	for name, l := range t.window {
		p95[name] = l.Quantile(0.95).Seconds()
	}
	clear(t.window)
	return p95
}

// recently is what each version answered since begin.
func (t *tally) recently(begin time.Time) map[string]Recent {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.recent.since(begin)
}

func (t *tally) version(name string) *Version {
	entry(t.latency, name)
	return entry(t.requests.ByVersion, name)
}

// entry is m's value for name, made at the first call.
func entry[T any](m map[string]*T, name string) *T {
	if m[name] == nil {
		m[name] = new(T)
	}
	return m[name]
}

func sample(r *vegeta.Result, kind outcome) Sample {
	return Sample{
		Time:           r.Timestamp,
		Outcome:        string(kind),
		Status:         int(r.Code),
		Error:          r.Error,
		Version:        r.Headers.Get(service.HeaderVersion),
		Pod:            r.Headers.Get(service.HeaderPod),
		LatencySeconds: r.Latency.Seconds(),
		Body:           string(r.Body[:min(len(r.Body), sampleBytes)]),
	}
}
