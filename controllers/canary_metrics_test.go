package controllers

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

func newCanaryMetrics(t *testing.T) (*CanaryMetrics, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	m, err := NewCanaryMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	return m, registry
}

func TestCanaryMetricsTellARefusedRelease(t *testing.T) {
	m, registry := newCanaryMetrics(t)
	s := newScene()
	start := s.observation.Now
	pass := func(after time.Duration, before, next rollout.State, event *rollout.Event) {
		s.state, s.observation.Now = before, start.Add(after)
		m.tell(s, rollout.Decision{State: next, Event: event})
	}
	climbing := rollout.State{Phase: rollout.Progressing, Candidate: "c", Weight: 10, StartedAt: start}
	fleeing := rollout.State{Phase: rollout.RollingBack, Candidate: "c", Refused: true, Reason: rollout.ReasonAnalysisFailed, StartedAt: start}
	pass(0, rollout.State{Phase: rollout.Idle}, climbing, &rollout.Event{Reason: rollout.ReasonReleaseStarted})
	s.observation.Report = analysis.Report{Verdict: analysis.Fail, Results: []analysis.Result{
		{Name: "errors", Verdict: analysis.Fail, Baseline: 0.001, Candidate: 0.02, BaselineRequests: 9000, CandidateRequests: 1000},
	}}
	pass(90*time.Second, climbing, fleeing, nil)
	s.observation.Split = rollout.Split{Weight: 0}
	pass(91*time.Second, fleeing, fleeing, nil)
	s.observation.Split.Settled = true
	pass(93*time.Second, fleeing, fleeing, nil)
	pass(94*time.Second, fleeing, fleeing, nil)

	got, _ := gathered(t, registry)
	same(t, "what is told", got, []string{
		"canary_metric_requests baseline read-api errors demo 9000", "canary_metric_requests candidate read-api errors demo 1000",
		"canary_metric_value baseline read-api errors demo 0.001", "canary_metric_value candidate read-api errors demo 0.02",
		"canary_metric_verdict read-api errors demo Fail 1",
		"canary_phase read-api demo RollingBack 1",
		"canary_steps read-api demo 2",
		"release_duration_seconds RolledBack 1",
		"releases_total read-api demo RolledBack AnalysisFailed 1",
		"rollback_duration_seconds  1",
	})
	if took := seconds(t, registry, "serin_rollback_duration_seconds"); took != 3 {
		t.Errorf("the candidate kept traffic for %v seconds, want 3", took)
	}

	pass(time.Hour, rollout.State{Phase: rollout.Failed}, climbing, &rollout.Event{Reason: rollout.ReasonReleaseStarted})
	s.observation.Report = analysis.Report{}
	m.forget(types.NamespacedName{Namespace: "demo", Name: "another"})
	if _, all := gathered(t, registry); all < 10 {
		t.Errorf("only %d series are left after another Canary is gone", all)
	}
	m.forget(types.NamespacedName{Namespace: "demo", Name: "read-api"})
	left, _ := gathered(t, registry)
	same(t, "what is left of a Canary that is gone", left, []string{"release_duration_seconds RolledBack 1", "rollback_duration_seconds  1"})
}

func TestTheEvidenceOfTheLastReleaseGoesWhenTheNextBegins(t *testing.T) {
	m, registry := newCanaryMetrics(t)
	s := newScene()
	s.observation.Report = analysis.Report{Results: []analysis.Result{{Name: "errors", Candidate: 0.02}}}
	m.tell(s, rollout.Decision{State: rollout.State{Phase: rollout.Progressing}})
	s.observation.Report = analysis.Report{}
	m.tell(s, rollout.Decision{State: rollout.State{Phase: rollout.Failed}})
	if got, _ := gathered(t, registry); !slices.Contains(got, "canary_metric_value candidate read-api errors demo 0.02") {
		t.Errorf("after the end it does not tell why: %q", got)
	}
	m.tell(s, rollout.Decision{State: rollout.State{Phase: rollout.Progressing}, Event: &rollout.Event{Reason: rollout.ReasonReleaseStarted}})
	if got, _ := gathered(t, registry); slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, "canary_metric_") }) {
		t.Errorf("beside the next candidate it tells of the last one: %q", got)
	}
}

func TestCanaryMetricsAreRegisteredOnceAndMayBeMissing(t *testing.T) {
	_, registry := newCanaryMetrics(t)
	var twice prometheus.AlreadyRegisteredError
	if _, err := NewCanaryMetrics(registry); !errors.As(err, &twice) {
		t.Errorf("got %v", err)
	}
	var none *CanaryMetrics
	none.tell(newScene(), rollout.Decision{})
	none.forget(types.NamespacedName{})
}

// seconds is the sum of a histogram.
func seconds(t *testing.T, r *prometheus.Registry, family string) (sum float64) {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == family {
			for _, m := range f.GetMetric() {
				sum += m.GetHistogram().GetSampleSum()
			}
		}
	}
	return sum
}

// countedReleases has a release that is promoted, one that is refused, and the Canary's end.
func countedReleases(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	var registry *prometheus.Registry
	s.reconciler.Metrics, registry = newCanaryMetrics(t)
	told := func(family string) (lines []string) {
		all, _ := gathered(t, registry)
		for _, line := range all {
			if rest, ok := strings.CutPrefix(line, family+" "); ok {
				lines = append(lines, strings.ReplaceAll(rest, " "+s.ns, ""))
			}
		}
		return lines
	}
	s.step()
	same(t, "the phase at rest", told("canary_phase"), []string{"web Idle 1"})
	s.push("v2")
	s.untilWeight(50)
	same(t, "the weight", told("canary_weight"), []string{"web 50"})
	same(t, "the step", told("canary_step"), []string{"web 2"})
	s.untilPhase(rollout.Succeeded)
	same(t, "the phase after it", told("canary_phase"), []string{"web Succeeded 1"})
	s.push("v3")
	s.untilWeight(50)
	s.source.errs(400)
	s.untilPhase(rollout.Failed)
	same(t, "how they ended", told("releases_total"), []string{
		strings.Join([]string{"web", v1alpha1.ReasonPromoted, string(rollout.ReasonPromoted), "1"}, " "), "web RolledBack AnalysisFailed 1",
	})
	same(t, "how long the refused one kept traffic", told("rollback_duration_seconds"), []string{" 1"})
	same(t, "that it waits for a person", told("canary_stalled"), []string{"web 1"})
	if err := s.cluster.Client.Delete(t.Context(), s.canary()); err != nil {
		t.Fatal(err)
	}
	s.until("the Canary to go", func() bool { return len(told("canary_phase")) == 0 })
	same(t, "what is left of its releases", told("releases_total"), []string(nil))
}

func TestEveryMetricIsInTheDocumentation(t *testing.T) {
	var pages string
	for _, name := range []string{"operate.md", "sources.md"} {
		page, err := os.ReadFile(filepath.Join("..", "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		pages += string(page)
	}
	described := make(chan *prometheus.Desc, 100)
	canaries, _ := newCanaryMetrics(t)
	for _, c := range canaries.all() {
		c.Describe(described)
	}
	sources, _ := newMetrics(t)
	for _, c := range sources.all() {
		c.Describe(described)
	}
	close(described)
	told := 0
	for d := range described {
		name := regexp.MustCompile(`fqName: "([a-z_]+)"`).FindStringSubmatch(d.String())[1]
		if told++; !strings.Contains(pages, "`"+name+"`") {
			t.Errorf("no page tells what %s is", name)
		}
	}
	if told < 15 {
		t.Errorf("only %d metrics were found", told)
	}
}
