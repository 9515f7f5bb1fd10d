package prometheus_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/prometheus/prometheustest"
)

// realPrometheus is a real Prometheus that scrapes every second.
type realPrometheus struct {
	t       *testing.T
	server  *prometheustest.Server
	address string

	jobs map[string][]scrapeTarget
}

// scrapeTarget is what a job scrapes: an address, with the labels that Kubernetes' discovery would give it.
type scrapeTarget struct {
	address string
	labels  map[string]string
}

func startPrometheus(t *testing.T) *realPrometheus {
	t.Helper()
	p := &realPrometheus{t: t, jobs: map[string][]scrapeTarget{}}
	p.server = prometheustest.Start(t, p.config())
	p.address = p.server.Address
	return p
}

// eventually polls for a condition.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not happen within 30 s that %s", what)
		}
	}
}

// config scrapes all jobs. Those whose name begins with native take native histograms besides classic ones.
func (p *realPrometheus) config() string {
	var b strings.Builder
	b.WriteString("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n")
	for job, targets := range p.jobs {
		native := strings.HasPrefix(job, "native")
		fmt.Fprintf(&b, "- job_name: %s\n  scrape_native_histograms: %v\n  always_scrape_classic_histograms: true\n  static_configs:\n", job, native)
		for _, target := range targets {
			labels, _ := json.Marshal(target.labels)
			fmt.Fprintf(&b, "  - {targets: [%q], labels: %s}\n", target.address, labels)
		}
	}
	return b.String()
}

// scrape adds targets to a job.
func (p *realPrometheus) scrape(job string, targets ...scrapeTarget) {
	p.jobs[job] = append(p.jobs[job], targets...)
	p.server.Configure(p.config())
}

// forget removes a target from all jobs.
func (p *realPrometheus) forget(address string) {
	for job, targets := range p.jobs {
		var kept []scrapeTarget
		for _, target := range targets {
			if target.address != address {
				kept = append(kept, target)
			}
		}
		p.jobs[job] = kept
	}
	p.server.Configure(p.config())
}

// scraped waits until Prometheus holds a scrape of every target by every job that has it, begun after now, and answers the
// time then.
func (p *realPrometheus) scraped(targets ...scrapeTarget) time.Time {
	p.t.Helper()
	start := float64(time.Now().UnixMilli()) / 1000
	for job, known := range p.jobs {
		for _, target := range targets {
			if !slices.ContainsFunc(known, func(k scrapeTarget) bool { return k.address == target.address }) {
				continue
			}
			up := fmt.Sprintf("up{job=%q,instance=%q}", job, target.address)
			eventually(p.t, job+" scrapes "+target.address, func() bool {
				return p.value("timestamp("+up+") and ("+up+" == 1)") > start
			})
		}
	}
	return time.Now()
}

// value is what a query yields, 0 for nothing.
func (p *realPrometheus) value(query string) float64 {
	r, err := http.Get("http://" + p.address + "/api/v1/query?query=" + url.QueryEscape(query))
	if err != nil {
		return 0
	}
	defer r.Body.Close()
	var body struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Data.Result) != 1 {
		return 0
	}
	v, _ := strconv.ParseFloat(body.Data.Result[0].Value[1].(string), 64)
	return v
}

// pod is an exporter of both metric families, as an application's pod has them, and the truth about its requests.
type pod struct {
	scrapeTarget
	name   string
	server *httptest.Server

	mu       sync.Mutex
	semantic *client.HistogramVec
	total    *client.CounterVec
	handler  http.Handler
	requests []request
}

type request struct {
	seconds float64
	code    int
}

// startPod runs a pod of a ReplicaSet.
func startPod(t *testing.T, namespace, name string) *pod {
	t.Helper()
	p := &pod{name: name}
	p.restart()
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		handler := p.handler
		p.mu.Unlock()
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(p.server.Close)
	p.scrapeTarget = scrapeTarget{p.server.Listener.Addr().String(), map[string]string{"namespace": namespace, "pod": name}}
	return p
}

// restart begins all counters at zero; the truth remains.
func (p *pod) restart() {
	p.mu.Lock()
	defer p.mu.Unlock()
	registry := client.NewRegistry()
	p.semantic = client.NewHistogramVec(client.HistogramOpts{
		Name: "http_server_request_duration_seconds", Help: "Duration of HTTP server requests.",
		Buckets:                     []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10},
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160, NativeHistogramMinResetDuration: time.Hour,
	}, []string{"http_request_method", "http_response_status_code"})
	p.total = client.NewCounterVec(client.CounterOpts{Name: "http_requests_total", Help: "Requests."}, []string{"code"})
	registry.MustRegister(p.semantic, p.total)
	p.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// serve answers n requests, the i-th with the duration and code that answer gives.
func (p *pod) serve(n int, answer func(i int) (seconds float64, code int)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range n {
		seconds, code := answer(i)
		p.semantic.WithLabelValues("GET", strconv.Itoa(code)).Observe(seconds)
		p.total.WithLabelValues(strconv.Itoa(code)).Inc()
		p.requests = append(p.requests, request{seconds, code})
	}
}

// served takes the truth since the last call.
func (p *pod) served() []request {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.requests
	p.requests = nil
	return out
}

// verify compares an observation with the truth, down to every bucket.
func verify(t *testing.T, o analysis.Observation, truth []request, latency bool) {
	t.Helper()
	errors := 0
	for _, r := range truth {
		if r.code >= 500 {
			errors++
		}
	}
	if o.Requests != float64(len(truth)) || !latency && o.Errors != float64(errors) {
		t.Errorf("%s: %v requests and %v errors counted, %d and %d happened", o.Pod, o.Requests, o.Errors, len(truth), errors)
	}
	for _, b := range o.Latency {
		within := 0.0
		for _, r := range truth {
			if r.seconds > b.Lower && r.seconds <= b.Upper {
				within++
			}
		}
		if within != b.Count {
			t.Errorf("%s: %v durations counted in (%v, %v], %v were", o.Pod, b.Count, b.Lower, b.Upper, within)
		}
	}
	if latency && o.Latency.Total() != float64(len(truth)) {
		t.Errorf("%s: %v durations counted of %d", o.Pod, o.Latency.Total(), len(truth))
	}
}
