package probe

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	clientfake "sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// place is a stand-in of a cluster in which Serin is installed, until something is taken away.
type place struct {
	*fake.Clientset
	objects []client.Object
	// renewals is how often the lease is written before its holder falls silent.
	renewals int
	holder   string
}

func installed(t *testing.T) *place {
	t.Helper()
	p := &place{Clientset: fake.NewClientset(), renewals: 1 << 30, holder: "pod-1"}
	p.Resources = []*metav1.APIResourceList{{GroupVersion: "serin.dev/v1alpha1", APIResources: []metav1.APIResource{
		{Name: "canaries"}, {Name: "canaries/status"}, {Name: "metricsources"}, {Name: "metricsources/status"},
	}}}
	p.objects = []client.Object{source("prometheus", metav1.ConditionTrue, "Answering", "it answers")}
	p.PrependReactor("create", "selfsubjectaccessreviews", func(a clienttesting.Action) (bool, runtime.Object, error) {
		review := a.(clienttesting.CreateAction).GetObject().(*authorizationv1.SelfSubjectAccessReview)
		review.Status.Allowed = true
		return true, review, nil
	})
	policies := p.AdmissionregistrationV1()
	if _, err := policies.MutatingAdmissionPolicies().Create(t.Context(), &admissionv1.MutatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: gateName}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &admissionv1.MutatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: gateName}, Spec: admissionv1.MutatingAdmissionPolicyBindingSpec{PolicyName: gateName}}
	if _, err := policies.MutatingAdmissionPolicyBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	p.PrependReactor("get", "leases", func(clienttesting.Action) (bool, runtime.Object, error) {
		if p.renewals > 0 {
			p.renewals--
		}
		renewed := metav1.NewMicroTime(time.Unix(int64(1<<20-p.renewals), 0))
		return true, &coordinationv1.Lease{Spec: coordinationv1.LeaseSpec{HolderIdentity: &p.holder, RenewTime: &renewed}}, nil
	})
	return p
}

func source(name string, ready metav1.ConditionStatus, reason, message string) client.Object {
	s := &v1alpha1.MetricSource{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if reason != "" {
		s.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: ready, Reason: reason, Message: message}}
	}
	return s
}

// report is what is told of a place, and whether it passes.
func (p *place) report(t *testing.T, changes ...func(*Installation)) (string, error) {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	i := Installation{
		Cluster: p, Client: clientfake.NewClientBuilder().WithScheme(scheme).WithObjects(p.objects...).Build(),
		Namespace: "own", Gate: true, Lease: "serin.serin.dev", Patience: 3 * glance,
	}
	for _, change := range changes {
		change(&i)
	}
	var out strings.Builder
	err := i.Report(t.Context(), &out)
	return out.String(), err
}

func TestAnInstallationIsLookedAtLineByLine(t *testing.T) {
	got, err := installed(t).report(t)
	if err != nil {
		t.Error(err)
	}
	for _, line := range []string{
		"ok       definitions: Canary and MetricSource are served as serin.dev/v1alpha1\n", "ok       permissions: all ", "ok       gate: ",
		"ok       lease: pod-1 holds it and renews it\n", "ok       source prometheus: it answers\n",
	} {
		if !strings.Contains(got, line) {
			t.Errorf("the report has no %q:\n%s", line, got)
		}
	}
}

// refuse makes a kind of request end with an error.
func refuse(verb, resource string, err error) func(*place) {
	return func(p *place) {
		p.PrependReactor(verb, resource, func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, err })
	}
}

func TestWhatIsNotAsItHasToBeIsNamed(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "things"}, "it", errors.New("no"))
	for name, c := range map[string]struct {
		harm func(*place)
		want string
		fine bool
	}{
		"the definitions are missing": {
			func(p *place) { p.Resources = nil },
			"FAILED   definitions: the API server does not serve serin.dev/v1alpha1: install the CustomResourceDefinitions of this version", false,
		},
		"half of the definitions are missing": {
			func(p *place) { p.Resources[0].APIResources = p.Resources[0].APIResources[:2] },
			"FAILED   definitions: serin.dev/v1alpha1 has no metricsources, metricsources/status: install", false,
		},
		"a permission is missing": {
			func(p *place) {
				p.PrependReactor("create", "selfsubjectaccessreviews", func(a clienttesting.Action) (bool, runtime.Object, error) {
					review := a.(clienttesting.CreateAction).GetObject().(*authorizationv1.SelfSubjectAccessReview)
					review.Status.Allowed = review.Spec.ResourceAttributes.Resource != "replicasets" || review.Spec.ResourceAttributes.Verb != "delete"
					return true, review, nil
				})
			},
			"FAILED   permissions: this account may not delete replicasets.apps in all namespaces\n", false,
		},
		"nobody answers what is permitted": {
			refuse("create", "selfsubjectaccessreviews", errors.New("no answer")),
			"FAILED   permissions: asking whether this account may create configmaps in all namespaces: no answer\n", false,
		},
		"the policy is missing": {
			refuse("get", "mutatingadmissionpolicies", apierrors.NewNotFound(schema.GroupResource{Resource: "things"}, gateName)),
			"FAILED   gate: the MutatingAdmissionPolicy gate.serin.dev: it is not there; install it", false,
		},
		"the binding is missing": {
			refuse("get", "mutatingadmissionpolicybindings", apierrors.NewNotFound(schema.GroupResource{Resource: "things"}, gateName)),
			"FAILED   gate: the MutatingAdmissionPolicyBinding gate.serin.dev: it is not there", false,
		},
		"the gate may not be looked at": {
			refuse("get", "mutatingadmissionpolicies", forbidden), "it may not be read; let this account get it", false,
		},
		"the binding is about another policy": {
			func(p *place) {
				binding := &admissionv1.MutatingAdmissionPolicyBinding{Spec: admissionv1.MutatingAdmissionPolicyBindingSpec{PolicyName: "another"}}
				p.PrependReactor("get", "mutatingadmissionpolicybindings", func(clienttesting.Action) (bool, runtime.Object, error) { return true, binding, nil })
			},
			"FAILED   gate: the MutatingAdmissionPolicyBinding gate.serin.dev puts another in force", false,
		},
		"no operator has ever acted": {
			refuse("get", "leases", apierrors.NewNotFound(schema.GroupResource{Resource: "leases"}, "it")), "it does not exist: no operator has ever acted", false,
		},
		"the operator that acted is gone":       {func(p *place) { p.holder = "" }, "nobody holds it: no operator runs", false},
		"the operator that acts has gone quiet": {func(p *place) { p.renewals = 1 }, "pod-1 holds it and does not renew it", false},
		"the lease may not be read":             {refuse("get", "leases", forbidden), "FAILED   lease: own serin.serin.dev after 1.5s: things \"it\" is forbidden", false},
		"there is no source yet":                {func(p *place) { p.objects = nil }, "warning  sources: there is no MetricSource yet", true},
		"a source does not answer": {
			func(p *place) {
				p.objects = append(p.objects, source("datadog", metav1.ConditionFalse, "Unreachable", "it refuses connections"))
			},
			"FAILED   source datadog: Unreachable: it refuses connections\n", false,
		},
		"nobody has looked at a source": {
			func(p *place) { p.objects = append(p.objects, source("new", "", "", "")) }, "FAILED   source new: the operator has not said anything of it", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := installed(t)
			c.harm(p)
			got, err := p.report(t)
			if !strings.Contains(got, c.want) || (err == nil) != c.fine {
				t.Errorf("the report is %v, and has no %q:\n%s", err, c.want, got)
			}
			if n := strings.Count(got, failure); (n == 0) != c.fine || n > 2 {
				t.Errorf("%d failures are told:\n%s", n, got)
			}
		})
	}
}

func TestWhatIsTurnedOffIsNotMissed(t *testing.T) {
	p := installed(t)
	refuse("get", "mutatingadmissionpolicies", errors.New("no"))(p)
	refuse("get", "leases", errors.New("no"))(p)
	got, err := p.report(t, func(i *Installation) { i.Gate, i.Lease = false, "" })
	if err != nil || strings.Count(got, warning) != 2 {
		t.Errorf("the report is %v:\n%s", err, got)
	}
}

// The rules in full are those of config/rbac/role.yaml; here is where each is needed.
const someRules = `
kind: ClusterRole
rules:
- {apiGroups: [apps], resources: [deployments], verbs: [get, patch]}
- {apiGroups: [serin.dev], resources: [canaries/status, metricsources/status], verbs: [patch]}
---
kind: Role
metadata: {namespace: serin-system}
rules:
- {apiGroups: [""], resources: [secrets], verbs: [list]}
`

func TestPermissionsAreNeededWhereTheOperatorActs(t *testing.T) {
	for name, c := range map[string]struct {
		installation Installation
		want         []string
	}{
		"everywhere": {Installation{Namespace: "own"}, []string{
			"get deployments.apps in all namespaces", "patch deployments.apps in all namespaces", "patch canaries/status.serin.dev in all namespaces",
			"patch metricsources/status.serin.dev in all namespaces", "list secrets in own",
		}},
		"in two namespaces": {Installation{Namespace: "own", Watched: []string{"shop", "depot"}}, []string{
			"get deployments.apps in shop", "patch deployments.apps in shop", "get deployments.apps in depot", "patch deployments.apps in depot",
			"patch canaries/status.serin.dev in shop", "patch canaries/status.serin.dev in depot", "patch metricsources/status.serin.dev in all namespaces", "list secrets in own",
		}},
		"with metrics for some": {Installation{Namespace: "own", Watched: []string{"own"}, SecureMetrics: true}, []string{
			"get deployments.apps in own", "patch deployments.apps in own", "patch canaries/status.serin.dev in own", "patch metricsources/status.serin.dev in all namespaces",
			"list secrets in own", "create tokenreviews.authentication.k8s.io in all namespaces", "create subjectaccessreviews.authorization.k8s.io in all namespaces",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			needed, err := c.installation.needed([]byte(someRules))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range needed {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("the permissions differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRulesThatCannotBeReadAreAnError(t *testing.T) {
	if _, err := (Installation{}).needed([]byte("rules: everything")); err == nil || !strings.Contains(err.Error(), "reading the rules") {
		t.Errorf("the error is %v", err)
	}
}

// TestEveryVerbOfTheRulesIsAskedFor counts them without the code that reads them.
func TestEveryVerbOfTheRulesIsAskedFor(t *testing.T) {
	content, err := os.ReadFile("../../config/rbac/role.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p := installed(t)
	if _, err := p.report(t); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, action := range p.Actions() {
		if action.GetResource().Resource == "selfsubjectaccessreviews" {
			asked++
		}
	}
	want := 0
	for _, rule := range strings.Split(string(content), "- apiGroups:")[1:] {
		_, rest, _ := strings.Cut(rule, "resources:\n")
		resources, verbs, _ := strings.Cut(rest, "verbs:\n")
		verbs, _, _ = strings.Cut(verbs, "---")
		want += strings.Count(resources, "  - ") * strings.Count(verbs, "  - ")
	}
	if asked != want || want < 40 {
		t.Errorf("%d permissions are asked for, and the rules have %d", asked, want)
	}
}
