package workload

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/selection"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Pod serves for a revision.
type Pod struct {
	Name, Revision string
	// ReadySince is when it became ready, for the last time.
	ReadySince time.Time
}

// Pods are the ready pods of some revisions, with one call and at most as many as one call brings. Those of a ReplicaSet without a hash label, which a person
// made, are not found.
func (d *Deployments) Pods(ctx context.Context, namespace string, revisions ...string) ([]Pod, error) {
	hash := appsv1.DefaultDeploymentUniqueLabelKey
	of, err := labels.NewRequirement(hash, selection.In, revisions)
	if err != nil {
		return nil, fmt.Errorf("selecting the pods of %v: %w", revisions, err)
	}
	pods, err := d.some(ctx, namespace, labels.NewSelector().Add(*of))
	if err != nil {
		return nil, fmt.Errorf("reading the pods of %v: %w", revisions, err)
	}
	var found []Pod
	for i := range pods {
		if c := readiness(&pods[i]); c != nil && pods[i].DeletionTimestamp == nil {
			found = append(found, Pod{Name: pods[i].Name, Revision: pods[i].Labels[hash], ReadySince: c.LastTransitionTime.Time})
		}
	}
	return found, nil
}

// recount counts the pods that serve themselves, while a set that was taken at their expense still has pods that could make up for them. The status of a
// ReplicaSet tells of pods that are being deleted until its controller looks again, and on its word too few would stay.
func (d *Deployments) recount(ctx context.Context, w *world) error {
	if len(w.which(func(s *set) bool { return s.restoring() && s.replicas() > 0 })) == 0 {
		return nil
	}
	for _, s := range w.which((*set).theirs) {
		if s.Status.AvailableReplicas == 0 {
			continue
		}
		pods, err := d.pods(ctx, s)
		if err != nil {
			return fmt.Errorf("reading the pods of ReplicaSet %s: %w", s.Name, err)
		}
		if len(pods) < mostPods {
			s.Status.AvailableReplicas = min(s.Status.AvailableReplicas, serving(pods))
		}
	}
	return nil
}

// serving is how many pods are ready and not about to go.
func serving(pods []corev1.Pod) int32 {
	var n int32
	for i := range pods {
		if pods[i].DeletionTimestamp == nil && readiness(&pods[i]) != nil {
			n++
		}
	}
	return n
}

// readiness is the condition that says that a pod is ready; nil while it is not.
func readiness(pod *corev1.Pod) *corev1.PodCondition {
	i := slices.IndexFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
	if i < 0 {
		return nil
	}
	return &pod.Status.Conditions[i]
}

// mostPods is how many pods are read at once.
const mostPods = 500

// pods are those of one ReplicaSet.
func (d *Deployments) pods(ctx context.Context, s *set) ([]corev1.Pod, error) {
	selector, err := metav1.LabelSelectorAsSelector(s.Spec.Selector)
	if err != nil {
		return nil, err
	}
	return d.some(ctx, s.Namespace, selector)
}

func (d *Deployments) some(ctx context.Context, namespace string, selector labels.Selector) ([]corev1.Pod, error) {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("PodList"))
	err := d.Client.List(ctx, list, client.InNamespace(namespace), client.MatchingLabelsSelector{Selector: selector}, client.Limit(mostPods))
	if err != nil {
		return nil, err
	}
	pods := make([]corev1.Pod, len(list.Items))
	for i := range list.Items {
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(list.Items[i].Object, &pods[i]); err != nil {
			return nil, err
		}
	}
	return pods, nil
}
