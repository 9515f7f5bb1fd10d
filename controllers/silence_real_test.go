package controllers

import (
	"errors"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/analysis"
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

// throttled is a source that says, once the first look has passed, that its rate limit leaves no room for a question for a while: looking slows down, and nobody
// hears of it. But the step does not pass meanwhile, although its bake is over and all that was seen was well.
func throttled(t *testing.T, c *workloadtest.Cluster) {
	begin := func(t *testing.T) (s *stage, told int) {
		s = newStage(t, c)
		s.edit(func(c *v1alpha1.Canary) { c.Spec.Steps[0].Bake.Duration = time.Minute })
		s.step()
		s.push("v2")
		s.untilWeight(10)
		s.until("a Pass", func() bool { return s.remembered().evidence.report.Verdict == analysis.Pass })
		return s, len(s.events(0))
	}
	t.Run("for less than its deadline", func(t *testing.T) {
		t.Parallel()
		s, told := begin(t)
		settled, calls := s.remembered().state.SettledAt, len(s.source.Calls())
		s.source.Fail(&analysis.ThrottledError{After: 50 * time.Second})
		for s.clock.Now().Sub(settled) < 65*time.Second {
			s.step()
		}
		if n := len(s.source.Calls()) - calls; n != 1 {
			t.Errorf("it was asked %d times", n)
		}
		status := s.canary().Status
		const unknown = ": nothing is known of the last "
		if status.Weight != 10 || !strings.Contains(status.Message, unknown) || !strings.Contains(status.Message, "rate limit") {
			t.Errorf("weight %d, verdict %s: %s", status.Weight, status.Verdict, status.Message)
		}
		same(t, "what was told of it", s.events(told), []string(nil))
		s.source.Fail(nil)
		s.untilWeight(50)
		same(t, "what was told", s.reasons(told), []string{"Normal StepAdvanced"})
		var seen []analysis.Window
		for _, c := range s.source.Calls()[calls+1:] {
			seen = append(seen, c.Windows...)
		}
		for i, w := range seen {
			from := settled.Add(time.Duration(i+1) * 15 * time.Second)
			same(t, "a window that was caught up with", w, analysis.Window{From: from, To: from.Add(15 * time.Second)})
		}
		if len(seen) < 3 {
			t.Errorf("only the windows %v were looked at", seen)
		}
		s.untilPhase(rollout.Succeeded)
	})
	t.Run("beyond its deadline", func(t *testing.T) {
		t.Parallel()
		s, told := begin(t)
		s.source.Fail(&analysis.ThrottledError{After: 50 * time.Second})
		s.untilPhase(rollout.RollingBack)
		same(t, "what was told", s.reasons(told), []string{"Warning RolledBack"})
		if why := s.events(told)[0]; !strings.Contains(why, "no verdict within 1m after the bake: nothing is known of the last ") {
			t.Errorf("told %q", why)
		}
	})
}

// sleeper is an operator that does not run for longer than a step waits for evidence: nothing is decided before it has looked again, and then all goes on.
func sleeper(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.step()
	s.push("v2")
	s.untilWeight(10)
	s.until("a Pass", func() bool { return s.remembered().evidence.report.Verdict == analysis.Pass })
	told := len(s.events(0))
	s.after(10 * time.Minute)
	s.step()
	if weight := s.canary().Status.Weight; weight != 10 {
		t.Errorf("before it had looked again it went to weight %d", weight)
	}
	s.untilWeight(50)
	same(t, "what was told", s.reasons(told), []string{"Normal StepAdvanced"})
}

// sluggish is a source that answers every question, but later than two intervals: what it says is always out of date, and passes nothing.
func sluggish(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.edit(func(c *v1alpha1.Canary) { c.Spec.Analysis.Deadline = &metav1.Duration{Duration: silentDeadline} })
	s.step()
	s.push("v2")
	s.untilWeight(10)
	settled := s.remembered().state.SettledAt
	s.source.hush()
	for s.phase() == rollout.Progressing && s.clock.Now().Sub(settled) < 3*silentDeadline {
		for asked := s.clock.Now(); s.clock.Now().Sub(asked) < 50*time.Second; {
			s.step()
		}
		s.source.speak() // to what it was asked so far
		s.source.hush()
	}
	if after := s.clock.Now().Sub(settled); s.phase() != rollout.RollingBack || after > silentDeadline+2*time.Minute {
		t.Errorf("%s after the split settled it is in phase %s", after, s.phase())
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
