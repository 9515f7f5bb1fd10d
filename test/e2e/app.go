package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
)

const (
	// appName is the name of every object that a user owns, and of the Canary.
	appName = "read-api"
	// versionVariable tells the demo service what to call itself in its answers.
	versionVariable = "DEMO_VERSION"
	// patience is for what takes a moment, long for what takes a release.
	patience = 45 * time.Second
	long     = 120 * time.Second
)

// app is one journey's namespace and all that is in it.
type app struct {
	*testing.T
	cluster *cluster
	ns      string
	journal *journal
	load    *traffic
	// atEnd is done after everything has been looked at.
	atEnd []func() error
	// exempt names invariants that this journey breaks on purpose, with the reason.
	exempt map[string]string
}

// newApp makes a namespace with the demo service in version v1, all pods ready.
func newApp(t *testing.T, c *cluster, short string) *app {
	t.Helper()
	a := newAppWithoutRoute(t, c, short)
	a.apply(a.manifest("route.yaml"))
	return a
}

func newAppWithoutRoute(t *testing.T, c *cluster, short string) *app {
	t.Helper()
	a := newNamespace(t, c, short)
	a.apply(a.manifest("app.yaml"))
	a.until("the app to be complete", patience, func(w *world) bool { return w.onlyServes("v1") })
	return a
}

// newNamespace makes a namespace and begins its journal.
func newNamespace(t *testing.T, c *cluster, short string) *app {
	t.Helper()
	a := &app{T: t, cluster: c, ns: "e2e-" + short + "-" + run, exempt: map[string]string{}}
	a.do("making the namespace", c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: a.ns}}))
	a.begin()
	return a
}

// begin begins the journal, which ends with the journey.
func (a *app) begin() {
	ctx, stop := context.WithCancel(cleanUp(a.T))
	a.journal = watchNamespace(ctx, a.cluster, a.ns)
	a.Cleanup(func() {
		defer stop()
		a.finish(ctx)
	})
}

// cleanUp is a context that outlives the test's own, which ends before the clean-up.
func cleanUp(t *testing.T) context.Context { return context.WithoutCancel(t.Context()) }

// manifest is a file of testdata made this namespace's own, in version v1.
func (a *app) manifest(name string) string { return a.manifestOf(name, "v1") }

func (a *app) manifestOf(name, version string) string {
	a.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	a.do("reading "+name, err)
	return strings.NewReplacer("$NAMESPACE", a.ns, "$VERSION", version).Replace(string(raw))
}

// apply is kubectl apply --filename.
func (a *app) apply(manifest string, flags ...string) string {
	a.Helper()
	out, err := a.cluster.kubectlWith(a.Context(), manifest, append([]string{"apply", "--filename", "-"}, flags...)...)
	a.do("applying", err)
	return out
}

// kubectl runs it in the namespace.
func (a *app) kubectl(args ...string) string {
	a.Helper()
	out, err := a.cluster.kubectl(a.Context(), append([]string{"--namespace", a.ns}, args...)...)
	a.do("running kubectl", err)
	return out
}

// do ends the journey when err is not nil.
func (a *app) do(what string, err error) {
	a.Helper()
	if err != nil {
		a.Fatalf("%s: %v", what, err)
	}
}

// until waits for the world to be as wanted, and tells all that happened when it does not come to that.
func (a *app) until(what string, within time.Duration, wanted func(*world) bool) {
	a.Helper()
	if err := a.journal.await(a.Context(), within, wanted); err != nil {
		a.Fatalf("waiting for %s: %v\n%s", what, err, a.journal.story())
	}
}

// see reads the present world.
func see[T any](a *app, read func(*world) T) T {
	var out T
	a.journal.look(func(w *world) { out = read(w) })
	return out
}

// watchOver makes the Canary and waits until it says that it is ready.
func (a *app) watchOver(changes ...func(*v1alpha1.Canary)) {
	a.Helper()
	canary := a.canary(changes...)
	a.do("making the Canary", a.cluster.Create(a.Context(), canary))
	a.until("the Canary to be ready", patience, func(w *world) bool { return isTrue(w.canary(), v1alpha1.ConditionReady) })
	// The API server learns of a new Canary, and of a policy just installed, with a delay.
	a.do("waiting for the gate to know the Canary", poll(a.Context(), patience, func() error { return a.gateWorks(true) }))
}

// canary is one whose steps take seconds and whose only metric tolerates five points more errors.
func (a *app) canary(changes ...func(*v1alpha1.Canary)) *v1alpha1.Canary {
	second := func(n int) *metav1.Duration { return &metav1.Duration{Duration: time.Duration(n) * time.Second} }
	few := int32(10)
	c := &v1alpha1.Canary{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion().String(), Kind: "Canary"},
		ObjectMeta: metav1.ObjectMeta{Namespace: a.ns, Name: appName},
		Spec: v1alpha1.CanarySpec{
			TargetRef: v1alpha1.TargetReference{APIVersion: "apps/v1", Kind: "Deployment", Name: appName},
			Traffic: &v1alpha1.Traffic{
				Service: v1alpha1.ServiceReference{Name: appName, Port: 80},
				Routes:  []v1alpha1.RouteReference{{Group: "gateway.networking.k8s.io", Kind: "HTTPRoute", Name: appName}},
			},
			Analysis: v1alpha1.Analysis{
				Source: "prometheus", Interval: second(1), WarmUp: second(0), Deadline: second(60), MinRequests: &few,
				Metrics: []v1alpha1.Metric{{Name: "errors", ErrorRate: &v1alpha1.ErrorRateMetric{MaxIncrease: &v1alpha1.ErrorRateIncrease{Absolute: "5%"}}}},
			},
		},
	}
	steps(2*time.Second, 25, 50, 100)(c)
	for _, change := range changes {
		change(c)
	}
	return c
}

// steps sets the plan.
func steps(bake time.Duration, weights ...int32) func(*v1alpha1.Canary) {
	return func(c *v1alpha1.Canary) {
		c.Spec.Steps = nil
		for _, w := range weights {
			c.Spec.Steps = append(c.Spec.Steps, v1alpha1.Step{Weight: w, Bake: &metav1.Duration{Duration: bake}})
		}
	}
}

// metrics sets what the candidate is judged by.
func metrics(m ...v1alpha1.Metric) func(*v1alpha1.Canary) {
	return func(c *v1alpha1.Canary) { c.Spec.Analysis.Metrics = m }
}

// version is what a template runs.
type version struct {
	name        string
	environment map[string]string
	image       string
}

func good(name string) version { return version{name: name} }

func with(name, variable, value string) version {
	return version{name: name, environment: map[string]string{variable: value}}
}

// push changes the Deployment's template as a pipeline would, and answers the Deployment as that write left it.
func (a *app) push(v version) *appsv1.Deployment {
	a.Helper()
	environment := []map[string]any{{"name": versionVariable, "value": v.name}}
	for _, variable := range []string{"DEMO_P95", "DEMO_ERROR_RATE", "DEMO_CRASH_AFTER"} {
		change := map[string]any{"name": variable, "$patch": "delete"}
		if value, ok := v.environment[variable]; ok {
			change = map[string]any{"name": variable, "value": value}
		}
		environment = append(environment, change)
	}
	container := map[string]any{"name": appName, "env": environment, "image": "serin.dev/demo-service:v1"}
	if v.image != "" {
		container["image"] = v.image
	}
	return a.patch(map[string]any{"spec": map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{container}}}}})
}

// patch merges change into the Deployment.
func (a *app) patch(change map[string]any) *appsv1.Deployment {
	a.Helper()
	raw, err := json.Marshal(change)
	a.do("encoding a patch", err)
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: a.ns, Name: appName}}
	a.do("patching the Deployment", a.cluster.Patch(a.Context(), d, client.RawPatch(types.StrategicMergePatchType, raw), client.FieldOwner("pipeline")))
	return d
}

// release pushes v and makes sure that the gate held it in that very write.
func (a *app) release(v version) {
	a.Helper()
	if d := a.push(v); !d.Spec.Paused {
		a.Errorf("the gate did not pause the Deployment in the write that brought %s", v.name)
	}
}

// scale does what kubectl scale and an HPA do.
func (a *app) scale(replicas int) {
	a.Helper()
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: a.ns, Name: appName}}
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas))
	a.do("scaling", a.cluster.SubResource("scale").Patch(a.Context(), d, patch))
}

// annotate is kubectl annotate --overwrite canary.
func (a *app) annotate(verb, value string) {
	a.Helper()
	a.kubectl("annotate", "--overwrite", "canary", appName, verb+"="+value)
}

// promoted waits until a version has been promoted and nothing is under way any more.
func (a *app) promoted(version string) {
	a.Helper()
	a.until(version+" to be promoted", long, func(w *world) bool {
		return w.phase() == v1alpha1.PhaseSucceeded && w.canary().Status.Rollout.Baseline == w.revision(version) && w.onlyServes(version)
	})
}

// onlyServes says that the Deployment is at rest on a version: unpaused, complete, and no other pod in service.
func (w *world) onlyServes(version string) bool {
	d := w.deployment()
	others := slices.ContainsFunc(all[*corev1.Pod](w), func(p *corev1.Pod) bool { return versionOf(p.Spec) != version && p.DeletionTimestamp == nil })
	return d.Spec.Replicas != nil && !d.Spec.Paused && !others && versionOf(d.Spec.Template.Spec) == version &&
		d.Status.ObservedGeneration == d.Generation && w.available(version) == int(*d.Spec.Replicas)
}

// refused waits until a version has been refused, and the traffic is home.
func (a *app) refused(version string) {
	a.Helper()
	a.until(version+" to be refused", long, func(w *world) bool {
		return w.phase() == v1alpha1.PhaseFailed && w.canary().Status.Revision == w.revision(version) && len(w.pods(version)) == 0
	})
}

// stays watches that something holds for a while.
func (a *app) stays(what string, during time.Duration, holds func(*world) bool) {
	a.Helper()
	if a.journal.await(a.Context(), during, func(w *world) bool { return !holds(w) }) == nil {
		a.Fatalf("it did not stay %s for %s\n%s", what, during, a.journal.story())
	}
}
