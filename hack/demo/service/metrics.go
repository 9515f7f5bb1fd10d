package service

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics tells the same requests in two families, so that presets of either kind find their series:
//
//	http_server_request_duration_seconds{http_request_method,http_response_status_code,http_route}
//	    OpenTelemetry's name as Prometheus exposes it; its default boundaries, and a native histogram
//	http_requests_total{code,method,handler}
//	http_request_duration_seconds{code,method,handler}
//	    client_golang's custom; 34 boundaries from 1 ms to 10 s, close together around 100 ms, and a native histogram
//
// Methods are upper case in the first and lower case in the second, as the libraries behind them write them. Probes, scrapes,
// /behaviour and WebSocket connections are not requests here. A request whose caller went away counts with code 499.
//
//	demo_info{version,revision}     1
//	demo_websocket_connections      open now
type Metrics struct {
	registry    *prometheus.Registry
	semantic    *prometheus.HistogramVec
	requests    *prometheus.CounterVec
	duration    *prometheus.HistogramVec
	connections prometheus.Gauge
}

// NewMetrics has no requests yet.
func NewMetrics(version, revision string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		semantic: histogram("http_server_request_duration_seconds", "Duration of HTTP server requests.", semanticBuckets(),
			"http_request_method", "http_response_status_code", "http_route"),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total", Help: "HTTP requests answered.",
		}, []string{"code", "method", "handler"}),
		duration: histogram("http_request_duration_seconds", "Time taken to answer HTTP requests.", fineBuckets(),
			"code", "method", "handler"),
		connections: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "demo_websocket_connections", Help: "WebSocket connections open now.",
		}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "demo_info", Help: "Always 1; the labels tell what runs.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision},
	})
	info.Set(1)
	m.registry.MustRegister(m.semantic, m.requests, m.duration, m.connections, info)
	return m
}

// Observe counts one answered request in both families.
func (m *Metrics) Observe(method string, code int, route string, took time.Duration) {
	status, seconds := strconv.Itoa(code), took.Seconds()
	semantic, classic := methodNames(method)
	m.semantic.WithLabelValues(semantic, status, route).Observe(seconds)
	m.requests.WithLabelValues(status, classic, route).Inc()
	m.duration.WithLabelValues(status, classic, route).Observe(seconds)
}

// Handler serves the exposition.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:                            name,
		Help:                            help,
		Buckets:                         buckets,
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  160,
		NativeHistogramMinResetDuration: time.Hour,
	}, labels)
}

// semanticBuckets are the boundaries, in seconds, that the OpenTelemetry conventions advise for this metric.
func semanticBuckets() []float64 {
	return []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
}

// fineBuckets are boundaries in seconds.
func fineBuckets() []float64 {
	return []float64{
		0.001, 0.002, 0.005, 0.0075, 0.01, 0.0125, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.045, 0.05, 0.06, 0.07, 0.08,
		0.09, 0.1, 0.12, 0.15, 0.175, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10,
	}
}

// methodNames keeps made-up methods from becoming series.
func methodNames(method string) (semantic, classic string) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return method, strings.ToLower(method)
	}
	return "_OTHER", "unknown"
}
