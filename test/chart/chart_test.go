package chart

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

func TestWhatIsInstalledFollowsTheValues(t *testing.T) {
	everything := map[string]int{
		"ClusterRole": 3, "ClusterRoleBinding": 1, "CustomResourceDefinition": 2, "Deployment": 1, "MutatingAdmissionPolicy": 1, "MutatingAdmissionPolicyBinding": 1,
		"PodDisruptionBudget": 1, "Role": 1, "RoleBinding": 1, "Service": 1, "ServiceAccount": 1, "ValidatingAdmissionPolicy": 2, "ValidatingAdmissionPolicyBinding": 2,
	}
	for name, c := range map[string]struct {
		values string
		change map[string]int
	}{
		"the defaults":                 {"", nil},
		"without the gate":             {"gate: {enabled: false}", map[string]int{"MutatingAdmissionPolicy": 0, "MutatingAdmissionPolicyBinding": 0}},
		"without the policies":         {"policies: {enabled: false}", map[string]int{"ValidatingAdmissionPolicy": 0, "ValidatingAdmissionPolicyBinding": 0}},
		"without the definitions":      {"crds: {enabled: false}", map[string]int{"CustomResourceDefinition": 0}},
		"without roles for people":     {"peopleRoles: {enabled: false}", map[string]int{"ClusterRole": 1}},
		"without metrics":              {"metrics: {enabled: false}", map[string]int{"Service": 0}},
		"with metrics for some":        {"metrics: {secure: true}", map[string]int{"ClusterRole": 5, "ClusterRoleBinding": 2}},
		"with a ServiceMonitor":        {"metrics: {serviceMonitor: {enabled: true}}", map[string]int{"ServiceMonitor": 1}},
		"with a NetworkPolicy":         {"networkPolicy: {enabled: true}", map[string]int{"NetworkPolicy": 1}},
		"without a budget":             {"podDisruptionBudget: {enabled: false}", map[string]int{"PodDisruptionBudget": 0}},
		"with an account that exists":  {"serviceAccount: {create: false, name: a}", map[string]int{"ServiceAccount": 0}},
		"in one namespace":             {"watchNamespaces: [shop]", map[string]int{"Role": 2, "RoleBinding": 2}},
		"in two, one of them its own":  {"watchNamespaces: [shop, serin-system]", map[string]int{"Role": 3, "RoleBinding": 3}},
		"in one that is written twice": {"watchNamespaces: [shop, shop]", map[string]int{"Role": 2, "RoleBinding": 2}},
	} {
		t.Run(name, func(t *testing.T) {
			want := map[string]int{}
			for kind, n := range everything {
				want[kind] = n
			}
			for kind, n := range c.change {
				want[kind] = n
				if n == 0 {
					delete(want, kind)
				}
			}
			if diff := cmp.Diff(want, kinds(mustRender(t, c.values))); diff != "" {
				t.Errorf("what is installed differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDefinitionsAndPoliciesAreThoseOfKustomize(t *testing.T) {
	rendered := mustRender(t, "")
	definitions := config(t, "crd/bases/*.yaml")
	policies := config(t, "gate/gate.yaml", "policies/one-*.yaml", "rbac/people.yaml")
	want := map[string]any{}
	for _, o := range append(definitions, policies...) {
		want[o.GetName()+" "+o.GetObjectKind().GroupVersionKind().Kind] = bare(o)
	}
	for _, o := range rendered {
		key := o.GetName() + " " + o.GetObjectKind().GroupVersionKind().Kind
		if want[key] == nil {
			continue
		}
		if kept := o.GetAnnotations()["helm.sh/resource-policy"] == "keep"; kept != strings.HasSuffix(key, "CustomResourceDefinition") {
			t.Errorf("%s: kept after the release: %t", key, kept)
		}
		if diff := cmp.Diff(want[key], bare(o)); diff != "" {
			t.Errorf("%s differs (-config +chart):\n%s", key, diff)
		}
		delete(want, key)
	}
	for key := range want {
		t.Errorf("%s is missing", key)
	}
}

// bare is what an object says, without its metadata.
func bare(o any) any {
	switch o := o.(type) {
	case *apiextensionsv1.CustomResourceDefinition:
		return o.Spec
	case *rbacv1.ClusterRole:
		takenInBy := maps.Clone(o.Labels)
		maps.DeleteFunc(takenInBy, func(label, _ string) bool {
			return !strings.HasPrefix(label, "rbac.authorization.k8s.io/aggregate-to-")
		})
		return []any{o.Rules, takenInBy}
	case *admissionv1.MutatingAdmissionPolicy:
		return o.Spec
	case *admissionv1.MutatingAdmissionPolicyBinding:
		return o.Spec
	case *admissionv1.ValidatingAdmissionPolicy:
		return o.Spec
	case *admissionv1.ValidatingAdmissionPolicyBinding:
		return o.Spec
	}
	return nil
}

func TestTheGateBindsOnlyNamespacesThatAreWatched(t *testing.T) {
	binding := one[*admissionv1.MutatingAdmissionPolicyBinding](t, mustRender(t, "watchNamespaces: [shop, depot]"))
	if binding.Spec.MatchResources == nil || binding.Spec.MatchResources.NamespaceSelector == nil {
		t.Fatal("the gate pauses Deployments in namespaces where nobody would take it back")
	}
	terms := binding.Spec.MatchResources.NamespaceSelector.MatchExpressions
	if len(terms) != 1 || terms[0].Key != corev1.LabelMetadataName || !slices.Equal(terms[0].Values, []string{"shop", "depot"}) {
		t.Errorf("the gate is bound to %v", terms)
	}
}

func TestThePodIsThatOfKustomizeButForItsFlags(t *testing.T) {
	chart, plain := one[*appsv1.Deployment](t, mustRender(t, "")).Spec.Template.Spec, one[*appsv1.Deployment](t, config(t, "manager/manager.yaml")).Spec.Template.Spec
	if got := chart.Containers[0].Args; !slices.Equal(got, []string{
		"-drain=5s", "-gateway-lag=2s", "-workers=16", "-keep-last-trace=true", "-metrics-address=:8080", "-zap-log-level=info",
	}) {
		t.Errorf("the flags are %q", got)
	}
	chart.Containers[0].Args = nil
	chart.TopologySpreadConstraints = nil
	if diff := cmp.Diff(plain, chart); diff != "" {
		t.Errorf("the pods differ (-config +chart):\n%s", diff)
	}
}

func TestEveryValueReachesThePod(t *testing.T) {
	o := mustRender(t, namespaced)
	deployment := one[*appsv1.Deployment](t, o)
	pod := deployment.Spec.Template.Spec
	container := pod.Containers[0]
	want := []string{
		"-watch-namespaces=shop,depot,serin-system,shop", "-drain=1m30s", "-gateway-lag=500ms", "-workers=4", "-keep-last-trace=false", "-trace-folder=/traces", "-trace-limit=33554432",
		"-notifications=/notifications/notifications.yaml", "-metrics-address=:9090", "-metrics-secure", "-metrics-certificates=/certificates", "-zap-log-level=2",
	}
	if diff := cmp.Diff(want, container.Args); diff != "" {
		t.Errorf("the flags differ (-want +got):\n%s", diff)
	}
	if container.Image != "registry.example/serin@sha256:"+sixtyFour {
		t.Errorf("the image is %s", container.Image)
	}
	labels := deployment.Spec.Template.Labels
	if labels["team"] != "release" || labels["app.kubernetes.io/name"] != "serin" {
		t.Errorf("the pod's labels are %v: more may be added, the selector's stay", labels)
	}
	for key, value := range deployment.Spec.Selector.MatchLabels {
		if labels[key] != value {
			t.Errorf("the selector wants %s=%s, the pod has %v", key, value, labels)
		}
	}
	if len(pod.Volumes) != 3 || len(container.VolumeMounts) != 3 || pod.Volumes[0].PersistentVolumeClaim == nil || pod.Volumes[2].Secret.SecretName != "serin-metrics" {
		t.Errorf("the volumes are %v at %v", pod.Volumes, container.VolumeMounts)
	}
	if told, at := pod.Volumes[1].Secret, container.VolumeMounts[1]; told.SecretName != "serin-notifications" || !*told.Optional || at.MountPath != "/notifications" || !at.ReadOnly {
		t.Errorf("who is told is read from %+v at %+v: a Secret that is missing must stop no pod", told, at)
	}
	if len(container.Env) != 2 || pod.PriorityClassName == "" || len(pod.NodeSelector) != 1 || len(pod.Tolerations) != 1 || pod.Affinity == nil || len(pod.ImagePullSecrets) != 1 ||
		deployment.Spec.Template.Annotations["a"] != "b" || pod.TopologySpreadConstraints[0].LabelSelector.MatchLabels["team"] != "release" {
		t.Errorf("something got lost on the way to the pod: %+v", pod)
	}
	endpoint := one[*monitoringv1.ServiceMonitor](t, o).Spec.Endpoints[0]
	if endpoint.Scheme == nil || !strings.EqualFold(string(*endpoint.Scheme), "https") || *endpoint.TLSConfig.ServerName != "serin-metrics.serin-system.svc" {
		t.Errorf("Prometheus is told to scrape %+v", endpoint)
	}
	if network := one[*networkingv1.NetworkPolicy](t, o).Spec; len(network.PolicyTypes) != 2 || len(network.Ingress) != 2 || len(network.Egress) != 1 {
		t.Errorf("the network policy is %+v", network)
	}
}
