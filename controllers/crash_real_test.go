package controllers

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

const statusWrite = "patch status of Canary web"

// lostRaces are writes of the status that somebody else came before.
func lostRaces(t *testing.T, c *workloadtest.Cluster) {
	for name, story := range map[string]struct {
		before func(*stage)
		news   string
	}{
		"of the start": {func(*stage) {}, "Normal ReleaseStarted"},
		"of a step":    {func(s *stage) { s.untilWeight(10) }, "Normal StepAdvanced"},
		"of a refusal": {func(s *stage) { s.untilWeight(10); s.source.errs(400) }, "Warning RolledBack"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c)
			s.step()
			s.push("v2")
			story.before(s)
			lost := false
			s.ledger.before = on(statusWrite, func() error {
				lost = true
				s.say("example.com/annotated", "in between")
				return nil
			})
			told := len(s.events(0))
			for !lost {
				n := s.ledger.count()
				result, err := s.pass()
				s.must(err)
				// Readiness of pods and of splits is remembered without a write, and the finalizer comes before the status.
				writes := slices.DeleteFunc(s.ledger.since(n), func(w string) bool { return w == "patch Canary web" || !lost })
				if lost && (len(writes) > 0 || result.RequeueAfter != lostRaceRetry) {
					t.Errorf("in spite of a lost race it wrote %q, and looks again after %s", writes, result.RequeueAfter)
				}
				s.after(max(result.RequeueAfter, time.Second))
			}
			same(t, "what is told in spite of a lost race", s.events(told), []string(nil))
			n := s.ledger.count()
			s.step()
			if writes := s.ledger.since(n); len(writes) == 0 || writes[0] != statusWrite {
				t.Errorf("the next pass wrote %q", writes)
			}
			same(t, "what the next pass told", s.reasons(told), []string{story.news})
		})
	}
}

// endings are the ways in which a release ends, and how the world looks then.
func endings() map[string]struct {
	play func(*stage)
	end  string
} {
	return map[string]struct {
		play func(*stage)
		end  string
	}{
		"promoted": {func(s *stage) { s.untilPhase(rollout.Succeeded) }, promotedEnd},
		"rolled back": {func(s *stage) {
			s.until("weight 50", func() bool { return s.canary().Status.Weight == 50 })
			s.source.errs(400)
			s.untilPhase(rollout.Failed)
		}, refusedEnd},
		"deleted": {func(s *stage) {
			s.until("weight 50", func() bool { return s.canary().Status.Weight == 50 })
			s.must(s.cluster.Client.Delete(s.t.Context(), s.canary()))
			s.untilPhase("gone")
		}, deletedEnd},
	}
}

// crashes ends the process at every write of a release twice: just before it, and just after it.
func crashes(t *testing.T, c *workloadtest.Cluster) {
	for name, story := range endings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c)
			s.step()
			s.push("v2")
			spared, ends := false, 0
			s.ledger.before = func(string) error {
				if spared = !spared; spared {
					ends++
					return errCrash
				}
				return nil
			}
			s.ledger.after = func(string) error { ends++; return errCrash }
			story.play(s)
			s.ledger.undisturbed()
			for range 3 {
				s.step()
			}
			s.rest()
			same(t, "the end", s.end(), story.end)
			if ends < 30 {
				t.Errorf("the process ended only %d times", ends)
			}
			events := s.events(0)
			if slices.Sort(events); len(slices.Compact(slices.Clone(events))) != len(events) {
				t.Errorf("something is told twice: %q", events)
			}
		})
	}
}

// crashPoints ends the process once, at the pass that counts most.
func crashPoints(t *testing.T, c *workloadtest.Cluster) {
	for name, hook := range map[string]func(*ledger){
		"before the record":              func(l *ledger) { l.before = on(statusWrite, func() error { return errCrash }) },
		"between the record and the act": func(l *ledger) { l.after = on(statusWrite, func() error { return errCrash }) },
		"inside the act":                 func(l *ledger) { l.before = on("update HTTPRoute", func() error { return errCrash }) },
		"after the act":                  func(l *ledger) { l.after = on("update HTTPRoute", func() error { return errCrash }) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c)
			s.step()
			s.push("v2")
			s.untilWeight(10)
			s.source.errs(400)
			hook(s.ledger)
			process := s.reconciler
			s.watch("the crash", func([]string) bool { return s.reconciler != process })
			s.until("weight 0", func() bool { return strings.HasPrefix(split(s.gateway.live()), "web-baseline:100") })
			s.untilPhase(rollout.Failed)
			same(t, "the end", s.end(), refusedEnd)
		})
	}
}

// staleCache is a cache that has not heard of the last write yet: nothing is decided on it.
func staleCache(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.step()
	s.push("v2")
	s.untilWeight(10)
	stale := s.canary()
	s.until("weight 50", func() bool { return s.canary().Status.Weight == 50 })
	s.reconciler.Client = overtaken{s.reconciler.Client, stale}
	n, told := s.ledger.count(), len(s.events(0))
	result, err := s.pass()
	s.must(err)
	same(t, "what was written", s.ledger.since(n), []string(nil))
	same(t, "what was told", s.events(told), []string(nil))
	if result.RequeueAfter != lostRaceRetry {
		t.Errorf("looks again after %s", result.RequeueAfter)
	}
}

// overtaken is a client whose cache has not seen the last writes.
type overtaken struct {
	client.Client
	stale *v1alpha1.Canary
}

func (o overtaken) Get(ctx context.Context, key client.ObjectKey, into client.Object, opts ...client.GetOption) error {
	if c, ok := into.(*v1alpha1.Canary); ok {
		o.stale.DeepCopyInto(c)
		return nil
	}
	return o.Client.Get(ctx, key, into, opts...)
}

// suspendedLeader is a process that is suspended when it is about to raise the weight, and goes on when another one has rolled back.
func suspendedLeader(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.step()
	revision := s.push("v2")
	s.untilWeight(10)
	s.until("weight 50 to be granted", func() bool { return s.canary().Status.Weight == 50 })
	suspended := s.reconciler
	s.ledger.listing = func(into client.ObjectList) {
		if _, endpoints := into.(*discoveryv1.EndpointSliceList); !endpoints || !s.remembered().readySince.Equal(s.clock.Now().Add(-suspended.Lag)) {
			return
		}
		s.ledger.listing = func(client.ObjectList) {}
		s.say(v1alpha1.AnnotationAbort, revision)
		s.start()
		s.untilPhase(rollout.RollingBack)
	}
	for range 5 {
		result, err := suspended.Reconcile(t.Context(), requestFor(s.manifest()))
		s.must(err)
		if s.reconciler != suspended {
			same(t, "the route after it went on", split(s.gateway.live()), "web-baseline:100 web-candidate:0 ")
			same(t, "when it looks again", result.RequeueAfter, lostRaceRetry)
			break
		}
		s.after(time.Second)
	}
	if s.reconciler == suspended {
		t.Fatal("it was never about to raise the weight")
	}
	s.untilPhase(rollout.Failed)
	same(t, "the end", s.end(), strings.ReplaceAll(refusedEnd, "AnalysisFailed", "Aborted"))
}

// twoLeaders are two processes that both believe to be the leader, and always act at the very same time.
func twoLeaders(t *testing.T, c *workloadtest.Cluster) {
	for name, story := range endings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c)
			s.rival = s.operator()
			s.step()
			s.push("v2")
			story.play(s)
			s.rest()
			for range 3 {
				s.step()
			}
			same(t, "the end", s.end(), story.end)
		})
	}
}
