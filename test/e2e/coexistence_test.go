package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/api/v1alpha1"
)

func firstCanary(t *testing.T, c *cluster) {
	a := newApp(t, c, "first")
	a.send(60, 0)
	type still struct {
		Pods, Sets map[types.UID]string
		Generation int64
	}
	look := func(w *world) still {
		s := still{uidsOf("v1")(w), map[types.UID]string{}, w.deployment().Generation}
		for _, rs := range all[*appsv1.ReplicaSet](w) {
			s.Sets[rs.UID] = rs.Name
		}
		return s
	}
	before, home := see(a, look), a.routeAsWritten()
	a.watchOver()
	a.stays("at rest", quiet, func(w *world) bool { return cmp.Equal(before, look(w)) })
	if diff := cmp.Diff(before, see(a, look)); diff != "" {
		t.Errorf("the Canary changed what was there (-was +is):\n%s", diff)
	}
	a.nothingLeft(home)
	if got, want := see(a, func(w *world) string { return w.canary().Status.Rollout.Baseline }), see(a, func(w *world) string { return w.revision("v1") }); got != want {
		t.Errorf("the baseline is %q, not %q", got, want)
	}
}

func restartedNatively(t *testing.T, c *cluster) {
	a := newApp(t, c, "restart")
	a.watchOver()
	a.send(60, 0)
	before := see(a, uidsOf("v1"))
	a.kubectl("rollout", "restart", "deployment", appName)
	a.kubectl("rollout", "status", "deployment", appName, "--timeout=60s")
	a.until("every pod to be replaced", patience, func(w *world) bool {
		for uid := range uidsOf("v1")(w) {
			if _, old := before[uid]; old {
				return false
			}
		}
		return w.onlyServes("v1")
	})
	a.until("the Canary to be ready with the restarted revision", patience, func(w *world) bool {
		c := w.canary()
		return isTrue(c, v1alpha1.ConditionReady) && c.Status.Rollout.Baseline == c.Status.ObservedRevision && strings.HasPrefix(w.pods("v1")[0].Name, appName+"-"+c.Status.Rollout.Baseline)
	})
	a.journal.replay(func(w *world, e entry) {
		if w.deployment().Spec.Paused || w.phase() == v1alpha1.PhaseProgressing {
			t.Fatalf("%s: the restart was taken for a release", e.when())
		}
	})
	// The next release compares with what the restart made.
	a.release(good("v2"))
	a.promoted("v2")
}

func zeroReplicas(t *testing.T, c *cluster) {
	a := newApp(t, c, "zero-pods")
	a.exempt[enoughPods] = "nothing is meant to serve"
	a.watchOver()
	a.scale(0)
	a.until("all pods to leave", patience, func(w *world) bool { return len(all[*corev1.Pod](w)) == 0 })
	if a.push(good("v2")).Spec.Paused {
		t.Errorf("the gate paused a Deployment with 0 replicas")
	}
	a.until("the Canary to say that v2 passed through", patience, func(w *world) bool {
		return w.told(v1alpha1.ReasonPassedThrough) && isTrue(w.canary(), v1alpha1.ConditionReady) && w.canary().Status.Rollout.Baseline == w.revision("v2")
	})
	a.scale(4)
	a.until("v2 to serve", patience, func(w *world) bool { return w.onlyServes("v2") })
	a.send(60, 0)
	a.release(good("v3"))
	a.promoted("v3")
}

// appliedAgain applies the user's own manifests again and again, in one of the two ways.
func appliedAgain(t *testing.T, c *cluster, short string, flags ...string) {
	a := newNamespace(t, c, short)
	canary := a.canary(steps(10*time.Minute, 25, 50, 100))
	manifests := func(version string) string {
		raw, err := yaml.Marshal(map[string]any{
			"apiVersion": canary.APIVersion, "kind": canary.Kind, "spec": canary.Spec,
			"metadata": map[string]any{"name": canary.Name, "namespace": canary.Namespace},
		})
		a.do("encoding the Canary", err)
		return a.manifestOf("app.yaml", version) + "---\n" + string(raw)
	}
	route := a.manifest("route.yaml")
	a.apply(manifests("v1")+"---\n"+route, flags...)
	a.until("the Canary to be ready", patience, func(w *world) bool { return isTrue(w.canary(), v1alpha1.ConditionReady) && w.onlyServes("v1") })
	a.send(60, 0)
	a.unchanged("at rest", func() { a.apply(manifests("v1")+"---\n"+route, flags...) })

	a.apply(manifests("v2"), flags...)
	if !a.deploymentNow().Spec.Paused {
		t.Errorf("the gate did not pause the Deployment")
	}
	a.until("the first step", long, func(w *world) bool { return w.weight() == 25 && w.routed() == 25 })
	a.unchanged("in mid-release", func() { a.apply(manifests("v2"), flags...) })
	a.unchanged("in mid-release", func() { a.apply(manifests("v2"), flags...) })
	a.annotate(v1alpha1.AnnotationPromote, see(a, func(w *world) string { return w.revision("v2") }))
	a.promoted("v2")
	a.unchanged("after the release", func() { a.apply(manifests("v2")+"---\n"+route, flags...) })
	if got := a.granted(); !cmp.Equal(got, []int32{25, 50, 100}) {
		t.Errorf("weights granted are %v: applying again disturbed the release", got)
	}
	a.do("comparing with kubectl diff", func() error {
		_, err := c.kubectlWith(t.Context(), manifests("v2")+"---\n"+route, append([]string{"diff", "--filename", "-"}, flags...)...)
		return err
	}())
}

// unchanged makes sure that something leaves the specs of the user's objects as they are; during a release the route is Serin's business too.
func (a *app) unchanged(when string, do func()) {
	a.Helper()
	look := func() map[string]any {
		route, d := a.routeAsWritten(), a.deploymentNow()
		specs := map[string]any{"Deployment": d.Spec, "generation": d.Generation, "HTTPRoute": route}
		if d.Spec.Paused {
			delete(specs, "HTTPRoute")
		}
		return specs
	}
	before := look()
	do()
	if diff := cmp.Diff(before, look()); diff != "" {
		a.Errorf("applying the same again %s changed something (-was +is):\n%s", when, diff)
	}
}

// deploymentNow reads past the journal, which may be a moment behind.
func (a *app) deploymentNow() *appsv1.Deployment {
	a.Helper()
	d := &appsv1.Deployment{}
	a.do("reading the Deployment", a.cluster.Get(a.Context(), client.ObjectKey{Namespace: a.ns, Name: appName}, d))
	return d
}
