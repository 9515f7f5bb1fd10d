package workload

import (
	"context"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// The status of the baseline's ReplicaSet says 4 available throughout: its controller has not looked again since.
func TestOnlyPodsThatServeMakeUpForThoseThatWereTaken(t *testing.T) {
	const rolled = "v2 canary 3 taken restoring"
	for name, tc := range map[string]struct {
		candidate                string
		ready, leaving, starting int
		counted, left            int32
		lists                    int
	}{
		"all of them serve, and none is needed any more": {rolled, 4, 0, 0, 4, 0, 1},
		"one fewer serves than the strategy would keep":  {rolled, 2, 2, 0, 2, 1, 1},
		"pods that are leaving serve nobody":             {rolled, 0, 4, 0, 0, 3, 1},
		"nor do pods that are starting":                  {rolled, 1, 0, 3, 1, 2, 1},
		"nothing was taken, and nothing is read":         {"v2 canary 3", 0, 4, 0, 4, 0, 0},
		"what was taken is gone, and nothing is read":    {"v2 canary 0 taken restoring", 0, 4, 0, 4, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := worldOf(4, "v2", "v1 deployment 4", tc.candidate)
			baseline := w.find("v1")
			baseline.Spec.Selector = &metav1.LabelSelector{MatchLabels: baseline.Spec.Template.Labels}
			var pods []client.Object
			for i := range tc.ready + tc.leaving + tc.starting {
				pods = append(pods, podOf(baseline, i, i < tc.ready+tc.leaving, i >= tc.ready && i < tc.ready+tc.leaving))
			}
			lists := 0
			c := fake.NewClientBuilder().WithObjects(pods...).WithInterceptorFuncs(interceptor.Funcs{
				List: func(ctx context.Context, c client.WithWatch, into client.ObjectList, opts ...client.ListOption) error {
					lists++
					return c.List(ctx, into, opts...)
				},
			}).Build()
			if err := (&Deployments{Client: c}).recount(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			if n := w.find("v1").Status.AvailableReplicas; n != tc.counted || lists != tc.lists {
				t.Errorf("%d pods of the baseline count, by %d lists, want %d by %d", n, lists, tc.counted, tc.lists)
			}
			w.story(Desired{Pause: KeepPaused, Baseline: "v1", Candidate: "v2"})
			if left := w.find("v2").replicas(); left != tc.left {
				t.Errorf("%d of what was taken stay, want %d", left, tc.left)
			}
		})
	}
}

// podOf is a pod of a set. What leaves is ready until the end.
func podOf(s *set, i int, ready, leaving bool) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: s.Namespace, Name: fmt.Sprintf("%s-%d", s.Name, i), Labels: s.Spec.Template.Labels,
		OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(&s.ReplicaSet, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))},
	}}
	if ready {
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	}
	if leaving {
		now := metav1.Now()
		p.DeletionTimestamp, p.Finalizers = &now, []string{"example.com/still-there"}
	}
	return p
}
