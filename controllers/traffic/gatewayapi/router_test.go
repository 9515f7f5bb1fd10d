package gatewayapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/controllers/traffic"
)

func TestRouteThatCannotCarryASplit(t *testing.T) {
	tests := map[string]struct{ spec, want string }{
		"without a parent": {
			"{rules: [{backendRefs: [{name: read-api, port: 80}]}]}",
			"it has no spec.parentRefs, so no gateway serves it; attach it to one",
		},
		"without a rule for the Service": {
			"{parentRefs: [{name: public}], rules: [{backendRefs: [{name: images, port: 80}]}]}",
			"no rule sends requests to Service read-api port 80; name it in spec.rules[].backendRefs",
		},
		"with weights that can't be divided": {
			"{parentRefs: [{name: public}], rules: [{backendRefs: [{name: read-api, port: 80, weight: 999999}, {name: images, port: 80, weight: 1000000}]}]}",
			"write smaller weights of the same proportion",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c := fakeClient(t, "HTTPRoute")
			route := routeFrom(t, "spec: "+tc.spec)
			if err := c.Create(t.Context(), route); err != nil {
				t.Fatal(err)
			}
			split, err := HTTPRoute(c).Observe(t.Context(), testRoute())
			if !errors.Is(err, traffic.ErrUnsupported) || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "HTTPRoute shop/read-api") {
				t.Errorf("observing: %v, want it to name the route and say %q", err, tc.want)
			}
			if diff := cmp.Diff(traffic.Split{Home: true, Alike: true, Even: true}, split); diff != "" {
				t.Errorf("the split beside the error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBackendTLSPolicyOnAFakeClient(t *testing.T) {
	testBackendTLSPolicy(t, fakeClient(t, "HTTPRoute"))
}

// testBackendTLSPolicy shows that a policy which would not follow the requests to the generated Services is seen before they go there.
func testBackendTLSPolicy(t *testing.T, c client.Client) {
	const (
		ofService   = "{group: '', kind: Service, name: read-api}"
		ofBaseline  = "{group: '', kind: Service, name: read-api-baseline}"
		ofCandidate = "{group: '', kind: Service, name: read-api-candidate}"
	)
	tests := map[string]struct {
		targets []string
		refused bool
	}{
		"no policy":                                  {nil, false},
		"a policy for another Service":               {[]string{"{group: '', kind: Service, name: images}"}, false},
		"a policy for the Service only":              {[]string{ofService}, true},
		"a policy for the Service and one copy":      {[]string{ofService + ", " + ofBaseline}, true},
		"a policy for all three":                     {[]string{ofService + ", " + ofBaseline + ", " + ofCandidate}, false},
		"a policy for the copies of its own":         {[]string{ofService, ofBaseline + ", " + ofCandidate}, false},
		"a policy for something else of that name":   {[]string{"{group: example.com, kind: Bucket, name: read-api}"}, false},
		"a policy for one section of the Service":    {[]string{"{group: '', kind: Service, name: read-api, sectionName: https}"}, true},
		"a policy that names the copies, not it yet": {[]string{ofBaseline + ", " + ofCandidate}, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := testRoute()
			r.Object.Namespace = newNamespace(t, c)
			route := routeFrom(t, "spec: {parentRefs: [{name: public}], rules: [{backendRefs: [{name: read-api, port: 80}]}]}")
			route.SetNamespace(r.Object.Namespace)
			if err := c.Create(t.Context(), route); err != nil {
				t.Fatal(err)
			}
			for i, targets := range tc.targets {
				policy := routeFrom(t, "spec: {targetRefs: ["+targets+"], validation: {hostname: shop.example.com, wellKnownCACertificates: System}}")
				policy.SetKind("BackendTLSPolicy")
				policy.SetName(fmt.Sprint("tls-", i))
				policy.SetNamespace(r.Object.Namespace)
				if err := c.Create(t.Context(), policy); err != nil {
					t.Fatal(err)
				}
			}
			_, err := HTTPRoute(c).Observe(t.Context(), r)
			if errors.Is(err, traffic.ErrUnsupported) != tc.refused {
				t.Fatalf("got %v, want refused %v", err, tc.refused)
			}
			if tc.refused && !strings.Contains(err.Error(), "BackendTLSPolicy tls-0 applies to Service read-api only; add read-api-baseline and read-api-candidate to its targetRefs") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func kindNotInstalled(t *testing.T, c client.Client) {
	router, r := HTTPRoute(c), testRoute()
	const want = "this cluster has no HTTPRoute.gateway.networking.k8s.io; install the CRDs of Gateway API"
	if _, err := router.Observe(t.Context(), r); !errors.Is(err, traffic.ErrUnsupported) || !strings.Contains(err.Error(), want) {
		t.Errorf("observing: %v", err)
	}
	if err := router.SetWeight(t.Context(), r, 10); !errors.Is(err, traffic.ErrUnsupported) {
		t.Errorf("setting: %v", err)
	}
	if err := router.Release(t.Context(), r); err != nil {
		t.Errorf("releasing: %v", err)
	}
	err := Generated{Client: c}.Ensure(t.Context(), owner(r.Object, "one"), r, traffic.Attachment{Gateways: []traffic.Gateway{{Name: "public"}}})
	if !errors.Is(err, traffic.ErrUnsupported) || !strings.Contains(err.Error(), want) {
		t.Errorf("making: %v", err)
	}
}

// TestReleaseWhileTheDataPlaneReports lets a report come in ahead of the second write, as it does on every cluster.
func TestReleaseWhileTheDataPlaneReports(t *testing.T) {
	for reports, want := range map[int]bool{1: true, 2: true, 100: false} {
		t.Run(fmt.Sprint(reports, " reports"), func(t *testing.T) {
			plain := fakeClient(t, "HTTPRoute")
			route := routeFrom(t, "spec: {parentRefs: [{name: public}], rules: [{backendRefs: [{name: read-api, port: 80}]}]}")
			if err := plain.Create(t.Context(), route); err != nil {
				t.Fatal(err)
			}
			writes := 0
			c := interceptor.NewClient(plain, interceptor.Funcs{
				Update: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.UpdateOption) error {
					if writes++; writes > 2 && writes <= 2+reports {
						acknowledge(t, c, route.GroupVersionKind(), testRoute().Object)
					}
					return c.Update(ctx, obj, opts...)
				},
			})
			router := HTTPRoute(c)
			if err := router.SetWeight(t.Context(), testRoute(), 30); err != nil {
				t.Fatal(err)
			}
			err := router.Release(t.Context(), testRoute())
			if want != (err == nil) || err != nil && !apierrors.IsConflict(err) {
				t.Errorf("released: %v", err)
			}
			split, err := router.Observe(t.Context(), testRoute())
			if err != nil || split.Home != want || split.Weight != 0 {
				t.Errorf("observed %+v (%v)", split, err)
			}
		})
	}
}

// TestBrokenAnnotation shows that an annotation which somebody has garbled stops neither the release nor its end.
func TestBrokenAnnotation(t *testing.T) {
	for _, value := range []string{"", "{", `{"splits":"x"}`, `[]`, `{"splits":{"read-api-baseline":[{"rule":0,"backendRefs":[1]}]},"owners":[{"fieldsV1":7}]}`} {
		t.Run(fmt.Sprintf("%q", value), func(t *testing.T) {
			c := fakeClient(t, "HTTPRoute")
			route := routeFrom(t, "spec: {parentRefs: [{name: public}], rules: [{backendRefs: [{name: read-api, port: 80}]}]}")
			if err := c.Create(t.Context(), route); err != nil {
				t.Fatal(err)
			}
			router, r := routerOf("HTTPRoute", c), testRoute()
			for _, again := range []bool{true, false} {
				if err := router.SetWeight(t.Context(), r, 30); err != nil {
					t.Fatal(err)
				}
				live, err := router.get(t.Context(), r.Object)
				if err != nil {
					t.Fatal(err)
				}
				live.SetAnnotations(map[string]string{RestoreAnnotation: value})
				if err := c.Update(t.Context(), live); err != nil {
					t.Fatal(err)
				}
				if again {
					continue
				}
				if err := router.Release(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			live, err := router.get(t.Context(), r.Object)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(rulesFrom(t, "[{backendRefs: [{name: read-api, port: 80}]}]"), rulesOf(live)); diff != "" {
				t.Errorf("rules (-want +got):\n%s", diff)
			}
			if len(live.GetAnnotations()) > 0 {
				t.Errorf("annotations %v", live.GetAnnotations())
			}
		})
	}
}

func TestWaitsFor(t *testing.T) {
	report := func(parent, condition string) string {
		return "  - {parentRef: " + parent + ", controllerName: example.com/one, conditions: " + condition + "}\n"
	}
	const (
		good    = "[{type: Accepted, status: 'True', observedGeneration: 7}, {type: ResolvedRefs, status: 'True', observedGeneration: 7}]"
		late    = "[{type: Accepted, status: 'True', observedGeneration: 7}, {type: ResolvedRefs, status: 'True', observedGeneration: 6}]"
		refused = "[{type: Accepted, status: 'False', observedGeneration: 7, reason: NotAllowedByListeners, message: wrong port}, {type: ResolvedRefs, status: 'True', observedGeneration: 7}]"
		unknown = "[{type: Accepted, status: 'True', observedGeneration: 7}, {type: ResolvedRefs, status: 'False', observedGeneration: 7, reason: BackendNotFound}]"
		half    = "[{type: Accepted, status: 'True', observedGeneration: 8}]"
	)
	tests := map[string]struct{ parents, reports, want string }{
		"all have acknowledged": {
			"[{name: public}]", report("{name: public}", good), "",
		},
		"the API's defaults make no difference": {
			"[{name: public}]", report("{group: gateway.networking.k8s.io, kind: Gateway, name: public, namespace: shop}", good), "",
		},
		"nobody has reported": {
			"[{name: public}]", "", "Gateway public has not reported on the route yet",
		},
		"one of two has not reported": {
			"[{name: public}, {name: internal, namespace: gateways, sectionName: https}]", report("{name: public}", good),
			"Gateway gateways/internal, section https has not reported on the route yet",
		},
		"a report on another section is no report": {
			"[{name: public, sectionName: https}]", report("{name: public, sectionName: http}", good),
			"Gateway public, section https has not reported",
		},
		"a report on another namespace is no report": {
			"[{name: public}]", report("{name: public, namespace: elsewhere}", good), "Gateway public has not reported",
		},
		"a report on a parent that is gone counts for nothing": {
			"[{name: public}]", report("{name: old}", late) + report("{name: public}", good), "",
		},
		"a report on an older generation": {
			"[{name: public}]", report("{name: public}", late),
			"Gateway public (example.com/one) has acknowledged generation 6 of the route, and it is at 7",
		},
		"one of two controllers is behind": {
			"[{name: public}]", report("{name: public}", good) + report("{name: public}", late), "has acknowledged generation 6",
		},
		"the route was not accepted": {
			"[{name: public}]", report("{name: public}", refused),
			"Gateway public (example.com/one) says Accepted=False (NotAllowedByListeners): wrong port",
		},
		"a backend was not found": {
			"[{name: public}]", report("{name: public}", unknown), "Gateway public (example.com/one) says ResolvedRefs=False (BackendNotFound)",
		},
		"a condition is missing": {
			"[{name: public}]", report("{name: public}", half), "Gateway public (example.com/one) has not said ResolvedRefs yet",
		},
		"a mesh's parent is a Service": {
			"[{group: '', kind: Service, name: read-api}]", "", "Service read-api has not reported",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			route := routeFrom(t, "spec: {parentRefs: "+tc.parents+"}\nstatus:\n  parents:\n"+tc.reports)
			route.SetGeneration(7)
			parents, err := parentsOf(route)
			if err != nil {
				t.Fatal(err)
			}
			got, err := waitsFor(route, parents)
			if err != nil {
				t.Fatal(err)
			}
			if (tc.want == "") != (got == "") || !strings.HasPrefix(got, tc.want) && !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func routeFrom(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	route := &unstructured.Unstructured{}
	head := "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: read-api, namespace: shop}\n"
	if err := yaml.Unmarshal([]byte(head+text), route); err != nil {
		t.Fatal(err)
	}
	return route
}
