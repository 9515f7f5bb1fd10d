package notify

import (
	"fmt"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// The outcomes of a notice.
const (
	sent    = "sent"
	failed  = "failed"
	dropped = "dropped"
)

// metrics tell how notices end.
type metrics struct {
	notices    *prometheus.CounterVec
	configured prometheus.Gauge

	mu sync.Mutex
	// known are the receivers of the file. What the worker of another counts as it ends would bring back a series that is gone.
	known map[string]bool
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		known: map[string]bool{},
		notices: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "serin_notifications_total",
			Help: "Notices that have ended, by receiver: sent, failed when the receiver did not take them in time or at all, dropped when too many waited.",
		}, []string{"receiver", "outcome"}),
		configured: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "serin_notifications_configured", Help: "1 while the file of -notifications is in force, 0 while it is missing or wrong.",
		}),
	}
	for _, c := range []prometheus.Collector{m.notices, m.configured} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("registering the metrics of notifications: %w", err)
		}
	}
	return m, nil
}

// begin shows a receiver from the start, so that its first failure is an increase.
func (m *metrics) begin(receiver string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known[receiver] = true
	for _, outcome := range []string{sent, failed, dropped} {
		m.notices.WithLabelValues(receiver, outcome)
	}
}

func (m *metrics) count(receiver, outcome string, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known[receiver] {
		m.notices.WithLabelValues(receiver, outcome).Add(float64(n))
	}
}

func (m *metrics) forget(receiver string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.known, receiver)
	m.notices.DeletePartialMatch(prometheus.Labels{"receiver": receiver})
}
