package controllers

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/datadog"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/workload"
)

// crowd are many Canaries, each in a namespace with its Deployment, and one MetricSource for all.
//
// Real are the reconcilers of Canaries and MetricSources with everything behind them, the source with its budget, its HTTP client, a connection of the operating system's for each request, and the
// wire format. The API server is controller-runtime's fake, which keeps objects and versions. The cluster's controllers are played: ReplicaSets have the pods they want at once. So is what a manager
// does: whoever is written about, answered, or due, is reconciled. Datadog is a stand-in. Time passes when all wait, in a bubble of testing/synctest.
type crowd struct {
	t       *testing.T
	api     client.WithWatch
	backend *busyBackend
	canary  *CanaryReconciler
	source  *MetricSourceReconciler

	mu     sync.Mutex
	wakes  map[string]chan struct{}             // by namespace
	read   map[string]map[string]runtime.Object // by namespace, since the last write in it
	events []crowdEvent
	uids   int
}

// crowdEvent is one on a Canary.
type crowdEvent struct {
	at                    time.Time
	canary, reason, about string
}

// Eventf keeps one event.
func (c *crowd) Eventf(about, _ runtime.Object, _, reason, _, note string, args ...any) {
	canary, ok := about.(*v1alpha1.Canary)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, crowdEvent{time.Now(), canary.Namespace, reason, fmt.Sprintf(note, args...)})
}

// gather makes a crowd of Canaries, at rest, whose steps bake for some time.
func gather(t *testing.T, b *busyBackend, canaries int, bake time.Duration) *crowd {
	t.Helper()
	c := &crowd{t: t, backend: b, wakes: map[string]chan struct{}{}, read: map[string]map[string]runtime.Object{}}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, appsv1.AddToScheme, v1alpha1.AddToScheme} {
		c.must(add(scheme))
	}
	store := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.Canary{}, &v1alpha1.MetricSource{}).Build()
	c.api = interceptor.NewClient(store, c.controllers())
	sources := &Sources{Client: c.api, Namespace: "serin-system", Types: analysis.Registry{"datadog": func(config analysis.Config) (analysis.Provider, error) {
		p, err := datadog.New(config)
		return timed{p, b}, err
	}}}
	c.canary = &CanaryReconciler{
		Client: c.api, Direct: c.api, Recorder: c, Clock: clock.RealClock{}, Workloads: &workload.Deployments{Client: c.api, Heard: c.api},
		Sources: sources, Answered: make(chan event.GenericEvent, 1024),
	}
	c.source = &MetricSourceReconciler{Client: c.api, Sources: sources, Clock: clock.RealClock{}}
	c.create(
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "serin-system", Name: "datadog"}, Data: map[string][]byte{"api-key": []byte("a"), "app-key": []byte("b")}},
		&v1alpha1.MetricSource{ObjectMeta: metav1.ObjectMeta{Name: "datadog"}, Spec: v1alpha1.MetricSourceSpec{
			Type: "datadog", Address: b.address, SecretRef: &v1alpha1.SecretReference{Name: "datadog"},
		}},
	)
	for i := range canaries {
		c.enter("canary-"+strconv.Itoa(i), bake)
	}
	return c
}

func (c *crowd) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *crowd) create(objects ...client.Object) {
	c.t.Helper()
	for _, o := range objects {
		c.must(c.api.Create(c.t.Context(), o))
	}
}

// enter makes a Canary, and a Deployment that runs.
func (c *crowd) enter(ns string, bakes time.Duration) {
	c.t.Helper()
	c.wakes[ns] = make(chan struct{}, 1)
	replicas, bake := int32(4), &metav1.Duration{Duration: bakes}
	selector := map[string]string{"app": "web"}
	template := podTemplate(ns, "1")
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "web"},
		Spec:       appsv1.DeploymentSpec{Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: selector}, Template: template},
	}
	c.create(d)
	d.Status = appsv1.DeploymentStatus{Replicas: replicas, UpdatedReplicas: replicas, ReadyReplicas: replicas, AvailableReplicas: replicas}
	c.must(c.api.Status().Update(c.t.Context(), d))
	controller := true
	set := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: ns, Name: "web-first", Labels: map[string]string{"app": "web", appsv1.DefaultDeploymentUniqueLabelKey: "first"},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: "web", UID: d.UID, Controller: &controller}},
		},
		Spec: appsv1.ReplicaSetSpec{Replicas: &replicas, Template: *template.DeepCopy()},
	}
	set.Spec.Template.Labels[appsv1.DefaultDeploymentUniqueLabelKey] = "first"
	set.Spec.Selector = &metav1.LabelSelector{MatchLabels: set.Labels}
	canary := &v1alpha1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "web"}, Spec: v1alpha1.CanarySpec{
		TargetRef: v1alpha1.TargetReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"},
		Steps:     []v1alpha1.Step{{Weight: 20, Bake: bake}, {Weight: 50, Bake: bake}, {Weight: 100, Bake: bake}},
		Analysis: v1alpha1.Analysis{Source: "datadog", Metrics: []v1alpha1.Metric{
			{Name: "errors", ErrorRate: &v1alpha1.ErrorRateMetric{MaxIncrease: &v1alpha1.ErrorRateIncrease{Absolute: "1%"}}},
		}},
	}}
	c.create(set, canary)
}

// podTemplate is that of a version, with the labels of unified service tagging.
func podTemplate(service, version string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{
			"app": "web", "tags.datadoghq.com/service": service, "tags.datadoghq.com/env": "prod", "tags.datadoghq.com/version": version,
		}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "app:v" + version}}},
	}
}

// push changes a Deployment's template and pauses it, as the gate does.
func (c *crowd) push(ns string) {
	d := &appsv1.Deployment{}
	c.must(c.api.Get(c.t.Context(), client.ObjectKey{Namespace: ns, Name: "web"}, d))
	d.Spec.Template, d.Spec.Paused = podTemplate(ns, "2"), true
	c.must(c.api.Update(c.t.Context(), d))
}

// controllers play those of the cluster: what is made gets an identity, ReplicaSets get their pods, and whoever is written about is woken.
func (c *crowd) controllers() interceptor.Funcs {
	written := func(ctx context.Context, s client.WithWatch, o client.Object, err error) error {
		c.forget(o.GetNamespace())
		if err != nil || o.GetNamespace() == "" {
			return err
		}
		if kindOf(s, o) == "ReplicaSet" {
			err = c.fill(ctx, s, client.ObjectKeyFromObject(o))
		}
		c.wake(o.GetNamespace())
		return err
	}
	return interceptor.Funcs{
		Get: func(ctx context.Context, s client.WithWatch, key client.ObjectKey, into client.Object, opts ...client.GetOption) error {
			what := fmt.Sprintf("%T %s %s", into, kindOf(s, into), key.Name)
			return c.once(key.Namespace, what, into, func() error { return s.Get(ctx, key, into, opts...) })
		},
		List: func(ctx context.Context, s client.WithWatch, into client.ObjectList, opts ...client.ListOption) error {
			options := (&client.ListOptions{}).ApplyOptions(opts)
			what := fmt.Sprintf("%T %s %v", into, into.GetObjectKind().GroupVersionKind(), options.LabelSelector)
			return c.once(options.Namespace, what, into, func() error { return s.List(ctx, into, opts...) })
		},
		Create: func(ctx context.Context, s client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			if len((&client.CreateOptions{}).ApplyOptions(opts).DryRun) > 0 {
				return s.Create(ctx, o, opts...)
			}
			c.mu.Lock()
			c.uids++
			o.SetUID(types.UID("uid-" + strconv.Itoa(c.uids)))
			c.mu.Unlock()
			o.SetCreationTimestamp(metav1.Now())
			return written(ctx, s, o, s.Create(ctx, o, opts...))
		},
		Update: func(ctx context.Context, s client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
			return written(ctx, s, o, s.Update(ctx, o, opts...))
		},
		Patch: func(ctx context.Context, s client.WithWatch, o client.Object, patch client.Patch, opts ...client.PatchOption) error {
			return written(ctx, s, o, s.Patch(ctx, o, patch, opts...))
		},
		SubResourcePatch: func(ctx context.Context, s client.Client, sub string, o client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
			err := s.SubResource(sub).Patch(ctx, o, patch, opts...)
			c.forget(o.GetNamespace())
			c.wake(o.GetNamespace())
			return err
		},
	}
}

// fill gives a ReplicaSet the pods that it wants.
func (c *crowd) fill(ctx context.Context, s client.Client, key client.ObjectKey) error {
	set := &appsv1.ReplicaSet{}
	if err := s.Get(ctx, key, set); err != nil {
		return client.IgnoreNotFound(err)
	}
	n := *set.Spec.Replicas
	if set.Status.AvailableReplicas == n {
		return nil
	}
	set.Status.Replicas, set.Status.ReadyReplicas, set.Status.AvailableReplicas = n, n, n
	defer c.forget(key.Namespace)
	return s.Status().Update(ctx, set)
}

// once reads what was not read since something in the namespace was written: the fake takes its time over each answer.
func (c *crowd) once(ns, what string, into runtime.Object, read func() error) error {
	c.mu.Lock()
	known, ok := c.read[ns][what]
	c.mu.Unlock()
	if ok {
		reflect.ValueOf(into).Elem().Set(reflect.ValueOf(known.DeepCopyObject()).Elem())
		return nil
	}
	if err := read(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read[ns] == nil {
		c.read[ns] = map[string]runtime.Object{}
	}
	c.read[ns][what] = into.DeepCopyObject()
	return nil
}

// forget leaves out what was read in a namespace.
func (c *crowd) forget(ns string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.read, ns)
}

func (c *crowd) wake(ns string) {
	if wakes, ok := c.wakes[ns]; ok {
		select {
		case wakes <- struct{}{}:
		default: // it is to be woken already
		}
	}
}

// begin pushes to everybody, over the length of an interval, as releases do not begin together.
func (c *crowd) begin() {
	spread := v1alpha1.DefaultInterval / time.Duration(len(c.wakes))
	for i := range len(c.wakes) {
		time.AfterFunc(time.Duration(i)*spread, func() { c.push("canary-" + strconv.Itoa(i)) })
	}
}

// told are the events with a reason, and from when on until when they came.
func (c *crowd) told(reason string) (n int, first, last time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.events {
		if e.reason != reason {
			continue
		}
		if n == 0 {
			first = e.at
		}
		n, last = n+1, e.at
	}
	return n, first, last
}

// statuses are those of all Canaries.
func (c *crowd) statuses() []v1alpha1.CanaryStatus {
	c.t.Helper()
	var all []v1alpha1.CanaryStatus
	for ns := range c.wakes {
		canary := &v1alpha1.Canary{}
		c.must(c.api.Get(context.WithoutCancel(c.t.Context()), client.ObjectKey{Namespace: ns, Name: "web"}, canary))
		all = append(all, canary.Status)
	}
	return all
}

// run is the operator, until the context ends.
func (c *crowd) run(ctx context.Context) {
	var all sync.WaitGroup
	for ns, wakes := range c.wakes {
		all.Go(func() {
			c.operate(ctx, c.canary, client.ObjectKey{Namespace: ns, Name: "web"}, wakes)
		})
	}
	all.Go(func() { c.operate(ctx, c.source, client.ObjectKey{Name: "datadog"}, nil) })
	all.Go(func() {
		for {
			select {
			case answered := <-c.canary.Answered:
				c.wake(answered.Object.GetNamespace())
			case <-ctx.Done():
				return
			}
		}
	})
	all.Wait()
}

// operate reconciles one object whenever it is due or woken.
func (c *crowd) operate(ctx context.Context, r reconcile.Reconciler, key client.ObjectKey, wakes <-chan struct{}) {
	for ctx.Err() == nil {
		result, err := r.Reconcile(ctx, reconcile.Request{NamespacedName: key})
		if err != nil && !errors.Is(err, context.Canceled) {
			c.t.Errorf("%s: %v", key, err)
			return
		}
		var due <-chan time.Time
		if result.RequeueAfter > 0 {
			due = time.After(result.RequeueAfter)
		}
		select {
		case <-due:
		case <-wakes:
		case <-ctx.Done():
		}
	}
}

// ready is the condition of the MetricSource.
func (c *crowd) ready() metav1.Condition {
	c.t.Helper()
	source := &v1alpha1.MetricSource{}
	c.must(c.api.Get(context.WithoutCancel(c.t.Context()), client.ObjectKey{Name: "datadog"}, source))
	if ready := meta.FindStatusCondition(source.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return *ready
	}
	return metav1.Condition{}
}
