package workload

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// installGate applies config/gate, bound to one namespace so that other tests stay ungated.
func installGate(t *testing.T, c *workloadtest.Cluster, namespace string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "config", "gate", "gate.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range documents(t, content) {
		if u.GetKind() == "MutatingAdmissionPolicyBinding" {
			if err := unstructured.SetNestedMap(u.Object, onlyIn(namespace), "spec", "matchResources"); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Client.Create(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
}

// attempt is a write that the API server takes in as far as admission and then forgets. It answers what would have become of spec.paused.
func (s *stage) attempt(name string, kind types.PatchType, patch string) (paused bool) {
	s.t.Helper()
	options := metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}}
	if kind == types.ApplyPatchType {
		force := true
		options.FieldManager, options.Force = "gitops", &force
	}
	d, err := s.cluster.Typed.AppsV1().Deployments(s.ns).Patch(s.t.Context(), name, kind, []byte(patch), options)
	s.must(err)
	return d.Spec.Paused
}

const newImage = `{"spec":{"template":{"spec":{"containers":[{"name":"app","image":"app:v2"}]}}}}`

func gate(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	installGate(t, c, s.ns)
	s.deploy("app:v1", 1)
	for name, adjust := range map[string]func(*appsv1.Deployment){
		"untargeted": func(*appsv1.Deployment) {},
		"restarted": func(d *appsv1.Deployment) {
			d.Spec.Template.Annotations = map[string]string{restartedAt: "yesterday"}
		},
		"annotated": func(d *appsv1.Deployment) {
			d.Spec.Template.Annotations = map[string]string{"checksum/config": "1", restartedAt: "yesterday"}
		},
		"empty": func(d *appsv1.Deployment) { d.Spec.Replicas = new(int32) },
	} {
		d := s.deployment()
		d.ObjectMeta = metav1.ObjectMeta{Namespace: s.ns, Name: name}
		adjust(d)
		s.must(c.Client.Create(t.Context(), d))
		if name != "untargeted" {
			s.must(c.Client.Create(t.Context(), &v1alpha1.Canary{
				ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name},
				Spec:       v1alpha1.CanarySpec{TargetRef: v1alpha1.TargetReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name}},
			}))
		}
	}
	for _, name := range []string{"web", "restarted", "annotated"} {
		workloadtest.Eventually(t, "the gate to close", func(context.Context) (bool, error) { return s.attempt(name, types.MergePatchType, newImage), nil })
	}
	for name, attempt := range attempts() {
		t.Run(name, func(t *testing.T) {
			if paused := s.attempt(attempt.deployment, attempt.kind, attempt.patch); paused != attempt.paused {
				t.Errorf("paused=%t, want %t", paused, attempt.paused)
			}
		})
	}
	gateForReal(s)
	gateAndDeletion(s)
}

type attempt struct {
	deployment string
	kind       types.PatchType
	patch      string
	paused     bool
}

func attempts() map[string]attempt {
	merge := types.MergePatchType
	return map[string]attempt{
		"a new image pauses":                         {"web", merge, newImage, true},
		"a new label pauses":                         {"web", merge, `{"spec":{"template":{"metadata":{"labels":{"tier":"front"}}}}}`, true},
		"a first annotation pauses":                  {"web", merge, `{"spec":{"template":{"metadata":{"annotations":{"checksum/config":"2"}}}}}`, true},
		"another value of an annotation pauses":      {"annotated", merge, `{"spec":{"template":{"metadata":{"annotations":{"checksum/config":"2"}}}}}`, true},
		"an annotation less pauses":                  {"annotated", merge, `{"spec":{"template":{"metadata":{"annotations":{"checksum/config":null}}}}}`, true},
		"a new image pauses whatever paused says":    {"web", merge, `{"spec":{"paused":false,"template":{"spec":{"containers":[{"name":"app","image":"app:v2"}]}}}}`, true},
		"a new image with another size pauses":       {"web", merge, `{"spec":{"replicas":7,"template":{"spec":{"containers":[{"name":"app","image":"app:v2"}]}}}}`, true},
		"a restart with a new annotation pauses":     {"restarted", merge, `{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"today","a":"b"}}}}}`, true},
		"a server-side apply of a new image pauses":  {"web", types.ApplyPatchType, applied("app:v2"), true},
		"a server-side apply of the same passes":     {"web", types.ApplyPatchType, applied("app:v1"), false},
		"a first restart passes":                     {"web", merge, `{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"today"}}}}}`, false},
		"another restart passes":                     {"restarted", merge, `{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"today"}}}}}`, false},
		"a restart beside other annotations passes":  {"annotated", merge, `{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"today"}}}}}`, false},
		"taking the restart annotation off passes":   {"restarted", merge, `{"spec":{"template":{"metadata":{"annotations":null}}}}`, false},
		"a scaling passes":                           {"web", merge, `{"spec":{"replicas":7}}`, false},
		"another strategy passes":                    {"web", merge, `{"spec":{"minReadySeconds":7}}`, false},
		"a resume by hand passes":                    {"web", merge, `{"spec":{"paused":false}}`, false},
		"a Deployment that no Canary targets passes": {"untargeted", merge, newImage, false},
		"a Deployment of size 0 passes":              {"empty", merge, newImage, false},
		"a scaling to 0 with a new image passes":     {"web", merge, `{"spec":{"replicas":0,"template":{"spec":{"containers":[{"name":"app","image":"app:v2"}]}}}}`, false},
		"a scaling from 0 with a new image pauses":   {"empty", merge, `{"spec":{"replicas":1,"template":{"spec":{"containers":[{"name":"app","image":"app:v2"}]}}}}`, true},
	}
}

// applied is the Deployment web as a GitOps tool would apply it.
func applied(image string) string {
	labels := map[string]any{"app": "web"}
	content, _ := json.Marshal(map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "web"},
		"spec": map[string]any{
			"selector": map[string]any{"matchLabels": labels},
			"template": map[string]any{
				"metadata": map[string]any{"labels": labels},
				"spec":     map[string]any{"containers": []any{map[string]any{"name": "app", "image": image}}},
			},
		},
	})
	return string(content)
}

// gateForReal pushes what was only attempted above. What the gate sets belongs to no field manager: applying the same manifest once more leaves it.
func gateForReal(s *stage) {
	s.t.Helper()
	baseline := s.observe("", "").Wanted
	apply := func(image string) {
		s.t.Helper()
		u := &unstructured.Unstructured{}
		s.must(json.Unmarshal([]byte(applied(image)), &u.Object))
		u.SetNamespace(s.ns)
		s.must(s.cluster.Client.Apply(s.t.Context(), client.ApplyConfigurationFromUnstructured(u), client.FieldOwner("gitops"), client.ForceOwnership))
	}
	start := s.witness.now()
	for range 3 {
		apply("app:v2")
		s.seen()
		if !s.deployment().Spec.Paused {
			s.t.Fatal("the Deployment is not paused")
		}
	}
	if o := s.observe(baseline, ""); o.Wanted == baseline || o.Candidate.Name != "" || !o.Paused || o.PausedBy != "" {
		s.t.Errorf("observed %+v", o)
	}
	s.witness.now()
	if n := s.witness.born(start, "app:v2"); n > 0 {
		s.t.Errorf("%d pods of the new template were started", n)
	}
	apply("app:v1")
	s.ensure(s.deployments(), Desired{Pause: LetRoll, Baseline: baseline})
	s.settle()
}

// gateAndDeletion checks that a Canary that is being deleted, and one that is gone, gate nothing.
func gateAndDeletion(s *stage) {
	s.t.Helper()
	s.must(s.cluster.Client.Patch(s.t.Context(), s.canary, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":["`+v1alpha1.Finalizer+`"]}}`))))
	s.must(s.cluster.Client.Delete(s.t.Context(), s.canary))
	open := func(context.Context) (bool, error) { return !s.attempt("web", types.MergePatchType, newImage), nil }
	workloadtest.Eventually(s.t, "the gate to open for a Canary that is being deleted", open)
	s.must(s.withoutFinalizer())
	workloadtest.Eventually(s.t, "the gate to stay open", open)
	if !s.attempt("annotated", types.MergePatchType, newImage) {
		s.t.Error("the gate of another Canary opened too")
	}
}
