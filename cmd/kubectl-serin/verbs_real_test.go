package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/serin-dev/serin/api/v1alpha1"
)

func verbIsWritten(t *testing.T, s *stage) {
	ns := s.namespace(t)
	c := s.canary(t, ns, "read-api", v1alpha1.PhaseProgressing)
	got := s.ask(t, "abort", "read-api", "-n", ns)
	if got.code != exitFine || !strings.Contains(got.out, "serin.dev/abort="+candidateRevision+" is written") || !strings.Contains(got.out, "goes back to baseline "+baselineRevision) {
		t.Errorf("%+v", got)
	}
	if value := s.read(t, c).Annotations[v1alpha1.AnnotationAbort]; value != candidateRevision {
		t.Errorf("the annotation is %q", value)
	}
	if got = s.ask(t, "abort", "read-api", "-n", ns); got.code != exitFine || !strings.Contains(got.out, "has not acted on it yet. Nothing was written") {
		t.Errorf("twice: %+v", got)
	}
	s.told(t, c, refusedBecause("worse"), acknowledged("retry", candidateRevision))
	got = s.ask(t, "retry", "read-api", "-n", ns, "-o", "json")
	var told wishJSON
	if err := json.Unmarshal([]byte(got.out), &told); err != nil || told.Value != candidateRevision+"@2" || !told.Written {
		t.Errorf("%v: %+v", err, got)
	}
	if value := s.read(t, c).Annotations[v1alpha1.AnnotationRetry]; value != candidateRevision+"@2" {
		t.Errorf("the annotation is %q", value)
	}
}

func verbNotNow(t *testing.T, s *stage) {
	ns := s.namespace(t)
	c := s.canary(t, ns, "read-api", v1alpha1.PhaseProgressing)
	for _, test := range []struct{ args, want string }{
		{"retry read-api", "there is nothing to retry"},
		{"approve read-api", "step 1 of 3 (weight 10%) asks for no approval"},
		{"promote read-api --revision older", "revision " + candidateRevision + " is the one in question"},
	} {
		got := s.ask(t, append(strings.Fields(test.args), "-n", ns)...)
		if got.code != exitNotNow || got.out != "" || !strings.Contains(got.err, test.want) {
			t.Errorf("%s: %+v", test.args, got)
		}
	}
	if written := s.read(t, c).Annotations; len(written) > 0 {
		t.Errorf("written all the same: %v", written)
	}
	if got := s.ask(t, "abort", "read-api", "--timeout", "5m", "-n", ns); got.code != exitBadInput || !strings.Contains(got.err, "only with --wait") {
		t.Errorf("%+v", got)
	}
}

func verbWaits(t *testing.T, s *stage) {
	ns := s.namespace(t)
	c := s.canary(t, ns, "read-api", v1alpha1.PhaseProgressing)
	said, done := s.askLater(t, s.kubeconfig, "pause", "read-api", "--wait", "-n", ns)
	s.saying(t, said, "has not acted on serin.dev/pause yet")
	s.told(t, c, acknowledged("pause", candidateRevision), func(status *v1alpha1.CanaryStatus) { status.Rollout.Paused = true })
	if got := answerOf(t, done); got.code != exitFine || !strings.Contains(got.out, "paused") {
		t.Errorf("%+v", got)
	}
	if got := s.ask(t, "resume", "read-api", "--wait", "--timeout", "1s", "-n", ns); got.code != exitTimeout || !strings.Contains(got.err, "not over within 1s") {
		t.Errorf("an operator that is away: %+v", got)
	}
}

func abortWaits(t *testing.T, s *stage) {
	ns := s.namespace(t)
	c := s.canary(t, ns, "read-api", v1alpha1.PhaseProgressing)
	said, done := s.askLater(t, s.kubeconfig, "abort", "read-api", "--wait", "-n", ns)
	s.saying(t, said, "has not acted on serin.dev/abort yet")
	s.told(t, c, acknowledged("abort", candidateRevision), inPhase(v1alpha1.PhaseRollingBack, "taking the traffic off"))
	s.saying(t, said, "taking the traffic off")
	s.told(t, c, refusedBecause("a person aborted it"))
	if got := answerOf(t, done); got.code != exitFine || !strings.Contains(got.out, "a person aborted it") {
		t.Errorf("%+v", got)
	}
}

func verbIgnored(t *testing.T, s *stage) {
	ns := s.namespace(t)
	c := s.canary(t, ns, "read-api", v1alpha1.PhaseProgressing)
	said, done := s.askLater(t, s.kubeconfig, "promote", "read-api", "--wait", "-n", ns)
	s.saying(t, said, "has not acted on serin.dev/promote yet")
	s.told(t, c, func(status *v1alpha1.CanaryStatus) { status.Rollout.Candidate = "9f9f9f9f9f" })
	if got := answerOf(t, done); got.code != exitNotNow || !strings.Contains(got.err, "ended before the operator acted on it") {
		t.Errorf("%+v", got)
	}
}
