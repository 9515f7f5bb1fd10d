package controllers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

func goodRelease(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.step()
	s.push("v2")
	perStep := map[string][]string{}
	s.watch("the hand-over", func(writes []string) bool {
		if s.phase() == rollout.Promoting {
			return true
		}
		at := s.canary().Status.Step
		perStep[at] = append(perStep[at], writes...)
		return false
	})
	delete(perStep, "0/3")
	status, set, route := "patch status of Canary web", "patch ReplicaSet web-v2", "update HTTPRoute web"
	same(t, "what each step wrote", perStep, map[string][]string{"1/3": {status, route, set}, "2/3": {status, route, set}, "3/3": {status, route}})
	judged := s.pods()["v2"]
	s.untilPhase(rollout.Succeeded)
	if judged != 4 {
		t.Errorf("%d pods were judged at 100%%", judged)
	}
	same(t, "the events", s.events(0), []string{
		"Normal ReleaseStarted: revision v2 is released in 3 steps against baseline v1",
		"Normal StepAdvanced: revision v2 gets 10% of the traffic (step 1 of 3)",
		"Normal StepAdvanced: revision v2 gets 50% of the traffic (step 2 of 3): EVIDENCE",
		"Normal StepAdvanced: revision v2 gets 100% of the traffic (step 3 of 3): EVIDENCE",
		"Normal Promoted: revision v2 is promoted: the pods that were judged now belong to the workload",
	})
	same(t, "the events of the Deployment", s.told.about("Deployment"), s.told.about("Canary"))
	same(t, "the conditions", s.conditions(), []string{"Ready=True Watching: revision v2 serves; waiting for a new template"})
	same(t, "the end", s.end(), promotedEnd)
	s.nothingMore()
}

const promotedEnd = `Succeeded, route home, pods map[v2:4]
Canary at weight 0 with finalizers []
Deployment paused=false
ReplicaSet web-v1 of the Deployment
ReplicaSet web-v2 of the Deployment
Service web
history v2: Promoted for Promoted`

// nothingMore fails the test when there is anything left to write or to tell.
func (s *stage) nothingMore() {
	s.t.Helper()
	writes, told := s.ledger.count(), len(s.told.about("Canary"))
	for range 3 {
		s.step()
		s.after(time.Minute)
	}
	if more := s.ledger.since(writes); len(more) > 0 {
		s.t.Errorf("it was over, and then there was written %q", more)
	}
	if more := s.events(told); len(more) > 0 {
		s.t.Errorf("it was over, and then was told %q", more)
	}
}

func badRelease(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.step()
	s.push("v2")
	s.untilWeight(50)
	s.source.errs(400)
	told := len(s.events(0))
	s.watch("the evidence to be seen", func(writes []string) bool {
		if s.phase() == rollout.Progressing {
			return false
		}
		same(t, "what the pass wrote that saw the evidence", writes, []string{"patch status of Canary web", "update HTTPRoute web"})
		return true
	})
	same(t, "the route after it", split(s.gateway.live()), "web-baseline:100 web-candidate:0 ")
	const refusal = "revision v2 was refused at step 2 of 3 (weight 50% since TIME): EVIDENCE. The traffic goes back to baseline v1. Push a fix, revert, or try again with serin.dev/retry=v2"
	same(t, "the event", s.events(told), []string{"Warning RolledBack: " + refusal})
	same(t, "the conditions on the way back", s.conditions(), []string{"Ready=False AnalysisFailed: " + refusal, "Reconciling=True AnalysisFailed: " + refusal})

	s.untilPhase(rollout.Failed)
	same(t, "the events of the Deployment", s.told.about("Deployment"), s.told.about("Canary"))
	same(t, "the conditions", s.conditions(), []string{"Ready=False AnalysisFailed: " + refusal, "Stalled=True AnalysisFailed: " + refusal})
	same(t, "the end", s.end(), refusedEnd)
	if verdict := s.canary().Status.Verdict; verdict != "Fail" {
		t.Errorf("the verdict shown is %q", verdict)
	}
	s.nothingMore()

	s.source.errs(2)
	s.push("v3")
	s.untilWeight(10)
	same(t, "the pods of the fix", s.pods(), map[string]int{"v1": 4, "v3": 1})
}

const refusedEnd = `Failed, route home, pods map[v1:4]
Canary at weight 0 with finalizers []
Deployment paused=true
ReplicaSet web-v1 of the Deployment
ReplicaSet web-v2 of the Canary
Service web
history v2: RolledBack for AnalysisFailed`

// toldForReal sends the events of a rollback through Kubernetes' own recorder.
func toldForReal(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: c.Typed.EventsV1()})
	s.must(broadcaster.StartRecordingToSinkWithContext(t.Context()))
	defer broadcaster.Shutdown()
	s.reconciler.Recorder = broadcaster.NewRecorder(c.Client.Scheme(), "serin")
	s.step()
	revision := s.push("v2")
	s.untilWeight(10)
	s.say(v1alpha1.AnnotationAbort, revision)
	s.untilPhase(rollout.Failed)

	eventually(t, func() error {
		list, err := c.Typed.EventsV1().Events(s.ns).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			return err
		}
		about := map[string]bool{}
		for _, e := range list.Items {
			if e.Reason == "RolledBack" && e.Type == "Warning" && strings.HasPrefix(s.named(e.Note), "revision v2 was refused at step 1 of 3 (weight 10% since TIME): a person aborted it.") {
				about[e.Regarding.Kind+" "+e.Regarding.Name+" "+string(e.Regarding.UID)+" beside "+e.Related.Kind] = true
			}
		}
		for _, wanted := range []string{"Canary web " + string(s.canary().UID) + " beside Deployment", "Deployment web " + string(s.deploymentUID()) + " beside Canary"} {
			if !about[wanted] {
				return errNot("an event on "+wanted, about)
			}
		}
		return nil
	})
}

// toldInFull is a release in sixty steps, told by the recorder that the operator has: it merges events that are alike, and none of these are.
func toldInFull(t *testing.T, c *workloadtest.Cluster) {
	const steps = 60
	s := newStage(t, c)
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: c.Typed.EventsV1()})
	s.must(broadcaster.StartRecordingToSinkWithContext(t.Context()))
	defer broadcaster.Shutdown()
	s.reconciler.Recorder = broadcaster.NewRecorder(c.Client.Scheme(), "serin")
	s.edit(func(c *v1alpha1.Canary) {
		c.Spec.Steps = nil
		for weight := int32(100 - steps + 1); weight <= 100; weight++ {
			c.Spec.Steps = append(c.Spec.Steps, v1alpha1.Step{Weight: weight, Bake: &metav1.Duration{Duration: 15 * time.Second}})
		}
	})
	s.step()
	s.push("v2")
	for passes := 0; s.phase() != rollout.Succeeded && passes < 3000; passes++ {
		s.step()
	}
	eventually(t, func() error {
		list, err := c.Typed.EventsV1().Events(s.ns).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			return err
		}
		notes := map[string]map[string]bool{"Canary": {}, "Deployment": {}}
		for _, e := range list.Items {
			if told := notes[e.Regarding.Kind]; told != nil && e.ReportingController == "serin" {
				told[e.Reason+": "+e.Note] = true
			}
		}
		for kind, told := range notes {
			if want := 1 + steps + 1; len(told) != want { // the start, the steps and the end
				return errNot(fmt.Sprintf("%d events on the %s", want, kind), len(told))
			}
		}
		return nil
	})
}
