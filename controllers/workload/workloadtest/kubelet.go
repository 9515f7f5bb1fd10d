package workloadtest

import (
	"context"
	"hash/fnv"
	"net/netip"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// startKubelet plays the part of nodes: every pod becomes ready at once, or fails in the way that its image's tag names. It writes the status that a
// kubelet and a scheduler would write; nothing runs.
func startKubelet(t *testing.T, c kubernetes.Interface) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		laggards := map[string]int{}
		for ctx.Err() == nil {
			play(ctx, c, laggards)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
}

// play follows the pods of all namespaces until the watch ends.
func play(ctx context.Context, c kubernetes.Interface, laggards map[string]int) {
	list, err := c.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return
	}
	for i := range list.Items {
		perform(ctx, c, &list.Items[i], laggards)
	}
	w, err := c.CoreV1().Pods("").Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion})
	if err != nil {
		return
	}
	defer w.Stop()
	for event := range w.ResultChan() {
		if pod, ok := event.Object.(*corev1.Pod); ok {
			perform(ctx, c, pod, laggards)
		}
	}
}

func perform(ctx context.Context, c kubernetes.Interface, pod *corev1.Pod, laggards map[string]int) {
	if pod.DeletionTimestamp != nil || len(pod.Status.ContainerStatuses) > 0 || pod.Status.Conditions != nil {
		return
	}
	if strings.HasSuffix(pod.Spec.Containers[0].Image, ":slow") && time.Since(pod.CreationTimestamp.Time) < slowness {
		time.AfterFunc(slowness, func() { perform(ctx, c, pod, laggards) })
		return
	}
	pod = pod.DeepCopy()
	pod.Status = statusFor(pod, laggards)
	_, err := c.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	if err != nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) && ctx.Err() == nil {
		panic(err)
	}
}

// slowness is how long a pod of an image with the tag slow takes to become ready, so that a rollout can be met half-way.
const slowness = time.Second

// statusFor is the status of a pod of which the tag of its image says how it fares: pull, name, crash, config, pending or, by default, ready. Of the tag some, two pods
// in a namespace run without ever becoming ready; laggards counts them.
func statusFor(pod *corev1.Pod, laggards map[string]int) corev1.PodStatus {
	_, fate, _ := strings.Cut(pod.Spec.Containers[0].Image, ":")
	app := corev1.ContainerStatus{Name: pod.Spec.Containers[0].Name, Image: pod.Spec.Containers[0].Image}
	waiting := func(reason, message string) {
		app.State.Waiting = &corev1.ContainerStateWaiting{Reason: reason, Message: message}
	}
	status := corev1.PodStatus{Phase: corev1.PodPending}
	ready := corev1.ConditionFalse
	switch strings.SplitN(fate, "-", 2)[0] {
	case "pull":
		waiting("ImagePullBackOff", `Back-off pulling image "`+app.Image+`"`)
	case "name":
		waiting("InvalidImageName", "couldn't parse image name")
	case "config":
		waiting("CreateContainerConfigError", `secret "db" not found`)
	case "crash":
		app.RestartCount = 2
		waiting("CrashLoopBackOff", "back-off 10s restarting failed container")
		app.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 3, Reason: "Error"}
	case "pending":
		status.Conditions = []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: "0/3 nodes are available: 3 Insufficient cpu",
		}}
		return status
	default:
		if fate == "some" && laggards[pod.Namespace] < 2 {
			laggards[pod.Namespace]++
		} else {
			ready, app.Ready = corev1.ConditionTrue, true
		}
		started := true
		status.Phase, app.Started = corev1.PodRunning, &started
		app.State.Running = &corev1.ContainerStateRunning{StartedAt: metav1.Now()}
		status.PodIP = addressOf(pod)
		status.PodIPs = []corev1.PodIP{{IP: status.PodIP}}
	}
	status.ContainerStatuses = []corev1.ContainerStatus{app}
	status.Conditions = []corev1.PodCondition{
		{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now()},
		{Type: corev1.PodReady, Status: ready, LastTransitionTime: metav1.Now()},
	}
	return status
}

// addressOf is an address of the pod's own, by which it becomes an endpoint.
func addressOf(pod *corev1.Pod) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(pod.UID))
	n := h.Sum32()
	return netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}).String()
}
