package workload

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestTroubleIsToldInThePodsOwnWords(t *testing.T) {
	started := true
	container := func(state corev1.ContainerState) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: "app", State: state}
	}
	waiting := func(reason, message string) corev1.ContainerStatus {
		return container(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}})
	}
	killed := waiting("CrashLoopBackOff", "back-off 10s restarting failed container")
	killed.RestartCount = 3
	killed.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"}
	running := container(corev1.ContainerState{Running: &corev1.ContainerStateRunning{}})
	booted := running
	booted.Started = &started
	pod := func(statuses ...corev1.ContainerStatus) corev1.Pod {
		return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web-1"}, Status: corev1.PodStatus{ContainerStatuses: statuses}}
	}
	leaving := pod(killed)
	leaving.DeletionTimestamp = &metav1.Time{}
	inInit := pod()
	inInit.Status.InitContainerStatuses = []corev1.ContainerStatus{killed}
	evicted := pod()
	evicted.Status = corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted", Message: "The node was low on resource: memory"}
	failure := []appsv1.ReplicaSetCondition{{
		Type: appsv1.ReplicaSetReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate", Message: "exceeded quota: pods",
	}}
	for name, test := range map[string]struct {
		conditions []appsv1.ReplicaSetCondition
		pods       []corev1.Pod
		text       string
		fatal      bool
	}{
		"no pod, no trouble":                  {},
		"a pod that starts":                   {pods: []corev1.Pod{pod(waiting("ContainerCreating", ""))}},
		"a container that is still booting":   {pods: []corev1.Pod{pod(running)}},
		"one that booted and isn't ready":     {nil, []corev1.Pod{pod(booted)}, "container app runs, but is not ready (pod web-1)", false},
		"a quota":                             {failure, nil, "FailedCreate: exceeded quota: pods", false},
		"a first failure to pull":             {nil, []corev1.Pod{pod(waiting("ErrImagePull", "not found"))}, "ErrImagePull: container app: not found (pod web-1)", false},
		"an image that can't be pulled":       {nil, []corev1.Pod{pod(waiting("ImagePullBackOff", "not found"))}, "ImagePullBackOff: container app: not found (pod web-1)", true},
		"a configuration that is invalid":     {nil, []corev1.Pod{pod(waiting("CreateContainerConfigError", "no secret"))}, "CreateContainerConfigError: container app: no secret (pod web-1)", true},
		"a container that can't be made":      {nil, []corev1.Pod{pod(waiting("CreateContainerError", "no device"))}, "CreateContainerError: container app: no device (pod web-1)", false},
		"a crash loop tells how it ended":     {nil, []corev1.Pod{pod(killed)}, "CrashLoopBackOff: container app: it ended 3 times, at last with exit code 137 (OOMKilled) (pod web-1)", true},
		"a crash loop before the pod started": {nil, []corev1.Pod{inInit}, "CrashLoopBackOff: container app: it ended 3 times, at last with exit code 137 (OOMKilled) (pod web-1)", true},
		"a pod that leaves is no trouble":     {pods: []corev1.Pod{leaving}},
		"a pod that was evicted":              {nil, []corev1.Pod{evicted}, "Evicted: The node was low on resource: memory (pod web-1)", false},
		"the gravest trouble is told":         {failure, []corev1.Pod{pod(booted), pod(killed)}, "CrashLoopBackOff: container app: it ended 3 times, at last with exit code 137 (OOMKilled) (pod web-1)", true},
		"a container that just ended": {
			nil,
			[]corev1.Pod{pod(container(corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"}}))},
			"OOMKilled: container app exited with code 137 (pod web-1)", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			text, isFatal := troubleOf(&appsv1.ReplicaSet{Status: appsv1.ReplicaSetStatus{Conditions: test.conditions}}, test.pods)
			if text != test.text || isFatal != test.fatal {
				t.Errorf("%q, fatal %t; want %q, fatal %t", text, isFatal, test.text, test.fatal)
			}
		})
	}
}
