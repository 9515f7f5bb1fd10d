package controllers

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// deleteSet deletes the ReplicaSet of a tag by hand, pods and all.
func (s *stage) deleteSet(tag string) {
	s.t.Helper()
	sets, err := s.cluster.Typed.AppsV1().ReplicaSets(s.ns).List(s.t.Context(), metav1.ListOptions{})
	s.must(err)
	background := metav1.DeletePropagationBackground
	for i := range sets.Items {
		if set := &sets.Items[i]; s.names[set.Spec.Template.Labels["pod-template-hash"]] == tag {
			s.must(s.cluster.Typed.AppsV1().ReplicaSets(s.ns).Delete(s.t.Context(), set.Name, metav1.DeleteOptions{PropagationPolicy: &background}))
		}
	}
	s.rest()
}

// deletedSets are ReplicaSets that somebody deletes by hand in mid-release.
func deletedSets(t *testing.T, c *workloadtest.Cluster) {
	begin := func(t *testing.T) (s *stage, told int) {
		s = newStage(t, c)
		s.step()
		s.push("v2")
		s.untilWeight(50)
		return s, len(s.events(0))
	}
	t.Run("without the candidate's, the requests go back to the baseline at once", func(t *testing.T) {
		t.Parallel()
		s, told := begin(t)
		s.deleteSet("v2")
		s.step()
		same(t, "what was told", s.events(told), []string{"Warning RolledBack: revision v2 was refused at step 2 of 3 (weight 50% since TIME): it has no pods any more, " +
			"since somebody deleted its ReplicaSet or scaled it to 0. The traffic goes back to baseline v1. Push a fix, revert, or try again with serin.dev/retry=v2"})
		s.until("the route to be home", func() bool { return split(s.gateway.live()) == "home" })
		s.untilPhase(rollout.Failed)
		same(t, "the end", s.end(), strings.ReplaceAll(refusedEnd, "AnalysisFailed", "CandidateFailed"))
	})
	t.Run("without the baseline's, the candidate takes all requests and its place", func(t *testing.T) {
		t.Parallel()
		s, told := begin(t)
		s.source.errs(400) // to roll back would leave nobody to serve
		s.deleteSet("v1")
		s.until("the requests to reach the candidate alone", func() bool { return split(s.gateway.live()) == "home" })
		s.untilPhase(rollout.Succeeded)
		events := s.events(told)
		same(t, "what was told", events, []string{
			"Warning BaselineNotReady: the ReplicaSet of baseline v1 was deleted, and nothing is left to go back to: revision v2 takes its place without a verdict, as soon as it has the pods",
			"Normal Promoted: revision v2 is promoted without a verdict: its pods now belong to the workload",
		})
		same(t, "the end", s.end(), strings.ReplaceAll(promotedEnd, "\nReplicaSet web-v1 of the Deployment", ""))
	})
	t.Run("without either, the Deployment rolls out what it has", func(t *testing.T) {
		t.Parallel()
		s, told := begin(t)
		s.deleteSet("v1")
		s.deleteSet("v2")
		s.untilPhase(rollout.Idle)
		s.rest()
		// More is told: the ReplicaSet that the Deployment makes anew has another name, and is taken for another revision at first.
		same(t, "what was told first", s.events(told)[0], "Warning PassedThrough: revision v2 passes without a release: "+
			"the ReplicaSet of baseline v1 was deleted, and nothing serves that it could be compared with")
		same(t, "the pods", s.pods(), map[string]int{"v2": 4})
	})
}
