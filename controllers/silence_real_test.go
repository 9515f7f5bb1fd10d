package controllers

import (
	"errors"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// silence is a way in which a source that brought evidence at the first step brings none at the second.
type silence struct {
	begin, end func(*playedSource)
	// missing is what the status says is missing, told the event of it; empty for none.
	missing, told string
}

func silences() map[string]silence {
	return map[string]silence{
		"it answers that there is nothing": {
			begin: func(p *playedSource) { p.Answer(nil) }, end: func(p *playedSource) { p.errs(2) },
			missing: "no requests from the candidate yet",
		},
		"it fails": {
			begin: func(p *playedSource) { p.Fail(errors.New("connection refused")) }, end: func(p *playedSource) { p.Fail(nil) },
			missing: "connection refused", told: "Warning SourceUnavailable",
		},
	}
}

// silentLater is a source that falls silent at the second step, whose evidence nothing from the first may stand for.
func silentLater(t *testing.T, c *workloadtest.Cluster) {
	for name, q := range silences() {
		for policy, decided := range map[string]struct {
			policy v1alpha1.InconclusivePolicy
			phase  rollout.Phase
			weight int32
			told   string
		}{
			"the release is rolled back": {v1alpha1.InconclusiveRollBack, rollout.RollingBack, 0, "Warning RolledBack"},
			"it is held":                 {v1alpha1.InconclusiveHold, rollout.Progressing, 50, "Warning Holding"},
			"it is waved through":        {v1alpha1.InconclusiveAdvance, rollout.Progressing, 100, "Normal StepAdvanced"},
		} {
			t.Run(name+", and at the deadline "+policy, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, c)
				s.edit(func(c *v1alpha1.Canary) { c.Spec.Analysis.OnInconclusive = decided.policy })
				told := s.untilSilentAtTheSecondStep(q)
				settled := s.remembered().state.SettledAt
				s.watch("the deadline", func([]string) bool {
					reasons := s.reasons(told)
					return len(reasons) > 0 && reasons[len(reasons)-1] == decided.told
				})
				if after := s.clock.Now().Sub(settled); after < silentDeadline+30*time.Second {
					t.Errorf("it was decided %s after the split settled", after)
				}
				if weight := s.canary().Status.Weight; s.phase() != decided.phase || weight != decided.weight {
					t.Errorf("at the deadline it went to phase %s, weight %d", s.phase(), weight)
				}
			})
		}
		t.Run(name+", and speaks again in time", func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c)
			told := s.untilSilentAtTheSecondStep(q)
			q.end(s.source)
			s.untilWeight(100)
			if events := s.events(told); !strings.HasPrefix(events[len(events)-1], "Normal StepAdvanced: revision v2 gets 100% of the traffic (step 3 of 3): ") {
				t.Errorf("told %q", events)
			}
			s.untilPhase(rollout.Succeeded)
			same(t, "the end", s.end(), promotedEnd)
		})
	}
}

// silentDeadline is how long a step waits for evidence in these stories.
const silentDeadline = 2 * time.Minute

// untilSilentAtTheSecondStep plays until a source that fell silent as the second step began has been silent for most of the time that a step waits. Nothing may
// have come of it by then but words. It answers how many events were told before.
func (s *stage) untilSilentAtTheSecondStep(q silence) (told int) {
	s.t.Helper()
	s.edit(func(c *v1alpha1.Canary) { c.Spec.Analysis.Deadline = &metav1.Duration{Duration: silentDeadline} })
	s.step()
	s.push("v2")
	s.until("weight 50", func() bool { return s.canary().Status.Weight == 50 })
	q.begin(s.source)
	told = len(s.events(0))
	s.untilWeight(50)
	for s.clock.Now().Sub(s.remembered().state.SettledAt) < silentDeadline-20*time.Second {
		s.step()
	}
	status := s.canary().Status
	if s.phase() != rollout.Progressing || status.Weight != 50 || split(s.gateway.live()) != "web-baseline:50 web-candidate:50 " {
		s.t.Fatalf("on silence it went to phase %s, weight %d, route %s", s.phase(), status.Weight, split(s.gateway.live()))
	}
	if status.Verdict != "Inconclusive" || !strings.Contains(status.Analysis.Message, q.missing) || !strings.Contains(status.Message, q.missing) {
		s.t.Errorf("the status says %s: %q and %q, want what is missing: %q", status.Verdict, status.Analysis.Message, status.Message, q.missing)
	}
	if q.told == "" {
		same(s.t, "what was told of it", s.reasons(told), []string(nil))
	} else {
		same(s.t, "what was told of it", s.reasons(told), []string{q.told})
	}
	return told
}
