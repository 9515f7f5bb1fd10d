package chart

import (
	"context"
	"errors"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

func TestEveryPodFitsTheRestrictedProfile(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range installations() {
		template, test := one[*appsv1.Deployment](t, mustRender(t, values)).Spec.Template, one[*corev1.Pod](t, tests(t, values))
		for pod, it := range map[string]corev1.PodTemplateSpec{"the operator's": template, "the test's": {ObjectMeta: test.ObjectMeta, Spec: test.Spec}} {
			t.Run(name+", "+pod, func(t *testing.T) {
				for _, result := range evaluator.EvaluatePod(api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}, &it.ObjectMeta, &it.Spec) {
					if !result.Allowed {
						t.Errorf("%s: %s", result.ForbiddenReason, result.ForbiddenDetail)
					}
				}
				if readOnly := it.Spec.Containers[0].SecurityContext.ReadOnlyRootFilesystem; readOnly == nil || !*readOnly {
					t.Error("the root file system can be written to")
				}
			})
		}
	}
}

func TestTheTestRunsAsTheOperatorWithItsFlagsAndIsNotTakenForIt(t *testing.T) {
	for name, values := range installations() {
		t.Run(name, func(t *testing.T) {
			o, made := mustRender(t, values), tests(t, values)
			operator, test := one[*appsv1.Deployment](t, o).Spec.Template.Spec, one[*corev1.Pod](t, made)
			gate := "-probe-gate=" + map[bool]string{true: "true", false: "false"}[len(all[*rbacv1.ClusterRole](made)) == 1]
			if diff := cmp.Diff(append(slices.Clone(operator.Containers[0].Args), "-probe-installation", gate), test.Spec.Containers[0].Args); diff != "" {
				t.Errorf("the flags differ (-want +got):\n%s", diff)
			}
			for what, same := range map[string]bool{
				"account":     operator.ServiceAccountName == test.Spec.ServiceAccountName,
				"image":       operator.Containers[0].Image == test.Spec.Containers[0].Image,
				"environment": cmp.Equal(operator.Containers[0].Env, test.Spec.Containers[0].Env),
				"place":       cmp.Equal(operator.NodeSelector, test.Spec.NodeSelector) && cmp.Equal(operator.Tolerations, test.Spec.Tolerations) && cmp.Equal(operator.Affinity, test.Spec.Affinity),
				"secrets":     cmp.Equal(operator.ImagePullSecrets, test.Spec.ImagePullSecrets),
			} {
				if !same {
					t.Errorf("the test's %s is not the operator's: %+v", what, test.Spec)
				}
			}
			if test.Spec.ActiveDeadlineSeconds == nil || test.Spec.RestartPolicy != corev1.RestartPolicyNever {
				t.Errorf("nothing ends the test: %+v", test.Spec)
			}
			selectors := []map[string]string{one[*appsv1.Deployment](t, o).Spec.Selector.MatchLabels}
			for _, s := range all[*corev1.Service](o) {
				selectors = append(selectors, s.Spec.Selector)
			}
			for _, b := range all[*policyv1.PodDisruptionBudget](o) {
				selectors = append(selectors, b.Spec.Selector.MatchLabels)
			}
			for _, s := range selectors {
				if labels.SelectorFromSet(s).Matches(labels.Set(test.Labels)) {
					t.Errorf("%v is taken for the operator by %v", test.Labels, s)
				}
			}
		})
	}
}

func TestWhatATestIsLetDoIsToSeeTheGateAndItGoesWithTheTest(t *testing.T) {
	for name, values := range installations() {
		t.Run(name, func(t *testing.T) {
			made := tests(t, values)
			gate := map[string]bool{}
			for _, o := range mustRender(t, values) {
				if kind := o.GetObjectKind().GroupVersionKind().Kind; strings.HasPrefix(kind, "MutatingAdmissionPolicy") {
					gate[o.GetName()] = true
				}
			}
			for _, role := range all[*rbacv1.ClusterRole](made) {
				for _, rule := range role.Rules {
					if !slices.Equal(rule.Verbs, []string{"get"}) || !slices.Equal(rule.ResourceNames, slices.Collect(maps.Keys(gate))) {
						t.Errorf("the test may %s %s called %s", rule.Verbs, rule.Resources, rule.ResourceNames)
					}
				}
			}
			if got := len(all[*rbacv1.ClusterRole](made)); got != len(gate) {
				t.Errorf("%d roles for %d gates", got, len(gate))
			}
			for _, o := range made {
				if o.GetAnnotations()["helm.sh/hook"] != "test" || o.GetAnnotations()["helm.sh/hook-delete-policy"] != "before-hook-creation,hook-succeeded" {
					t.Errorf("%s stays after the test: %v", o.GetName(), o.GetAnnotations())
				}
				first := o.GetAnnotations()["helm.sh/hook-weight"] == "-1"
				if _, pod := o.(*corev1.Pod); first == pod {
					t.Errorf("%s is made at the wrong moment: the pod comes last", o.GetName())
				}
			}
		})
	}
}

// probed makes what helm test would make, but for the pod, whose command it runs here: beside the operator at work, and with something taken away.
func probed(t *testing.T, cluster *workloadtest.Cluster, values string, start func(args ...string) *exec.Cmd) {
	t.Helper()
	made := tests(t, values)
	for _, o := range made {
		if _, pod := o.(*corev1.Pod); pod {
			continue
		}
		if err := cluster.Client.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	args := one[*corev1.Pod](t, made).Spec.Containers[0].Args
	probe := func() (string, error) {
		out, err := start(args...).CombinedOutput()
		return string(out), err
	}
	if got, err := probe(); err != nil || strings.Count(got, "ok       ") != 4 || strings.Count(got, "warning  sources") != 1 {
		t.Errorf("beside an operator at work the probe says %v:\n%s", err, got)
	}
	administrator, err := client.New(cluster.Config, client.Options{Scheme: newScheme(t)})
	if err != nil {
		t.Fatal(err)
	}
	role := &rbacv1.Role{}
	if err := administrator.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: "serin-releases"}, role); err != nil {
		t.Fatal(err)
	}
	role.Rules = slices.DeleteFunc(role.Rules, func(r rbacv1.PolicyRule) bool { return slices.Contains(r.Resources, "configmaps") })
	definition := &apiextensionsv1.CustomResourceDefinition{}
	definition.Name = "metricsources.serin.dev"
	for what, harm := range map[string]struct {
		do   func() error
		want string
	}{
		"without a permission": {func() error { return administrator.Update(t.Context(), role) }, "FAILED   permissions: this account may not patch configmaps in shop\n"},
		"without a definition": {func() error { return administrator.Delete(t.Context(), definition) }, "FAILED   definitions: serin.dev/v1alpha1 has no metricsources, metricsources/status"},
	} {
		if err := harm.do(); err != nil {
			t.Fatal(err)
		}
		// The API server takes a moment to know its own rules.
		workloadtest.Eventually(t, what+" the probe fails, and says so", func(context.Context) (bool, error) {
			got, err := probe()
			if err == nil || !strings.Contains(got, harm.want) {
				return false, errors.New("it says:\n" + got)
			}
			return true, nil
		})
	}
}
