package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// operatorPods are those that have not been deleted.
func (c *cluster) operatorPods(ctx context.Context) ([]corev1.Pod, error) {
	pods := &corev1.PodList{}
	err := c.List(ctx, pods, client.InNamespace(operatorNamespace), client.MatchingLabels{"app.kubernetes.io/name": operatorName})
	return slices.DeleteFunc(pods.Items, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil }), err
}

// operatorReady answers nil once the operator's pods are available again.
func (c *cluster) operatorReady(ctx context.Context) error {
	return poll(ctx, patience, func() error {
		d := &appsv1.Deployment{}
		if err := c.Get(ctx, client.ObjectKey{Namespace: operatorNamespace, Name: operatorName}, d); err != nil {
			return err
		}
		if d.Status.ObservedGeneration < d.Generation || d.Status.AvailableReplicas < 1 || d.Status.UnavailableReplicas > 0 {
			return fmt.Errorf("the operator has %d pods available and %d not", d.Status.AvailableReplicas, d.Status.UnavailableReplicas)
		}
		return nil
	})
}

// dropOperatorPods deletes them without a grace period, as a node that vanishes does.
func (c *cluster) dropOperatorPods(ctx context.Context) error {
	pods, err := c.operatorPods(ctx)
	if err != nil {
		return err
	}
	for i := range pods {
		err := c.Delete(ctx, &pods[i], client.GracePeriodSeconds(0))
		if client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}

// killOperator ends the operator's processes as the kernel does when memory runs out: no signal handler runs and the lease stays taken.
func (c *cluster) killOperator(ctx context.Context) error {
	pods, err := c.operatorPods(ctx)
	if err != nil {
		return err
	}
	killed := 0
	for i := range pods {
		pids, err := processesOf(pods[i])
		if err != nil {
			return err
		}
		for _, pid := range pids {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				return fmt.Errorf("killing process %d of pod %s: %w", pid, pods[i].Name, err)
			}
			killed++
		}
	}
	if killed == 0 {
		return fmt.Errorf("%d operator pods and none of their processes found", len(pods))
	}
	return nil
}

// processesOf finds the operator's own processes in a pod on this machine, by the pod's control group.
func processesOf(pod corev1.Pod) ([]int, error) {
	groups, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, file := range groups {
		group, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(group, []byte("pod"+string(pod.UID))) {
			continue // ended meanwhile, or another's
		}
		command, err := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		if err != nil || !bytes.Contains(command, []byte(operatorName)) {
			continue // the pod's pause process
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return nil, err
		}
		pids = append(pids, pid)
	}
	return pids, nil
}

// poll tries again until it answers nil.
func poll(ctx context.Context, within time.Duration, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %s: %w", within, err)
		case <-tick.C:
		}
	}
}
