package controllers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/serin-dev/serin/analysis"
	source "github.com/serin-dev/serin/analysis/prometheus"
)

// gathered are the series of a registry that are not 0, and how many there are in all.
func gathered(t *testing.T, r *prometheus.Registry) (lines []string, all int) {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			all++
			labels := make([]string, 0, len(m.GetLabel()))
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			value := m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			if value != 0 {
				lines = append(lines, fmt.Sprintf("%s %s %v", strings.TrimPrefix(strings.TrimPrefix(f.GetName(), "serin_source_"), "serin_"), strings.Join(labels, " "), value))
			}
		}
	}
	slices.Sort(lines)
	return lines, all
}

func newMetrics(t *testing.T) (*SourceMetrics, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	m, err := NewSourceMetrics(registry, clocktesting.NewFakePassiveClock(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	return m, registry
}

// TestSourceMetrics asks a real source over HTTP.
func TestSourceMetrics(t *testing.T) {
	var code atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(code.Load()))
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
	}))
	t.Cleanup(server.Close)
	m, registry := newMetrics(t)
	provider, err := source.New(analysis.Config{Address: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	provider, end := m.watch("shop", provider)
	ask := func(ctx context.Context, status int64) {
		code.Store(status)
		_, _ = provider.Ping(ctx)
	}
	for _, status := range []int64{200, 200, 401, 404, 429, 500} {
		ask(t.Context(), status)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	ask(cancelled, 200)
	code.Store(200)
	window := analysis.Window{From: time.Unix(1, 0), To: time.Unix(2, 0)}
	subject := analysis.Subject{Namespace: "shop", Baseline: analysis.Target{ReplicaSet: "a"}, Candidate: analysis.Target{ReplicaSet: "b"}}
	if _, err := provider.Count(t.Context(), subject, []analysis.Query{{Metric: "errors", Preset: "istio", Errors: true}}, []analysis.Window{window}); err != nil {
		t.Fatal(err)
	}
	m.heard("shop", analysis.Health{Skew: -30 * time.Second, Budget: &analysis.Budget{Limit: 300, Left: 270}}, true)
	got, all := gathered(t, registry)
	same(t, "what is told", got, []string{
		"budget_left shop 270", "budget_used shop 30", "clock_skew_seconds shop -30",
		"question_duration_seconds shop 8",
		"questions_total answered shop 2", "questions_total cancelled shop 1", "questions_total empty shop 1", "questions_total rejected shop 1",
		"questions_total throttled shop 1", "questions_total unauthorized shop 1", "questions_total unreachable shop 1",
		"ready shop 1",
		"requests_total shop 12", // 4 pings, 3 attempts each of two that may pass, 2 of the count
	})
	if want := len(outcomes()) + 6; all != want {
		t.Errorf("%d series, want %d", all, want)
	}
	end()
	m.forget("shop")
	ask(t.Context(), 200) // one that was under way
	if left, all := gathered(t, registry); all > 0 {
		t.Errorf("%d series are left of a source that is gone: %v", all, left)
	}
}

func TestNoMetricsTellNobody(t *testing.T) {
	var none *SourceMetrics
	played := newSource(t)
	provider, end := none.watch("shop", played)
	if provider != analysis.Provider(played) {
		t.Error("the provider is another one")
	}
	none.heard("shop", analysis.Health{}, true)
	none.forget("shop")
	end()
}

func TestMetricsAreRegisteredOnce(t *testing.T) {
	_, registry := newMetrics(t)
	var twice prometheus.AlreadyRegisteredError
	if _, err := NewSourceMetrics(registry, clocktesting.NewFakePassiveClock(time.Now())); !errors.As(err, &twice) {
		t.Errorf("got %v", err)
	}
}
