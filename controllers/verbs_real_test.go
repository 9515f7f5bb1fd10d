package controllers

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// acknowledged is the last value acted upon of a verb.
func (s *stage) acknowledgedVerb(annotation string) string {
	s.t.Helper()
	return s.named(s.canary().Status.Rollout.Acknowledged[strings.TrimPrefix(annotation, v1alpha1.Group+"/")])
}

// staleVerbs are wishes for a revision that is not under test.
func staleVerbs(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.edit(func(c *v1alpha1.Canary) { c.Spec.Steps[0].Approval = true })
	s.step()
	old := s.revision()
	s.push("v2")
	s.untilWeight(10)
	told := len(s.events(0))
	for _, verb := range []string{v1alpha1.AnnotationPromote, v1alpha1.AnnotationAbort, v1alpha1.AnnotationPause, v1alpha1.AnnotationApprove, v1alpha1.AnnotationRetry} {
		s.say(verb, old)
	}
	for range 4 {
		s.step()
	}
	s.say(v1alpha1.AnnotationAbort, "v22")
	for range 4 {
		s.step()
	}
	same(t, "what is told", s.events(told), []string{
		"Normal AwaitingApproval: step 1 of 3 (weight 10%) passed and waits for approval: serin.dev/approve=v2",
		"Warning VerbIgnored: ignored: serin.dev/abort=v22. The revision under test is v2; a verb acts on the revision that its value names",
	})
	if verbs := s.canary().Status.Rollout.Acknowledged; s.phase() != rollout.Progressing || s.canary().Status.Weight != 10 || len(verbs) > 0 {
		t.Errorf("phase %s, weight %d, acknowledged %v", s.phase(), s.canary().Status.Weight, verbs)
	}
}

func promotedByHand(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.source.errs(400)
	s.step()
	revision := s.push("v2")
	s.until("weight 10", func() bool { return s.canary().Status.Weight == 10 })
	s.say(v1alpha1.AnnotationPromote, revision)
	s.untilPhase(rollout.Succeeded)
	same(t, "acknowledged", s.acknowledgedVerb(v1alpha1.AnnotationPromote), "v2")
	same(t, "the end", s.end(), promotedEnd)
	same(t, "the last event", s.events(4), []string{"Normal Promoted: revision v2 is promoted as a person asked: its pods now belong to the workload"})
	s.nothingMore()
}

// abortedAndRetried aborts, tries again, and aborts again with the value that the message names.
func abortedAndRetried(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.step()
	revision := s.push("v2")
	s.untilWeight(10)
	s.say(v1alpha1.AnnotationAbort, revision)
	s.step()
	same(t, "the route after one pass", split(s.gateway.live()), "web-baseline:100 web-candidate:0 ")
	s.untilPhase(rollout.Failed)
	same(t, "the end", s.end(), strings.ReplaceAll(refusedEnd, "AnalysisFailed", "Aborted"))
	s.nothingMore()

	s.say(v1alpha1.AnnotationRetry, revision)
	s.untilWeight(10)
	same(t, "acknowledged", s.acknowledgedVerb(v1alpha1.AnnotationRetry), "v2")
	s.say(v1alpha1.AnnotationAbort, revision+"@2")
	s.untilPhase(rollout.Failed)
	same(t, "acknowledged", s.acknowledgedVerb(v1alpha1.AnnotationAbort), "v2@2")
	events := s.events(0)
	if last := events[len(events)-1]; !strings.HasSuffix(last, "try again with serin.dev/retry=v2@2") {
		t.Errorf("the last event is %s", last)
	}
	s.nothingMore()
}

func pausedAndApproved(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.edit(func(c *v1alpha1.Canary) { c.Spec.Steps[1].Approval = true })
	s.step()
	revision := s.push("v2")
	s.untilWeight(10)
	s.say(v1alpha1.AnnotationPause, revision)
	for range 10 {
		s.step()
		s.after(time.Minute)
	}
	if weight := s.canary().Status.Weight; weight != 10 {
		t.Errorf("paused, and yet the weight is %d", weight)
	}
	same(t, "acknowledged", s.acknowledgedVerb(v1alpha1.AnnotationPause), "v2")
	s.say(v1alpha1.AnnotationResume, revision)
	s.untilWeight(50)
	same(t, "acknowledged", s.acknowledgedVerb(v1alpha1.AnnotationResume), "v2")
	for range 6 {
		s.step()
		s.after(time.Minute)
	}
	if weight := s.canary().Status.Weight; weight != 50 {
		t.Errorf("not approved, and yet the weight is %d", weight)
	}
	s.say(v1alpha1.AnnotationApprove, revision)
	s.untilPhase(rollout.Succeeded)
	same(t, "acknowledged", s.acknowledgedVerb(v1alpha1.AnnotationApprove), "v2")
	want := []string{
		"Normal ReleaseStarted", "Normal StepAdvanced", "Normal Paused", "Normal StepAdvanced", "Normal AwaitingApproval", "Normal StepAdvanced", "Normal Promoted",
	}
	if got := s.reasons(0); !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}
