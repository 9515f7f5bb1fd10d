package workload

import (
	"context"
	"errors"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// foregroundDeletion is how Argo CD prunes: the garbage collector takes dependents away at once, whatever finalizers their owner has.
func foregroundDeletion(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	s.canary.Finalizers = []string{v1alpha1.Finalizer}
	s.must(c.Client.Update(t.Context(), s.canary))
	baseline, candidate := s.versions(4, "app:v1", "app:v2")
	s.candidateReady(baseline, candidate, 4)
	start := s.witness.now()
	s.must(c.Client.Delete(t.Context(), s.canary, client.PropagationPolicy(metav1.DeletePropagationForeground)))
	workloadtest.Eventually(t, "the garbage collector to have had its turn", func(context.Context) (bool, error) {
		return metav1.GetControllerOf(s.setOf("app:v2")) == nil, nil
	})
	s.patch(`{"metadata":{"annotations":{"wakes":"the Deployment controller"}}}`)
	s.patch(`{"spec":{"minReadySeconds":0,"progressDeadlineSeconds":601}}`)
	s.seen()
	if o := s.observe(baseline, candidate); o.Candidate.Owned != ByCanary || o.Candidate.Available != 4 || o.Baseline.Available != 4 {
		t.Errorf("observed %+v", o)
	}
	s.writesNothing(Desired{Pause: KeepPaused, Baseline: baseline, Candidate: candidate, CandidatePods: 4})
	s.witness.now()
	if n := s.witness.left(start, "app:v2") + s.witness.left(start, "app:v1"); n > 0 {
		t.Errorf("%d pods went before the finalizer had its turn", n)
	}
	s.ensure(s.deployments(), Desired{Baseline: baseline})
	s.must(client.IgnoreNotFound(s.withoutFinalizer()))
	workloadtest.Eventually(t, "the Canary to be gone", func(ctx context.Context) (bool, error) {
		err := c.Client.Get(ctx, client.ObjectKeyFromObject(s.canary), s.canary)
		return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
	})
	s.noTrace()
	if len(s.sets()) != 1 || !s.deployment().Spec.Paused {
		t.Errorf("%d ReplicaSets, paused %t", len(s.sets()), s.deployment().Spec.Paused)
	}
}

func (s *stage) withoutFinalizer() error {
	return s.cluster.Client.Patch(s.t.Context(), s.canary, client.RawPatch(client.Merge.Type(), []byte(`{"metadata":{"finalizers":null}}`)))
}

// vanishedCanary deletes the Canary object without any finalizer.
func vanishedCanary(t *testing.T, c *workloadtest.Cluster) {
	gone := func(s *stage) {
		s.must(c.Client.Delete(t.Context(), s.canary))
		workloadtest.Eventually(s.t, "the garbage collector to have had its turn", func(context.Context) (bool, error) {
			for _, rs := range s.sets() {
				for _, r := range rs.OwnerReferences {
					if r.Kind == "Canary" {
						return false, nil
					}
				}
			}
			return true, nil
		})
	}
	t.Run("after a refusal, the record goes along", func(t *testing.T) {
		s := newStage(t, c)
		baseline, candidate := s.versions(2, "app:v1", "app:v2")
		s.candidateReady(baseline, candidate, 1)
		s.candidateReady(baseline, candidate, 0)
		gone(s)
		s.noTrace()
		if len(s.sets()) != 1 {
			t.Errorf("%d ReplicaSets are left, want 1", len(s.sets()))
		}
	})
	t.Run("after the refusal of an old revision, that goes back into the history", func(t *testing.T) {
		s := newStage(t, c)
		baseline, candidate := s.versions(2, "app:v1", "app:v2", "app:v1")
		s.candidateReady(baseline, candidate, 1)
		s.candidateReady(baseline, candidate, 0)
		gone(s)
		workloadtest.Eventually(t, "the Deployment to adopt it", func(context.Context) (bool, error) {
			return s.observe("", "").Candidate.Owned == ByDeployment, nil
		})
		if o := s.observe("", ""); o.Baseline.Revision != baseline || o.Baseline.Available != 2 {
			t.Errorf("observed %+v", o)
		}
	})
	t.Run("in the middle of a hand-over, the baseline goes back and the candidate waits for another Canary", func(t *testing.T) {
		s := newStage(t, c)
		baseline, candidate := s.versions(4, "app:v0", "app:v1", "app:v2")
		s.candidateReady(baseline, candidate, 4)
		start := s.witness.now()
		enough := errors.New("a crash")
		d := s.hooked(func(n int) error {
			if n > 2 {
				return enough
			}
			return nil
		}, nil)
		if _, err := d.Ensure(t.Context(), s.target, Desired{Pause: KeepPaused, Baseline: baseline, Candidate: candidate, HandOver: true}); !errors.Is(err, enough) {
			t.Fatalf("the hand-over was not interrupted: %v", err)
		}
		gone(s)
		workloadtest.Eventually(t, "the Deployment to have the baseline again", func(context.Context) (bool, error) {
			o := s.observe(baseline, candidate)
			return o.Baseline.Owned == ByDeployment && o.Candidate.Owned == ByCanary && o.Candidate.Available == 4, nil
		})
		s.witness.now()
		if n := s.witness.fewestReady(start, "app:v1"); n != 4 {
			t.Errorf("only %d baseline pods were ready at some moment", n)
		}
		s.canary = &v1alpha1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "web"}, Spec: s.canary.Spec}
		s.must(c.Client.Create(t.Context(), s.canary))
		s.target.Owner = Owning("web", s.canary.UID)
		s.ensure(s.deployments(), Desired{Pause: KeepPaused, Baseline: baseline})
		s.noTrace()
		if len(s.sets()) != 2 {
			t.Errorf("%d ReplicaSets are left, want 2", len(s.sets()))
		}
	})
}

func deletedDeployment(t *testing.T, c *workloadtest.Cluster) {
	for _, how := range []metav1.DeletionPropagation{metav1.DeletePropagationBackground, metav1.DeletePropagationForeground} {
		s := newStage(t, c)
		baseline, candidate := s.versions(4, "app:v1", "app:v2", "app:v1", "app:v3")
		s.candidateReady(baseline, candidate, 2)
		s.must(c.Client.Delete(t.Context(), &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "web"}}, client.PropagationPolicy(how)))
		o := s.observe(baseline, candidate)
		if o.Exists || o.Candidate.Pods != 2 {
			t.Errorf("observed %+v", o)
		}
		s.ensure(s.deployments(), Desired{Baseline: baseline, Candidate: candidate})
		workloadtest.Eventually(t, "everything to be gone", func(context.Context) (bool, error) { return len(s.sets()) == 0, nil })
		if o := s.observe(baseline, candidate); o.Exists || o.Candidate.Name != "" {
			t.Errorf("observed %+v", o)
		}
	}
}
