package controllers

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

func deletedCanary(t *testing.T, c *workloadtest.Cluster) {
	// What the garbage collector has taken from the Canary is the Deployment's afterwards, and empty.
	const handedBack = deletedAlike + "\nReplicaSet web-v2 of the Deployment\nService web"
	for name, way := range map[string]struct {
		propagation metav1.DeletionPropagation
		end         string
	}{
		"as kubectl does":                  {metav1.DeletePropagationBackground, deletedEnd},
		"as Argo CD does":                  {metav1.DeletePropagationForeground, handedBack},
		"as kubectl --cascade=orphan does": {metav1.DeletePropagationOrphan, handedBack},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c)
			s.step()
			s.push("v2")
			s.untilWeight(50)
			told := len(s.events(0))
			s.must(c.Client.Delete(t.Context(), s.canary(), client.PropagationPolicy(way.propagation)))
			s.watch("the deletion to be seen", func(writes []string) bool {
				// The garbage collector writes to the Canary too, so that the first pass may lose a race.
				seen := len(writes) > 0
				if seen {
					same(t, "what the pass wrote that saw the deletion", writes, []string{"patch status of Canary web", "update HTTPRoute web"})
				}
				return seen
			})
			same(t, "the route after it", split(s.gateway.live()), "web-baseline:100 web-candidate:0 ")
			same(t, "the conditions", s.conditions()[1], "Reconciling=True CanaryDeleted: the release of revision v2 ends: the Canary is being deleted before its judgement. "+resume)
			s.untilPhase("gone")
			s.rest()
			same(t, "the events", s.events(told), []string{"Normal CanaryDeleted: the release of revision v2 ends: the Canary is being deleted before its judgement. " + resume})
			same(t, "the events of the Deployment", s.told.about("Deployment"), s.told.about("Canary"))
			same(t, "the end", s.end(), way.end)
			s.forgotten()
		})
	}
}

// forgotten makes the pass that the end of a Canary asks for, and fails the test when anything of it is still remembered then.
func (s *stage) forgotten() {
	s.t.Helper()
	_, err := s.pass()
	s.must(err)
	if n := len(s.reconciler.recall.entries); n > 0 {
		s.t.Errorf("%d Canaries are remembered", n)
	}
}

const (
	resume       = "The workload stays paused with it; kubectl rollout resume ships it"
	deletedAlike = `gone, route home, pods map[v1:4]
Deployment paused=true
ReplicaSet web-v1 of the Deployment`
	deletedEnd = deletedAlike + "\nService web"
)

func deletedCanaryDeafGateway(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.step()
	s.push("v2")
	s.untilWeight(50)
	s.gateway.deaf = true
	s.must(c.Client.Delete(t.Context(), s.canary()))
	for range 5 {
		s.step()
		s.after(8 * time.Second)
	}
	if pods := s.pods(); pods["v2"] != 2 || s.phase() != rollout.RollingBack {
		t.Errorf("before the deadline: phase %s, pods %v", s.phase(), pods)
	}
	s.after(time.Minute)
	s.untilPhase("gone")
	same(t, "the pods", s.pods(), map[string]int{"v1": 4})
	same(t, "the route", split(s.gateway.live()), "home")
}

func deletedAtRest(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.step()
	before := s.versions()
	s.must(c.Client.Delete(t.Context(), s.canary()))
	if s.canary() != nil {
		t.Error("a Canary at rest holds up its own deletion")
	}
	s.forgotten()
	same(t, "Deployment, ReplicaSet and pods", s.versions(), before)
}

func deletedAfterRefusal(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.step()
	s.push("v2")
	s.source.errs(400)
	s.untilPhase(rollout.Failed)
	s.must(c.Client.Delete(t.Context(), s.canary()))
	s.rest()
	_, err := s.pass()
	s.must(err)
	same(t, "the end", s.end(), deletedEnd)
}

func deletedDeployment(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.step()
	s.push("v2")
	s.untilWeight(50)
	told := len(s.events(0))
	s.remove(s.deployment("app:v2"))
	s.step()
	same(t, "the route after one pass", split(s.gateway.live()), "web-baseline:100 web-candidate:0 ")
	s.untilPhase(rollout.Idle)
	s.rest()
	same(t, "the events", s.events(told), []string{
		"Normal TargetDeleted: the release of revision v2 ends: the workload was deleted",
		"Warning TargetNotFound: the workload does not exist; waiting for it",
	})
	same(t, "the end", s.end(), `Idle, route home, pods map[]
Canary at weight 0 with finalizers []
Service web
history v2: ReleaseWithdrawn for TargetDeleted`)

	s.create(s.deployment("app:v2"))
	s.rest()
	s.names[s.revision()] = "v2"
	s.step()
	same(t, "the conditions after it is made anew", s.conditions(), []string{"Ready=True Watching: revision v2 serves; waiting for a new template"})
}
