package controllers

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/utils/clock"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// SourceMetrics tells, of each MetricSource, how it is asked and how it answers. A nil one tells nobody.
type SourceMetrics struct {
	clock     clock.PassiveClock
	questions *prometheus.CounterVec
	requests  *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	ready     *prometheus.GaugeVec
	skew      *prometheus.GaugeVec
	used      *prometheus.GaugeVec
	left      *prometheus.GaugeVec
}

// NewSourceMetrics makes metrics and registers them.
func NewSourceMetrics(r prometheus.Registerer, c clock.PassiveClock) (*SourceMetrics, error) {
	const label = "source"
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{label})
	}
	m := &SourceMetrics{
		clock: c,
		questions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "serin_source_questions_total", Help: "Questions to a MetricSource, by their outcome. A question may take several requests.",
		}, []string{label, "outcome"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "serin_source_requests_total", Help: "HTTP requests sent to a MetricSource.",
		}, []string{label}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "serin_source_question_duration_seconds", Help: "Time from a question to a MetricSource to its answer, or to giving up.",
			Buckets: []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30},
		}, []string{label}),
		ready: gauge("serin_source_ready", "1 while a MetricSource is Ready, 0 while it is not."),
		skew:  gauge("serin_source_clock_skew_seconds", "How far the clock of a MetricSource is ahead of the operator's; 0 when by less than can be told."),
		used:  gauge("serin_source_budget_used", "Requests of the rate limit of a MetricSource that are used up in the present period."),
		left:  gauge("serin_source_budget_left", "Requests that the rate limit of a MetricSource leaves in the present period."),
	}
	for _, c := range m.all() {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("registering the metrics of sources: %w", err)
		}
	}
	return m, nil
}

func (m *SourceMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.questions, m.requests, m.seconds, m.ready, m.skew, m.used, m.left}
}

// outcomes are all that a question may come to, so that the labels are known beforehand.
func outcomes() []string {
	all := []string{"answered", "empty", "cancelled"}
	for _, reason := range []string{
		v1alpha1.ReasonUnreachable, v1alpha1.ReasonThrottled, v1alpha1.ReasonNonsense, v1alpha1.ReasonUnauthorized, v1alpha1.ReasonRejected,
	} {
		all = append(all, strings.ToLower(reason))
	}
	return all
}

// watch answers a provider that does what p does and tells of it, and what ends the telling.
func (m *SourceMetrics) watch(name string, p analysis.Provider) (analysis.Provider, func()) {
	if m == nil {
		return p, func() {}
	}
	for _, outcome := range outcomes() {
		m.questions.WithLabelValues(name, outcome)
	}
	w := &watched{Provider: p, metrics: m, name: name}
	return w, w.end
}

// heard tells the health of a source.
func (m *SourceMetrics) heard(name string, h analysis.Health, ready bool) {
	if m == nil {
		return
	}
	value := 0.0
	if ready {
		value = 1
		m.skew.WithLabelValues(name).Set(h.Skew.Seconds())
	}
	m.ready.WithLabelValues(name).Set(value)
	if b := h.Budget; b != nil {
		m.used.WithLabelValues(name).Set(float64(max(b.Limit-b.Left, 0)))
		m.left.WithLabelValues(name).Set(float64(b.Left))
	}
}

// forget removes what is told of a source that is gone.
func (m *SourceMetrics) forget(name string) {
	if m == nil {
		return
	}
	of := prometheus.Labels{"source": name}
	m.questions.DeletePartialMatch(of)
	m.requests.DeletePartialMatch(of)
	m.seconds.DeletePartialMatch(of)
	for _, gauge := range []*prometheus.GaugeVec{m.ready, m.skew, m.used, m.left} {
		gauge.DeletePartialMatch(of)
	}
}

// watched is a provider whose questions are told of.
type watched struct {
	analysis.Provider
	metrics *SourceMetrics
	name    string
	mu      sync.Mutex
	ended   bool
}

// end keeps a question that is still under way from bringing back series that are removed.
func (w *watched) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
}

// Count counts, and tells of it.
func (w *watched) Count(ctx context.Context, s analysis.Subject, qs []analysis.Query, ws []analysis.Window) (obs []analysis.Observation, err error) {
	w.tell(ctx, func(ctx context.Context) (string, error) {
		obs, err = w.Provider.Count(ctx, s, qs, ws)
		if len(obs) == 0 {
			return "empty", err
		}
		return "answered", err
	})
	return obs, err
}

// Ping asks for a sign of life, and tells of it.
func (w *watched) Ping(ctx context.Context) (h analysis.Health, err error) {
	w.tell(ctx, func(ctx context.Context) (string, error) {
		h, err = w.Provider.Ping(ctx)
		return "answered", err
	})
	return h, err
}

func (w *watched) tell(ctx context.Context, question func(context.Context) (string, error)) {
	trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) {
		w.unlessEnded(func() { w.metrics.requests.WithLabelValues(w.name).Inc() })
	}}
	begun := w.metrics.clock.Now()
	outcome, err := question(httptrace.WithClientTrace(ctx, trace))
	switch {
	case errors.Is(err, context.Canceled):
		outcome = "cancelled"
	case err != nil:
		outcome = strings.ToLower(troubleReason(err))
	}
	w.unlessEnded(func() {
		w.metrics.questions.WithLabelValues(w.name, outcome).Inc()
		w.metrics.seconds.WithLabelValues(w.name).Observe(w.metrics.clock.Since(begun).Seconds())
	})
}

func (w *watched) unlessEnded(tell func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ended {
		tell()
	}
}

// troubleReason is what kind of trouble a source has that was asked.
func troubleReason(err error) string {
	var throttled *analysis.ThrottledError
	switch {
	case errors.As(err, &throttled):
		return v1alpha1.ReasonThrottled
	case errors.Is(err, analysis.ErrUnauthorized):
		return v1alpha1.ReasonUnauthorized
	case errors.Is(err, analysis.ErrRejected):
		return v1alpha1.ReasonRejected
	case errors.Is(err, analysis.ErrNonsense):
		return v1alpha1.ReasonNonsense
	}
	return v1alpha1.ReasonUnreachable
}
