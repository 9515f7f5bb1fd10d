package workload

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// takenBack ensures a guarded release until the baseline has all its pods and the candidate its share, and answers from when on the witness is to be asked.
func (s *stage) takenBack(baseline, candidate string, pods int32) {
	s.t.Helper()
	workloadtest.Eventually(s.t, "the baseline to be restored", func(ctx context.Context) (bool, error) {
		_, err := s.deployments().Ensure(ctx, s.target, Desired{Pause: KeepPaused, Baseline: baseline, Candidate: candidate, CandidatePods: pods})
		o := s.observe(baseline, candidate)
		return o.Baseline.Available == o.Replicas && o.Candidate.Pods == pods && o.Candidate.Owned == ByCanary && o.Strays == 0, err
	})
}

func failedOpen(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.deploy("app:v1", 8)
	baseline := s.observe("", "").Wanted
	start := s.witness.now()
	s.push("app:slow")
	workloadtest.Eventually(t, "half a rollout", func(context.Context) (bool, error) { return s.observe(baseline, "").Candidate.Available >= 3, nil })
	candidate := s.observe(baseline, "").Wanted
	progress, err := s.deployments().Ensure(t.Context(), s.target, Desired{Pause: KeepPaused, Baseline: baseline, Candidate: candidate, CandidatePods: 1})
	if err == nil && !progress.Paused {
		t.Error("it is not told that the Deployment was found rolling")
	}
	s.takenBack(baseline, candidate, 1)
	if o := s.observe(baseline, candidate); !o.Paused || o.PausedBy != fieldManager {
		t.Errorf("paused %t by %q", o.Paused, o.PausedBy)
	}
	s.witness.now()
	if n := s.witness.fewestReady(start, "app:v1", "app:slow"); n < 6 {
		t.Errorf("only %d pods were ready at some moment, the Deployment's own strategy keeps 6", n)
	}
	if len(s.sets()) != 2 {
		t.Errorf("%d ReplicaSets, want the half-rolled one as the candidate's", len(s.sets()))
	}
	// Refused, it is given back empty, and the Deployment stays paused.
	s.candidateReady(baseline, candidate, 0)
	s.ensure(s.deployments(), Desired{Baseline: baseline})
	s.noTrace()
	if d := s.deployment(); !d.Spec.Paused || *s.setOf("app:slow").Spec.Replicas != 0 {
		t.Error("the refused template rolls")
	}
}

func failedOpenToTheEnd(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.deploy("app:v1", 8)
	baseline := s.observe("", "").Wanted
	start := s.witness.now()
	s.push("app:some")
	workloadtest.Eventually(t, "the old pods to be gone while the rollout has not ended", func(context.Context) (bool, error) {
		o := s.observe(baseline, "")
		return o.Baseline.Desired == 0 && o.Candidate.Desired == 8 && o.Candidate.Available == 6, nil
	})
	s.takenBack(baseline, s.observe(baseline, "").Wanted, 1)
	s.witness.now()
	if n := s.witness.fewestReady(start, "app:v1", "app:some"); n < 6 {
		t.Errorf("only %d pods were ready at some moment, the Deployment's own strategy keeps 6", n)
	}
	// Even one that has ended.
	s.ensure(s.deployments(), Desired{Pause: KeepPaused, Baseline: baseline})
	s.push("app:v3")
	s.patch(`{"spec":{"paused":false}}`)
	s.settle()
	start = s.witness.now()
	s.takenBack(baseline, s.observe("", "").Wanted, 0)
	s.witness.now()
	if n := s.witness.fewestReady(start, "app:v1", "app:v3"); n < 6 {
		t.Errorf("only %d pods were ready at some moment, the Deployment's own strategy keeps 6", n)
	}
}

func failedOpenRecreate(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.deploy("app:v1", 3, func(d *appsv1.Deployment) {
		d.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
	})
	baseline := s.observe("", "").Wanted
	s.push("app:crash")
	workloadtest.Eventually(t, "the old pods to be gone", func(context.Context) (bool, error) {
		o := s.observe(baseline, "")
		return o.Baseline.Pods == 0 && o.Candidate.Pods == 3, nil
	})
	s.takenBack(baseline, s.observe(baseline, "").Wanted, 0)
}

func resumedByHand(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	baseline, candidate := s.versions(8, "app:v1", "app:v2")
	s.candidateReady(baseline, candidate, 2)
	s.olderThanASecond("app:v2")
	tested, start := s.podUIDs("app:v2"), s.witness.now()
	s.patch(`{"spec":{"paused":false}}`)
	workloadtest.Eventually(t, "a rollout", func(context.Context) (bool, error) { return s.observe(baseline, candidate).Strays > 0, nil })
	s.takenBack(baseline, candidate, 2)
	s.witness.now()
	if n := s.witness.fewestReady(start, "app:v1", "app:v2"); n < 6 {
		t.Errorf("only %d pods were ready at some moment, the Deployment's own strategy keeps 6", n)
	}
	if kept := s.podUIDs("app:v2"); !slices.Equal(tested, kept) {
		t.Errorf("the candidate's pods were %v and are %v", tested, kept)
	}
	// The set that the Deployment made stays in its history, empty and with the candidate's template. It must not take the candidate's place.
	s.candidateReady(baseline, candidate, 8)
	judged := s.podUIDs("app:v2")
	s.handedOver(s.deployments(), baseline, candidate)
	s.ensure(s.deployments(), Desired{Pause: LetRoll, Baseline: candidate})
	s.settle()
	if promoted := s.podUIDs("app:v2"); !slices.Equal(judged, promoted) {
		t.Errorf("pods judged %v, pods promoted %v", judged, promoted)
	}
	s.noTrace()
}

// troubles looks at pods that fail as their image's tag says.
func troubles(t *testing.T, c *workloadtest.Cluster) {
	for image, want := range map[string]struct {
		text  string
		fatal bool
	}{
		"app:pull":    {"ImagePullBackOff: container app: Back-off pulling image", true},
		"app:name":    {"InvalidImageName: container app: couldn't parse image name", true},
		"app:config":  {`CreateContainerConfigError: container app: secret "db" not found`, true},
		"app:crash":   {"CrashLoopBackOff: container app: it ended 2 times, at last with exit code 3 (Error)", true},
		"app:pending": {"Unschedulable: 0/3 nodes are available: 3 Insufficient cpu", false},
		"app:some":    {"container app runs, but is not ready", false},
		"app:quota":   {"FailedCreate: pods \"web-", false},
	} {
		t.Run(image, func(t *testing.T) {
			s := newStage(t, c)
			baseline, candidate := s.versions(1, "app:v1", image)
			if image == "app:quota" {
				s.must(c.Client.Create(t.Context(), &corev1.ResourceQuota{
					ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "pods"},
					Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePods: resource.MustParse("1")}},
				}))
				workloadtest.Eventually(t, "the quota to count", func(ctx context.Context) (bool, error) {
					quota, err := c.Typed.CoreV1().ResourceQuotas(s.ns).Get(ctx, "pods", metav1.GetOptions{})
					return err == nil && len(quota.Status.Used) > 0, err
				})
			}
			s.ensure(s.deployments(), Desired{Pause: KeepPaused, Baseline: baseline, Candidate: candidate, CandidatePods: 1})
			workloadtest.Eventually(t, "the trouble to be told", func(context.Context) (bool, error) {
				seen := s.observe(baseline, candidate).Candidate
				if !strings.HasPrefix(seen.Trouble, want.text) || seen.Fatal != want.fatal {
					return false, fmt.Errorf("trouble %q, fatal %t", seen.Trouble, seen.Fatal)
				}
				return true, nil
			})
		})
	}
}

func othersLeftAlone(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.deploy("app:v1", 2)
	owner := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "owner"}}
	s.must(c.Client.Create(t.Context(), owner))
	stranger := s.setOf("app:v1").DeepCopy()
	labels := map[string]string{"app": "web", appsv1.DefaultDeploymentUniqueLabelKey: "stranger"}
	stranger.ObjectMeta = metav1.ObjectMeta{
		Namespace: s.ns, Name: "stranger", Labels: labels,
		OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(owner, corev1.SchemeGroupVersion.WithKind("ConfigMap"))},
	}
	stranger.Spec.Template.Spec.Containers[0].Image = "app:v2"
	stranger.Spec.Template.Labels, stranger.Spec.Selector.MatchLabels = labels, labels
	s.must(c.Client.Create(t.Context(), stranger))
	baseline := s.observe("", "").Wanted
	s.gatedPush("app:v2")
	candidate := s.observe(baseline, "").Wanted
	if o := s.observe(baseline, ""); candidate == "stranger" || o.Candidate.Name != "" || o.Strays != 0 {
		t.Errorf("observed %+v", o)
	}
	s.candidateReady(baseline, candidate, 2)
	s.handedOver(s.deployments(), baseline, candidate)
	now, err := c.Typed.AppsV1().ReplicaSets(s.ns).Get(t.Context(), "stranger", metav1.GetOptions{})
	s.must(err)
	if now.Generation != stranger.Generation || *now.Spec.Replicas != 2 || metav1.GetControllerOf(now).Name != "owner" {
		t.Error("the ReplicaSet of another was touched")
	}
}
