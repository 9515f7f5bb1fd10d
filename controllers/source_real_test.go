package controllers

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

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
			refusal := "revision v2 was refused at step 1 of 3 (weight 10%): no verdict within 1m after the bake: " + o.refused +
				". The traffic goes back to baseline v1. Push a fix, revert, or try again with serin.dev/retry=v2"
			events := s.events(0)
			same(t, "the last event", events[len(events)-1], "Warning RolledBack: "+refusal)
			same(t, "the route", split(s.gateway.live()), "web-baseline:100 web-candidate:0 ")
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
