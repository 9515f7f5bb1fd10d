package controllers

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
)

// CanaryMetrics tells, of each Canary, where its release is, what was seen of both versions, and how releases end. A nil one tells nobody.
type CanaryMetrics struct {
	phase, stalled           *prometheus.GaugeVec
	weight, step, steps      *prometheus.GaugeVec
	verdict, value, requests *prometheus.GaugeVec
	releases                 *prometheus.CounterVec
	duration                 *prometheus.HistogramVec
	escape                   prometheus.Histogram
}

// NewCanaryMetrics makes metrics and registers them.
func NewCanaryMetrics(r prometheus.Registerer) (*CanaryMetrics, error) {
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "serin_canary_" + name, Help: help}, append([]string{"namespace", "canary"}, labels...))
	}
	m := &CanaryMetrics{
		phase:    gauge("phase", "1 for the phase that a Canary is in, 0 for the others.", "phase"),
		stalled:  gauge("stalled", "1 while a Canary waits for a person: its version was refused, or something that it names is wrong."),
		weight:   gauge("weight", "Percent of the traffic that is granted to the candidate."),
		step:     gauge("step", "Number of the step that a release is at; 0 when there is none."),
		steps:    gauge("steps", "How many steps the plan has."),
		verdict:  gauge("metric_verdict", "1 for the verdict on a metric at the last look, 0 for the others.", "metric", "verdict"),
		value:    gauge("metric_value", "Value of a metric in the last or present release: errors as a fraction of requests, latency in seconds.", "metric", "arm"),
		requests: gauge("metric_requests", "Requests that the value of a metric rests on.", "metric", "arm"),
		releases: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "serin_releases_total", Help: "Releases that have ended, by outcome and reason, as in the history of a Canary.",
		}, []string{"namespace", "canary", "outcome", "reason"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "serin_release_duration_seconds", Help: "Time from the start of a release to its end, by outcome.",
			Buckets: []float64{30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400},
		}, []string{"outcome"}),
		escape: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "serin_rollback_duration_seconds", Help: "Time from the decision to roll back to a route that sends the candidate nothing any more.",
			Buckets: []float64{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300},
		}),
	}
	for _, c := range m.all() {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("registering the metrics of Canaries: %w", err)
		}
	}
	return m, nil
}

func (m *CanaryMetrics) all() []prometheus.Collector {
	all := []prometheus.Collector{m.releases, m.duration, m.escape}
	for _, g := range m.gauges() {
		all = append(all, g)
	}
	return all
}

func (m *CanaryMetrics) gauges() []*prometheus.GaugeVec {
	return []*prometheus.GaugeVec{m.phase, m.stalled, m.weight, m.step, m.steps, m.verdict, m.value, m.requests}
}

// tell tells what a pass has come to, once that is recorded.
func (m *CanaryMetrics) tell(s *scene, d rollout.Decision) {
	if m == nil {
		return
	}
	namespace, name, state := s.canary.Namespace, s.canary.Name, d.State
	for _, p := range phases() {
		m.phase.WithLabelValues(namespace, name, string(p)).Set(oneIf(v1alpha1.Phase(state.Phase) == p))
	}
	m.stalled.WithLabelValues(namespace, name).Set(oneIf(meta.IsStatusConditionTrue(s.canary.Status.Conditions, v1alpha1.ConditionStalled)))
	m.weight.WithLabelValues(namespace, name).Set(float64(state.Weight))
	step := 0
	if state.Phase == rollout.Progressing || state.Phase == rollout.Promoting {
		step = s.plan.StepNumber(state.Weight)
	}
	m.step.WithLabelValues(namespace, name).Set(float64(step))
	m.steps.WithLabelValues(namespace, name).Set(float64(len(s.plan.Steps)))
	m.tellEvidence(s, d)
	m.tellEnd(s, d)
}

// tellEvidence tells the last look, and goes on telling it after the release has ended: it is why it ended.
func (m *CanaryMetrics) tellEvidence(s *scene, d rollout.Decision) {
	namespace, name := s.canary.Namespace, s.canary.Name
	if d.Event != nil && d.Event.Reason == rollout.ReasonReleaseStarted {
		for _, g := range []*prometheus.GaugeVec{m.verdict, m.value, m.requests} {
			g.DeletePartialMatch(prometheus.Labels{"namespace": namespace, "canary": name})
		}
	}
	for _, r := range s.observation.Report.Results {
		for _, v := range []analysis.Verdict{analysis.Pass, analysis.Inconclusive, analysis.Fail} {
			m.verdict.WithLabelValues(namespace, name, r.Name, v.String()).Set(oneIf(r.Verdict == v))
		}
		m.value.WithLabelValues(namespace, name, r.Name, "baseline").Set(r.Baseline)
		m.value.WithLabelValues(namespace, name, r.Name, "candidate").Set(r.Candidate)
		m.requests.WithLabelValues(namespace, name, r.Name, "baseline").Set(r.BaselineRequests)
		m.requests.WithLabelValues(namespace, name, r.Name, "candidate").Set(r.CandidateRequests)
	}
}

// tellEnd counts a release in the pass that ends it, and how long its candidate kept traffic after it was refused. A process that dies in between tells nothing of
// the latter.
func (m *CanaryMetrics) tellEnd(s *scene, d rollout.Decision) {
	now := s.observation.Now
	if outcome := outcomeOf(s.state, d); outcome != "" {
		m.releases.WithLabelValues(s.canary.Namespace, s.canary.Name, outcome, string(d.State.Reason)).Inc()
		m.duration.WithLabelValues(outcome).Observe(now.Sub(s.state.StartedAt).Seconds())
	}
	since := &s.recollection.refusedAt
	switch {
	case d.State.Phase != rollout.RollingBack:
		*since = time.Time{}
	case s.state.Phase != rollout.RollingBack && s.state.Weight > 0:
		*since = now
	case !since.IsZero() && s.observation.Split.Settled && s.observation.Split.Weight == 0:
		m.escape.Observe(now.Sub(*since).Seconds())
		*since = time.Time{}
	}
}

// forget removes what is told of a Canary that is gone. Its releases were counted, and go with it.
func (m *CanaryMetrics) forget(name types.NamespacedName) {
	if m == nil {
		return
	}
	of := prometheus.Labels{"namespace": name.Namespace, "canary": name.Name}
	for _, g := range m.gauges() {
		g.DeletePartialMatch(of)
	}
	m.releases.DeletePartialMatch(of)
}

func phases() []v1alpha1.Phase {
	return []v1alpha1.Phase{
		v1alpha1.PhaseIdle, v1alpha1.PhaseProgressing, v1alpha1.PhasePromoting, v1alpha1.PhaseFinalizing, v1alpha1.PhaseRollingBack,
		v1alpha1.PhaseSucceeded, v1alpha1.PhaseFailed,
	}
}

func oneIf(so bool) float64 {
	if so {
		return 1
	}
	return 0
}
