package prometheus_test

import (
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/prometheus"
)

// consumer is a pod that takes jobs from a queue, and tells how far it is behind.
type consumer struct {
	scrapeTarget
	server       *httptest.Server
	lag          *client.GaugeVec
	done, failed client.Counter
}

func startConsumer(t *testing.T, name string) *consumer {
	t.Helper()
	c := &consumer{
		lag:    client.NewGaugeVec(client.GaugeOpts{Name: "records_lag_max", Help: "Records behind."}, []string{"topic"}),
		done:   client.NewCounter(client.CounterOpts{Name: "jobs_done_total", Help: "Jobs."}),
		failed: client.NewCounter(client.CounterOpts{Name: "jobs_failed_total", Help: "Jobs that failed."}),
	}
	registry := client.NewRegistry()
	registry.MustRegister(c.lag, c.done, c.failed)
	c.server = httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	t.Cleanup(c.server.Close)
	c.scrapeTarget = scrapeTarget{c.server.Listener.Addr().String(), map[string]string{"namespace": "queue", "pod": name}}
	return c
}

// testValues asks for plain values of two versions of a queue's consumer.
func testValues(t *testing.T, p *realPrometheus) {
	old1, old2, fresh := startConsumer(t, "worker-5d9f-aaaaa"), startConsumer(t, "worker-5d9f-bbbbb"), startConsumer(t, "worker-7c8b-ccccc")
	all := []scrapeTarget{old1.scrapeTarget, old2.scrapeTarget, fresh.scrapeTarget}
	p.scrape("queue", all...)
	old1.lag.WithLabelValues("orders").Set(120)
	old2.lag.WithLabelValues("orders").Set(80)
	old2.lag.WithLabelValues("mails").Set(7000)
	fresh.lag.WithLabelValues("orders").Set(500)
	for _, c := range []*consumer{old1, old2, fresh} {
		c.done.Add(100)
	}
	fresh.failed.Add(25)
	p.scraped(all...)
	at := p.scraped(all...)

	source, err := prometheus.New(analysis.Config{Address: "http://" + p.address})
	if err != nil {
		t.Fatal(err)
	}
	subject := analysis.Subject{
		Namespace: "queue", Baseline: analysis.Target{ReplicaSet: "worker-5d9f"}, Candidate: analysis.Target{ReplicaSet: "worker-7c8b"},
	}
	ask := func(query string, ws ...analysis.Window) ([]analysis.Observation, error) {
		return source.Count(t.Context(), subject, []analysis.Query{{Metric: "lag", Custom: &analysis.CustomQuery{Value: query}}}, ws)
	}
	window := analysis.Window{From: at.Add(-time.Second), To: at}
	for query, want := range map[string][]float64{
		`max(records_lag_max{topic="orders",$arm})`:                               {120, 500},
		`sum(records_lag_max{$arm})`:                                              {7200, 500},
		`sum(jobs_failed_total{$arm}) / sum(jobs_done_total{$arm})`:               {0, 0.25},
		`scalar(sum(jobs_failed_total{$arm})) + 1`:                                {1, 26},
		`max(records_lag_max{topic="mails",$arm})`:                                {7000},
		`sum(jobs_failed_total{$arm}) / sum(jobs_failed_total{$arm})`:             {1}, // 0/0 is no number
		`max(no_such_metric{$arm})`:                                               nil,
		`max(records_lag_max{topic="orders",namespace="other",$arm})`:             nil,
		`count(up{$arm} == 1)`:                                                    {2, 1},
		`max_over_time(max(records_lag_max{topic="orders",$arm})[10s:1s]) # $arm`: {120, 500},
	} {
		obs, err := ask(query, window)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if got := numbersOf(obs); !slices.Equal(got, want) {
			t.Errorf("%s yields %v, want %v", query, got, want)
		}
	}
	for query, want := range map[string]string{
		`records_lag_max{$arm}`:                                   "it yields 3 numbers for one version",
		`records_lag_max{$arm}[5s]`:                               "it yields samples over a range of time",
		`sum(jobs_done_total{$arm}) / (sum(up{$arm}) * 0)`:        "it yields an infinite number",
		`max(records_lag_max{$arm}) max`:                          "parse error",
		`max(records_lag_max{$arm,,})`:                            "parse error",
		`records_lag_max{$arm} / on(topic) jobs_done_total{$arm}`: "found duplicate series for the match group",
	} {
		_, err := ask(query, window)
		if !errors.Is(err, analysis.ErrRejected) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", query, err, want)
		}
	}
	testValuesOverTime(t, p, fresh, ask)
}

// testValuesOverTime asks for several windows at once and for each alone, while the candidate's number rises and its pod goes.
func testValuesOverTime(t *testing.T, p *realPrometheus, fresh *consumer, ask func(string, ...analysis.Window) ([]analysis.Observation, error)) {
	const query = `max(records_lag_max{topic="orders",$arm})`
	from := time.Now()
	p.scraped(fresh.scrapeTarget)
	fresh.lag.WithLabelValues("orders").Set(900)
	p.scraped(fresh.scrapeTarget)
	p.forget(fresh.address) // its series end with it, at once
	eventually(t, "the series of the pod end", func() bool { return p.value(`count(records_lag_max{pod="worker-7c8b-ccccc"})`) == 0 })
	to := time.Now()
	var ws []analysis.Window
	for at := from; !at.Add(500 * time.Millisecond).After(to); at = at.Add(500 * time.Millisecond) {
		ws = append(ws, analysis.Window{From: at, To: at.Add(500 * time.Millisecond)})
	}
	ws = append(ws, analysis.Window{From: ws[len(ws)-1].To, To: to.Add(time.Millisecond)}) // of another length
	together, err := ask(query, ws...)
	if err != nil {
		t.Fatal(err)
	}
	var alone []analysis.Observation
	for _, w := range ws {
		obs, err := ask(query, w)
		if err != nil {
			t.Fatal(err)
		}
		alone = append(alone, obs...)
	}
	if got, want := numbersOf(together), numbersOf(alone); !slices.Equal(got, want) || !slices.Contains(got, 500) || !slices.Contains(got, 900) {
		t.Errorf("together %v, each alone %v", got, want)
	}
	if last := together[len(together)-1]; last.Arm != analysis.Baseline || *last.Value != 120 || last.Window != ws[len(ws)-1] {
		t.Errorf("a pod that is gone has the value %v: %+v", *last.Value, last)
	}
}

func numbersOf(obs []analysis.Observation) []float64 {
	var numbers []float64
	for _, o := range obs {
		numbers = append(numbers, *o.Value)
	}
	return numbers
}
