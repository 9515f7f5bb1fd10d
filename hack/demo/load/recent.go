package load

import (
	"slices"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// recentSpan is how far back Generator.Recent can look.
const recentSpan = 30 * time.Second

// Recent is what one version answered lately.
type Recent struct {
	Requests uint64
	Failed   uint64        // injected and unexpected ones
	P95      time.Duration // of all answers, errors included, as the caller saw them
}

// Recent is what each version answered in the last span, at most 30 seconds, counted by the end of the requests.
func (g *Generator) Recent(span time.Duration) map[string]Recent {
	return g.tally.recently(time.Now().Add(-span))
}

// answer is what is kept of one request for recentSpan.
type answer struct {
	ended   time.Time
	version string
	latency time.Duration
	failed  bool
}

// answers are in the order in which they were heard.
type answers []answer

// add keeps r, and forgets what is older than recentSpan.
func (a *answers) add(version string, r *vegeta.Result, kind outcome) {
	ended := r.End()
	old := 0
	for old < len(*a) && ended.Sub((*a)[old].ended) > recentSpan {
		old++
	}
	*a = append((*a)[old:], answer{ended: ended, version: version, latency: r.Latency, failed: kind != ok})
}

func (a answers) since(begin time.Time) map[string]Recent {
	latencies := map[string][]time.Duration{}
	failed := map[string]uint64{}
	for _, one := range a {
		if one.ended.Before(begin) {
			continue
		}
		latencies[one.version] = append(latencies[one.version], one.latency)
		if one.failed {
			failed[one.version]++
		}
	}
	out := make(map[string]Recent, len(latencies))
	for version, times := range latencies {
		slices.Sort(times)
		out[version] = Recent{Requests: uint64(len(times)), Failed: failed[version], P95: times[(len(times)*95-1)/100]}
	}
	return out
}
