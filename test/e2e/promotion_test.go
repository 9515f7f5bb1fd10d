package e2e

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/traffic/podshare"
)

// tenSteps is the plan that a Canary without steps has, with short bakes.
var tenSteps = []int32{10, 20, 30, 40, 50, 60, 70, 80, 90, 100}

func goodVersion(t *testing.T, c *cluster) {
	a := newApp(t, c, "good")
	a.watchOver(steps(2*time.Second, tenSteps...), metrics(
		v1alpha1.Metric{Name: "errors", ErrorRate: &v1alpha1.ErrorRateMetric{MaxIncrease: &v1alpha1.ErrorRateIncrease{Absolute: "1%"}}},
		v1alpha1.Metric{Name: "latency", Latency: &v1alpha1.LatencyMetric{MaxIncrease: &v1alpha1.LatencyIncrease{Relative: "30%", Absolute: "20ms"}}},
	))
	a.send(200, 0) // 20 a second for the candidate at first, as much as its p95 needs for a verdict within seconds
	home := a.routeAsWritten()
	began := time.Now()
	a.release(good("v2"))
	a.until("the hand-over", long, func(w *world) bool { return w.phase() == v1alpha1.PhasePromoting })
	judged := see(a, uidsOf("v2"))
	a.promoted("v2")
	a.countCalls("one release of ten steps", began, len(tenSteps))

	if got := a.granted(); !slices.Equal(got, tenSteps) {
		t.Errorf("weights granted are %v, not %v", got, tenSteps)
	}
	if diff := cmp.Diff(judged, see(a, uidsOf("v2"))); diff != "" {
		t.Errorf("the pods that serve are not the pods that were judged (-judged +serving):\n%s", diff)
	}
	a.nothingLeft(home)
	if out := a.kubectl("wait", "canary", appName, "--for=condition=Ready", "--timeout=5s"); !strings.Contains(out, "condition met") {
		t.Errorf("kubectl wait says %q", out)
	}
	if history := a.kubectl("rollout", "history", "deployment", appName); !strings.Contains(history, "\n2 ") {
		t.Errorf("kubectl rollout history knows no second revision:\n%s", history)
	}
	a.kubectl("rollout", "status", "deployment", appName, "--timeout=5s")

	// Undo is a push like any other: it is gated, judged and promoted.
	a.kubectl("rollout", "undo", "deployment", appName)
	a.until("the undo to be released", patience, func(w *world) bool { return w.phase() == v1alpha1.PhaseProgressing && w.deployment().Spec.Paused })
	a.promoted("v1")
	a.nothingLeft(home)
}

func uidsOf(version string) func(*world) map[types.UID]string {
	return func(w *world) map[types.UID]string {
		uids := map[types.UID]string{}
		for _, p := range w.pods(version) {
			uids[p.UID] = p.Name
		}
		return uids
	}
}

// routeAsWritten is what of the route belongs to its owner.
func (a *app) routeAsWritten() string {
	a.Helper()
	route := &gatewayv1.HTTPRoute{}
	a.do("reading the route", a.cluster.Get(a.Context(), client.ObjectKey{Namespace: a.ns, Name: appName}, route))
	managers := map[string]bool{}
	for _, m := range route.ManagedFields {
		managers[m.Manager+" "+string(m.Operation)+" "+m.Subresource] = true
	}
	raw, err := json.Marshal(map[string]any{
		"spec": route.Spec, "annotations": route.Annotations, "labels": route.Labels, "managers": slices.Sorted(maps.Keys(managers)),
	})
	a.do("encoding the route", err)
	return string(raw)
}

// nothingLeft looks for traces of a release that has ended.
func (a *app) nothingLeft(home string) {
	a.Helper()
	a.until("the generated Services to go", patience, func(w *world) bool { return len(all[*corev1.Service](w)) == 1 })
	if diff := cmp.Diff(home, a.routeAsWritten()); diff != "" {
		a.Errorf("the route is not what it was (-was +is):\n%s", diff)
	}
	a.until("the finalizer to go", patience, func(w *world) bool { return len(w.canary().Finalizers) == 0 })
}

// granted is the sequence of weights that the candidate of the last release was granted.
func (a *app) granted() (weights []int32) {
	before := int32(0)
	a.journal.replay(func(w *world, _ entry) {
		switch now := w.weight(); {
		case now == 0 && w.phase() == v1alpha1.PhaseProgressing:
			weights, before = nil, 0
		case now > before:
			weights, before = append(weights, now), now
		}
	})
	return weights
}

// countCalls notes what the operator asked of the API server since began about this namespace. No step may cost more than three writes.
func (a *app) countCalls(what string, began time.Time, steps int) {
	a.Helper()
	calls, err := a.cluster.calls(a.ns, began, time.Now())
	a.do("counting calls", err)
	writes := len(slices.DeleteFunc(slices.Clone(calls), func(c call) bool { return !c.writes() }))
	results.note("API calls of the operator in %s (%s): %d, of them %d writes besides events\n%s", what, since(began), len(calls), writes, table(calls))
	// Before the first step and after the last: the Services, the finalizer, the pause, the hand-over, the route home, and a status for each.
	const around = 24
	if most := 3*steps + around; writes > most {
		a.Errorf("%s costs %d writes, at most %d are promised:\n%s", what, writes, most, table(calls))
	}
	if len(calls) == 0 {
		a.Errorf("the audit log knows no call: is it the one of this cluster?")
	}
}

// oneLook is how many calls one look at the world may take. It is what a Canary at rest costs when its source was changed in this minute, and it is nothing otherwise.
const oneLook = 8

func idle(t *testing.T, c *cluster) {
	a := newApp(t, c, "idle")
	a.watchOver()
	a.until("the Canary to be at rest", patience, func(w *world) bool { return w.phase() == v1alpha1.PhaseIdle })
	// What follows the making of a Canary (the first look, that nothing of an earlier life is left) is not yet rest.
	a.stays("at rest", quiet, func(w *world) bool { return w.phase() == v1alpha1.PhaseIdle })
	began := time.Now()
	a.stays("at rest", time.Minute, func(w *world) bool { return w.phase() == v1alpha1.PhaseIdle })
	calls, err := c.calls(a.ns, began, time.Now())
	a.do("counting calls", err)
	own, err := c.calls(operatorNamespace, began, time.Now())
	a.do("counting calls", err)
	results.note("API calls of the operator in a minute for one Canary at rest: %d\n%s", len(calls), table(calls))
	results.note("API calls of the operator in the same minute in its own namespace, for all Canaries together: %d\n%s", len(own), table(own))
	if writes := slices.ContainsFunc(calls, call.writes); writes || len(calls) > oneLook {
		t.Errorf("a Canary at rest costs %d calls a minute:\n%s", len(calls), table(calls))
	}
}

func webSockets(t *testing.T, c *cluster) {
	a := newApp(t, c, "sockets")
	a.watchOver()
	a.send(60, 8)
	a.release(good("v2"))
	a.until("the hand-over", long, func(w *world) bool { return w.phase() == v1alpha1.PhasePromoting })
	before := a.load.generator.Summary().WebSockets
	a.promoted("v2")
	a.until("all WebSockets to be with v2", patience, func(*world) bool {
		s := a.load.generator.Summary().WebSockets
		return s.Open == s.Wanted && s.OpenByVersion["v2"] == s.Wanted
	})
	after := a.load.generator.Summary().WebSockets
	if before.CleanDisconnects != 0 {
		t.Errorf("%d WebSockets ended before their pods left", before.CleanDisconnects)
	}
	if after.CleanDisconnects > uint64(after.Wanted) {
		t.Errorf("%d ends of %d WebSockets: each may end once, with its pod", after.CleanDisconnects, after.Wanted)
	}
}

func podShare(t *testing.T, c *cluster) {
	a := newApp(t, c, "podshare")
	a.watchOver(func(c *v1alpha1.Canary) { c.Spec.Traffic = nil })
	a.send(60, 0)
	home := a.routeAsWritten()
	a.release(good("v2"))
	a.promoted("v2")
	a.nothingLeft(home)
	a.journal.replay(func(w *world, e entry) {
		if got, most := len(w.pods("v2")), podshare.Pods(4, w.weight()); w.phase() == v1alpha1.PhaseProgressing && int32(got) > most {
			t.Errorf("%s: %d candidate pods beside 4 at weight %d%%, at most %d are its share", e.when(), got, w.weight(), most)
		}
	})
	// A bad one takes its pods away.
	a.release(with("v3", "DEMO_ERROR_RATE", "40%"))
	a.refused("v3")
}

func generatedRoute(t *testing.T, c *cluster) {
	a := newAppWithoutRoute(t, c, "gateway")
	a.watchOver(func(c *v1alpha1.Canary) {
		c.Spec.Traffic.Routes = nil
		c.Spec.Traffic.Gateway = &v1alpha1.GatewayTraffic{
			ParentRefs: []v1alpha1.ParentReference{{Name: "gateway", Namespace: "gateway"}},
			Hostnames:  []string{a.ns + ".example"},
		}
	})
	a.send(60, 0)
	home := see(a, func(w *world) gatewayv1.HTTPRouteSpec { return *w.route().Spec.DeepCopy() })
	if owner := see(a, func(w *world) *metav1.OwnerReference { return metav1.GetControllerOf(w.route()) }); owner == nil || owner.Kind != "Canary" {
		t.Errorf("the generated route belongs to %v, not to the Canary", owner)
	}
	a.release(good("v2"))
	a.promoted("v2")
	if got := a.granted(); !slices.Equal(got, []int32{25, 50, 100}) {
		t.Errorf("weights granted are %v", got)
	}
	if diff := cmp.Diff(home, see(a, func(w *world) gatewayv1.HTTPRouteSpec { return *w.route().Spec.DeepCopy() })); diff != "" {
		t.Errorf("the route is not what it was (-was +is):\n%s", diff)
	}
	a.release(with("v3", "DEMO_ERROR_RATE", "40%"))
	a.refused("v3")
}
