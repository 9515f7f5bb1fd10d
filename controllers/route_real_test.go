package controllers

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// revert writes the owner's rules into the route, as Argo CD does.
func (s *stage) revert() {
	s.t.Helper()
	route := s.gateway.live()
	rules, _, err := unstructured.NestedSlice(s.gateway.manifest().Object, "spec", "rules")
	s.must(err)
	s.must(unstructured.SetNestedSlice(route.Object, rules, "spec", "rules"))
	s.must(s.cluster.Client.Update(s.t.Context(), route))
}

func revertedRoute(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.step()
	s.push("v2")
	s.untilWeight(50)
	const reverted = "Warning RouteReverted: somebody wrote the route back at weight 50%, so that requests reached all pods alike; it is set again and the step starts over. " +
		"If Argo CD did it, its Application needs ignoreDifferences: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: web, jqPathExpressions: ['.spec.rules[].backendRefs']}] " +
		"and syncOptions: [ApplyOutOfSyncOnly=true]"
	for range 2 {
		told := len(s.events(0))
		s.revert()
		s.step()
		same(t, "what is told", s.events(told), []string{reverted})
		s.until("the weight to be set again", func() bool { return split(s.gateway.live()) == "web-baseline:50 web-candidate:50 " })
		// Whoever writes it back again at once is not news.
		s.revert()
		s.untilWeight(50)
		same(t, "what is told until it holds", s.events(told), []string{reverted})
		same(t, "the route", split(s.gateway.live()), "web-baseline:50 web-candidate:50 ")
	}
	s.untilPhase(rollout.Succeeded)
	same(t, "the end", s.end(), promotedEnd)
}

// overruledRoute is somebody who writes another weight into the route, below and above the plan.
func overruledRoute(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.step()
	s.push("v2")
	s.untilWeight(10)
	for _, weight := range []int64{90, 0} {
		told := len(s.events(0))
		route := s.gateway.live()
		s.must(unstructured.SetNestedSlice(route.Object, []any{map[string]any{"backendRefs": []any{backend("web-baseline", 100-weight), backend("web-candidate", weight)}}}, "spec", "rules"))
		s.must(c.Client.Update(t.Context(), route))
		s.step()
		if has := share(s.gateway.live()); has > 10 {
			t.Errorf("one pass later it still has %d%%", has)
		}
		events := s.events(told)
		if len(events) != 1 || !strings.HasPrefix(events[0], "Warning RouteReverted: somebody wrote weight "+strconv.FormatInt(weight, 10)+"% into the route instead of 10%; it is set again and the step starts over") {
			t.Errorf("told %q", events)
		}
		s.untilWeight(10)
		same(t, "the route", split(s.gateway.live()), "web-baseline:90 web-candidate:10 ")
	}
}

func deafAtAStep(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.step()
	s.push("v2")
	s.untilWeight(10)
	s.gateway.deaf = true
	s.until("weight 50", func() bool { return split(s.gateway.live()) == "web-baseline:50 web-candidate:50 " })
	told := len(s.events(0))
	for range 5 {
		s.step()
		s.after(10 * time.Second)
	}
	const waits = "HTTPRoute web: Gateway public (example.com/gateway) has acknowledged generation 3 of the route, and it is at 4"
	if status := s.canary().Status; status.Weight != 50 || s.remembered().state.Reason != rollout.ReasonSettling && s.remembered().state.Reason != rollout.ReasonStepAdvanced {
		t.Errorf("phase %s, weight %d, reason %s", status.Phase, status.Weight, s.remembered().state.Reason)
	}
	s.watch("the deadline", func([]string) bool { return s.phase() != rollout.Progressing })
	const refusal = "revision v2 was refused at step 2 of 3 (weight 50%): the route did not settle at weight 50% within 1m: " + waits +
		". The traffic goes back to baseline v1. Push a fix, revert, or try again with serin.dev/retry=v2"
	same(t, "what is told", s.events(told), []string{"Warning RolledBack: " + refusal})
	same(t, "the route", split(s.gateway.live()), "web-baseline:100 web-candidate:0 ")
	s.staysWhileDeaf(rollout.ReasonSplitUnsettled)
	s.gateway.deaf = false
	s.untilPhase(rollout.Failed)
	s.tidied()
	same(t, "the end", s.end(), strings.ReplaceAll(refusedEnd, "AnalysisFailed", "SplitDeadlineExceeded"))
}

// staysWhileDeaf lets three minutes pass without an acknowledgement of weight 0: the candidate's pods may still get requests, so they stay, and people hear of it once.
func (s *stage) staysWhileDeaf(reason rollout.Reason) {
	s.t.Helper()
	pods, told := s.pods(), len(s.events(0))
	for began := s.clock.Now(); s.clock.Now().Sub(began) < 3*time.Minute; {
		s.step()
	}
	same(s.t, "the pods", s.pods(), pods)
	if s.phase() != rollout.RollingBack {
		s.t.Errorf("phase %s", s.phase())
	}
	events := s.events(told)
	const delay = "Warning Holding: not over after 1m: taking the traffic off the candidate: HTTPRoute web: Gateway public (example.com/gateway) has acknowledged generation "
	if len(events) != 1 || !strings.HasPrefix(events[0], delay) {
		s.t.Errorf("told %q, want once %q", events, delay)
	}
	if conditions := s.conditions(); len(conditions) != 2 || !strings.HasPrefix(conditions[1], "Reconciling=True "+string(reason)+": not over after 1m: taking the traffic off the candidate: ") {
		s.t.Errorf("the conditions do not say what it waits for: %q", conditions)
	}
}

func deafAtRollback(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.step()
	s.push("v2")
	s.untilWeight(50)
	s.source.errs(400)
	s.gateway.deaf = true
	s.untilPhase(rollout.RollingBack)
	same(t, "the route", split(s.gateway.live()), "web-baseline:100 web-candidate:0 ")
	s.staysWhileDeaf(rollout.ReasonAnalysisFailed)
	s.gateway.deaf = false
	s.untilPhase(rollout.Failed)
	s.tidied()
	same(t, "the end", s.end(), refusedEnd)
}

// tidied waits for the generated Services to go. Nothing wakes the Canary for that but its own timer.
func (s *stage) tidied() {
	s.t.Helper()
	for range 5 {
		result, err := s.pass()
		s.must(err)
		if result.RequeueAfter == 0 {
			return
		}
		s.after(result.RequeueAfter)
	}
	s.t.Error("it is over, and yet Serin looks again and again")
}

// deafAtTheEnd is a gateway that does not acknowledge the route as its owner wrote it: the promotion is over in time, the generated Services stay until it does.
func deafAtTheEnd(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.step()
	s.push("v2")
	s.untilPhase(rollout.Finalizing)
	s.gateway.deaf = true
	s.until("the route to be home", func() bool { return split(s.gateway.live()) == "home" })
	s.after(time.Hour)
	s.untilPhase(rollout.Succeeded)
	s.step()
	same(t, "the end before it is acknowledged", s.end(), strings.ReplaceAll(promotedEnd, "Service web", "Service web\nService web-baseline\nService web-candidate"))
	s.gateway.deaf = false
	s.tidied()
	same(t, "the end", s.end(), promotedEnd)
}
