package controllers

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// takenNames are Services and routes of other people that have the names of generated ones.
func takenNames(t *testing.T, c *workloadtest.Cluster) {
	theirs := func(s *stage) client.Object {
		return &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "web-candidate"},
			Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": "other"}, Ports: []corev1.ServicePort{{Port: 80}}},
		}
	}
	const taken = "NameTaken: copying Service NAMESPACE/web to web-candidate: route can't carry a split: a name is taken: " +
		"the Service web-candidate exists and does not belong to Canary web; delete or rename it, or rename the Canary"
	t.Run("from the beginning", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, c)
		s.create(theirs(s))
		s.step()
		s.push("v2")
		for range 8 {
			s.step()
		}
		same(t, "what was told", s.events(0), []string{"Normal ReleaseStarted: revision v2 is released in 3 steps against baseline v1", "Warning " + taken})
		same(t, "Stalled", s.stalled(), taken)
		same(t, "the route", split(s.gateway.live()), "home")
		same(t, "the pods", s.pods(), map[string]int{"v1": 4})
		s.remove(theirs(s))
		s.untilPhase(rollout.Succeeded)
		same(t, "Stalled once it is gone", s.stalled(), "")
		same(t, "the end", s.end(), promotedEnd)
	})
	t.Run("in place of ours at a step", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, c)
		s.step()
		s.push("v2")
		s.untilWeight(10)
		s.remove(theirs(s))
		s.create(theirs(s))
		s.until("it to be told", func() bool { return s.stalled() == taken })
		if weight := s.canary().Status.Weight; weight != 10 {
			t.Errorf("it went to weight %d", weight)
		}
		s.say(v1alpha1.AnnotationAbort, s.revision())
		s.step()
		same(t, "the route after an abort", split(s.gateway.live()), "web-baseline:100 web-candidate:0 ")
		s.untilPhase(rollout.Failed)
		left := &corev1.Service{}
		s.must(c.Client.Get(t.Context(), client.ObjectKeyFromObject(theirs(s)), left))
		same(t, "what their Service selects", left.Spec.Selector, map[string]string{"app": "other"})
	})
	t.Run("of a generated route", func(t *testing.T) {
		t.Parallel()
		s := newStage(t, c)
		s.edit(func(c *v1alpha1.Canary) {
			c.Spec.Traffic.Routes = nil
			c.Spec.Traffic.Gateway = &v1alpha1.GatewayTraffic{ParentRefs: []v1alpha1.ParentReference{{Name: "public"}}}
		})
		s.step()
		s.step()
		same(t, "Stalled", s.stalled(), "NameTaken: making HTTPRoute NAMESPACE/web: route can't carry a split: a name is taken: "+
			"the HTTPRoute web exists and does not belong to Canary web; delete or rename it, or rename the Canary")
		s.remove(s.gateway.manifest())
		s.until("it to be made", func() bool { return s.stalled() == "" && s.gateway.live().GetUID() != "" })
	})
}
