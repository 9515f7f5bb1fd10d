package controllers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/traffic"
	"github.com/serin-dev/serin/controllers/traffic/gatewayapi"
	"github.com/serin-dev/serin/controllers/workload"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// stage is a namespace with a Deployment of four pods, a Service, an HTTPRoute and a Canary, all called web, on a real control plane. Its gateway, source and clock are
// played. Time passes only between two passes, and a pass begins only when the cluster's own controllers are at rest, so that a story is the same on every machine.
type stage struct {
	t *testing.T
	// ctx is that of passes.
	ctx        context.Context
	cluster    *workloadtest.Cluster
	ns         string
	clock      *clocktesting.FakePassiveClock
	gateway    *gateway
	source     *playedSource
	ledger     *ledger
	told       *recorder
	reconciler *CanaryReconciler
	// rival is another operator that passes at the same time; nil for none.
	rival *CanaryReconciler
	// names are the revisions by the tags of their images.
	names map[string]string
}

func newStage(t *testing.T, c *workloadtest.Cluster) *stage {
	t.Helper()
	s := &stage{
		t: t, ctx: t.Context(), cluster: c, ns: c.Namespace(t), source: newSource(t), told: &recorder{}, names: map[string]string{},
		// The API server stamps pods with the real time. From a day later they are all old, however slow the machine is.
		clock: clocktesting.NewFakePassiveClock(time.Now().Add(24 * time.Hour).Truncate(time.Second)),
	}
	s.gateway = &gateway{t: t, client: c.Client, route: types.NamespacedName{Namespace: s.ns, Name: "web"}}
	s.ledger = newLedger(s)
	s.start()
	s.create(s.metricSource(), s.service(), s.gateway.manifest(), s.deployment("app:v1"), s.manifest())
	s.rest()
	s.names[s.revision()] = "v1"
	t.Cleanup(s.explain)
	return s
}

// explain tells what happened in a story that went wrong.
func (s *stage) explain() {
	if s.t.Failed() {
		s.t.Logf("events: %s\nwrites: %s", s.named(strings.Join(s.told.about("Canary"), "\n  ")), strings.Join(s.ledger.since(0), "\n  "))
	}
}

// start starts the operator, or starts it anew, with nothing left in its memory.
func (s *stage) start() { s.reconciler = s.operator() }

// operator is one process of Serin.
func (s *stage) operator() *CanaryReconciler {
	cached, c := s.ledger.clients()
	return &CanaryReconciler{
		Client: cached, Direct: c, Recorder: s.told, Clock: s.clock,
		Workloads: &workload.Deployments{Client: c, Heard: cached},
		Routers:   traffic.Registry{schema.GroupKind{Group: gatewayapi.Group, Kind: "HTTPRoute"}: gatewayapi.HTTPRoute},
		Generator: gatewayapi.Generated{Client: c},
		Sources: &Sources{Client: cached, Namespace: "serin-system", Types: analysis.Registry{
			"played": func(analysis.Config) (analysis.Provider, error) { return s.source, nil },
		}},
		Drain: 5 * time.Second, Lag: 2 * time.Second, Workers: 1,
	}
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) create(objects ...client.Object) {
	s.t.Helper()
	for _, o := range objects {
		s.must(s.cluster.Client.Create(s.t.Context(), o))
	}
}

// metricSource is called like the namespace: sources belong to no namespace, and stages are played side by side.
func (s *stage) metricSource() *v1alpha1.MetricSource {
	return &v1alpha1.MetricSource{ObjectMeta: metav1.ObjectMeta{Name: s.ns}, Spec: v1alpha1.MetricSourceSpec{Type: "played", Address: "http://played"}}
}

func (s *stage) service() *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "web"},
		Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": "web"}, Ports: []corev1.ServicePort{{Port: 80}}},
	}
}

// deployment is one whose pods are on the node already and leave at once: nobody plays a scheduler or waits for a process to end.
func (s *stage) deployment(image string) *appsv1.Deployment {
	replicas, deadline, grace := int32(4), int32(60), int64(0)
	labels := map[string]string{"app": "web"}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, ProgressDeadlineSeconds: &deadline,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					NodeName: theNode, TerminationGracePeriodSeconds: &grace,
					Containers: []corev1.Container{{Name: "app", Image: image}},
				},
			},
		},
	}
}

func (s *stage) manifest() *v1alpha1.Canary {
	d := func(d time.Duration) *metav1.Duration { return &metav1.Duration{Duration: d} }
	step := func(weight int32) v1alpha1.Step { return v1alpha1.Step{Weight: weight, Bake: d(30 * time.Second)} }
	return &v1alpha1.Canary{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "web"},
		Spec: v1alpha1.CanarySpec{
			TargetRef: v1alpha1.TargetReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"},
			Traffic: &v1alpha1.Traffic{
				Service: v1alpha1.ServiceReference{Name: "web", Port: 80},
				Routes:  []v1alpha1.RouteReference{{Group: gatewayapi.Group, Kind: "HTTPRoute", Name: "web"}},
			},
			Steps: []v1alpha1.Step{step(10), step(50), step(100)},
			Analysis: v1alpha1.Analysis{
				Source: s.ns, Interval: d(15 * time.Second), WarmUp: d(0), Deadline: d(time.Minute),
				Metrics: []v1alpha1.Metric{{Name: "errors", ErrorRate: &v1alpha1.ErrorRateMetric{MaxIncrease: &v1alpha1.ErrorRateIncrease{Absolute: "1%"}}}},
			},
		},
	}
}

// revision is the revision of the Deployment's present template.
func (s *stage) revision() string {
	s.t.Helper()
	seen, err := (&workload.Deployments{Client: s.cluster.Client}).Observe(s.t.Context(), s.reconciler.target(s.canary()), "", "")
	s.must(err)
	return seen.Wanted
}

// push changes the image and pauses in one write, as the gate does, and answers the revision.
func (s *stage) push(tag string) string {
	s.t.Helper()
	s.patchDeployment(`{"spec":{"paused":true,"template":{"spec":{"containers":[{"name":"app","image":"app:%s"}]}}}}`, tag)
	s.rest()
	revision := s.revision()
	s.names[revision] = tag
	return revision
}

func (s *stage) patchDeployment(format string, args ...any) {
	s.t.Helper()
	_, err := s.cluster.Typed.AppsV1().Deployments(s.ns).Patch(s.t.Context(), "web", types.MergePatchType, fmt.Appendf(nil, format, args...), metav1.PatchOptions{})
	s.must(err)
}

// say writes a verb, as kubectl annotate does.
func (s *stage) say(verb, value string) {
	s.t.Helper()
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, verb, value)
	s.must(s.cluster.Client.Patch(s.t.Context(), s.canary(), client.RawPatch(types.MergePatchType, patch)))
}

// canary is the Canary as it is; nil when there is none.
func (s *stage) canary() *v1alpha1.Canary {
	s.t.Helper()
	c := &v1alpha1.Canary{}
	err := s.cluster.Client.Get(s.t.Context(), types.NamespacedName{Namespace: s.ns, Name: "web"}, c)
	if apierrors.IsNotFound(err) {
		return nil
	}
	s.must(err)
	return c
}

func (s *stage) phase() rollout.Phase {
	s.t.Helper()
	if c := s.canary(); c != nil {
		return rollout.Phase(c.Status.Phase)
	}
	return "gone"
}

// conditions are the conditions as people read them, by type.
func (s *stage) conditions() []string {
	s.t.Helper()
	var lines []string
	for _, c := range s.canary().Status.Conditions {
		lines = append(lines, s.named(fmt.Sprintf("%s=%s %s: %s", c.Type, c.Status, c.Reason, c.Message)))
	}
	slices.Sort(lines)
	return lines
}

// stalled is the reason and the message of the condition Stalled; empty while it is not there.
func (s *stage) stalled() string {
	s.t.Helper()
	c := meta.FindStatusCondition(s.canary().Status.Conditions, v1alpha1.ConditionStalled)
	if c == nil {
		return ""
	}
	return s.named(c.Reason + ": " + c.Message)
}

// named is text with the revisions called by the tags of their images, and without what differs from run to run or is the judge's own: what the evidence was.
func (s *stage) named(text string) string {
	text = regexp.MustCompile(`errors[ :].*?(\. The traffic|$)`).ReplaceAllString(text, "EVIDENCE$1")
	text = regexp.MustCompile(`not answered for \w+`).ReplaceAllString(text, "not answered for LONG")
	for _, revision := range slices.Sorted(maps.Keys(s.names)) {
		text = strings.ReplaceAll(text, revision, s.names[revision])
	}
	text = regexp.MustCompile(` since \d\d:\d\d:\d\d UTC`).ReplaceAllString(text, " since TIME")
	return strings.ReplaceAll(text, s.ns, "NAMESPACE")
}

// pass is one reconcile, with everything at rest before and after it.
func (s *stage) pass() (ctrl.Result, error) {
	s.t.Helper()
	s.gateway.acknowledge()
	before := s.ledger.count()
	var rivals sync.WaitGroup
	if s.rival != nil {
		rivals.Go(func() {
			_, err := s.rival.Reconcile(s.ctx, requestFor(s.manifest()))
			if client.IgnoreNotFound(err) != nil {
				s.t.Errorf("the rival: %v", err)
			}
		})
	}
	result, err := s.reconciler.Reconcile(s.ctx, requestFor(s.manifest()))
	rivals.Wait()
	s.answered(s.reconciler)
	if s.rival != nil {
		s.answered(s.rival)
	}
	if s.ledger.count() != before {
		s.rest()
	}
	return result, err
}

// answered waits for the answer of a look under way, unless the source is silent.
func (s *stage) answered(r *CanaryReconciler) {
	s.t.Helper()
	if s.source.isSilent() {
		return
	}
	r.recall.mu.Lock()
	defer r.recall.mu.Unlock()
	for _, e := range r.recall.entries {
		if pending := e.evidence.pending; pending != nil {
			eventually(s.t, func() error {
				if len(pending) == 0 {
					return errors.New("the source has not answered")
				}
				return nil
			})
		}
	}
}

// step is a pass, and the time until the next one. No pass may fail, but the process may end: then another one starts.
func (s *stage) step() {
	s.t.Helper()
	result, err := s.pass()
	if errors.Is(err, errCrash) {
		s.start()
		err = nil
	}
	if s.rival != nil {
		// It may have let the Canary go in the middle of this pass.
		err = client.IgnoreNotFound(err)
	}
	s.must(err)
	s.after(max(result.RequeueAfter, time.Second))
}

func (s *stage) after(d time.Duration) { s.clock.SetTime(s.clock.Now().Add(d)) }

// mostPasses is more than any story needs.
const mostPasses = 200

// until makes passes until something is so.
func (s *stage) until(what string, so func() bool) {
	s.t.Helper()
	if !so() {
		s.watch(what, func([]string) bool { return so() })
	}
}

// watch makes passes until something is so after one, which is judged by what it wrote, too.
func (s *stage) watch(what string, so func(writes []string) bool) {
	s.t.Helper()
	for range mostPasses {
		n := s.ledger.count()
		s.step()
		if so(s.ledger.since(n)) {
			return
		}
	}
	s.t.Fatalf("%s: not within %d passes; phase %s, conditions %q", what, mostPasses, s.phase(), s.conditions())
}

func (s *stage) untilPhase(p rollout.Phase) {
	s.t.Helper()
	s.until("phase "+string(p), func() bool { return s.phase() == p })
}

// untilWeight makes passes until a weight is granted and has settled.
func (s *stage) untilWeight(weight int32) {
	s.t.Helper()
	s.until(fmt.Sprintf("weight %d", weight), func() bool {
		e := s.remembered().state
		return e.Phase == rollout.Progressing && e.Weight == weight && !e.SettledAt.IsZero()
	})
}

// remembered is what the operator holds in memory of this Canary.
func (s *stage) remembered() *recollection {
	s.reconciler.recall.mu.Lock()
	defer s.reconciler.recall.mu.Unlock()
	for _, e := range s.reconciler.recall.entries {
		return e
	}
	return &recollection{}
}

func requestFor(c *v1alpha1.Canary) reconcile.Request {
	return reconcile.Request{NamespacedName: client.ObjectKeyFromObject(c)}
}

// edit changes the Canary, as its owner would.
func (s *stage) edit(change func(*v1alpha1.Canary)) {
	s.t.Helper()
	c := s.canary()
	change(c)
	s.must(s.cluster.Client.Update(s.t.Context(), c))
}
