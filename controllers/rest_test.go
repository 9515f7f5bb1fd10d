package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// theNode is where all pods are. Endpoints are made only of pods whose node exists.
const theNode = "node"

// eventually waits until nothing is missing.
func eventually(t *testing.T, missing func() error) {
	t.Helper()
	workloadtest.Eventually(t, "the world around a pass", func(context.Context) (bool, error) {
		err := missing()
		return err == nil, err
	})
}

// rest waits until the cluster's controllers have nothing left to do in the namespace.
func (s *stage) rest() {
	s.t.Helper()
	eventually(s.t, func() error {
		// ReplicaSets tell most of it, and are asked alone first: this is done very often.
		sets, err := s.cluster.Typed.AppsV1().ReplicaSets(s.ns).List(s.t.Context(), metav1.ListOptions{})
		if err != nil {
			return err
		}
		for i := range sets.Items {
			if rs := &sets.Items[i]; rs.Status.ObservedGeneration < rs.Generation || rs.Status.AvailableReplicas != *rs.Spec.Replicas {
				return fmt.Errorf("ReplicaSet %s has %d of %d pods", rs.Name, rs.Status.AvailableReplicas, *rs.Spec.Replicas)
			}
		}
		seen, err := s.look()
		return errors.Join(err, seen.unrest())
	})
}

// surroundings are everything in the namespace that the cluster's controllers work on.
type surroundings struct {
	deployments []appsv1.Deployment
	sets        []appsv1.ReplicaSet
	pods        []corev1.Pod
	services    []corev1.Service
	slices      []discoveryv1.EndpointSlice
}

func (s *stage) look() (surroundings, error) {
	ctx, c, all := s.t.Context(), s.cluster.Typed, metav1.ListOptions{}
	deployments, err1 := c.AppsV1().Deployments(s.ns).List(ctx, all)
	sets, err2 := c.AppsV1().ReplicaSets(s.ns).List(ctx, all)
	pods, err3 := c.CoreV1().Pods(s.ns).List(ctx, all)
	services, err4 := c.CoreV1().Services(s.ns).List(ctx, all)
	slices, err5 := c.DiscoveryV1().EndpointSlices(s.ns).List(ctx, all)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return surroundings{}, err
	}
	return surroundings{deployments.Items, sets.Items, pods.Items, services.Items, slices.Items}, nil
}

// unrest says what is still to be done; nil when nothing is.
func (s surroundings) unrest() error {
	for i := range s.deployments {
		if err := unfinished(&s.deployments[i]); err != nil {
			return err
		}
	}
	pods, ready := map[types.UID]int32{}, map[types.UID]int32{}
	for i := range s.pods {
		p := &s.pods[i]
		if p.DeletionTimestamp != nil || len(p.Status.Conditions) == 0 {
			return fmt.Errorf("pod %s comes or goes", p.Name)
		}
		owner := metav1.GetControllerOf(p).UID
		pods[owner]++
		if isReady(p) {
			ready[owner]++
		}
	}
	for i := range s.sets {
		rs := &s.sets[i]
		switch wanted := *rs.Spec.Replicas; {
		case rs.DeletionTimestamp != nil, rs.Status.ObservedGeneration < rs.Generation:
			return fmt.Errorf("ReplicaSet %s has changed", rs.Name)
		case pods[rs.UID] != wanted, rs.Status.Replicas != wanted, rs.Status.ReadyReplicas != ready[rs.UID], rs.Status.AvailableReplicas != ready[rs.UID]:
			return fmt.Errorf("ReplicaSet %s has %d of %d pods, %d ready, and says %+v", rs.Name, pods[rs.UID], wanted, ready[rs.UID], rs.Status)
		}
		delete(pods, rs.UID)
	}
	if len(pods) > 0 {
		return errors.New("there are pods of a ReplicaSet that is gone")
	}
	return s.endpoints()
}

func unfinished(d *appsv1.Deployment) error {
	wanted := *d.Spec.Replicas
	switch {
	case d.DeletionTimestamp != nil, d.Status.ObservedGeneration < d.Generation:
		return errors.New("the Deployment has changed")
	case !d.Spec.Paused && (d.Status.Replicas != wanted || d.Status.UpdatedReplicas != wanted || d.Status.AvailableReplicas != wanted):
		return fmt.Errorf("the Deployment rolls: %+v", d.Status)
	}
	return nil
}

// endpoints compares the endpoints of every Service with the pods that it selects.
func (s surroundings) endpoints() error {
	has := map[string]int{}
	for i := range s.slices {
		for _, e := range s.slices[i].Endpoints {
			if e.Conditions.Ready == nil || *e.Conditions.Ready {
				has[s.slices[i].Labels[discoveryv1.LabelServiceName]]++
			}
		}
	}
	for i := range s.services {
		name, selector, want := s.services[i].Name, labels.SelectorFromSet(s.services[i].Spec.Selector), 0
		for j := range s.pods {
			if isReady(&s.pods[j]) && selector.Matches(labels.Set(s.pods[j].Labels)) {
				want++
			}
		}
		if has[name] != want {
			return fmt.Errorf("Service %s has %d of %d endpoints", name, has[name], want)
		}
	}
	return nil
}

func isReady(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// pods is how many ready pods there are of each image's tag.
func (s *stage) pods() map[string]int {
	s.t.Helper()
	seen, err := s.look()
	s.must(err)
	count := map[string]int{}
	for i := range seen.pods {
		if p := &seen.pods[i]; isReady(p) {
			count[p.Spec.Containers[0].Image[len("app:"):]]++
		}
	}
	return count
}

// end is how the world looks when a story is over.
func (s *stage) end() string {
	s.t.Helper()
	seen, err := s.look()
	s.must(err)
	lines := []string{fmt.Sprintf("%s, route %s, pods %v", s.phase(), split(s.gateway.live()), s.pods())}
	for i := range seen.deployments {
		lines = append(lines, fmt.Sprintf("Deployment paused=%t", seen.deployments[i].Spec.Paused))
	}
	for i := range seen.sets {
		rs := &seen.sets[i]
		lines = append(lines, fmt.Sprintf("ReplicaSet %s of the %s", s.named(rs.Name), metav1.GetControllerOf(rs).Kind))
	}
	for i := range seen.services {
		lines = append(lines, "Service "+seen.services[i].Name)
	}
	if c := s.canary(); c != nil {
		lines = append(lines, fmt.Sprintf("Canary at weight %d with finalizers %v", c.Status.Weight, c.Finalizers))
		for _, r := range c.Status.History {
			lines = append(lines, s.named(fmt.Sprintf("history %s: %s for %s", r.Revision, r.Outcome, r.Reason)))
		}
	}
	slices.Sort(lines[1:])
	return strings.Join(lines, "\n")
}

// same fails the test when what is told is not what was written down.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// events are the lines that people read about the Canary, after the first n. The Deployment, while it exists, is told the same.
func (s *stage) events(n int) []string {
	s.t.Helper()
	var lines []string
	for _, line := range s.told.about("Canary")[n:] {
		lines = append(lines, s.named(line))
	}
	return lines
}

// reasons are the events after the first n without their texts.
func (s *stage) reasons(n int) []string {
	s.t.Helper()
	var reasons []string
	for _, line := range s.events(n) {
		reason, _, _ := strings.Cut(line, ":")
		reasons = append(reasons, reason)
	}
	return reasons
}
