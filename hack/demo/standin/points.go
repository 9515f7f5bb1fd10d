package standin

import (
	"slices"
	"sync"
	"time"

	"github.com/serin-dev/serin/analysis/datadog/datadogtest"
)

const (
	// bucket is how long an Agent gathers before it sends.
	bucket = 10 * time.Second
	// kept is how long points are: as far back as a release asks about its baseline, and as long as a release of the demo takes at most.
	kept = 45 * time.Minute
)

// Points are what was sent, a bucket of ten seconds at a time, of which the last are kept. The zero value is empty. They may be
// used concurrently.
type Points struct {
	mu      sync.Mutex
	buckets []gathered
}

// gathered is what was sent for one bucket, by metric.
type gathered struct {
	begin  time.Time
	series map[string][]datadogtest.Series
}

// Add adds a bucket, and forgets those that are too old. The buckets have to come in order.
func (p *Points) Add(begin time.Time, series map[string][]datadogtest.Series) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.buckets = slices.DeleteFunc(p.buckets, func(g gathered) bool { return begin.Sub(g.begin) >= kept })
	p.buckets = append(p.buckets, gathered{begin, series})
}

// Between implements [datadogtest.Store]. A point is there as a whole or not at all, so only buckets that lie wholly in the time count.
func (p *Points) Between(metric string, from, to time.Time) []datadogtest.Series {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, _ := slices.BinarySearchFunc(p.buckets, from, func(g gathered, t time.Time) int { return g.begin.Compare(t) })
	var out []datadogtest.Series
	for _, g := range p.buckets[at:] {
		if g.begin.Add(bucket).After(to) {
			break
		}
		out = append(out, g.series[metric]...)
	}
	return out
}
