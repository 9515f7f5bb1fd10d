package controllers

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// outage is a way in which a source brings no evidence, and its end.
type outage struct {
	begin, end func(*playedSource)
	// told is what people hear when it begins, refused why the release is rolled back should it last.
	told, refused string
	stalled       string
}

func outages() map[string]outage {
	well := func(p *playedSource) { p.Fail(nil) }
	const bakes = "Warning SourceUnavailable: step 1 of 3 (weight 10%) bakes for at least 12s more; the source brings no evidence: "
	const waits = "Warning SourceUnavailable: step 1 of 3 (weight 10%) waits for evidence; the source brings no evidence: "
	return map[string]outage{
		"it fails": {
			begin: func(p *playedSource) { p.Fail(errors.New("connection refused")) }, end: well,
			told: bakes + "connection refused", refused: "connection refused",
		},
		"it rejects what it is asked": {
			begin: func(p *playedSource) { p.Fail(fmt.Errorf("%w: no such metric", analysis.ErrRejected)) }, end: well,
			told: bakes + "rejected by the metrics backend: no such metric", refused: "rejected by the metrics backend: no such metric",
			stalled: "SourceRejected: rejected by the metrics backend: no such metric",
		},
		"it does not answer": {
			begin: (*playedSource).hush, end: (*playedSource).speak,
			told: waits + "it has not answered for LONG", refused: "it has not answered for LONG",
		},
		"it has no data": {
			begin: func(p *playedSource) { p.Answer(nil) }, end: func(p *playedSource) { p.errs(2) },
			refused: "EVIDENCE",
		},
	}
}

func outageEnds(t *testing.T, c *workloadtest.Cluster) {
	for name, o := range outages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c)
			s.step()
			s.push("v2")
			s.until("weight 10", func() bool { return s.canary().Status.Weight == 10 })
			o.begin(s.source)
			s.untilWeight(10)
			told := len(s.events(0))
			for began := s.clock.Now(); s.clock.Now().Sub(began) < time.Minute; {
				s.step()
			}
			if status := s.canary().Status; status.Weight != 10 || s.phase() != rollout.Progressing {
				t.Errorf("without evidence it went to phase %s, weight %d", s.phase(), status.Weight)
			}
			if want := slices.DeleteFunc([]string{o.told}, func(line string) bool { return line == "" }); !slices.Equal(s.events(told), want) {
				t.Errorf("told %q, want %q", s.events(told), want)
			}
			same(t, "Stalled", s.stalled(), o.stalled)
			o.end(s.source)
			s.untilWeight(50)
			same(t, "Stalled after it", s.stalled(), "")
			events := s.reasons(told)
			same(t, "what was told after it", events[len(events)-1], "Normal StepAdvanced")
		})
	}
}

func outageLasts(t *testing.T, c *workloadtest.Cluster) {
	for name, o := range outages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c)
			s.step()
			s.push("v2")
			s.until("weight 10", func() bool { return s.canary().Status.Weight == 10 })
			o.begin(s.source)
			s.untilPhase(rollout.RollingBack)
			refusal := "revision v2 was refused at step 1 of 3 (weight 10% since TIME): no verdict within 1m after the bake: " + o.refused +
				". The traffic goes back to baseline v1. Push a fix, revert, or try again with serin.dev/retry=v2"
			events := s.events(0)
			same(t, "the last event", events[len(events)-1], "Warning RolledBack: "+refusal)
			same(t, "the route", split(s.gateway.live()), "web-baseline:100 web-candidate:0 ")
		})
	}
}

// illBackend is a real source whose server falls ill for ten minutes: nothing is decided, people are told within an interval, and all goes on by itself.
func illBackend(t *testing.T, c *workloadtest.Cluster) {
	for name, ill := range illnesses() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c)
			b := newIllServer(s, ill.timeout())
			s.edit(func(c *v1alpha1.Canary) {
				c.Spec.Analysis.Deadline = &metav1.Duration{Duration: 20 * time.Minute}
				c.Spec.Steps[0].Bake = &metav1.Duration{Duration: time.Minute}
			})
			sources := s.metricSources()
			same(t, "the source before", s.health(sources), "Ready=True Answering")
			s.step()
			s.push("v2")
			s.untilWeight(10)
			s.until("a look", func() bool { e := s.remembered().evidence; return e.upTo.After(e.settledAt) })

			ill.begin(b)
			fell, before := s.clock.Now(), len(s.events(0))
			var toldAfter time.Duration
			for s.clock.Now().Sub(fell) < 10*time.Minute {
				s.step()
				if toldAfter == 0 && len(s.events(before)) > 0 {
					toldAfter = s.clock.Now().Sub(fell)
				}
			}
			if status := s.canary().Status; status.Weight != 10 || s.phase() != rollout.Progressing {
				t.Errorf("after ten minutes it is in phase %s, at weight %d", status.Phase, status.Weight)
			}
			same(t, "the source meanwhile", s.health(sources), ill.conditions)
			s.toldOnce(before, ill.told, toldAfter)

			ill.end(b)
			s.untilWeight(50)
			same(t, "the source after", s.health(sources), "Ready=True Answering")
			same(t, "Stalled after", s.stalled(), "")
		})
	}
}

// toldOnce wants one event after the first n, of a source that brings no evidence and why, within an interval; none when there is nothing to tell.
func (s *stage) toldOnce(n int, why string, after time.Duration) {
	s.t.Helper()
	events := s.events(n)
	if why == "" {
		same(s.t, "what was told", events, []string(nil))
		return
	}
	const interval, slack = 15 * time.Second, 5 * time.Second // the source is asked when it has taken in the last window
	if len(events) != 1 || !strings.HasPrefix(events[0], "Warning SourceUnavailable: step 1 of 3 (weight 10%)") || !strings.Contains(events[0], why) || after > interval+slack {
		s.t.Errorf("after %s was told %q, want %q within an interval", after, events, why)
	}
}

// illBackendLasts is a real source whose server stays ill: the step's deadline applies.
func illBackendLasts(t *testing.T, c *workloadtest.Cluster) {
	for name, ill := range illnesses() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c)
			b := newIllServer(s, ill.timeout())
			s.step()
			s.push("v2")
			s.until("weight 10", func() bool { return s.canary().Status.Weight == 10 })
			ill.begin(b)
			s.untilWeight(10)
			settled := s.remembered().state.SettledAt
			s.untilPhase(rollout.RollingBack)
			if after := s.clock.Now().Sub(settled); after < 90*time.Second || after > 2*time.Minute {
				t.Errorf("rolled back %s after the bake of 30s began, with a deadline of 1m", after)
			}
			events := s.events(0)
			last := events[len(events)-1]
			if !strings.HasPrefix(last, "Warning RolledBack: revision v2 was refused at step 1 of 3 (weight 10% since TIME): no verdict within 1m after the bake: ") || !strings.Contains(last, ill.told) {
				t.Errorf("told %q, want a rollback at the deadline with %q", last, ill.told)
			}
			same(t, "the route", split(s.gateway.live()), "web-baseline:100 web-candidate:0 ")
			if ill.end(b); name == "down" {
				same(t, "the source after", s.health(s.metricSources()), "Ready=True Answering")
			}
		})
	}
}

// outageHeld is a source that stays away while the Canary asks to be held: people are told once, and a promotion by hand goes on.
func outageHeld(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.edit(func(c *v1alpha1.Canary) { c.Spec.Analysis.OnInconclusive = v1alpha1.InconclusiveHold })
	s.step()
	revision := s.push("v2")
	s.untilWeight(10)
	s.source.Fail(errors.New("connection refused"))
	told := len(s.events(0))
	for range 20 {
		s.step()
	}
	same(t, "what was told", s.reasons(told), []string{"Warning SourceUnavailable", "Warning Holding"})
	s.say(v1alpha1.AnnotationPromote, revision)
	s.untilPhase(rollout.Succeeded)
	same(t, "the end", s.end(), promotedEnd)
}
