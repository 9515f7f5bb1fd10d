package traffic_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/serin-dev/serin/controllers/traffic"
	"github.com/serin-dev/serin/controllers/traffic/traffictest"
)

func TestServicesOnAFakeClient(t *testing.T) {
	c := fake.NewClientBuilder().WithScheme(scheme.Scheme).Build()
	testServices(t, c)
}

func TestServicesOnAnAPIServer(t *testing.T) {
	c, err := client.NewWithWatch(traffictest.APIServer(t), client.Options{Scheme: scheme.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	testServices(t, c)
}

// testServices runs every case in a namespace of its own.
func testServices(t *testing.T, c client.WithWatch) {
	cases := map[string]func(t *testing.T, w world){
		"both are copies that select one revision":          copies,
		"a second time writes nothing":                      secondTime,
		"what somebody changed is repaired":                 drift,
		"a change of the user's Service is followed":        followsSource,
		"a next release selects other revisions":            nextRelease,
		"affinity and families are copied, node ports not":  copiesTheRest,
		"a user Service that can't be copied is refused":    refuses,
		"a Service of somebody else is left alone":          foreign,
		"a Service of an earlier Canary is waited for":      earlierOwner,
		"ready endpoints are counted":                       counts,
		"removing takes both, twice is no error":            removes,
		"a conflict surfaces":                               conflicts,
		"an empty revision would select every pod: refused": emptyRevision,
	}
	for name, run := range cases {
		t.Run(name, func(t *testing.T) {
			namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "services-"}}
			if err := c.Create(t.Context(), namespace); err != nil {
				t.Fatal(err)
			}
			run(t, world{c: c, namespace: namespace.Name, owner: canary(namespace.Name, "read-api", "one")})
		})
	}
}

type world struct {
	c         client.WithWatch
	namespace string
	owner     client.Object
}

// canary is all that matters of a Canary here: its identity.
func canary(namespace, name, uid string) client.Object {
	u := &unstructured.Unstructured{}
	u.SetAPIVersion("serin.dev/v1alpha1")
	u.SetKind("Canary")
	u.SetNamespace(namespace)
	u.SetName(name)
	u.SetUID(types.UID(uid))
	return u
}

func (w world) services() traffic.Services { return traffic.Services{Client: w.c} }

func (w world) ensure(t *testing.T) error {
	t.Helper()
	return w.services().Ensure(t.Context(), w.owner, traffic.Backend{Service: "read-api", Port: 80}, traffic.Revisions{Baseline: "v1", Candidate: "v2"})
}

func (w world) mustEnsure(t *testing.T) {
	t.Helper()
	if err := w.ensure(t); err != nil {
		t.Fatal(err)
	}
}

func (w world) create(t *testing.T, mutate func(*corev1.Service)) *corev1.Service {
	t.Helper()
	https := "kubernetes.io/h2c"
	s := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.namespace, Name: "read-api",
			Labels:      map[string]string{"app.kubernetes.io/instance": "shop"},
			Annotations: map[string]string{"prometheus.io/scrape": "true"},
		},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": "read-api"},
			Ports: []corev1.ServicePort{
				{Name: "http", Port: 80, TargetPort: intstr.FromString("web"), AppProtocol: &https},
				{Name: "metrics", Port: 9090, TargetPort: intstr.FromInt32(9090)},
			},
		},
	}
	if mutate != nil {
		mutate(s)
	}
	if err := w.c.Create(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	return s
}

func (w world) get(t *testing.T, name string) *corev1.Service {
	t.Helper()
	s := &corev1.Service{}
	if err := w.c.Get(t.Context(), types.NamespacedName{Namespace: w.namespace, Name: name}, s); err != nil {
		t.Fatal(err)
	}
	return s
}

func (w world) change(t *testing.T, name string, mutate func(*corev1.Service)) {
	t.Helper()
	s := w.get(t, name)
	mutate(s)
	if err := w.c.Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

func copies(t *testing.T, w world) {
	source := w.create(t, nil)
	w.mustEnsure(t)
	for name, revision := range map[string]string{"read-api-baseline": "v1", "read-api-candidate": "v2"} {
		got := w.get(t, name)
		if diff := cmp.Diff(map[string]string{"app": "read-api", "pod-template-hash": revision}, got.Spec.Selector); diff != "" {
			t.Errorf("selector of %s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(source.Spec.Ports, got.Spec.Ports); diff != "" {
			t.Errorf("ports of %s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(map[string]string{"app.kubernetes.io/managed-by": "serin"}, got.Labels); diff != "" {
			t.Errorf("labels of %s (-want +got):\n%s", name, diff)
		}
		if len(got.Annotations) > 0 {
			t.Errorf("%s has annotations %v", name, got.Annotations)
		}
		if ref := metav1.GetControllerOf(got); ref == nil || ref.Kind != "Canary" || ref.Name != "read-api" || ref.UID != "one" {
			t.Errorf("%s is controlled by %v", name, ref)
		}
	}
}

func secondTime(t *testing.T, w world) {
	w.create(t, nil)
	w.mustEnsure(t)
	before := w.get(t, "read-api-baseline")
	w.c = interceptor.NewClient(w.c, interceptor.Funcs{
		Update: func(context.Context, client.WithWatch, client.Object, ...client.UpdateOption) error {
			return errors.New("an update that was not needed")
		},
	})
	w.mustEnsure(t)
	if after := w.get(t, "read-api-baseline"); after.ResourceVersion != before.ResourceVersion {
		t.Errorf("the resourceVersion went from %s to %s", before.ResourceVersion, after.ResourceVersion)
	}
}

func drift(t *testing.T, w world) {
	w.create(t, nil)
	w.mustEnsure(t)
	want := w.get(t, "read-api-candidate")
	w.change(t, "read-api-candidate", func(s *corev1.Service) {
		s.Spec.Selector = map[string]string{"app": "read-api"}
		s.Spec.Ports = s.Spec.Ports[:1]
		s.Spec.Ports[0].TargetPort = intstr.FromInt32(1)
		s.Spec.Type = corev1.ServiceTypeNodePort
		s.Labels = nil
	})
	w.mustEnsure(t)
	got := w.get(t, "read-api-candidate")
	want.ManagedFields, got.ManagedFields, want.ResourceVersion, got.ResourceVersion = nil, nil, "", ""
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after the repair (-want +got):\n%s", diff)
	}
}

func followsSource(t *testing.T, w world) {
	w.create(t, nil)
	w.mustEnsure(t)
	w.change(t, "read-api", func(s *corev1.Service) {
		s.Spec.Ports[0].TargetPort = intstr.FromInt32(8080)
		s.Spec.Selector["tier"] = "front"
	})
	w.mustEnsure(t)
	got := w.get(t, "read-api-baseline")
	if got.Spec.Ports[0].TargetPort != intstr.FromInt32(8080) || got.Spec.Selector["tier"] != "front" || got.Spec.Selector["pod-template-hash"] != "v1" {
		t.Errorf("got ports %v and selector %v", got.Spec.Ports, got.Spec.Selector)
	}
}

func nextRelease(t *testing.T, w world) {
	w.create(t, nil)
	w.mustEnsure(t)
	err := w.services().Ensure(t.Context(), w.owner, traffic.Backend{Service: "read-api", Port: 9090}, traffic.Revisions{Baseline: "v2", Candidate: "v3"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"read-api-baseline": "v2", "read-api-candidate": "v3"} {
		if got := w.get(t, name).Spec.Selector["pod-template-hash"]; got != want {
			t.Errorf("%s selects revision %s, want %s", name, got, want)
		}
	}
}

func copiesTheRest(t *testing.T, w world) {
	source := w.create(t, func(s *corev1.Service) {
		s.Spec.Type = corev1.ServiceTypeLoadBalancer
		s.Spec.SessionAffinity = corev1.ServiceAffinityClientIP
		s.Spec.SessionAffinityConfig = &corev1.SessionAffinityConfig{ClientIP: &corev1.ClientIPConfig{TimeoutSeconds: new(int32(60))}}
		s.Spec.TrafficDistribution = new("PreferClose")
		s.Spec.PublishNotReadyAddresses = true
	})
	w.mustEnsure(t)
	got := w.get(t, "read-api-baseline")
	for _, p := range got.Spec.Ports {
		if p.NodePort != 0 {
			t.Errorf("port %d has node port %d", p.Port, p.NodePort)
		}
	}
	if got.Spec.Type != corev1.ServiceTypeClusterIP {
		t.Errorf("the type is %s", got.Spec.Type)
	}
	if diff := cmp.Diff(source.Spec.SessionAffinityConfig, got.Spec.SessionAffinityConfig); diff != "" {
		t.Errorf("affinity (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(source.Spec.IPFamilies, got.Spec.IPFamilies); diff != "" {
		t.Errorf("families (-want +got):\n%s", diff)
	}
	if got.Spec.TrafficDistribution == nil || *got.Spec.TrafficDistribution != "PreferClose" || !got.Spec.PublishNotReadyAddresses {
		t.Errorf("got %+v", got.Spec)
	}
}

func refuses(t *testing.T, w world) {
	if err := w.ensure(t); !errors.Is(err, traffic.ErrServiceNotFound) || !strings.Contains(err.Error(), w.namespace+"/read-api") {
		t.Errorf("without a Service: %v", err)
	}
	tests := map[string]struct {
		mutate func(*corev1.Service)
		want   string
	}{
		"no selector":  {func(s *corev1.Service) { s.Spec.Selector = nil }, "it has no selector; give it one"},
		"another port": {func(s *corev1.Service) { s.Spec.Ports[0].Port = 8080 }, "it has no port 80, only 8080, 9090; correct spec.traffic.service.port"},
		"an external name": {func(s *corev1.Service) {
			s.Spec = corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "example.com"}
		}, "of type ExternalName"},
	}
	for name, tc := range tests {
		source := w.create(t, tc.mutate)
		if err := w.ensure(t); !errors.Is(err, traffic.ErrUnsupported) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want it to say %q", name, err, tc.want)
		}
		if err := w.c.Delete(t.Context(), source); err != nil {
			t.Fatal(err)
		}
	}
}

func foreign(t *testing.T, w world) {
	w.create(t, nil)
	w.create(t, func(s *corev1.Service) { s.Name = "read-api-candidate" })
	before := w.get(t, "read-api-candidate")
	err := w.ensure(t)
	if !errors.Is(err, traffic.ErrUnsupported) || !strings.Contains(err.Error(), "read-api-candidate exists and does not belong to Canary read-api") {
		t.Errorf("got %v", err)
	}
	if err := w.services().Remove(t.Context(), w.owner); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(before, w.get(t, "read-api-candidate")); diff != "" {
		t.Errorf("the foreign Service changed (-before +after):\n%s", diff)
	}
}

func earlierOwner(t *testing.T, w world) {
	w.create(t, nil)
	w.mustEnsure(t)
	w.owner = canary(w.namespace, "read-api", "two")
	if err := w.ensure(t); err == nil || errors.Is(err, traffic.ErrUnsupported) {
		t.Errorf("got %v, want an error that passes", err)
	}
}

func counts(t *testing.T, w world) {
	slice := func(name, service string, family discoveryv1.AddressType, endpoints ...discoveryv1.Endpoint) {
		err := w.c.Create(t.Context(), &discoveryv1.EndpointSlice{
			ObjectMeta:  metav1.ObjectMeta{Namespace: w.namespace, Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: service}},
			AddressType: family, Endpoints: endpoints,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	endpoint := func(address string, ready *bool) discoveryv1.Endpoint {
		return discoveryv1.Endpoint{Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{Ready: ready}}
	}
	slice("a", "read-api-baseline", discoveryv1.AddressTypeIPv4, endpoint("10.0.0.1", new(true)), endpoint("10.0.0.2", nil))
	slice("b", "read-api-baseline", discoveryv1.AddressTypeIPv4, endpoint("10.0.0.3", new(true)), endpoint("10.0.0.4", new(false)))
	slice("c", "read-api-baseline", discoveryv1.AddressTypeIPv6, endpoint("fd00::1", new(true)))
	slice("d", "read-api-candidate", discoveryv1.AddressTypeIPv4, endpoint("10.0.0.5", new(false)))
	baseline, candidate, err := w.services().Ready(t.Context(), w.owner)
	if err != nil || baseline != 3 || candidate != 0 {
		t.Errorf("got %d and %d (%v), want 3 and 0", baseline, candidate, err)
	}
}

func removes(t *testing.T, w world) {
	w.create(t, nil)
	w.mustEnsure(t)
	for range 2 {
		if err := w.services().Remove(t.Context(), w.owner); err != nil {
			t.Fatal(err)
		}
	}
	var left corev1.ServiceList
	if err := w.c.List(t.Context(), &left, client.InNamespace(w.namespace)); err != nil {
		t.Fatal(err)
	}
	if len(left.Items) != 1 || left.Items[0].Name != "read-api" {
		t.Errorf("left are %v", left.Items)
	}
}

func conflicts(t *testing.T, w world) {
	w.create(t, nil)
	w.mustEnsure(t)
	w.change(t, "read-api", func(s *corev1.Service) { s.Spec.Selector["tier"] = "front" })
	behind := w
	w.c = interceptor.NewClient(w.c, interceptor.Funcs{
		Update: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.UpdateOption) error {
			behind.change(t, obj.GetName(), func(s *corev1.Service) { s.Labels["touched"] = "yes" })
			return c.Update(ctx, obj, opts...)
		},
	})
	if err := w.ensure(t); !apierrors.IsConflict(err) {
		t.Errorf("got %v, want a conflict", err)
	}
}

func emptyRevision(t *testing.T, w world) {
	w.create(t, nil)
	err := w.services().Ensure(t.Context(), w.owner, traffic.Backend{Service: "read-api", Port: 80}, traffic.Revisions{Baseline: "v1"})
	if err == nil || !strings.Contains(err.Error(), "no revision to select") {
		t.Errorf("got %v", err)
	}
}

func TestServiceNames(t *testing.T) {
	long := strings.Repeat("a", 60)
	tests := map[string]struct{ canary, baseline, candidate string }{
		"a name that fits is kept":        {"read-api", "read-api-baseline", "read-api-candidate"},
		"dots are not allowed in Service": {"read.api", "c-read-api-2de605c5-baseline", "c-read-api-2de605c5-candidate"},
		"nor is a digit at the beginning": {"2048", "c-2048-bfa0ec8b-baseline", "c-2048-bfa0ec8b-candidate"},
		"a long name is cut":              {long, "c-" + long[:43] + "-11ee3912-baseline", "c-" + long[:42] + "-11ee3912-candidate"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			for got, want := range map[string]string{traffic.BaselineService(tc.canary): tc.baseline, traffic.CandidateService(tc.canary): tc.candidate} {
				if got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				if len(got) > 63 {
					t.Errorf("%s has %d characters", got, len(got))
				}
			}
		})
	}
	if traffic.BaselineService(long+"b") == traffic.BaselineService(long+"c") {
		t.Error("two long names become the same")
	}
}
