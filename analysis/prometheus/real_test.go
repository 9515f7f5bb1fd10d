package prometheus_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/analysistest"
	"github.com/serin-dev/serin/analysis/prometheus"
)

// TestRealPrometheus counts what exporters truly observed, through a real Prometheus, to the last request.
func TestRealPrometheus(t *testing.T) {
	p := startPrometheus(t)
	t.Run("a release", func(t *testing.T) { testRelease(t, p) })
	t.Run("presets", func(t *testing.T) { testPresets(t, p) })
	t.Run("values", func(t *testing.T) { testValues(t, p) })
}

// fast and failing make a request's answer.
func fast(i int) (float64, int) { return 0.02 * math.Exp(0.02*float64(i%100)), 200 }

func failing(i int) (float64, int) {
	return 0.3, 200 + 300*(i%2)
}

func testRelease(t *testing.T, p *realPrometheus) {
	const namespace = "release"
	old1, old2 := startPod(t, namespace, "api-5d9f-aaaaa"), startPod(t, namespace, "api-5d9f-bbbbb")
	new1, later := startPod(t, namespace, "api-7c8b-ccccc"), startPod(t, namespace, "api-7c8b-ddddd")
	stranger := startPod(t, namespace, "api-web-5d9f-aaaaa")
	first := []scrapeTarget{old1.scrapeTarget, old2.scrapeTarget, new1.scrapeTarget, stranger.scrapeTarget}
	p.scrape("native", first...)
	p.scrape("classic", old1.scrapeTarget, old2.scrapeTarget, new1.scrapeTarget) // the same pods once more

	for _, pod := range []*pod{old1, old2} {
		pod.serve(50, fast)
	}
	p.scraped(first...)
	from := time.Now()
	p.scraped(first...) // what is in flight at from ends before requests come
	for _, pod := range []*pod{old1, old2, new1, later, stranger} {
		pod.served()
	}

	old1.serve(200, fast)
	old2.serve(100, fast)
	new1.serve(40, fast) // its first requests
	stranger.serve(1000, failing)
	p.scraped(first...)
	new1.serve(11, failing) // its first errors
	p.scrape("native", later.scrapeTarget)
	p.scraped(append(first, later.scrapeTarget)...)
	later.serve(25, failing) // a pod that was scraped before it served
	old2.restart()
	old2.serve(30, fast) // after a reset, fewer than before
	p.scraped(append(first, later.scrapeTarget)...)
	old1.serve(7, failing)
	p.scraped(first...)
	p.forget(old1.address) // and goes away
	old1.server.Close()
	p.scraped(new1.scrapeTarget)
	to := p.scraped(old2.scrapeTarget, later.scrapeTarget)

	source, err := prometheus.New(analysis.Config{Address: "http://" + p.address})
	if err != nil {
		t.Fatal(err)
	}
	subject := analysis.Subject{
		Namespace: namespace,
		Baseline:  analysis.Target{ReplicaSet: "api-5d9f"}, Candidate: analysis.Target{ReplicaSet: "api-7c8b"},
	}
	truth := map[string][]request{old1.name: old1.served(), old2.name: old2.served(), new1.name: new1.served(), later.name: later.served()}
	for _, preset := range []string{"opentelemetry", "classic"} {
		queries := []analysis.Query{{Metric: "errors", Preset: preset, Errors: true}}
		if preset == "opentelemetry" {
			queries = append(queries, analysis.Query{Metric: "latency", Preset: preset, Latency: true})
		}
		obs, err := source.Count(t.Context(), subject, queries, []analysis.Window{{From: from, To: to}})
		if err != nil {
			t.Fatal(err)
		}
		if len(obs) != len(truth)*len(queries) {
			t.Errorf("%d observations of %d pods: %+v", len(obs), len(truth), obs)
		}
		var parts []analysis.Observation
		var windows []analysis.Window
		for at := from; at.Before(to); at = at.Add(700 * time.Millisecond) {
			next := at.Add(700 * time.Millisecond)
			if next.After(to) {
				next = to
			}
			part, err := source.Count(t.Context(), subject, queries, []analysis.Window{{From: at, To: next}})
			if err != nil {
				t.Fatal(err)
			}
			parts = analysistest.Merge(append(parts, part...))
			windows = append(windows, analysis.Window{From: at, To: next})
		}
		together, err := source.Count(t.Context(), subject, queries, windows)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, analysistest.Merge(together)...)
		parts = slices.DeleteFunc(parts, func(o analysis.Observation) bool { return o.Pod == new1.name }) // new, and scraped twice
		for _, o := range append(obs, parts...) {                                                         // at once, in many looks, or in one over many windows
			verify(t, o, truth[o.Pod], o.Metric == "latency")
			if slices.ContainsFunc(o.Latency, func(b analysis.Bucket) bool { return b.Upper == 0.5 }) {
				t.Errorf("%s is counted by its classic histogram: %v", o.Pod, o.Latency)
			}
		}
	}
}
