package gatewayapi

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/controllers/traffic"
	"github.com/serin-dev/serin/controllers/traffic/traffictest"
)

// kinds are the kinds of route under test, each with a manifest as a person would write it.
func kinds() map[string]struct {
	factory  traffic.Factory
	manifest string
} {
	return map[string]struct {
		factory  traffic.Factory
		manifest string
	}{
		"HTTPRoute": {HTTPRoute, "testdata/httproute.yaml"},
		"GRPCRoute": {GRPCRoute, "testdata/grpcroute.yaml"},
	}
}

func TestConformanceOnAFakeClient(t *testing.T) {
	for kind, k := range kinds() {
		t.Run(kind, func(t *testing.T) {
			traffictest.Run(t, func(t *testing.T) traffictest.Setup {
				return setup(t, fakeClient(t, kind), kind, k.factory, k.manifest)
			})
		})
	}
}

// TestOnAnAPIServer is one test because starting an API server takes most of the time that it needs.
func TestOnAnAPIServer(t *testing.T) {
	config := traffictest.APIServer(t)
	t.Run("a kind that is not installed", func(t *testing.T) { kindNotInstalled(t, newClient(t, config)) })

	crds := filepath.Join(traffictest.ModuleDir(t, "sigs.k8s.io/gateway-api"), "config", "crd", "standard", Group+"_")
	_, err := envtest.InstallCRDs(config, envtest.CRDInstallOptions{
		Paths: []string{crds + "httproutes.yaml", crds + "grpcroutes.yaml", crds + "backendtlspolicies.yaml"}, ErrorIfPathMissing: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, config)
	for kind, k := range kinds() {
		t.Run("conformance of "+kind, func(t *testing.T) {
			traffictest.Run(t, func(t *testing.T) traffictest.Setup { return setup(t, c, kind, k.factory, k.manifest) })
		})
	}
	t.Run("generated routes", func(t *testing.T) { testGenerated(t, c) })
	t.Run("a BackendTLSPolicy that would not follow", func(t *testing.T) { testBackendTLSPolicy(t, c) })
	t.Run("ownership", func(t *testing.T) { testOwnership(t, config) })
}

func newClient(t *testing.T, config *rest.Config) client.Client {
	t.Helper()
	c, err := client.New(config, client.Options{Scheme: scheme.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fakeClient counts generations, as an API server does and the fake does not.
func fakeClient(t *testing.T, kind string) client.WithWatch {
	t.Helper()
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(schema.GroupVersionKind{Group: Group, Version: "v1", Kind: kind})
	known := runtime.NewScheme()
	if err := scheme.AddToScheme(known); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{kind, "BackendTLSPolicy"} {
		known.AddKnownTypeWithName(schema.GroupVersionKind{Group: Group, Version: "v1", Kind: kind}, &unstructured.Unstructured{})
	}
	known.AddKnownTypeWithName(schema.GroupVersionKind{Group: Group, Version: "v1", Kind: "BackendTLSPolicyList"}, &unstructured.UnstructuredList{})
	return fake.NewClientBuilder().WithScheme(known).WithReturnManagedFields().WithStatusSubresource(object).
		WithInterceptorFuncs(interceptor.Funcs{
			Update: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.UpdateOption) error {
				next, ok := obj.(*unstructured.Unstructured)
				if !ok {
					return c.Update(ctx, obj, opts...)
				}
				live := &unstructured.Unstructured{}
				live.SetGroupVersionKind(next.GroupVersionKind())
				if err := c.Get(ctx, client.ObjectKeyFromObject(obj), live); err != nil {
					return err
				}
				if !reflect.DeepEqual(live.Object["spec"], next.Object["spec"]) {
					next.SetGeneration(live.GetGeneration() + 1)
				}
				return c.Update(ctx, next, opts...)
			},
		}).Build()
}

// setup creates the route of the manifest in a namespace of its own.
func setup(t *testing.T, c client.Client, kind string, factory traffic.Factory, manifest string) traffictest.Setup {
	t.Helper()
	route := create(t, c, manifest)
	r := testRoute()
	r.Object = client.ObjectKeyFromObject(route)
	return traffictest.Setup{
		Client: c,
		New:    factory,
		Kind:   schema.GroupVersionKind{Group: Group, Version: "v1", Kind: kind},
		Route:  r,
		Shares: func(route *unstructured.Unstructured) []traffictest.Share {
			var out []traffictest.Share
			for _, s := range shares(rulesOf(route), r) {
				out = append(out, traffictest.Share{Baseline: s.baseline, Candidate: s.candidate})
			}
			return out
		},
		Foreign:     func(route *unstructured.Unstructured) any { return foreign(route, r) },
		Acknowledge: func(t *testing.T) { acknowledge(t, c, route.GroupVersionKind(), r.Object) },
	}
}

// create makes the route of a manifest in a new namespace.
func create(t *testing.T, c client.Client, manifest string) *unstructured.Unstructured {
	t.Helper()
	raw, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	route := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(raw, route); err != nil {
		t.Fatal(err)
	}
	route.SetNamespace(newNamespace(t, c))
	if err := c.Create(t.Context(), route, client.FieldOwner("kubectl-create")); err != nil {
		t.Fatal(err)
	}
	return route
}

func newNamespace(t *testing.T, c client.Client) string {
	t.Helper()
	namespace := &unstructured.Unstructured{}
	namespace.SetAPIVersion("v1")
	namespace.SetKind("Namespace")
	namespace.SetGenerateName("shop-")
	if err := c.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	return namespace.GetName()
}

// foreign is the route without the backendRefs that refer to the Service in any of its forms, and without the annotation.
func foreign(route *unstructured.Unstructured, r traffic.Route) any {
	route = route.DeepCopy()
	rules := rulesOf(route)
	for i := range rules {
		var others []any
		for _, ref := range backendRefs(rules[i]) {
			if !generated(ref, r) && !pointsAt(ref, r.Service, r.Object.Namespace) {
				// The weights of other backends are scaled; that they keep their proportion is tested where they are.
				delete(ref.(map[string]any), "weight")
				others = append(others, ref)
			}
		}
		rules[i].(map[string]any)["backendRefs"] = others
	}
	route.Object["spec"].(map[string]any)["rules"] = rules
	return map[string]any{"spec": route.Object["spec"], "labels": route.GetLabels(), "other annotations": otherAnnotations(route)}
}

func otherAnnotations(route *unstructured.Unstructured) map[string]string {
	out := map[string]string{}
	for k, v := range route.GetAnnotations() {
		if k != RestoreAnnotation {
			out[k] = v
		}
	}
	return out
}

// acknowledge reports for every parent what a data plane reports.
func acknowledge(t *testing.T, c client.Client, kind schema.GroupVersionKind, name types.NamespacedName) {
	t.Helper()
	route := &unstructured.Unstructured{}
	route.SetGroupVersionKind(kind)
	if err := c.Get(t.Context(), name, route); err != nil {
		t.Fatal(err)
	}
	parents, err := parentsOf(route)
	if err != nil {
		t.Fatal(err)
	}
	var status gatewayv1.RouteStatus
	for _, parent := range parents {
		report := gatewayv1.RouteParentStatus{ParentRef: parent, ControllerName: "example.com/gateway"}
		for _, condition := range []string{"Accepted", "ResolvedRefs"} {
			report.Conditions = append(report.Conditions, metav1.Condition{
				Type: condition, Status: metav1.ConditionTrue, Reason: condition,
				ObservedGeneration: route.GetGeneration(), LastTransitionTime: metav1.Now().Rfc3339Copy(),
			})
		}
		status.Parents = append(status.Parents, report)
	}
	route.Object["status"], err = runtime.DefaultUnstructuredConverter.ToUnstructured(&status)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Status().Update(t.Context(), route); err != nil {
		t.Fatal(err)
	}
}
