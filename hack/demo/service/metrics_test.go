package service_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/serin-dev/serin/hack/demo/service"
)

// observed has requests of every kind that changes a label.
func observed() *service.Metrics {
	m := service.NewMetrics("v1", "5d9c7b")
	m.Observe("GET", 200, "/", 25*time.Millisecond)
	m.Observe("GET", 200, "/", 81*time.Millisecond)
	m.Observe("GET", 500, "/", 1200*time.Microsecond)
	m.Observe("POST", 200, "/", 11*time.Second)
	m.Observe("BREW", 200, "/", 0)
	return m
}

func scrape(t *testing.T, m *service.Metrics, accept string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, r)
	return w.Result()
}

// TestMetricsGolden fixes names, labels and boundaries: queries elsewhere rest on them. UPDATE_GOLDEN=1 writes the file anew.
func TestMetricsGolden(t *testing.T) {
	const golden = "testdata/metrics.golden"
	got, err := io.ReadAll(scrape(t, observed(), "text/plain").Body)
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestMetricsHaveNativeHistograms(t *testing.T) {
	response := scrape(t, observed(), "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
	decoder := expfmt.NewDecoder(response.Body, expfmt.ResponseFormat(response.Header))
	seen := map[string]int{}
	for {
		var family dto.MetricFamily
		if err := decoder.Decode(&family); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, m := range family.GetMetric() {
			h := m.GetHistogram()
			if h == nil {
				continue
			}
			seen[family.GetName()]++
			if h.Schema == nil || h.GetSampleCount() > 0 && len(h.GetPositiveSpan()) == 0 && h.GetZeroCount() == 0 {
				t.Errorf("%s has no native buckets: %v", family.GetName(), m)
			}
			if len(h.GetBucket()) == 0 {
				t.Errorf("%s has no classic buckets", family.GetName())
			}
		}
	}
	want := map[string]int{"http_server_request_duration_seconds": 4, "http_request_duration_seconds": 4}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("histograms, -want +got:\n%s", diff)
	}
}
