package controllers

import (
	"fmt"
	"testing"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// byVersion is a source that knows the arms by their label version, and needs another on every template.
func byVersion(s analysis.Subject) error {
	b, c := s.Baseline.Labels["version"], s.Candidate.Labels["version"]
	switch {
	case s.Baseline.ReplicaSet == "" || s.Baseline.Labels["app"] != "web":
		return fmt.Errorf("the story is about another workload: %+v", s)
	case s.Candidate.ReplicaSet != "" && s.Candidate.Labels["app"] != "web":
		return fmt.Errorf("the story is about another workload: %+v", s)
	case b == "":
		return fmt.Errorf("%w: the baseline has no label version", analysis.ErrRejected)
	case b == c:
		return fmt.Errorf("%w: both have the label version: %s", analysis.ErrRejected, b)
	}
	return nil
}

// labelVersion pushes a template with that version, and answers the revision.
func (s *stage) labelVersion(version string) string {
	s.t.Helper()
	s.patchDeployment(`{"spec":{"template":{"metadata":{"labels":{"version":%q}}}}}`, version)
	return s.push("v" + version)
}

// unjudgeable is a template whose pods no source could tell from the baseline's.
func unjudgeable(t *testing.T, c *workloadtest.Cluster) {
	begin := func(t *testing.T) *stage {
		s := newStage(t, c)
		s.patchDeployment(`{"spec":{"template":{"metadata":{"labels":{"version":"1"}}}}}`)
		s.rest()
		s.names[s.revision()] = "v1"
		s.source.refuse(byVersion)
		s.step()
		same(t, "the conditions at rest", s.conditions(), []string{"Ready=True Watching: revision v1 serves; waiting for a new template"})
		return s
	}
	const alike = "rejected by the metrics backend: both have the label version: 1"
	held := func(s *stage) (revision string) {
		revision = s.push("v2")
		told := len(s.events(0))
		for range 10 {
			s.step()
		}
		same(s.t, "what was told", s.events(told), []string{
			"Normal ReleaseStarted: revision v2 is released in 3 steps against baseline v1",
			"Warning SourceRejected: revision v2 could not be judged and gets no traffic: " + alike + ". To promote it all the same: serin.dev/promote=v2",
		})
		same(s.t, "Stalled", s.stalled(), "SourceRejected: "+alike)
		same(s.t, "the pods", s.pods(), map[string]int{"v1": 4})
		same(s.t, "the route", split(s.gateway.live()), "home")
		if n := len(s.source.Calls()); n > 0 {
			s.t.Errorf("the backend was asked %d times", n)
		}
		return revision
	}
	t.Run("it is held without any traffic, and goes on with a template that can be told apart", func(t *testing.T) {
		t.Parallel()
		s := begin(t)
		held(s)
		s.labelVersion("3")
		s.untilPhase(rollout.Succeeded)
		same(t, "Stalled", s.stalled(), "")
		same(t, "the pods", s.pods(), map[string]int{"v3": 4})
	})
	t.Run("it goes on when the source is mended", func(t *testing.T) {
		t.Parallel()
		s := begin(t)
		held(s)
		s.source.refuse(nil)
		s.untilWeight(10)
		same(t, "Stalled", s.stalled(), "")
	})
	t.Run("a person promotes it all the same", func(t *testing.T) {
		t.Parallel()
		s := begin(t)
		s.say(v1alpha1.AnnotationPromote, held(s))
		s.untilPhase(rollout.Succeeded)
	})
}

// unjudgeableAtRest is a source that could not judge the next release, whatever it brings.
func unjudgeableAtRest(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.source.refuse(byVersion)
	for range 3 {
		s.step()
	}
	const missing = "SourceRejected: rejected by the metrics backend: the baseline has no label version"
	same(t, "Stalled", s.stalled(), missing)
	same(t, "what was told", s.events(0), []string{"Warning " + missing})
	s.source.refuse(nil)
	s.step()
	same(t, "Stalled once it is mended", s.stalled(), "")
}
