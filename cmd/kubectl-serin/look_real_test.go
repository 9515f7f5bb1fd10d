package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-serin/view"
)

func listed(t *testing.T, s *stage) {
	ns := s.namespace(t)
	if got := s.ask(t, "list", "-n", ns); got.code != exitFine || !strings.Contains(got.out, "There is no Canary in the namespace "+ns) {
		t.Errorf("%+v", got)
	}
	s.canary(t, ns, "read-api", v1alpha1.PhaseProgressing)
	s.canary(t, ns, "write-api", v1alpha1.PhaseProgressing, refusedBecause("worse"))
	got := s.ask(t, "list", "-n", ns)
	if got.code != exitFine || strings.Count(got.out, "\n") != 3 || !strings.Contains(got.out, "RolledBack") || strings.Contains(got.out, "NAMESPACE") {
		t.Errorf("%+v", got)
	}
	if got := s.ask(t, "list", "-A"); !strings.Contains(got.out, "NAMESPACE") || !strings.Contains(got.out, ns) {
		t.Errorf("%+v", got)
	}
	var rows []view.Row
	if got := s.ask(t, "list", "-n", ns, "-o", "json"); json.Unmarshal([]byte(got.out), &rows) != nil || len(rows) != 2 || rows[1].Needs != "RolledBack" {
		t.Errorf("%+v", got)
	}
}

func notThere(t *testing.T, s *stage) {
	ns := s.namespace(t)
	for _, args := range []string{"status nobody", "explain nobody", "history nobody", "abort nobody", "status nobody --wait", "status nobody --watch"} {
		if got := s.ask(t, append(strings.Fields(args), "-n", ns)...); got.code != exitBadInput || !strings.Contains(got.err, "the Canary nobody does not exist in the namespace "+ns) {
			t.Errorf("%s: %+v", args, got)
		}
	}
	if got := s.ask(t, "status"); got.code != exitBadInput || !strings.Contains(got.err, "write the name of one Canary") {
		t.Errorf("%+v", got)
	}
	if got := s.ask(t, "status", "a", "-o", "yaml"); got.code != exitBadInput || !strings.Contains(got.err, `--output is "yaml"`) {
		t.Errorf("%+v", got)
	}
}

func waitPromoted(t *testing.T, s *stage) {
	ns := s.namespace(t)
	c := s.canary(t, ns, "read-api", v1alpha1.PhaseProgressing)
	said, done := s.askLater(t, s.kubeconfig, "status", "read-api", "--wait", "-n", ns)
	s.saying(t, said, "Progressing 10%: it goes on")
	s.told(t, c, inPhase(v1alpha1.PhaseFinalizing, "giving the route back"))
	s.saying(t, said, "giving the route back")
	s.told(t, c, inPhase(v1alpha1.PhaseSucceeded, "the new one serves"))
	if got := answerOf(t, done); got.code != exitFine || !strings.Contains(got.out, "Succeeded") {
		t.Errorf("%+v", got)
	}
}

func waitNotBehind(t *testing.T, s *stage) {
	ns := s.namespace(t)
	c := s.canary(t, ns, "read-api", v1alpha1.PhaseSucceeded, func(status *v1alpha1.CanaryStatus) { status.ObservedRevision = baselineRevision })
	s.deployment(t, c)
	said, done := s.askLater(t, s.kubeconfig, "status", "read-api", "--wait", "-n", ns)
	s.saying(t, said, "the Deployment has a template that the operator has not seen yet")
	s.told(t, c, func(status *v1alpha1.CanaryStatus) { status.ObservedRevision = candidateRevision })
	if got := answerOf(t, done); got.code != exitFine {
		t.Errorf("%+v", got)
	}
}

func waitRefused(t *testing.T, s *stage) {
	ns := s.namespace(t)
	c := s.canary(t, ns, "read-api", v1alpha1.PhaseProgressing)
	said, done := s.askLater(t, s.kubeconfig, "status", "read-api", "--wait", "-o", "json", "-n", ns)
	s.saying(t, said, "it goes on")
	s.told(t, c, refusedBecause("errors 5.8% vs 0.21% on the baseline"))
	got := answerOf(t, done)
	var v view.Status
	if err := json.Unmarshal([]byte(got.out), &v); err != nil || got.code != exitRolledBack || v.Phase != "Failed" {
		t.Errorf("%v: %+v", err, got)
	}
}

func waitTimeout(t *testing.T, s *stage) {
	ns := s.namespace(t)
	s.canary(t, ns, "read-api", v1alpha1.PhaseProgressing)
	began := time.Now()
	got := s.ask(t, "status", "read-api", "--wait", "--timeout", "1s", "-n", ns)
	if got.code != exitTimeout || !strings.Contains(got.err, "not over within 1s: it goes on") || time.Since(began) > 30*time.Second {
		t.Errorf("%+v", got)
	}
}

func waitNeedsPerson(t *testing.T, s *stage) {
	ns := s.namespace(t)
	missing := metav1.Condition{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonRouteNotFound, Message: "there is no route", LastTransitionTime: metav1.Now()}
	c := s.canary(t, ns, "read-api", v1alpha1.PhaseIdle, func(status *v1alpha1.CanaryStatus) { status.Conditions = []metav1.Condition{missing} })
	said, done := s.askLater(t, s.kubeconfig, "status", "read-api", "--wait", "-n", ns)
	s.saying(t, said, "there is no route")
	s.told(t, c, func(status *v1alpha1.CanaryStatus) { status.Conditions = nil }, inPhase(v1alpha1.PhaseProgressing, "on its way"))
	s.saying(t, said, "on its way")
	s.told(t, c, inPhase(v1alpha1.PhaseProgressing, "waits for approval"), func(status *v1alpha1.CanaryStatus) { status.Rollout.Reason = v1alpha1.ReasonAwaitingApproval })
	began := time.Now()
	if got := answerOf(t, done); got.code != exitNeedsPerson || time.Since(began) < steady/2 {
		t.Errorf("after %s: %+v", time.Since(began), got)
	}
}

func waitSurvives(t *testing.T, s *stage) {
	ns := s.namespace(t)
	c := s.canary(t, ns, "read-api", v1alpha1.PhaseProgressing)
	kubeconfig, drop := s.proxy(t)
	said, done := s.askLater(t, kubeconfig, "status", "read-api", "--wait", "-n", ns)
	s.saying(t, said, "it goes on")
	for _, message := range []string{"first", "second", "third"} {
		drop()
		s.told(t, c, inPhase(v1alpha1.PhaseProgressing, message))
		s.saying(t, said, message)
	}
	drop()
	s.told(t, c, inPhase(v1alpha1.PhaseSucceeded, "over"))
	if got := answerOf(t, done); got.code != exitFine {
		t.Errorf("%+v", got)
	}
}

func waitDeleted(t *testing.T, s *stage) {
	ns := s.namespace(t)
	c := s.canary(t, ns, "read-api", v1alpha1.PhaseProgressing)
	said, done := s.askLater(t, s.kubeconfig, "status", "read-api", "--wait", "-n", ns)
	s.saying(t, said, "it goes on")
	if err := s.client.Delete(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if got := answerOf(t, done); got.code == exitFine || !strings.Contains(got.err, "deleted") {
		t.Errorf("%+v", got)
	}
}

func watched(t *testing.T, s *stage) {
	ns := s.namespace(t)
	c := s.canary(t, ns, "read-api", v1alpha1.PhaseProgressing)
	said, _ := s.askLater(t, s.kubeconfig, "status", "read-api", "--watch", "-o", "json", "-n", ns)
	s.saying(t, said, "it goes on")
	for i, value := range []string{"93ms", "95ms"} {
		until := metav1.NewTime(time.Now().Add(time.Duration(i) * time.Minute))
		s.told(t, c, inPhase(v1alpha1.PhaseProgressing, "look "+value), func(status *v1alpha1.CanaryStatus) {
			status.Analysis = &v1alpha1.AnalysisStatus{Until: &until, Metrics: []v1alpha1.MetricStatus{{Name: "latency", Baseline: "90ms", Candidate: value}}}
		})
		s.saying(t, said, "look "+value)
	}
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	var v view.Status
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &v); err != nil || len(v.Plots) != 1 || len(v.Plots[0].Points) != 2 {
		t.Errorf("%v: %s", err, said.String())
	}
}

func historyTold(t *testing.T, s *stage) {
	ns := s.namespace(t)
	c := s.canary(t, ns, "read-api", v1alpha1.PhaseSucceeded)
	if got := s.ask(t, "history", "read-api", "-n", ns); got.code != exitFine || !strings.Contains(got.out, "No release of read-api has ended yet") {
		t.Errorf("%+v", got)
	}
	ended := metav1.Now()
	s.told(t, c, func(status *v1alpha1.CanaryStatus) {
		status.History = []v1alpha1.Release{{Revision: candidateRevision, Outcome: "Promoted", Reason: "Promoted", Message: "every step passed", EndedAt: &ended}}
	})
	if got := s.ask(t, "history", "read-api", "-n", ns); got.code != exitFine || !strings.Contains(got.out, candidateRevision+"  Promoted") || !strings.Contains(got.out, "every step passed") {
		t.Errorf("%+v", got)
	}
}

func statusJSON(t *testing.T, s *stage) {
	ns := s.namespace(t)
	s.canary(t, ns, "read-api", v1alpha1.PhaseProgressing)
	var v view.Status
	got := s.ask(t, "status", "read-api", "-n", ns, "-o", "json")
	if err := json.Unmarshal([]byte(got.out), &v); err != nil || v.WrittenAt == nil || len(v.Steps) != 3 || v.Steps[0].State != "present" || len(v.Verbs) != 3 || v.Next.At == nil {
		t.Errorf("%v: %+v", err, got)
	}
}

func completed(t *testing.T, s *stage) {
	ns := s.namespace(t)
	s.canary(t, ns, "read-api", v1alpha1.PhaseProgressing)
	s.canary(t, ns, "write-api", v1alpha1.PhaseProgressing, refusedBecause("worse"))
	for _, test := range []struct{ args, want, without string }{
		{"status ", "write-api\tFailed", "zzz"},
		{"status re", "read-api\tProgressing", "write-api"},
		{"retry ", "write-api", "read-api"},
		{"abort ", "read-api", "write-api"},
		{"status read-api ", ":4", "write-api"},
		{"ab", "abort\t", "retry"},
		{"list -o ", "json", "read-api"},
		{"list -n plugin-", ns, "kube-system"},
	} {
		words := strings.Split(test.args, " ")
		args := append([]string{"__complete", words[0]}, words[1:]...)
		if len(words) > 1 {
			args = append([]string{"__complete", words[0], "--kubeconfig", s.kubeconfig}, words[1:]...)
			if words[1] != "-n" {
				args = append([]string{"__complete", words[0], "--kubeconfig", s.kubeconfig, "-n", ns}, words[1:]...)
			}
		}
		var out safeBuffer
		run(t.Context(), args, streams{out: &out, err: &safeBuffer{}})
		if got := out.String(); !strings.Contains(got, test.want) || strings.Contains(got, test.without) {
			t.Errorf("%s: %q", test.args, got)
		}
	}
}

// completedByKubectl puts this test binary on the PATH as the plugin, and the script beside it.
func completedByKubectl(t *testing.T, s *stage) {
	ns := s.namespace(t)
	s.canary(t, ns, "read-api", v1alpha1.PhaseProgressing)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	var script safeBuffer
	if code := run(t.Context(), []string{"completion"}, streams{out: &script}); code != exitFine {
		t.Fatal(code)
	}
	for name, text := range map[string]string{
		"kubectl-serin":          "#!/bin/sh\nSERIN_PLAYS_PLUGIN=1 exec " + self + ` "$@"` + "\n",
		"kubectl_complete-serin": script.String(),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	kubectl := func(args ...string) string {
		command := exec.CommandContext(t.Context(), filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kubectl"), args...)
		command.Env = append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"), "KUBECONFIG="+s.kubeconfig)
		out, err := command.Output()
		if err != nil {
			t.Errorf("kubectl %v: %v", args, err)
		}
		return string(out)
	}
	if got := kubectl("__complete", "serin", "sta"); !strings.Contains(got, "status") {
		t.Errorf("a subcommand: %q", got)
	}
	if got := kubectl("__complete", "serin", "status", "-n", ns, ""); !strings.Contains(got, "read-api") {
		t.Errorf("a name: %q", got)
	}
	if got := kubectl("serin", "status", "read-api", "-n", ns); !strings.Contains(got, "read-api in "+ns) || strings.Contains(got, "\x1b") {
		t.Errorf("the plugin itself: %q", got)
	}
}
