package load

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	vegeta "github.com/tsenart/vegeta/v12/lib"
)

func TestRecentCountsByVersionAndEnd(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var a answers
	hear := func(version string, end, latency time.Duration, kind outcome) {
		a.add(version, &vegeta.Result{Timestamp: begin.Add(end - latency), Latency: latency}, kind)
	}
	for i := range 100 {
		hear("v1", time.Duration(i)*100*time.Millisecond, time.Duration(i+1)*time.Millisecond, ok)
	}
	hear("v2", 10*time.Second, 7*time.Millisecond, injected)
	hear("v2", 10*time.Second, 5*time.Millisecond, ok)

	for name, test := range map[string]struct {
		since time.Duration
		want  map[string]Recent
	}{
		"all":        {0, map[string]Recent{"v1": {Requests: 100, P95: 95 * time.Millisecond}, "v2": {Requests: 2, Failed: 1, P95: 7 * time.Millisecond}}},
		"the end":    {9900 * time.Millisecond, map[string]Recent{"v1": {Requests: 1, P95: 100 * time.Millisecond}, "v2": {Requests: 2, Failed: 1, P95: 7 * time.Millisecond}}},
		"the future": {time.Minute, map[string]Recent{}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, a.since(begin.Add(test.since))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestRecentForgets(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var a answers
	for i := range 1000 {
		a.add("v1", &vegeta.Result{Timestamp: begin.Add(time.Duration(i) * time.Second)}, ok)
	}
	if want := int(recentSpan/time.Second) + 1; len(a) != want {
		t.Errorf("%d answers are kept, want %d", len(a), want)
	}
}
