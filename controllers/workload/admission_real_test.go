package workload

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// onlyIn is what a policy's binding says to be bound to one namespace.
func onlyIn(namespace string) map[string]any {
	return map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]any{corev1.LabelMetadataName: namespace}}}
}

// documents are the objects of a YAML file.
func documents(t *testing.T, content []byte) []*unstructured.Unstructured {
	t.Helper()
	var objects []*unstructured.Unstructured
	for document := range bytes.SplitSeq(content, []byte("\n---\n")) {
		u := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &u.Object); err != nil {
			t.Fatal(err)
		}
		if len(u.Object) > 0 {
			objects = append(objects, u)
		}
	}
	return objects
}

// leastRights runs a release with the operator's own role, on an API server that also checks who may name an owner.
func leastRights(t *testing.T, c *workloadtest.Cluster) {
	content, err := os.ReadFile(filepath.Join("..", "..", "config", "rbac", "role.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range documents(t, content) {
		if role.GetKind() == "ClusterRole" {
			if err := c.Client.Create(t.Context(), role); err != nil {
				t.Fatal(err)
			}
		}
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "serin"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "serin"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "operator"}},
	}
	if err := c.Client.Create(t.Context(), binding); err != nil {
		t.Fatal(err)
	}
	config := rest.CopyConfig(c.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: "operator"}
	operator, err := client.New(config, client.Options{Scheme: c.Client.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	s, d := newStage(t, c), &Deployments{Client: operator}
	baseline, candidate := s.versions(2, "app:v0", "app:v1", "app:v2", "app:v0")
	s.ensure(d, Desired{Pause: KeepPaused, Baseline: baseline, Candidate: candidate, CandidatePods: 2})
	s.push("app:crash")
	other := s.observe(baseline, "").Wanted
	s.ensure(d, Desired{Pause: KeepPaused, Baseline: baseline, Candidate: other, CandidatePods: 1})
	workloadtest.Eventually(t, "trouble to be told", func(ctx context.Context) (bool, error) {
		o, err := d.Observe(ctx, s.target, baseline, other)
		return o.Candidate.Fatal, err
	})
	s.push("app:v0")
	s.ensure(d, Desired{Pause: KeepPaused, Baseline: baseline, Candidate: candidate, CandidatePods: 2})
	s.handedOver(d, baseline, candidate)
	s.ensure(d, Desired{Pause: LetRoll, Baseline: candidate})
	s.settle()
	s.noTrace()
}

// meddlingAdmission changes the templates of ReplicaSets on their way in. Nobody would ever recognise such a ReplicaSet.
func meddlingAdmission(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	baseline, candidate := s.versions(2, "app:v1", "app:v2")
	for _, u := range documents(t, []byte(`
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: meddling}
spec:
  failurePolicy: Fail
  reinvocationPolicy: Never
  matchConstraints:
    resourceRules: [{apiGroups: [apps], apiVersions: [v1], resources: [replicasets], operations: [CREATE]}]
  mutations:
  - patchType: ApplyConfiguration
    applyConfiguration:
      expression: 'Object{spec: Object.spec{template: Object.spec.template{metadata: Object.spec.template.metadata{annotations: {"meddled": "with"}}}}}'
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: meddling}
spec: {policyName: meddling}
`)) {
		if u.GetKind() == "MutatingAdmissionPolicyBinding" {
			s.must(unstructured.SetNestedMap(u.Object, onlyIn(s.ns), "spec", "matchResources"))
		}
		s.must(c.Client.Create(t.Context(), u))
	}
	workloadtest.Eventually(t, "the meddling to be told", func(ctx context.Context) (bool, error) {
		_, err := s.deployments().Ensure(ctx, s.target, Desired{Pause: KeepPaused, Baseline: baseline, Candidate: candidate})
		if err == nil {
			// The policy is not in force yet.
			s.ensure(s.deployments(), Desired{Pause: KeepPaused, Baseline: baseline})
			return false, nil
		}
		if strings.Contains(err.Error(), "changes ReplicaSets at admission") {
			return true, nil
		}
		return false, err
	})
	if n := len(s.sets()); n != 1 {
		t.Errorf("%d ReplicaSets are left, want the baseline's", n)
	}
}
