package controllers

import (
	"testing"
	"time"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// longStep is a step of an hour, which a person looks at now and then.
func longStep(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.edit(func(c *v1alpha1.Canary) {
		c.Spec.Steps = []v1alpha1.Step{{Weight: 50, Bake: &metav1.Duration{Duration: time.Hour}}, {Weight: 100}}
	})
	s.step()
	s.push("v2")
	s.untilWeight(50)
	began, written := s.remembered().state.EnteredAt, s.ledger.count()
	for s.canary().Status.Weight == 50 && s.phase() == rollout.Progressing {
		s.step()
		waited := s.clock.Now().Sub(began)
		a := s.canary().Status.Analysis
		if waited < 3*time.Minute || s.canary().Status.Weight != 50 {
			continue
		}
		// A look is an interval long, takes a moment to come in, and the next pass sees it.
		if old := s.clock.Now().Sub(a.Until.Time); old > waited/2+time.Minute {
			t.Fatalf("after %s the status tells what was %s ago", waited, old)
		}
		for _, m := range a.Metrics {
			if n := utf8.RuneCountInString(m.Trend.Baseline); n < 2 || n > drawnLooks || n != utf8.RuneCountInString(m.Trend.Candidate) || m.Trend.Most == "" {
				t.Fatalf("after %s %s is drawn as %+v", waited, m.Name, m.Trend)
			}
		}
	}
	// After 1, 2, 4, 8, 16 and 32 minutes, and what the end of the step takes.
	if n := s.ledger.count() - written; n > 12 {
		t.Errorf("it wrote %d times in an hour: %q", n, s.ledger.since(written))
	}
	s.untilPhase(rollout.Succeeded)
}
