package gatewayapi

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/controllers/traffic"
)

func TestGeneratedOnAFakeClient(t *testing.T) {
	testGenerated(t, fakeClient(t, "HTTPRoute"))
}

func testGenerated(t *testing.T, c client.Client) {
	cases := map[string]func(t *testing.T, m maker){
		"the route is attached, owned and sends all to the Service":  makes,
		"a second time writes nothing":                               makesOnce,
		"what somebody changed at rest is repaired":                  repairsAtRest,
		"a split is left alone, all else repaired":                   repairsDuringRelease,
		"rules that somebody broke during a release keep the weight": repairsBrokenRules,
		"another Service or gateway in the Canary is followed":       follows,
		"a release leaves the route as it was made":                  releasesGenerated,
		"a route of somebody else is refused":                        refusesForeign,
		"a route of an earlier Canary is waited for":                 waitsForEarlier,
		"no gateway is refused":                                      refusesNoGateway,
	}
	for name, run := range cases {
		t.Run(name, func(t *testing.T) {
			m := maker{c: c, r: testRoute(), to: traffic.Attachment{
				Gateways:  []traffic.Gateway{{Name: "public"}, {Name: "internal", Namespace: "gateways", Section: "https"}},
				Hostnames: []string{"shop.example.com"},
			}}
			m.r.Object.Namespace = newNamespace(t, c)
			m.owner = owner(m.r.Object, "one")
			run(t, m)
		})
	}
}

type maker struct {
	c     client.Client
	owner client.Object
	r     traffic.Route
	to    traffic.Attachment
}

func owner(name types.NamespacedName, uid types.UID) client.Object {
	u := &unstructured.Unstructured{}
	u.SetAPIVersion("serin.dev/v1alpha1")
	u.SetKind("Canary")
	u.SetNamespace(name.Namespace)
	u.SetName(name.Name)
	u.SetUID(uid)
	return u
}

func (m maker) ensure(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	if err := m.tryEnsure(t); err != nil {
		t.Fatal(err)
	}
	return m.get(t)
}

func (m maker) tryEnsure(t *testing.T) error {
	t.Helper()
	return Generated{Client: m.c}.Ensure(t.Context(), m.owner, m.r, m.to)
}

func (m maker) get(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	route, err := routerOf("HTTPRoute", m.c).get(t.Context(), m.r.Object)
	if err != nil {
		t.Fatal(err)
	}
	return route
}

func (m maker) set(t *testing.T, percent int32) {
	t.Helper()
	if err := HTTPRoute(m.c).SetWeight(t.Context(), m.r, percent); err != nil {
		t.Fatal(err)
	}
}

func (m maker) change(t *testing.T, mutate func(spec map[string]any)) {
	t.Helper()
	route := m.get(t)
	mutate(route.Object["spec"].(map[string]any))
	if err := m.c.Update(t.Context(), route, client.FieldOwner("somebody")); err != nil {
		t.Fatal(err)
	}
}

func makes(t *testing.T, m maker) {
	route := m.ensure(t)
	want := map[string]any{
		"parentRefs": []any{
			map[string]any{"group": Group, "kind": "Gateway", "name": "public"},
			map[string]any{"group": Group, "kind": "Gateway", "name": "internal", "namespace": "gateways", "sectionName": "https"},
		},
		"hostnames": []any{"shop.example.com"},
		"rules":     homeRules(m.r),
	}
	if diff := cmp.Diff(want, route.Object["spec"]); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
	if ref := metav1.GetControllerOf(route); ref == nil || ref.UID != "one" || ref.Kind != "Canary" {
		t.Errorf("controlled by %v", ref)
	}
	if got := route.GetLabels()[traffic.ManagedByLabel]; got != traffic.ManagedBy {
		t.Errorf("labels %v", route.GetLabels())
	}
	acknowledge(t, m.c, route.GroupVersionKind(), m.r.Object)
	got, err := HTTPRoute(m.c).Observe(t.Context(), m.r)
	if diff := cmp.Diff(traffic.Split{Home: true, Alike: true, Even: true, Settled: true}, got); err != nil || diff != "" {
		t.Errorf("observed (-want +got): %v\n%s", err, diff)
	}
}

func makesOnce(t *testing.T, m maker) {
	first := m.ensure(t).GetResourceVersion()
	if second := m.ensure(t).GetResourceVersion(); second != first {
		t.Errorf("at rest the resourceVersion went from %s to %s", first, second)
	}
	m.set(t, 30)
	first = m.get(t).GetResourceVersion()
	if second := m.ensure(t).GetResourceVersion(); second != first {
		t.Errorf("during a release the resourceVersion went from %s to %s", first, second)
	}
	m.set(t, 30)
	if second := m.get(t).GetResourceVersion(); second != first {
		t.Errorf("Ensure and SetWeight do not agree: the resourceVersion went from %s to %s", first, second)
	}
}

func repairsAtRest(t *testing.T, m maker) {
	want := m.ensure(t)
	m.change(t, func(spec map[string]any) {
		spec["hostnames"] = []any{"other.example.com"}
		spec["parentRefs"] = spec["parentRefs"].([]any)[:1]
		spec["rules"] = []any{map[string]any{"backendRefs": []any{map[string]any{"name": "other", "port": int64(1)}}}}
	})
	got := m.ensure(t)
	if diff := cmp.Diff(want.Object["spec"], got.Object["spec"]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func repairsDuringRelease(t *testing.T, m maker) {
	m.ensure(t)
	m.set(t, 30)
	want := m.get(t)
	m.change(t, func(spec map[string]any) { delete(spec, "hostnames") })
	got := m.ensure(t)
	if diff := cmp.Diff(want.Object["spec"], got.Object["spec"]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(want.GetAnnotations(), got.GetAnnotations()); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
}

func repairsBrokenRules(t *testing.T, m maker) {
	m.ensure(t)
	m.set(t, 30)
	want := m.get(t)
	m.change(t, func(spec map[string]any) {
		rules := spec["rules"].([]any)
		rules[0].(map[string]any)["matches"] = []any{map[string]any{"path": map[string]any{"type": "PathPrefix", "value": "/api"}}}
		spec["rules"] = append(rules, map[string]any{"backendRefs": []any{map[string]any{"name": "other", "port": int64(1)}}})
	})
	got := m.ensure(t)
	if diff := cmp.Diff(want.Object["spec"], got.Object["spec"]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func follows(t *testing.T, m maker) {
	m.ensure(t)
	m.set(t, 30)
	m.to.Gateways, m.to.Hostnames = []traffic.Gateway{{Name: "next"}}, nil
	m.r.Service = traffic.Backend{Service: "read-api-next", Port: 8080}
	m.r.Baseline.Port, m.r.Candidate.Port = 8080, 8080
	route := m.ensure(t)
	if got := shares(rulesOf(route), m.r); len(got) != 1 || got[0] != (share{70, 30}) {
		t.Errorf("shares %v", got)
	}
	if err := HTTPRoute(m.c).Release(t.Context(), m.r); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"parentRefs": []any{map[string]any{"group": Group, "kind": "Gateway", "name": "next"}},
		"rules":      homeRules(m.r),
	}
	if diff := cmp.Diff(want, m.get(t).Object["spec"]); diff != "" {
		t.Errorf("after the release (-want +got):\n%s", diff)
	}
}

func releasesGenerated(t *testing.T, m maker) {
	before := m.ensure(t)
	m.set(t, 30)
	m.ensure(t)
	m.set(t, 100)
	if err := HTTPRoute(m.c).Release(t.Context(), m.r); err != nil {
		t.Fatal(err)
	}
	after := m.ensure(t)
	if diff := cmp.Diff(before.Object["spec"], after.Object["spec"]); diff != "" {
		t.Errorf("spec (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(managersOf(before), managersOf(after)); diff != "" {
		t.Errorf("managers (-before +after):\n%s", diff)
	}
}

func managersOf(route *unstructured.Unstructured) map[string]string {
	out := map[string]string{}
	for _, e := range route.GetManagedFields() {
		owned := fieldsOf(e)
		// The fake client adds the status it keeps apart.
		delete(owned, "f:status")
		if len(owned) == 0 {
			continue
		}
		out[e.Manager+" "+string(e.Operation)+" "+e.Subresource] = owned.encode().GetRawString()
	}
	return out
}

func refusesForeign(t *testing.T, m maker) {
	m.owner.SetName("somebody")
	m.ensure(t)
	before := m.get(t).GetResourceVersion()
	m.owner = owner(m.r.Object, "two")
	err := m.tryEnsure(t)
	if !errors.Is(err, traffic.ErrUnsupported) || !strings.Contains(err.Error(), "read-api exists and does not belong to Canary read-api") {
		t.Errorf("got %v", err)
	}
	if after := m.get(t).GetResourceVersion(); after != before {
		t.Error("the foreign route was written")
	}
}

func waitsForEarlier(t *testing.T, m maker) {
	m.ensure(t)
	m.owner = owner(m.r.Object, "two")
	if err := m.tryEnsure(t); err == nil || errors.Is(err, traffic.ErrUnsupported) {
		t.Errorf("got %v, want an error that passes", err)
	}
}

func refusesNoGateway(t *testing.T, m maker) {
	m.to.Gateways = nil
	if err := m.tryEnsure(t); !errors.Is(err, traffic.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
	route := &unstructured.Unstructured{}
	route.SetGroupVersionKind(routerOf("HTTPRoute", m.c).kind)
	if err := m.c.Get(t.Context(), m.r.Object, route); !apierrors.IsNotFound(err) {
		t.Errorf("a route exists: %v", err)
	}
}
