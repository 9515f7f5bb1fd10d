package standin

import (
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/datadog"
)

// TestSourceCountsWhatTheServiceServed lets the real source ask the stand-in about requests that the demo service's real handler served, all of
// it over HTTP: every request and every error counts once.
func TestSourceCountsWhatTheServiceServed(t *testing.T) {
	c := newCrew(t)
	for _, name := range []string{"a", "b"} {
		c.join("old", name, 0, nil)
	}
	c.join("new", "c", .3, nil)
	c.agent.gather(t.Context(), at(0))
	rates := map[string]int{"a": 40, "b": 25, "c": 60}
	type count struct{ Requests, Errors float64 }
	want := map[analysis.Window]map[string]count{}
	var windows []analysis.Window
	for i := range 2 { // windows of two buckets each
		w := analysis.Window{From: at(float64(i) * 20), To: at(float64(i)*20 + 20)}
		windows, want[w] = append(windows, w), map[string]count{}
		for half := range 2 {
			for name, n := range rates {
				was := want[w][name]
				want[w][name] = count{was.Requests + float64(n+i), was.Errors + c.call(name, n+i)}
			}
			c.agent.gather(t.Context(), w.From.Add(time.Duration(half+1)*bucket))
		}
	}
	if want[windows[0]]["c"].Errors == 0 {
		t.Fatal("a candidate that fails three requests in ten has not failed any")
	}

	source := c.source(t)
	subject := analysis.Subject{Namespace: "demo", Baseline: analysis.Target{ReplicaSet: "read-api-old"}, Candidate: analysis.Target{ReplicaSet: "read-api-new"}}
	observed, err := source.Count(t.Context(), subject, []analysis.Query{{Metric: "errors", Errors: true}, {Metric: "latency", Latency: true}}, windows)
	if err != nil {
		t.Fatal(err)
	}
	got := map[analysis.Window]map[string]count{windows[0]: {}, windows[1]: {}}
	for _, o := range observed {
		if arm := map[string]analysis.Arm{"a": analysis.Baseline, "b": analysis.Baseline, "c": analysis.Candidate}[o.Pod]; o.Arm != arm {
			t.Errorf("pod %s counts as %v", o.Pod, o.Arm)
		}
		if o.Metric == "errors" {
			got[o.Window][o.Pod] = count{o.Requests, o.Errors}
			continue
		}
		if err := o.Latency.Validate(); err != nil || o.Latency.Total() != want[o.Window][o.Pod].Requests {
			t.Errorf("%v durations of pod %s, want %v: %v", o.Latency.Total(), o.Pod, want[o.Window][o.Pod].Requests, err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// source is the real one, which asks about a crew over HTTP.
func (c *crew) source(t *testing.T) analysis.Provider {
	t.Helper()
	config := Config{APIKey: "an-api-key", AppKey: "an-app-key", Limit: 1600}
	server := httptest.NewServer(NewAPI(config, c.agent, slog.New(slog.DiscardHandler)).Handler())
	t.Cleanup(server.Close)
	source, err := datadog.New(analysis.Config{
		Address: server.URL, Preset: "dogstatsd", Credentials: map[string][]byte{"api-key": []byte(config.APIKey), "app-key": []byte(config.AppKey)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return source
}
