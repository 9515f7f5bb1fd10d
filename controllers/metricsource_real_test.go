package controllers

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/prometheus"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// sourceStory is a MetricSource with a Secret, on a real API server, and the server that it names, which takes one token.
type sourceStory struct {
	t       *testing.T
	c       *workloadtest.Cluster
	r       *MetricSourceReconciler
	clock   *clocktesting.FakePassiveClock
	source  *v1alpha1.MetricSource
	secret  *corev1.Secret
	token   atomic.Value
	behind  atomic.Int64
	written int
}

func newSourceStory(t *testing.T, c *workloadtest.Cluster, metrics *SourceMetrics) *sourceStory {
	t.Helper()
	s := &sourceStory{t: t, c: c, clock: clocktesting.NewFakePassiveClock(time.Now())}
	s.token.Store("first")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(-time.Duration(s.behind.Load())).UTC().Format(http.TimeFormat))
		if r.Header.Get("Authorization") != "Bearer "+s.token.Load().(string) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
	}))
	t.Cleanup(server.Close)
	ns := c.Namespace(t)
	s.r = &MetricSourceReconciler{Client: c.Client, Clock: s.clock, Sources: &Sources{
		Client: c.Client, Namespace: ns, Types: analysis.Registry{"prometheus": prometheus.New}, Metrics: metrics,
	}}
	s.secret = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: ns}, StringData: map[string]string{"token": "first"}}
	s.source = &v1alpha1.MetricSource{ObjectMeta: metav1.ObjectMeta{Name: ns}, Spec: v1alpha1.MetricSourceSpec{
		Type: "prometheus", Address: server.URL, SecretRef: &v1alpha1.SecretReference{Name: ns},
	}}
	s.must(c.Client.Create(t.Context(), s.source))
	return s
}

func (s *sourceStory) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// look reconciles once, a minute after the last time, and answers what the status says.
func (s *sourceStory) look() string {
	s.t.Helper()
	s.clock.SetTime(s.clock.Now().Add(time.Minute))
	before := s.source.ResourceVersion
	result, err := s.r.Reconcile(s.t.Context(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(s.source)})
	s.must(err)
	if result.RequeueAfter != time.Minute {
		s.t.Errorf("asked again after %s", result.RequeueAfter)
	}
	s.must(s.c.Client.Get(s.t.Context(), client.ObjectKeyFromObject(s.source), s.source))
	if s.source.ResourceVersion != before {
		s.written++
	}
	return toldOf(s.source.Status)
}

// sourceTold is a MetricSource whose Secret is missing, comes, grows stale and is rotated, and which then lives through a quiet day.
func sourceTold(t *testing.T, c *workloadtest.Cluster) {
	metrics, registry := newMetrics(t)
	s := newSourceStory(t, c, metrics)
	same(t, "without its Secret", s.look(), "Ready=False SecretNotFound, Stalled=True SecretNotFound")
	s.must(c.Client.Create(t.Context(), s.secret))
	same(t, "with its Secret", s.look(), "Ready=True Answering, latency 1ms")
	s.token.Store("second")
	same(t, "with a token that has expired", s.look(), "Ready=False Unauthorized, Stalled=True Unauthorized, latency 1ms")
	if age := s.clock.Now().Sub(s.source.Status.LastSuccess.Time); age < 59*time.Second || age > 61*time.Second {
		t.Errorf("the last success was %s ago", age)
	}
	if wakes := s.r.sourcesWith(t.Context(), s.secret); len(wakes) != 1 || wakes[0].Name != s.source.Name {
		t.Errorf("a change of the Secret wakes %v", wakes)
	}
	s.secret.Data = map[string][]byte{"token": []byte("second")}
	s.must(c.Client.Update(t.Context(), s.secret))
	same(t, "with the new token", s.look(), "Ready=True Answering, latency 1ms")

	s.written = 0
	for range 24 * 60 {
		if told := s.look(); told != "Ready=True Answering, latency 1ms" {
			t.Fatalf("on a quiet day it says %s", told)
		}
	}
	if s.written > 24 {
		t.Errorf("a quiet day took %d writes", s.written)
	}

	usual := s.r.Sources.Intake(t.Context(), s.source.Name, 15*time.Second)
	s.behind.Store(int64(40 * time.Second))
	same(t, "with a slow clock", s.look(), "Ready=True Skewed, latency 1ms")
	if later := s.r.Sources.Intake(t.Context(), s.source.Name, 15*time.Second) - usual; later < 38*time.Second || later > 42*time.Second {
		t.Errorf("a source whose clock is 40s behind is asked %s later", later)
	}
	s.behind.Store(int64(time.Hour))
	s.look()
	if later := s.r.Sources.Intake(t.Context(), s.source.Name, 15*time.Second) - usual; later != mostBehind {
		t.Errorf("a source whose clock is an hour behind is asked %s later", later)
	}

	s.must(c.Client.Delete(t.Context(), s.source))
	_, err := s.r.Reconcile(t.Context(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(s.source)})
	s.must(err)
	if left, all := gathered(t, registry); all > 0 || len(s.r.answered)+len(s.r.Sources.built)+len(s.r.Sources.behind) > 0 {
		t.Errorf("of a source that is gone is left %s", strings.Join(left, "\n"))
	}
}

// sourceIntake is how late a source is asked, by its own word and the interval of who asks.
func sourceIntake(t *testing.T, c *workloadtest.Cluster) {
	for name, test := range map[string]struct{ delay, interval, want time.Duration }{
		"a tenth of the interval": {0, time.Minute, 6 * time.Second},
		"a second at least":       {0, 5 * time.Second, time.Second},
		"ten seconds at most":     {0, 10 * time.Minute, 10 * time.Second},
		"as the source says":      {45 * time.Second, 15 * time.Second, 45 * time.Second},
		"also when that is less":  {2 * time.Second, time.Minute, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSourceStory(t, c, nil)
			if test.delay > 0 {
				s.source.Spec.Delay = &metav1.Duration{Duration: test.delay}
				s.must(c.Client.Update(t.Context(), s.source))
			}
			if got := s.r.Sources.Intake(t.Context(), s.source.Name, test.interval); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	if got := (&Sources{Client: c.Client}).Intake(t.Context(), "no-such-source", time.Minute); got != 6*time.Second {
		t.Errorf("of a source that does not exist: %s", got)
	}
}
