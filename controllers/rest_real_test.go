package controllers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

func firstLook(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	before := s.versions()
	s.step()
	same(t, "the writes", s.ledger.since(0), []string{"patch status of Canary web"})
	same(t, "the conditions", s.conditions(), []string{"Ready=True Watching: revision v1 serves; waiting for a new template"})
	same(t, "the events", s.events(0), []string(nil))
	status := s.canary().Status
	same(t, "the phase", string(status.Phase)+" "+s.named(status.Revision)+" "+s.named(status.Message), "Idle v1 revision v1 serves; waiting for a new template")
	if status.ObservedGeneration != 1 || s.named(status.ObservedRevision) != "v1" {
		t.Errorf("generation %d and revision %s were observed", status.ObservedGeneration, status.ObservedRevision)
	}
	s.nothingMore()
	s.start()
	s.nothingMore()
	same(t, "Deployment, ReplicaSet and pods", s.versions(), before)
}

// versions are the resource versions of everything that must not be touched.
func (s *stage) versions() []string {
	s.t.Helper()
	seen, err := s.look()
	s.must(err)
	lines := []string{"route " + split(s.gateway.live()), fmt.Sprint("generation ", s.gateway.live().GetGeneration())}
	for i := range seen.deployments {
		lines = append(lines, "Deployment "+seen.deployments[i].ResourceVersion)
	}
	for i := range seen.sets {
		lines = append(lines, "ReplicaSet "+seen.sets[i].ResourceVersion)
	}
	for i := range seen.pods {
		lines = append(lines, "Pod "+string(seen.pods[i].UID)+" "+seen.pods[i].ResourceVersion)
	}
	return lines
}

func (s *stage) deploymentUID() types.UID {
	s.t.Helper()
	d, err := s.cluster.Typed.AppsV1().Deployments(s.ns).Get(s.t.Context(), "web", metav1.GetOptions{})
	s.must(err)
	return d.UID
}

func errNot(what string, is any) error { return fmt.Errorf("there is not %s, but %v", what, is) }

func wrongReferences(t *testing.T, c *workloadtest.Cluster) {
	for name, story := range map[string]struct {
		missing func(*stage) client.Object
		// instead is what there is in its place; nil for nothing.
		instead func(*stage) client.Object
		stalled string
	}{
		"the route is missing": {
			func(s *stage) client.Object { return s.gateway.manifest() }, nil,
			"RouteNotFound: reading HTTPRoute NAMESPACE/web: route not found: create it, or correct spec.traffic.routes of the Canary",
		},
		"the Service is missing": {
			func(s *stage) client.Object { return s.service() }, nil,
			"ServiceNotFound: reading Service NAMESPACE/web: service not found: create it, or correct spec.traffic.service of the Canary",
		},
		"the Service has no such port": {
			func(s *stage) client.Object { return s.service() },
			func(s *stage) client.Object {
				other := s.service()
				other.Spec.Ports[0].Port = 81
				return other
			},
			"SpecInvalid: copying Service NAMESPACE/web: route can't carry a split: it has no port 80, only 81; correct spec.traffic.service.port of the Canary",
		},
		"the MetricSource is missing": {
			func(s *stage) client.Object { return s.metricSource() }, nil,
			`SourceNotFound: no such MetricSource: spec.analysis.source is "NAMESPACE"; create it, or name one of kubectl get metricsources`,
		},
		"the Deployment is missing": {
			func(s *stage) client.Object { return s.deployment("app:v1") }, nil,
			"TargetNotFound: spec.targetRef names the Deployment web, which does not exist; create it, or delete this Canary and make one for another",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c)
			s.remove(story.missing(s))
			if story.instead != nil {
				s.create(story.instead(s))
			}
			result, err := s.pass()
			s.must(err)
			same(t, "Stalled", s.stalled(), story.stalled)
			if name != "the Deployment is missing" && result.RequeueAfter == 0 || result.RequeueAfter > time.Minute {
				t.Errorf("what appears is noticed after %s", result.RequeueAfter)
			}
			s.nothingMore()

			if story.instead != nil {
				s.remove(story.instead(s))
			}
			s.create(story.missing(s))
			s.rest()
			s.step()
			same(t, "the conditions after it appeared", s.conditions(), []string{"Ready=True Watching: revision v1 serves; waiting for a new template"})
		})
	}
}

// goneBeforeTheRelease is a reference that becomes wrong only as the release begins: it is held, and goes on when the thing is back.
func goneBeforeTheRelease(t *testing.T, c *workloadtest.Cluster) {
	for name, missing := range map[string]func(*stage) client.Object{
		"the route":        func(s *stage) client.Object { return s.gateway.manifest() },
		"the Service":      func(s *stage) client.Object { return s.service() },
		"the MetricSource": func(s *stage) client.Object { return s.metricSource() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c)
			s.step()
			s.remove(missing(s))
			s.push("v2")
			for range 12 {
				s.step()
			}
			if s.phase() != rollout.Progressing || s.stalled() == "" {
				t.Errorf("phase %s, conditions %q", s.phase(), s.conditions())
			}
			if pods := s.pods(); pods["v1"] != 4 {
				t.Errorf("the baseline has lost pods: %v", pods)
			}
			s.create(missing(s))
			s.rest()
			s.until("it to be noticed", func() bool { return s.stalled() == "" })
			s.untilWeight(10)
		})
	}
}

// twoProblems are told one after the other, as they are mended.
func twoProblems(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.remove(s.service())
	s.remove(s.metricSource())
	s.step()
	same(t, "Stalled", s.stalled(), "ServiceNotFound: reading Service NAMESPACE/web: service not found: create it, or correct spec.traffic.service of the Canary")
	s.create(s.service())
	s.rest()
	s.step()
	same(t, "Stalled once the Service is there", s.stalled(),
		`SourceNotFound: no such MetricSource: spec.analysis.source is "NAMESPACE"; create it, or name one of kubectl get metricsources`)
}

// goneAtAStep is a Service that is deleted at a step: the candidate gets no more, and can lose what it has.
func goneAtAStep(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.step()
	s.push("v2")
	s.untilWeight(10)
	s.remove(s.service())
	for range 10 {
		s.step()
	}
	same(t, "Stalled", s.stalled(), "ServiceNotFound: reading Service NAMESPACE/web: service not found: create it, or correct spec.traffic.service of the Canary")
	same(t, "the route", split(s.gateway.live()), "web-baseline:90 web-candidate:10 ")
	s.say(v1alpha1.AnnotationAbort, s.revision())
	s.step()
	same(t, "the route after an abort", split(s.gateway.live()), "web-baseline:100 web-candidate:0 ")
	s.untilPhase(rollout.Failed)
	s.create(s.service())
	s.rest()
	s.step()
	same(t, "the end", s.end(), strings.ReplaceAll(refusedEnd, "AnalysisFailed", "Aborted"))
}

// remove deletes what a story misses, and waits until it is gone.
func (s *stage) remove(o client.Object) {
	s.t.Helper()
	s.must(s.cluster.Client.Delete(s.t.Context(), o, client.PropagationPolicy(metav1.DeletePropagationBackground)))
	eventually(s.t, func() error {
		if err := s.cluster.Client.Get(s.t.Context(), client.ObjectKeyFromObject(o), o); client.IgnoreNotFound(err) != nil || err == nil {
			return errNot("the end of "+o.GetName(), err)
		}
		return nil
	})
	s.rest()
}

// elderCanary is a Deployment that two Canaries want.
func elderCanary(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	younger := s.manifest()
	younger.Name = "zweb"
	s.create(younger)
	s.step()
	_, err := s.reconciler.Reconcile(t.Context(), requestFor(younger))
	s.must(err)
	s.must(c.Client.Get(t.Context(), client.ObjectKeyFromObject(younger), younger))
	if len(younger.Status.Conditions) != 2 || younger.Status.Conditions[1].Type != v1alpha1.ConditionStalled ||
		younger.Status.Conditions[1].Message != "the Canary web watches over the Deployment web already; delete one of the two" {
		t.Errorf("the younger says %+v", younger.Status.Conditions)
	}
	same(t, "the elder's conditions", s.conditions(), []string{"Ready=True Watching: revision v1 serves; waiting for a new template"})
}
