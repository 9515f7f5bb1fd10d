package workload

import (
	"context"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// witness sees every change of every pod in a namespace, in order, so that no moment in between goes unseen.
type witness struct {
	t       *testing.T
	cluster *workloadtest.Cluster
	ns      string

	mu     sync.Mutex
	events []sighting
	latest map[types.UID]string
}

// sighting is one change of one pod.
type sighting struct {
	uid     types.UID
	image   string
	ready   bool
	leaving bool
}

func watchPods(t *testing.T, c *workloadtest.Cluster, ns string) *witness {
	t.Helper()
	w := &witness{t: t, cluster: c, ns: ns, latest: map[types.UID]string{}}
	source, err := c.Typed.CoreV1().Pods(ns).Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for event := range source.ResultChan() {
			if pod, ok := event.Object.(*corev1.Pod); ok {
				w.see(pod, event.Type == watch.Deleted)
			}
		}
	}()
	t.Cleanup(func() { source.Stop(); <-done })
	return w
}

func (w *witness) see(pod *corev1.Pod, deleted bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ready := false
	for _, c := range pod.Status.Conditions {
		ready = ready || c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	}
	leaving := deleted || pod.DeletionTimestamp != nil
	w.events = append(w.events, sighting{uid: pod.UID, image: imageOf(&pod.Spec), ready: ready && !leaving, leaving: leaving})
	if deleted {
		delete(w.latest, pod.UID)
		return
	}
	w.latest[pod.UID] = pod.ResourceVersion
}

// now is the present moment, for the questions below. It waits until the witness has seen everything that there is to see.
func (w *witness) now() int {
	w.t.Helper()
	list, err := w.cluster.Typed.CoreV1().Pods(w.ns).List(w.t.Context(), metav1.ListOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	workloadtest.Eventually(w.t, "the witness to catch up", func(context.Context) (bool, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		for i := range list.Items {
			p := &list.Items[i]
			if seen, known := w.latest[p.UID]; known && seen < p.ResourceVersion && len(seen) <= len(p.ResourceVersion) || !known && !w.gone(p.UID) {
				return false, nil
			}
		}
		return true, nil
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.events)
}

func (w *witness) gone(uid types.UID) bool {
	for _, e := range w.events {
		if e.uid == uid && e.leaving {
			return true
		}
	}
	return false
}

// fewestReady is the least number of ready pods of these images at any moment since.
func (w *witness) fewestReady(since int, images ...string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	ready := map[types.UID]bool{}
	fewest := -1
	for i, e := range w.events {
		for _, image := range images {
			if e.image == image {
				ready[e.uid] = e.ready
			}
		}
		if i < since-1 {
			continue
		}
		n := 0
		for _, r := range ready {
			if r {
				n++
			}
		}
		if fewest < 0 || n < fewest {
			fewest = n
		}
	}
	return fewest
}

// born and left are the pods of an image that came and went since.
func (w *witness) born(since int, image string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := map[types.UID]bool{}
	n := 0
	for i, e := range w.events {
		if e.image == image && !known[e.uid] {
			known[e.uid] = true
			if i >= since {
				n++
			}
		}
	}
	return n
}

func (w *witness) left(since int, image string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	left := map[types.UID]bool{}
	for i, e := range w.events {
		if i >= since && e.image == image && e.leaving {
			left[e.uid] = true
		}
	}
	return len(left)
}
