package story

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/hack/demo/service"
)

// Cluster reads one app and its Canary, which have the same name.
type Cluster struct {
	Client client.Client
	Key    types.NamespacedName
}

// Look is what the cluster said at one moment.
type Look struct {
	Canary     v1alpha1.Canary
	Deployment appsv1.Deployment
	// Pods are those of the app that are not on their way out. Candidate are the ones of ReplicaSets that the Canary controls, Baseline
	// those that the Deployment controls.
	Pods, Baseline, Candidate []corev1.Pod
}

// Look reads the Canary, the Deployment and its pods.
func (c Cluster) Look(ctx context.Context) (Look, error) {
	var l Look
	if err := c.Client.Get(ctx, c.Key, &l.Canary); err != nil {
		return l, fmt.Errorf("reading the Canary: %w", err)
	}
	if err := c.Client.Get(ctx, c.Key, &l.Deployment); err != nil {
		return l, fmt.Errorf("reading the Deployment: %w", err)
	}
	var sets appsv1.ReplicaSetList
	var pods corev1.PodList
	here := client.InNamespace(c.Key.Namespace)
	if err := c.Client.List(ctx, &sets, here); err != nil { // whatever their labels: a candidate's are its own
		return l, fmt.Errorf("reading the ReplicaSets: %w", err)
	}
	if err := c.Client.List(ctx, &pods, here, client.MatchingLabels(l.Deployment.Spec.Selector.MatchLabels)); err != nil {
		return l, fmt.Errorf("reading the pods: %w", err)
	}
	for _, pod := range pods.Items {
		if pod.DeletionTimestamp != nil {
			continue
		}
		l.Pods = append(l.Pods, pod)
		switch controller(sets.Items, &pod) {
		case l.Canary.UID:
			l.Candidate = append(l.Candidate, pod)
		case l.Deployment.UID:
			l.Baseline = append(l.Baseline, pod)
		}
	}
	return l, nil
}

// of are the pods that run a version of the demo service.
func (l Look) of(version string) []corev1.Pod {
	var out []corev1.Pod
	for _, pod := range l.Pods {
		if slices.ContainsFunc(pod.Spec.Containers, func(c corev1.Container) bool {
			return slices.Contains(c.Env, corev1.EnvVar{Name: service.Variable("version"), Value: version})
		}) {
			out = append(out, pod)
		}
	}
	return out
}

// controller is who controls the ReplicaSet of a pod.
func controller(sets []appsv1.ReplicaSet, pod *corev1.Pod) types.UID {
	for _, set := range sets {
		if metav1.IsControlledBy(pod, &set) {
			if owner := metav1.GetControllerOf(&set); owner != nil {
				return owner.UID
			}
		}
	}
	return ""
}

// release identifies the release that ended last; the zero value means none.
type release struct {
	revision, started string
}

func (l Look) lastRelease() release {
	if len(l.Canary.Status.History) == 0 {
		return release{}
	}
	newest := l.Canary.Status.History[0]
	r := release{revision: newest.Revision}
	if newest.StartedAt != nil {
		r.started = newest.StartedAt.String()
	}
	return r
}

func (l Look) lastOutcome() string {
	if len(l.Canary.Status.History) == 0 {
		return ""
	}
	return l.Canary.Status.History[0].Outcome
}

// underWay says that Serin has something to bring to an end.
func (l Look) underWay() bool {
	switch l.Canary.Status.Phase {
	case v1alpha1.PhaseProgressing, v1alpha1.PhasePromoting, v1alpha1.PhaseFinalizing, v1alpha1.PhaseRollingBack:
		return true
	case v1alpha1.PhaseIdle, v1alpha1.PhaseSucceeded, v1alpha1.PhaseFailed:
	}
	return false
}

// calm says that nothing is under way, and that the Deployment runs what it asks for, unpaused.
func (l Look) calm() bool {
	d := l.Deployment
	return l.ready() && !l.underWay() && !d.Spec.Paused &&
		d.Status.ObservedGeneration >= d.Generation && d.Status.UpdatedReplicas == replicas(d) &&
		d.Status.Replicas == replicas(d) && d.Status.AvailableReplicas == replicas(d)
}

func (l Look) ready() bool {
	c := meta.FindStatusCondition(l.Canary.Status.Conditions, v1alpha1.ConditionReady)
	return c != nil && c.Status == metav1.ConditionTrue && c.ObservedGeneration == l.Canary.Generation
}

// String is the state in a few words, for errors.
func (l Look) String() string {
	s := l.Canary.Status
	text := fmt.Sprintf("phase %q, step %q, weight %d%%, verdict %q, %d baseline and %d candidate pods: %s",
		s.Phase, s.Step, s.Weight, s.Verdict, len(l.Baseline), len(l.Candidate), s.Message)
	if c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionStalled); c != nil {
		text += fmt.Sprintf(" (Stalled, %s: %s)", c.Reason, c.Message)
	}
	return text
}

func replicas(d appsv1.Deployment) int32 {
	if d.Spec.Replicas == nil {
		return 1
	}
	return *d.Spec.Replicas
}

func ready(pods []corev1.Pod) int {
	n := 0
	for _, pod := range pods {
		if slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		}) {
			n++
		}
	}
	return n
}

// uids are the identities of pods, in order.
func uids(pods []corev1.Pod) []types.UID {
	out := make([]types.UID, 0, len(pods))
	for _, pod := range pods {
		out = append(out, pod.UID)
	}
	slices.Sort(out)
	return out
}
