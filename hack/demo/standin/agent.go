package standin

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/analysis/datadog/datadogtest"
)

const (
	// Metric is the distribution that the agent sends, and statusTag its tag with the status code.
	Metric, statusTag = "http.server.request.duration", "http.response.status_code"
	// gatherTimeout is how long listing and reading all pods may take.
	gatherTimeout = 5 * time.Second
	// portName is the container port that metrics are read from.
	portName = "http"
)

// Agent gathers what pods count. Its fields are set before it runs.
type Agent struct {
	// List answers the pods.
	List   func(context.Context) ([]corev1.Pod, error)
	HTTP   *http.Client
	Points *Points
	Log    *slog.Logger

	// listed is when pods were listed last, and known are those found then.
	listed time.Time
	known  map[types.UID]seen

	mu               sync.Mutex
	pods             int
	requests, errors float64
}

// seen is what a pod had counted at a time, which is zero when it could not be read.
type seen struct {
	at      time.Time
	reading reading
}

// Run gathers at the end of every bucket, until ctx ends.
func (a *Agent) Run(ctx context.Context) {
	for {
		end := time.Now().Truncate(bucket).Add(bucket)
		timer := time.NewTimer(time.Until(end))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
			a.gather(ctx, end)
		}
	}
}

// Counted is how many pods were counted last, and what of all of them so far.
func (a *Agent) Counted() (pods int, requests, failed float64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.pods, a.requests, a.errors
}

// gather sends what was counted in the bucket that ends now.
func (a *Agent) gather(ctx context.Context, end time.Time) {
	ctx, cancel := context.WithTimeoutCause(ctx, gatherTimeout, errors.New("not gathered within "+gatherTimeout.String()))
	defer cancel()
	pods, err := a.List(ctx)
	if err != nil {
		a.Log.Warn("pods can't be listed: this bucket stays empty", "error", err.Error())
		return
	}
	pods = slices.DeleteFunc(pods, func(p corev1.Pod) bool { return address(&p) == "" })
	begin := end.Add(-bucket)
	readings := a.read(ctx, pods)
	known := map[types.UID]seen{}
	var points []datadogtest.Series
	counted := 0
	for i := range pods {
		pod, now := &pods[i], readings[i]
		if now == nil {
			known[pod.UID] = seen{}
			continue
		}
		known[pod.UID] = seen{at: end, reading: now}
		before, old := a.known[pod.UID]
		switch {
		case old && before.at.Equal(begin), !old && a.listed.Equal(begin): // one that is new has counted nothing before
			points = append(points, series(pod, now.since(before.reading))...)
			counted++
		default: // when it counted is not known: to this bucket or to one before it
		}
	}
	a.listed, a.known = end, known
	a.Points.Add(begin, map[string][]datadogtest.Series{Metric: points})
	a.add(counted, points)
}

func (a *Agent) add(pods int, points []datadogtest.Series) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pods = pods
	for _, s := range points {
		a.requests += s.Durations.Total()
		if strings.HasPrefix(s.Tags[statusTag], "5") {
			a.errors += s.Durations.Total()
		}
	}
}

// read reads pods at the same time; nil where that was not possible.
func (a *Agent) read(ctx context.Context, pods []corev1.Pod) []reading {
	out := make([]reading, len(pods))
	var all sync.WaitGroup
	for i := range pods {
		all.Go(func() {
			r, err := read(ctx, a.HTTP, address(&pods[i]))
			if err != nil {
				a.Log.Warn("a pod can't be read", "pod", pods[i].Name, "error", err.Error())
				return
			}
			out[i] = r
		})
	}
	all.Wait()
	return out
}

// address is where a pod exposes its metrics; empty when it does not, as before it runs.
func address(pod *corev1.Pod) string {
	if pod.Status.Phase != corev1.PodRunning || pod.Status.PodIP == "" {
		return ""
	}
	for _, c := range pod.Spec.Containers {
		for _, p := range c.Ports {
			if p.Name == portName {
				return "http://" + net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(int(p.ContainerPort))) + "/metrics"
			}
		}
	}
	return ""
}

// series are the points of a pod, one for each status code that was answered.
func series(pod *corev1.Pod, counted reading) []datadogtest.Series {
	var out []datadogtest.Series
	for _, code := range slices.Sorted(maps.Keys(counted)) {
		if counted[code].Total() == 0 {
			continue // nothing is sent for what did not happen
		}
		tags := tagsOf(pod)
		tags[statusTag] = code
		out = append(out, datadogtest.Series{Tags: tags, Durations: counted[code]})
	}
	return out
}

// tagsOf are those that an Agent adds in Kubernetes, as far as anything asks for them.
func tagsOf(pod *corev1.Pod) map[string]string {
	tags := map[string]string{"kube_namespace": pod.Namespace, "pod_name": pod.Name}
	if owner := metav1.GetControllerOf(pod); owner != nil && owner.Kind == "ReplicaSet" {
		tags["kube_replica_set"] = owner.Name
		if name, ok := strings.CutSuffix(owner.Name, "-"+pod.Labels["pod-template-hash"]); ok {
			tags["kube_deployment"] = name
		}
	}
	for _, tag := range []string{"service", "env", "version"} {
		if value := pod.Labels["tags.datadoghq.com/"+tag]; value != "" {
			tags[tag] = strings.ToLower(value)
		}
	}
	return tags
}
