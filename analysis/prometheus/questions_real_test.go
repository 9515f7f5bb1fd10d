package prometheus_test

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/prometheus"
)

// TestARealPrometheusAnswersTheQuestions pastes them, of every preset.
func TestARealPrometheusAnswersTheQuestions(t *testing.T) {
	p := startPrometheus(t)
	before, after := startPod(t, "pasted", "api-5d9f-aaaaa"), startPod(t, "pasted", "api-7c8b-bbbbb")
	both := []scrapeTarget{before.scrapeTarget, after.scrapeTarget}
	p.scrape("native", both...)
	p.scraped(both...)
	for range 2 { // increase() never sees the first requests
		before.serve(200, fast)
		after.serve(100, failing)
		p.scraped(both...)
	}
	to := p.scraped(both...).Add(time.Second) // the moment in a query has no fractions
	arm := func(version string) analysis.Target {
		return analysis.Target{ReplicaSet: "api-" + version, Service: "api-" + version, Port: 80}
	}
	subject := analysis.Subject{Namespace: "pasted", Baseline: arm("5d9f"), Candidate: arm("7c8b")}
	for _, preset := range []string{"opentelemetry", "classic", "istio", "traefik", "nginx"} {
		asked, err := prometheus.Questions(preset, subject, []analysis.Query{{Metric: "errors", Errors: true}, {Metric: "latency", Latency: true}}, analysis.Window{From: to.Add(-time.Minute), To: to})
		if err != nil || len(asked) != 4 {
			t.Fatalf("%s: %d questions, %v", preset, len(asked), err)
		}
		for _, q := range asked {
			numbers := paste(t, p.address, q.Text)
			if preset != "opentelemetry" {
				continue
			}
			switch {
			case len(numbers) == 0:
				t.Errorf("%s: no number", q.Text)
			case q.Metric == "latency" && q.Arm == analysis.Candidate && math.Abs(numbers[0]-0.3) > 0.05:
				t.Errorf("%s: %v and not about 0.3", q.Text, numbers)
			case q.Metric == "errors" && q.Arm == analysis.Candidate && len(numbers) < 2:
				t.Errorf("%s: %v, without the failed ones", q.Text, numbers)
			}
		}
	}
}

// paste asks a Prometheus as a person does.
func paste(t *testing.T, address, query string) []float64 {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/api/v1/query?query="+url.QueryEscape(query), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.Status != "success" {
		t.Fatalf("%s: %v %s", query, err, answer.Error)
	}
	var numbers []float64
	for _, r := range answer.Data.Result {
		text, _ := r.Value[1].(string)
		if v, err := strconv.ParseFloat(text, 64); err == nil && v > 0 {
			numbers = append(numbers, v)
		}
	}
	return numbers
}
