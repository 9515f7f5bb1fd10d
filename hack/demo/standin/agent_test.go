package standin

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/hack/demo/service"
)

// crew are pods that run the demo service's own handler, and an agent that reads them.
type crew struct {
	t     *testing.T
	pods  []corev1.Pod
	urls  map[string]string
	agent *Agent
	deny  error // of the list
}

func newCrew(t *testing.T) *crew {
	c := &crew{t: t, urls: map[string]string{}}
	c.agent = &Agent{
		List: func(context.Context) ([]corev1.Pod, error) { return append([]corev1.Pod(nil), c.pods...), c.deny },
		HTTP: &http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}, Points: &Points{}, Log: slog.New(slog.DiscardHandler),
	}
	return c
}

// join starts a pod of a ReplicaSet read-api-HASH, behind whatever wraps its handler.
func (c *crew) join(hash, name string, errorRate float64, wrap func(http.Handler) http.Handler) {
	c.t.Helper()
	cfg := service.DefaultConfig()
	cfg.Pod, cfg.Version = name, hash
	cfg.Behaviour = service.Behaviour{LatencyFactor: 1, ErrorRate: errorRate}
	s, err := service.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		c.t.Fatal(err)
	}
	handler := s.Handler()
	if wrap != nil {
		handler = wrap(handler)
	}
	server := httptest.NewServer(handler)
	c.t.Cleanup(server.Close)
	c.urls[name] = server.URL
	c.pods = append(c.pods, podAt(c.t, server.URL, hash, name))
}

// podAt is what the API server says of a pod that listens at an address.
func podAt(t *testing.T, address, hash, name string) corev1.Pod {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "demo", Name: name, UID: types.UID("uid-of-" + name), Labels: map[string]string{"pod-template-hash": hash},
			OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "read-api-" + hash, Controller: new(true)}},
		},
		Spec:   corev1.PodSpec{Containers: []corev1.Container{{Ports: []corev1.ContainerPort{{Name: "admin", ContainerPort: 1}, {Name: "http", ContainerPort: int32(port)}}}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: u.Hostname()},
	}
}

// call sends n requests to a pod, and answers how many failed.
func (c *crew) call(name string, n int) (failed float64) {
	c.t.Helper()
	for range n {
		response, err := http.Get(c.urls[name] + "/orders")
		if err != nil {
			c.t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if response.StatusCode >= http.StatusInternalServerError {
			failed++
		}
	}
	return failed
}

// sent are the requests of each pod in one bucket.
func (c *crew) sent(begin float64) map[string]float64 {
	out := map[string]float64{}
	for _, s := range c.agent.Points.Between(Metric, at(begin), at(begin+10)) {
		out[s.Tags["pod_name"]] += s.Durations.Total()
	}
	return out
}

func TestAgentCountsWhatCameInTheBucket(t *testing.T) {
	c := newCrew(t)
	unreadable := false
	c.join("1", "old", 0, nil)
	c.join("1", "shy", 0, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if unreadable && r.URL.Path == "/metrics" {
				http.Error(w, "not now", http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	gone := c.pods[:1:1]
	for i, step := range []struct {
		name string
		do   func()
		want map[string]float64
	}{
		{"what came before the agent began is of no known bucket", func() { c.call("old", 3); c.call("shy", 3) }, map[string]float64{}},
		{"what came since is", func() { c.call("old", 5); c.call("shy", 4) }, map[string]float64{"old": 5, "shy": 4}},
		{"a pod without requests sends nothing", func() { c.call("old", 2) }, map[string]float64{"old": 2}},
		{"a new pod counts from its beginning", func() { c.join("2", "new", 0, nil); c.call("new", 6) }, map[string]float64{"new": 6}},
		{"a pod that can't be read sends nothing", func() { unreadable = true; c.call("shy", 7); c.call("old", 1) }, map[string]float64{"old": 1}},
		{"and nothing of two buckets at once", func() { unreadable = false; c.call("shy", 1) }, map[string]float64{}},
		{"but goes on after that", func() { c.call("shy", 2) }, map[string]float64{"shy": 2}},
		{"without a list there is no bucket", func() { c.deny = errors.New("no"); c.call("old", 3) }, map[string]float64{}},
		{"nor one after it that holds both", func() { c.deny = nil; c.call("old", 3); c.join("2", "late", 0, nil); c.call("late", 1) }, map[string]float64{}},
		{"pods that leave don't disturb the others", func() { c.pods = gone; c.call("old", 4) }, map[string]float64{"old": 4}},
	} {
		step.do()
		begin := float64(i) * 10
		c.agent.gather(t.Context(), at(begin+10))
		if diff := cmp.Diff(step.want, c.sent(begin)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", step.name, diff)
		}
	}
	if pods, requests, failed := c.agent.Counted(); pods != 1 || requests != 24 || failed != 0 {
		t.Errorf("%d pods, %v requests, %v failed", pods, requests, failed)
	}
}

func TestAgentReadsOnlyPodsThatRun(t *testing.T) {
	for name, change := range map[string]func(*corev1.Pod){
		"one that waits":             func(p *corev1.Pod) { p.Status.Phase = corev1.PodPending },
		"one without an address":     func(p *corev1.Pod) { p.Status.PodIP = "" },
		"one without a port to read": func(p *corev1.Pod) { p.Spec.Containers[0].Ports = nil },
	} {
		t.Run(name, func(t *testing.T) {
			pod := podAt(t, "http://127.0.0.1:80", "1", "a")
			if got := address(&pod); got != "http://127.0.0.1:80/metrics" {
				t.Fatalf("at first it is read at %q", got)
			}
			change(&pod)
			if got := address(&pod); got != "" {
				t.Errorf("it is read at %q", got)
			}
		})
	}
}

func TestTags(t *testing.T) {
	pod := podAt(t, "http://127.0.0.1:80", "5d9c7b", "read-api-5d9c7b-x")
	want := map[string]string{"kube_namespace": "demo", "pod_name": "read-api-5d9c7b-x", "kube_replica_set": "read-api-5d9c7b", "kube_deployment": "read-api"}
	if diff := cmp.Diff(want, tagsOf(&pod)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, tag := range []string{"service", "env", "version"} {
		pod.Labels["tags.datadoghq.com/"+tag] = "Some-" + tag
		want[tag] = "some-" + tag // as Datadog keeps it
	}
	if diff := cmp.Diff(want, tagsOf(&pod)); diff != "" {
		t.Errorf("with unified service tagging: -want +got:\n%s", diff)
	}
}

func TestAgentRunsOnTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(3 * time.Second) // somewhere in a bucket
		var listed []string
		a := newCrew(t).agent
		a.List = func(context.Context) ([]corev1.Pod, error) {
			listed = append(listed, strconv.FormatInt(time.Now().Unix()%60, 10))
			return nil, nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), 32*time.Second)
		defer cancel()
		a.Run(ctx)
		if diff := cmp.Diff([]string{"10", "20", "30"}, listed); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}
