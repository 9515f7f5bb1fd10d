package workload

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// trouble is one reason why pods can't become ready. The greater ranks count more.
type trouble struct {
	text string
	rank rank
}

type rank int

const (
	// unready: everything runs, the readiness probe doesn't pass yet.
	unready rank = iota + 1
	// passing: it may pass by itself.
	passing
	// fatal: waiting longer will not help.
	fatal
)

// troubleOf says why the pods of s can't become ready, in their own words, and whether waiting will help. Of several reasons it tells the gravest.
func troubleOf(s *appsv1.ReplicaSet, pods []corev1.Pod) (text string, isFatal bool) {
	var found []trouble
	for _, c := range s.Status.Conditions {
		if c.Type == appsv1.ReplicaSetReplicaFailure && c.Status == corev1.ConditionTrue {
			found = append(found, trouble{fmt.Sprintf("%s: %s", c.Reason, c.Message), passing})
		}
	}
	for i := range pods {
		if pods[i].DeletionTimestamp == nil {
			found = append(found, troublesOf(&pods[i])...)
		}
	}
	if len(found) == 0 {
		return "", false
	}
	gravest := slices.MaxFunc(found, func(a, b trouble) int { return int(a.rank) - int(b.rank) })
	return gravest.text, gravest.rank == fatal
}

func troublesOf(pod *corev1.Pod) []trouble {
	var found []trouble
	add := func(r rank, format string, args ...any) {
		found = append(found, trouble{fmt.Sprintf(format, args...) + " (pod " + pod.Name + ")", r})
	}
	if pod.Status.Phase == corev1.PodFailed {
		add(passing, "%s: %s", orElse(pod.Status.Reason, "Failed"), pod.Status.Message)
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			add(passing, "%s: %s", c.Reason, c.Message)
		}
	}
	for _, c := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if r, text := troubleWith(c); r > 0 {
			add(r, "%s", text)
		}
	}
	return found
}

// troubleWith tells what keeps a container from being ready; the rank is 0 when nothing does.
func troubleWith(c corev1.ContainerStatus) (r rank, text string) {
	switch waiting, ended := c.State.Waiting, c.State.Terminated; {
	case waiting != nil && starting(waiting.Reason):
		return 0, ""
	case waiting != nil:
		r = passing
		if hopeless(waiting.Reason) {
			r = fatal
		}
		return r, fmt.Sprintf("%s: container %s: %s", waiting.Reason, c.Name, lastWords(c))
	case ended != nil && ended.ExitCode != 0:
		return passing, fmt.Sprintf("%s: container %s exited with code %d", orElse(ended.Reason, "Error"), c.Name, ended.ExitCode)
	case c.State.Running != nil && !c.Ready && c.Started != nil && *c.Started:
		return unready, fmt.Sprintf("container %s runs, but is not ready", c.Name)
	default:
		return 0, ""
	}
}

// hopeless names the waits that another try will not end: something has to be changed. The kubelet backs off only after the first failure, so that a
// registry's hiccup is not among them.
func hopeless(reason string) bool {
	switch reason {
	case "CrashLoopBackOff", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError":
		return true
	default:
		return false
	}
}

// starting names the waits that every container goes through.
func starting(reason string) bool {
	return reason == "ContainerCreating" || reason == "PodInitializing" || reason == ""
}

// lastWords is how a container ended last, or else what the kubelet says about it.
func lastWords(c corev1.ContainerStatus) string {
	ended := c.LastTerminationState.Terminated
	if ended == nil {
		return c.State.Waiting.Message
	}
	return fmt.Sprintf("it ended %d times, at last with exit code %d (%s)", c.RestartCount, ended.ExitCode, orElse(ended.Reason, "Error"))
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
