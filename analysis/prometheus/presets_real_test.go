package prometheus_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/prometheus"
)

// recorded serves an exposition as text, first how it was before, then how it was some time later.
type recorded struct {
	scrapeTarget
	before, after string

	mu   sync.Mutex
	text string
}

func serveRecorded(t *testing.T, file string, labels map[string]string) *recorded {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	r := &recorded{}
	r.before, r.after, _ = strings.Cut(string(text), "# ==== some time later\n")
	r.text = r.before
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write([]byte(r.text))
	}))
	t.Cleanup(server.Close)
	r.scrapeTarget = scrapeTarget{server.Listener.Addr().String(), labels}
	return r
}

func (r *recorded) turn() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text = r.after
}

// wanted says what a preset has to count of an arm.
type wanted struct {
	counter, histogram, status string
	unit                       float64 // seconds
	arm                        func(labels map[string]string) bool
}

// verify compares an observation with how the arm's series grew, by the expositions themselves.
func (w wanted) verify(t *testing.T, o analysis.Observation, r *recorded) {
	t.Helper()
	var requests, errors float64
	upTo := map[float64]float64{}
	for text, sign := range map[string]float64{r.before: -1, r.after: 1} {
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range append(families[w.counter].GetMetric(), families[w.histogram].GetMetric()...) {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if !w.arm(labels) {
				continue
			}
			requests += sign * m.GetCounter().GetValue()
			if strings.HasPrefix(labels[w.status], "5") {
				errors += sign * m.GetCounter().GetValue()
			}
			for _, b := range m.GetHistogram().GetBucket() {
				upTo[b.GetUpperBound()*w.unit] += sign * float64(b.GetCumulativeCount())
			}
		}
	}
	if requests == 0 || o.Requests != requests || o.Errors != errors {
		t.Errorf("%v: %v requests and %v errors counted, want %v and %v", o.Arm, o.Requests, o.Errors, requests, errors)
	}
	below := 0.0
	for _, b := range o.Latency {
		below += b.Count
		if want, ok := upTo[b.Upper]; !ok || want != below {
			t.Errorf("%v: %v durations counted up to %v s, want %v", o.Arm, below, b.Upper, want)
		}
	}
	if below != requests {
		t.Errorf("%v: %v durations counted, want %v", o.Arm, below, requests)
	}
}

// rename replaces a text in the exposition.
func (r *recorded) rename(text, other string) *recorded {
	r.before, r.after = strings.ReplaceAll(r.before, text, other), strings.ReplaceAll(r.after, text, other)
	r.text = r.before
	return r
}

func testPresets(t *testing.T, p *realPrometheus) {
	traefik := serveRecorded(t, "traefik.txt", map[string]string{"pod": "traefik-0"})
	nginx := serveRecorded(t, "nginx.txt", map[string]string{"pod": "nginx-0"})
	// a scraper that has these labels itself renames those of the metrics
	operated := serveRecorded(t, "nginx.txt", map[string]string{"pod": "nginx-1", "namespace": "ingress", "service": "metrics"}).
		rename(`namespace="shop"`, `namespace="mall"`).rename("shop-api", "mall-api")
	istio1 := serveRecorded(t, "istio-api-1-aaaaa.txt", map[string]string{"namespace": "shop", "pod": "api-1-aaaaa"})
	istio2 := serveRecorded(t, "istio-api-2-bbbbb.txt", map[string]string{"namespace": "shop", "pod": "api-2-bbbbb"})
	all := []*recorded{traefik, nginx, operated, istio1, istio2}
	var scraped []scrapeTarget
	for _, r := range all {
		scraped = append(scraped, r.scrapeTarget)
	}
	p.scrape("text", scraped...)
	p.scraped(scraped...)
	from := time.Now()
	p.scraped(scraped...)
	for _, r := range all {
		r.turn()
	}
	window := analysis.Window{From: from, To: p.scraped(scraped...)}

	const ingress = "nginx_ingress_controller_request"
	istio := wanted{
		"istio_requests_total", "istio_request_duration_milliseconds", "response_code", 1e-3,
		func(labels map[string]string) bool { return labels["reporter"] == "destination" },
	}
	within := func(label, text string) func(map[string]string) bool {
		return func(labels map[string]string) bool { return strings.Contains(labels[label], text) }
	}
	canary := func(namespace, value string) func(map[string]string) bool {
		return func(labels map[string]string) bool {
			return labels["namespace"] == namespace && labels["canary"] == value
		}
	}
	for name, test := range map[string]struct {
		preset, namespace string
		baseline          wanted
		candidate         wanted
		from              [2]*recorded
	}{
		"Traefik": {
			"traefik", "shop",
			wanted{"traefik_service_requests_total", "traefik_service_request_duration_seconds", "code", 1, within("service", "-api-baseline-")},
			wanted{"traefik_service_requests_total", "traefik_service_request_duration_seconds", "code", 1, within("service", "-api-candidate-")},
			[2]*recorded{traefik, traefik},
		},
		"ingress-nginx": {
			"nginx", "shop",
			wanted{ingress + "s", ingress + "_duration_seconds", "status", 1, canary("shop", "")},
			wanted{ingress + "s", ingress + "_duration_seconds", "status", 1, canary("shop", "shop-api-candidate-80")},
			[2]*recorded{nginx, nginx},
		},
		"ingress-nginx with labels renamed": {
			"nginx", "mall",
			wanted{ingress + "s", ingress + "_duration_seconds", "status", 1, canary("mall", "")},
			wanted{ingress + "s", ingress + "_duration_seconds", "status", 1, canary("mall", "mall-api-candidate-80")},
			[2]*recorded{operated, operated},
		},
		"Istio": {"istio", "shop", istio, istio, [2]*recorded{istio1, istio2}},
	} {
		t.Run(name, func(t *testing.T) {
			source, err := prometheus.New(analysis.Config{Address: "http://" + p.address, Preset: test.preset})
			if err != nil {
				t.Fatal(err)
			}
			subject := release()
			subject.Namespace = test.namespace
			obs, err := source.Count(t.Context(), subject, []analysis.Query{{Metric: "all", Errors: true, Latency: true}}, []analysis.Window{window})
			if err != nil || len(obs) != 2 || obs[0].Arm != analysis.Baseline || obs[1].Arm != analysis.Candidate {
				t.Fatalf("got %v, %v", obs, err)
			}
			test.baseline.verify(t, obs[0], test.from[0])
			test.candidate.verify(t, obs[1], test.from[1])
		})
	}
}
