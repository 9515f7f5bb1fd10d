package workload

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// writesNothing is a level that asserts the present one without a write.
func (s *stage) writesNothing(want Desired) {
	s.t.Helper()
	d := s.hooked(func(n int) error {
		s.t.Errorf("%+v was so already, and yet there was a write", want)
		return nil
	}, nil)
	s.ensure(d, want)
}

// handedOver ensures the hand-over and waits for its end.
func (s *stage) handedOver(d *Deployments, baseline, candidate string) {
	s.t.Helper()
	want := Desired{Pause: KeepPaused, Baseline: baseline, Candidate: candidate, HandOver: true}
	workloadtest.Eventually(s.t, "the hand-over", func(ctx context.Context) (bool, error) {
		progress, err := d.Ensure(ctx, s.target, want)
		if err == nil && !progress.Done {
			err = errors.New(progress.Waiting)
		}
		return err == nil && s.observe(baseline, candidate).HandedOver, err
	})
}

// history is what kubectl rollout history would show.
func (s *stage) history() []string {
	s.t.Helper()
	var history []string
	for _, rs := range s.sets() {
		history = append(history, rs.Annotations[annotationRevision]+" "+imageOf(&rs.Spec.Template.Spec)+" "+rs.Annotations["kubernetes.io/change-cause"])
	}
	return history
}

func firstLook(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.deploy("app:v1", 4)
	before := s.sets()
	o := s.observe("", "")
	if !o.Complete || o.Baseline.Available != 4 || o.Baseline.Revision != o.Wanted || o.Candidate.Name != "" {
		t.Errorf("observed %+v", o)
	}
	s.writesNothing(Desired{Baseline: o.Wanted})
	s.writesNothing(Desired{Pause: LetRoll, Baseline: o.Wanted})
	if after := s.sets(); after[0].ResourceVersion != before[0].ResourceVersion {
		t.Error("the ReplicaSet was written to")
	}
}

func firstLookMidRollout(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.deploy("app:v1", 8)
	baseline := s.observe("", "").Wanted
	s.push("app:crash")
	workloadtest.Eventually(t, "a rollout that is stuck", func(context.Context) (bool, error) {
		o := s.observe("", "")
		return o.Candidate.Desired == 4 && o.Baseline.Pods == 6 && o.Baseline.Available == 6, nil
	})
	if o := s.observe("", ""); o.Complete || o.Baseline.Revision != baseline || o.Candidate.Owned != ByDeployment || !o.Candidate.Fatal {
		t.Errorf("observed %+v", o)
	}
	s.gatedPush("app:v3")
	if o := s.observe("", ""); o.Complete || o.Baseline.Revision != baseline || o.Candidate.Name != "" || o.Strays != 4 {
		t.Errorf("observed after another push %+v", o)
	}
	s.candidateReady(baseline, s.observe(baseline, "").Wanted, 1)
	workloadtest.Eventually(t, "the baseline's pods to be back", func(context.Context) (bool, error) {
		o := s.observe(baseline, "")
		return o.Baseline.Available == 8 && o.Strays == 0, nil
	})
}

func wholeRelease(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	baseline, candidate := s.versions(4, "app:v0", "app:v1", "app:v2")
	s.candidateReady(baseline, candidate, 2)
	s.writesNothing(Desired{Pause: KeepPaused, Baseline: baseline, Candidate: candidate, CandidatePods: 2})
	s.candidateReady(baseline, candidate, 4)
	judged, start := s.podUIDs("app:v2"), s.witness.now()

	s.handedOver(s.deployments(), baseline, candidate)
	s.writesNothing(Desired{Pause: KeepPaused, Baseline: baseline, Candidate: candidate, HandOver: true})
	s.ensure(s.deployments(), Desired{Pause: LetRoll, Baseline: candidate})
	s.settle()
	s.witness.now()

	if promoted := s.podUIDs("app:v2"); !slices.Equal(judged, promoted) {
		t.Errorf("pods judged %v, pods promoted %v", judged, promoted)
	}
	if n := s.witness.fewestReady(start, "app:v2"); n != 4 {
		t.Errorf("only %d candidate pods were ready at some moment", n)
	}
	if n := s.witness.born(start, "app:v0") + s.witness.born(start, "app:v1"); n > 0 {
		t.Errorf("%d pods of old revisions were started", n)
	}
	s.noTrace()
	want := []string{"1 app:v0 because of app:v0", "2 app:v1 because of app:v1", "3 app:v2 because of app:v2"}
	if history := s.history(); !slices.Equal(history, want) {
		t.Errorf("history %q, want %q", history, want)
	}
	if d := s.deployment(); d.Annotations[annotationRevision] != "3" || d.Spec.Paused {
		t.Errorf("the Deployment has revision %s and paused=%t", d.Annotations[annotationRevision], d.Spec.Paused)
	}
	s.undo()
}

// undo goes back with kubectl, as a person would.
func (s *stage) undo() {
	s.t.Helper()
	if out := s.kubectl("rollout", "history", "deployment/web"); !strings.Contains(out, "3         because of app:v2") {
		s.t.Errorf("kubectl rollout history shows %s", out)
	}
	s.kubectl("rollout", "undo", "deployment/web")
	s.settle()
	if d := s.deployment(); imageOf(&d.Spec.Template.Spec) != "app:v1" || d.Annotations[annotationRevision] != "4" {
		s.t.Errorf("undone to %s, revision %s", imageOf(&d.Spec.Template.Spec), d.Annotations[annotationRevision])
	}
}

func (s *stage) kubectl(args ...string) string {
	s.t.Helper()
	command := exec.Command(filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kubectl"), append([]string{"--kubeconfig", s.cluster.Kubeconfig, "-n", s.ns}, args...)...)
	out, err := command.CombinedOutput()
	if err != nil {
		s.t.Fatalf("kubectl %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func releaseOfOldRevision(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	baseline, candidate := s.versions(4, "app:v0", "app:v1", "app:v2", "app:v1")
	old := s.setOf("app:v1")
	if candidate != old.Labels[appsv1.DefaultDeploymentUniqueLabelKey] {
		t.Fatalf("the candidate is %s, the old ReplicaSet %s", candidate, old.Name)
	}
	s.candidateReady(baseline, candidate, 4)
	if len(s.sets()) != 3 {
		t.Errorf("%d ReplicaSets, want 3", len(s.sets()))
	}
	judged := s.podUIDs("app:v1")
	s.handedOver(s.deployments(), baseline, candidate)
	s.ensure(s.deployments(), Desired{Pause: LetRoll, Baseline: candidate})
	s.settle()
	if promoted := s.podUIDs("app:v1"); !slices.Equal(judged, promoted) {
		t.Errorf("pods judged %v, pods promoted %v", judged, promoted)
	}
	s.noTrace()
	now := s.setOf("app:v1")
	if now.UID != old.UID || now.Annotations[annotationRevision] != "4" || now.Annotations[annotationRevisionHistory] != "2" {
		t.Errorf("the ReplicaSet is %s with annotations %v", now.UID, now.Annotations)
	}
}

func kindsOfDeployment(t *testing.T, c *workloadtest.Cluster) {
	for name, adjust := range map[string]func(*appsv1.Deployment){
		"one that recreates": func(d *appsv1.Deployment) {
			d.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
		},
		"one without a history":    func(d *appsv1.Deployment) { d.Spec.RevisionHistoryLimit = new(int32) },
		"one with minReadySeconds": func(d *appsv1.Deployment) { d.Spec.MinReadySeconds = 1 },
		"one without pods":         func(d *appsv1.Deployment) { d.Spec.Replicas = new(int32) },
		"one with matchExpressions and more labels": func(d *appsv1.Deployment) {
			d.Spec.Template.Labels = map[string]string{"app": "web", "tier": "front"}
			d.Spec.Selector = &metav1.LabelSelector{
				MatchLabels: map[string]string{"app": "web"},
				MatchExpressions: []metav1.LabelSelectorRequirement{
					{Key: "tier", Operator: metav1.LabelSelectorOpIn, Values: []string{"front"}},
					{Key: "legacy", Operator: metav1.LabelSelectorOpDoesNotExist},
				},
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, c)
			s.deploy("app:v1", 3, adjust)
			baseline := s.observe("", "").Wanted
			s.gatedPush("app:v2")
			candidate, size := s.observe(baseline, "").Wanted, *s.deployment().Spec.Replicas
			s.candidateReady(baseline, candidate, size)
			judged, start := s.podUIDs("app:v2"), s.witness.now()
			s.handedOver(s.deployments(), baseline, candidate)
			s.ensure(s.deployments(), Desired{Pause: LetRoll, Baseline: candidate})
			s.settle()
			s.witness.now()
			if promoted := s.podUIDs("app:v2"); !slices.Equal(judged, promoted) || len(judged) != int(size) {
				t.Errorf("pods judged %v, pods promoted %v", judged, promoted)
			}
			if n := s.witness.fewestReady(start, "app:v2"); size > 0 && n != int(size) {
				t.Errorf("only %d candidate pods were ready at some moment", n)
			}
			s.noTrace()
		})
	}
}

func refusal(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	baseline, candidate := s.versions(4, "app:v1", "app:v2", "app:v3")
	s.candidateReady(baseline, candidate, 2)
	s.candidateReady(baseline, candidate, 0)
	refused := Desired{Pause: KeepPaused, Baseline: baseline, Candidate: candidate}
	s.writesNothing(refused)
	if o := s.observe(baseline, candidate); o.Candidate.Owned != ByCanary || o.Wanted != candidate || o.Baseline.Available != 4 {
		t.Errorf("observed %+v", o)
	}
	// The refused template is recognised, also after a restart of it.
	s.patch(`{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"now"}}}}}`)
	if o := s.observe(baseline, candidate); o.Wanted == candidate || o.RestartOf != candidate {
		t.Errorf("observed after a restart %+v", o)
	}
	s.patch(`{"spec":{"template":{"metadata":{"annotations":null}}}}`)
	if o := s.observe(baseline, candidate); o.Wanted != candidate || o.RestartOf != "" {
		t.Errorf("observed after the restart was taken back %+v", o)
	}
	s.ensure(s.deployments(), Desired{Baseline: baseline})
	if len(s.sets()) != 2 {
		t.Errorf("%d ReplicaSets are left, want 2", len(s.sets()))
	}
	if !s.deployment().Spec.Paused {
		t.Error("the refused template was let loose")
	}
	s.noTrace()
}

func newerCandidate(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	baseline, second := s.versions(4, "app:v1", "app:v2")
	s.candidateReady(baseline, second, 2)
	s.gatedPush("app:v3")
	third := s.observe(baseline, second).Wanted
	if third == second {
		t.Fatal("the newer template goes unnoticed")
	}
	s.candidateReady(baseline, third, 1)
	workloadtest.Eventually(t, "the older candidate to be gone", func(context.Context) (bool, error) {
		return len(s.sets()) == 2 && len(s.podUIDs("app:v2")) == 0 && s.observe(baseline, third).Strays == 0, nil
	})
	if o := s.observe(baseline, third); o.Baseline.Available != 4 || o.Candidate.Available != 1 {
		t.Errorf("observed %+v", o)
	}
}

func nothingLetLoose(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	baseline, candidate := s.versions(4, "app:v1", "app:v2")
	d := s.hooked(func(int) error { t.Error("there was a write"); return nil }, nil)
	progress, err := d.Ensure(t.Context(), s.target, Desired{Pause: LetRoll, Baseline: baseline})
	if err != nil || progress.Done || !strings.Contains(progress.Waiting, candidate) {
		t.Errorf("progress %+v, error %v", progress, err)
	}
	// A push between the decision and the write is a conflict.
	s.push("app:v1")
	loose := s.hooked(func(int) error { s.push("app:v2"); return nil }, nil)
	if _, err := loose.Ensure(t.Context(), s.target, Desired{Pause: LetRoll, Baseline: baseline}); err == nil {
		t.Error("a template that came in between was let loose")
	}
	if !s.deployment().Spec.Paused {
		t.Error("the Deployment is not paused any more")
	}
	// The baseline's own template is let go, and nothing but spec.paused is written.
	s.push("app:v1")
	before := s.deployment()
	s.ensure(s.deployments(), Desired{Pause: LetRoll, Baseline: baseline})
	after := s.deployment()
	before.Spec.Paused = false
	if diff := cmp.Diff(before.Spec, after.Spec); diff != "" {
		t.Errorf("more than spec.paused was written: %s", diff)
	}
	for _, m := range after.ManagedFields {
		if m.Manager == fieldManager {
			t.Errorf("Serin is left as the owner of %s", m.FieldsV1.GetRawString())
		}
	}
}

// aSecondAfterTheRestart waits until kubectl takes another restart: it stamps the template with a second, and two in one second are one.
func (s *stage) aSecondAfterTheRestart() {
	s.t.Helper()
	stamp := s.kubectl("get", "deployment/web", "-o", `jsonpath={.spec.template.metadata.annotations.kubectl\.kubernetes\.io/restartedAt}`)
	at, err := time.Parse(time.RFC3339, stamp)
	s.must(err)
	workloadtest.Eventually(s.t, "a second to pass", func(context.Context) (bool, error) { return time.Since(at) > time.Second, nil })
}

func restart(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.deploy("app:v1", 4)
	baseline := s.observe("", "").Wanted
	s.kubectl("rollout", "restart", "deployment/web")
	if o := s.observe(baseline, ""); o.RestartOf != baseline || o.Wanted == baseline || o.Candidate.Name != "" {
		t.Errorf("observed %+v", o)
	}
	s.settle()
	first := s.observe("", "").Wanted
	s.aSecondAfterTheRestart()
	s.kubectl("rollout", "restart", "deployment/web")
	if o := s.observe(first, ""); o.RestartOf != first {
		t.Errorf("observed after another restart %+v", o)
	}
	// Also a paused restart of the baseline may roll.
	s.kubectl("rollout", "pause", "deployment/web")
	if o := s.observe(first, ""); o.PausedBy != "kubectl-rollout" {
		t.Errorf("paused by %q", o.PausedBy)
	}
	s.ensure(s.deployments(), Desired{Pause: LetRoll, Baseline: first})
	s.settle()
}
