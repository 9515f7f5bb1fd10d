package chart

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/kube"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// within is how long any step of Helm may take.
const within = 2 * time.Minute

// helm is Helm's library at work on a cluster.
func helm(t *testing.T, cluster *workloadtest.Cluster) *action.Configuration {
	t.Helper()
	flags := genericclioptions.NewConfigFlags(false)
	in := namespace
	flags.KubeConfig, flags.Namespace = &cluster.Kubeconfig, &in
	configuration := action.NewConfiguration(action.ConfigurationSetLogger(slog.NewTextHandler(io.Discard, nil)))
	if err := configuration.Init(flags, namespace, "secret"); err != nil {
		t.Fatal(err)
	}
	return configuration
}

func install(t *testing.T, cluster *workloadtest.Cluster, values string) {
	t.Helper()
	do := action.NewInstall(helm(t, cluster))
	do.ReleaseName, do.Namespace, do.CreateNamespace, do.Timeout, do.WaitStrategy = name, namespace, true, within, kube.StatusWatcherStrategy
	if _, err := do.Run(load(t), parse(t, values)); err != nil {
		t.Fatalf("installing: %v", err)
	}
}

func upgrade(t *testing.T, cluster *workloadtest.Cluster, values string) {
	t.Helper()
	do := action.NewUpgrade(helm(t, cluster))
	do.Namespace, do.Timeout, do.WaitStrategy = namespace, within, kube.StatusWatcherStrategy
	if _, err := do.Run(name, load(t), parse(t, values)); err != nil {
		t.Fatalf("upgrading: %v", err)
	}
}

func uninstall(t *testing.T, cluster *workloadtest.Cluster) {
	t.Helper()
	do := action.NewUninstall(helm(t, cluster))
	do.Timeout, do.WaitStrategy, do.DeletionPropagation = within, kube.StatusWatcherStrategy, "background"
	if _, err := do.Run(name); err != nil {
		t.Fatalf("uninstalling: %v", err)
	}
}

// may asks the API server whether the operator's account may do something.
func may(t *testing.T, cluster *workloadtest.Cluster, verb, group, resource, in string) bool {
	t.Helper()
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User:               "system:serviceaccount:" + namespace + ":" + name,
		ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: verb, Group: group, Resource: resource, Namespace: in},
	}}
	if err := cluster.Client.Create(t.Context(), review); err != nil {
		t.Fatal(err)
	}
	return review.Status.Allowed
}

// TestAReleaseOfTheChartOnARealAPIServer installs, upgrades, uninstalls and installs again, and asks the API server each time what the operator may do.
func TestAReleaseOfTheChartOnARealAPIServer(t *testing.T) {
	cluster := workloadtest.Start(t)
	for _, in := range []string{"shop", "depot", "other"} {
		if err := cluster.Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: in}}); err != nil {
			t.Fatal(err)
		}
	}

	install(t, cluster, "")
	expect(t, cluster, map[string]bool{"shop": true, "depot": true, "other": true})
	canary := &v1alpha1.Canary{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop"},
		Spec:       v1alpha1.CanarySpec{TargetRef: v1alpha1.TargetReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"}},
	}
	workloadtest.Eventually(t, "a Canary can be made", func(ctx context.Context) (bool, error) {
		return true, cluster.Client.Create(ctx, canary)
	})

	upgrade(t, cluster, "{watchNamespaces: [shop, depot], workers: 3, metrics: {secure: true}, networkPolicy: {enabled: true}}")
	expect(t, cluster, map[string]bool{"shop": true, "depot": true, "other": false})
	if !may(t, cluster, "create", "authentication.k8s.io", "tokenreviews", "") {
		t.Error("with secure metrics the operator can't ask whose a token is")
	}
	deployment := &appsv1.Deployment{}
	if err := cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, deployment); err != nil {
		t.Fatal(err)
	}
	if *deployment.Spec.Replicas != 2 || deployment.Spec.Template.Spec.Containers[0].Args[0] != "-watch-namespaces=shop,depot" {
		t.Errorf("after the upgrade there are %d replicas with %q", *deployment.Spec.Replicas, deployment.Spec.Template.Spec.Containers[0].Args)
	}

	uninstall(t, cluster)
	expect(t, cluster, map[string]bool{"shop": false, "depot": false, "other": false})
	if err := cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(deployment), deployment); !apierrors.IsNotFound(err) {
		t.Errorf("the operator is still there: %v", err)
	}
	if err := cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(canary), canary); err != nil {
		t.Errorf("the Canary went with the chart: %v", err)
	}

	install(t, cluster, "replicas: 1")
	expect(t, cluster, map[string]bool{"shop": true, "depot": true, "other": true})
}

// expect compares where the operator may act with what the API server says, and that it reads Secrets at home at most.
func expect(t *testing.T, cluster *workloadtest.Cluster, acts map[string]bool) {
	t.Helper()
	installed := false
	for in, want := range acts {
		installed = installed || want
		if got := may(t, cluster, "patch", "apps", "deployments", in); got != want {
			t.Errorf("the operator may patch Deployments in %s: %t, want %t", in, got, want)
		}
		if may(t, cluster, "get", "", "secrets", in) {
			t.Errorf("the operator may read Secrets in %s", in)
		}
	}
	if got := may(t, cluster, "get", "", "secrets", namespace); got != installed {
		t.Errorf("the operator may read Secrets in its own namespace: %t, want %t", got, installed)
	}
	if got := may(t, cluster, "list", "serin.dev", "metricsources", ""); got != installed {
		t.Errorf("the operator may list MetricSources: %t, want %t", got, installed)
	}
}

// TestTheChartTakesOverWhatKustomizeInstalled shows what docs/operate.md tells of: all but the Deployment may stay.
func TestTheChartTakesOverWhatKustomizeInstalled(t *testing.T) {
	cluster := workloadtest.Start(t)
	scheme := newScheme(t)
	administrator, err := client.New(cluster.Config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range config(t, "manager/manager.yaml", "crd/bases/*.yaml", "rbac/[bs]*.yaml", "rbac/role.yaml", "gate/gate.yaml", "policies/one-*.yaml") {
		if _, is := object.(*appsv1.Deployment); is {
			continue
		}
		fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
		if err != nil {
			t.Fatal(err)
		}
		delete(fields, "status")
		applied := client.ApplyConfigurationFromUnstructured(&unstructured.Unstructured{Object: fields})
		if err := administrator.Apply(t.Context(), applied, client.FieldOwner("kubectl")); err != nil {
			t.Fatalf("%s: %v", object.GetName(), err)
		}
	}
	do := action.NewInstall(helm(t, cluster))
	do.ReleaseName, do.Namespace, do.Timeout, do.WaitStrategy = name, namespace, within, kube.StatusWatcherStrategy
	do.TakeOwnership, do.ForceConflicts = true, true
	if _, err := do.Run(load(t), nil); err != nil {
		t.Fatalf("taking over: %v", err)
	}
	expect(t, cluster, map[string]bool{"default": true})
}
