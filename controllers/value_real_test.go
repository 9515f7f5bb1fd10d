package controllers

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/traffic/gatewayapi"
	"github.com/serin-dev/serin/controllers/traffic/traffictest"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// TestAQueueConsumerIsReleasedByItsLag tells the stories of a Deployment without Service and route, whose share follows its pods and whose evidence is one number an interval.
func TestAQueueConsumerIsReleasedByItsLag(t *testing.T) {
	if testing.Short() {
		t.Skip("stories take a while")
	}
	crds := filepath.Join(traffictest.ModuleDir(t, "sigs.k8s.io/gateway-api"), "config", "crd", "standard", gatewayapi.Group+"_")
	c := workloadtest.Start(t, filepath.Join("..", "config", "crd", "bases"), crds+"httproutes.yaml")
	if err := c.Client.Create(t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: theNode}}); err != nil {
		t.Fatal(err)
	}
	for name, tell := range map[string]func(*testing.T, *workloadtest.Cluster){
		"a consumer that keeps up is promoted":            consumerKeepsUp,
		"a consumer that falls behind is rolled back":     consumerFallsBehind,
		"a query that yields nothing holds the release":   consumerUnmeasured,
		"a query that can't be asked begins no release":   consumerUnaskable,
		"a consumer above its ceiling goes no step ahead": consumerAboveCeiling,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tell(t, c)
		})
	}
}

const lagQuery = `max(records_lag_max{group="orders",$arm})`

// newConsumer is a stage without a route, judged by its lag.
func newConsumer(t *testing.T, c *workloadtest.Cluster) *stage {
	s := newStage(t, c)
	s.edit(func(canary *v1alpha1.Canary) {
		canary.Spec.Traffic = nil
		canary.Spec.Analysis.Deadline = &metav1.Duration{Duration: v1alpha1.DefaultDeadline}
		canary.Spec.Analysis.Metrics = []v1alpha1.Metric{{Name: "lag", Value: &v1alpha1.ValueMetric{
			Query: lagQuery, Worse: v1alpha1.WorseHigher, MaxChange: &v1alpha1.ValueChange{Relative: "20%", Absolute: "500"}, Limit: "10000",
		}}}
	})
	s.lags(new(4000.0), new(4000.0))
	s.step()
	return s
}

// lags makes every look find these values; nil is none.
func (s *stage) lags(baseline, candidate *float64) {
	s.source.Answer(func(_ analysis.Subject, queries []analysis.Query, w analysis.Window) ([]analysis.Observation, error) {
		var found []analysis.Observation
		for _, q := range queries {
			for arm, value := range []*float64{baseline, candidate} {
				if value != nil {
					found = append(found, analysis.Observation{Metric: q.Metric, Arm: analysis.Arm(arm), Window: w, Value: value})
				}
			}
		}
		return found, nil
	})
}

func consumerKeepsUp(t *testing.T, c *workloadtest.Cluster) {
	s := newConsumer(t, c)
	s.push("v2")
	s.untilPhase(rollout.Succeeded)
	for _, call := range s.source.Calls() {
		for _, q := range call.Queries {
			if q.Custom == nil || q.Custom.Value != lagQuery || q.Errors || q.Latency {
				t.Fatalf("the source was asked %+v", q)
			}
		}
	}
	same(t, "the pods", s.pods(), map[string]int{"v2": 4})
	const evidence = "lag 4,000 vs 4,000 on the baseline (+0; between LOW and HIGH; allowed +800)"
	same(t, "the events", withoutBounds(s.events(0)), []string{
		"Normal ReleaseStarted: revision v2 is released in 3 steps against baseline v1",
		"Normal StepAdvanced: revision v2 gets 10% of the traffic (step 1 of 3)",
		"Normal StepAdvanced: revision v2 gets 50% of the traffic (step 2 of 3): " + evidence,
		"Normal StepAdvanced: revision v2 gets 100% of the traffic (step 3 of 3): " + evidence,
		"Normal Promoted: revision v2 is promoted: the pods that were judged now belong to the workload",
	})
}

// withoutBounds leaves out what the engine makes of its own uncertainty.
func withoutBounds(lines []string) []string {
	for i, line := range lines {
		before, rest, found := strings.Cut(line, "; between ")
		if _, after, ok := strings.Cut(rest, "; allowed "); found && ok {
			lines[i] = before + "; between LOW and HIGH; allowed " + after
		}
	}
	return lines
}

func consumerFallsBehind(t *testing.T, c *workloadtest.Cluster) {
	s := newConsumer(t, c)
	s.push("v2")
	s.untilWeight(50)
	s.lags(new(4000.0), new(9000.0))
	s.untilPhase(rollout.Failed)
	same(t, "the pods", s.pods(), map[string]int{"v1": 4})
	status := s.canary().Status.Analysis.Metrics[0]
	if status.Baseline != "4,000" || status.Limit != "4,800" || status.Verdict != "Fail" || status.CandidateRequests != 0 || !strings.HasPrefix(status.Difference, "+") || strings.ContainsAny(status.Difference+status.Candidate, "%s") {
		t.Errorf("the status says %+v", status)
	}
	events := s.events(0)
	if last := events[len(events)-1]; !strings.HasPrefix(last, "Warning RolledBack: revision v2 was refused at step 2 of 3 (weight 50% since TIME): lag ") || !strings.Contains(last, " vs 4,000 on the baseline (+") || !strings.Contains(last, "; allowed +800)") {
		t.Errorf("the event says %s", last)
	}
}

func consumerAboveCeiling(t *testing.T, c *workloadtest.Cluster) {
	s := newConsumer(t, c)
	s.lags(new(10200.0), new(10200.0))
	s.push("v2")
	s.untilPhase(rollout.Failed)
	if status := s.canary().Status; !strings.Contains(status.Message, "over the limit of 10,000") || status.Analysis.Metrics[0].Limit != "10,000" {
		t.Errorf("the status says %s: %+v", status.Message, status.Analysis.Metrics[0])
	}
}

func consumerUnmeasured(t *testing.T, c *workloadtest.Cluster) {
	s := newConsumer(t, c)
	s.edit(func(canary *v1alpha1.Canary) { canary.Spec.Analysis.OnInconclusive = v1alpha1.InconclusiveHold })
	s.push("v2")
	s.untilWeight(10)
	s.lags(new(4000.0), nil)
	for range 20 {
		s.step()
	}
	if status := s.canary().Status; status.Weight != 10 || status.Phase != v1alpha1.PhaseProgressing {
		t.Errorf("phase %s, weight %d", status.Phase, status.Weight)
	}
	s.lags(new(4000.0), new(4100.0))
	s.untilPhase(rollout.Succeeded)
}

func consumerUnaskable(t *testing.T, c *workloadtest.Cluster) {
	s := newConsumer(t, c)
	s.source.refuse(func(analysis.Subject) error { return errUnaskable })
	s.push("v2")
	for range 10 {
		s.step()
	}
	if status := s.canary().Status; status.Weight != 0 || !strings.Contains(strings.Join(s.conditions(), "\n"), errUnaskable.Error()) {
		t.Errorf("weight %d, conditions %q", status.Weight, s.conditions())
	}
}

// errUnaskable is what a source says that knows no plain values.
var errUnaskable = fmt.Errorf("%w: metric lag: this source can't answer value queries", analysis.ErrRejected)
