package e2e

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// halfway is a plan that is at 50% long enough for an operator to be replaced there.
func halfway(c *v1alpha1.Canary) {
	steps(2*time.Second, 25, 50, 100)(c)
	c.Spec.Steps[1].Bake.Duration = 8 * time.Second
}

func atHalf(w *world) bool {
	return w.weight() == 50 && w.routed() == 50 && w.canary().Status.Rollout.Evidence != nil
}

// upgradedToChart replaces the previous commit's build, which was installed with kustomize, by the chart of this one. Of three apps one is at rest after a release,
// one has a version that was refused, and one awaits approval in mid-release.
func upgradedToChart(t *testing.T, c *cluster) {
	previous := os.Getenv("SERIN_PREVIOUS")
	if previous == "" {
		t.Skip("SERIN_PREVIOUS is not set: test/e2e/run found no previous commit to build; fetch at least two")
	}
	atRest, refused, moving := newApp(t, c, "up-rest"), newApp(t, c, "up-refused"), newApp(t, c, "up-moving")
	// Going back to it is no subject of this journey, but what it finds is what this build left.
	atRest.do("installing the previous build", func() error {
		_, err := c.kubectl(t.Context(), "apply", "--server-side", "--force-conflicts", "--kustomize", previous)
		return err
	}())
	atRest.documented("kubectl rollout status")
	atRest.runs("serin.dev/serin:previous", 1)

	for _, a := range []*app{atRest, refused} {
		a.watchOver()
	}
	moving.watchOver(func(c *v1alpha1.Canary) { c.Spec.Steps[1].Approval = true })
	for _, a := range []*app{atRest, refused, moving} {
		a.send(60, 0)
	}
	home := moving.routeAsWritten()
	atRest.release(good("v2"))
	refused.release(bad("v2"))
	moving.release(good("v2"))
	refused.refused("v2")
	atRest.promoted("v2")
	waiting := func(w *world) bool {
		return atHalf(w) && w.canary().Status.Rollout.Reason == v1alpha1.ReasonAwaitingApproval
	}
	moving.until("approval to be awaited at half of the traffic", long, waiting)
	// What follows a release, such as its trace and its last event, is part of the previous build's work.
	for _, a := range []*app{atRest, refused} {
		a.until("the release to be tidied up", patience, func(w *world) bool { return len(w.canary().Finalizers) == 0 && len(all[*corev1.Service](w)) == 1 })
	}
	before := map[*app]memory{atRest: atRest.asItIs(), refused: refused.asItIs()}

	moving.toChart()
	moving.runs("serin.dev/serin:dev", 2)
	moving.stays("where it was", quiet, atHalf)
	// A Pass is about now: the new operator looks for itself before it asks again.
	moving.until("approval to be awaited again", patience, waiting)
	moving.annotate(v1alpha1.AnnotationApprove, see(moving, func(w *world) string { return w.revision("v2") }))
	moving.promoted("v2")
	moving.goesOn("v2", "the upgrade")
	if got := moving.granted(); !slices.Equal(got, []int32{25, 50, 100}) {
		t.Errorf("weights granted are %v: a step was left out, or taken twice", got)
	}
	moving.nothingLeft(home)
	// Another build may say the same in other words; it does nothing about it.
	atRest.leftAlone(before[atRest], "an upgrade from the previous build", "patch canaries/status", "update canaries/status")
	refused.leftAlone(before[refused], "an upgrade from the previous build", "patch canaries/status", "update canaries/status")
	for _, a := range []*app{atRest, refused, moving} {
		out, err := c.kubectl(t.Context(), "serin", "status", appName, "--namespace", a.ns)
		if !strings.Contains(out, see(a, func(w *world) string { return w.revision("v2") })) {
			t.Errorf("kubectl serin status of %s says %v:\n%s", a.ns, err, out)
		}
	}
	moving.testedByHelm()
}

// toChart goes from kustomize to the chart as docs/operate.md shows, where that has not happened yet.
func (a *app) toChart() {
	a.Helper()
	secrets := &corev1.SecretList{}
	a.do("looking for a release of the chart", a.cluster.List(a.Context(), secrets, client.InNamespace(operatorNamespace), client.MatchingLabels{"owner": "helm", "status": "deployed"}))
	if len(secrets.Items) == 0 {
		a.documented("kubectl delete deployment serin")
		a.documented("helm install", "--take-ownership")
	}
	a.documented("kubectl rollout status")
}

// runs makes sure that the operator has that many ready pods of an image, and none of another.
func (a *app) runs(image string, want int) {
	a.Helper()
	a.until("the operator to be "+image, patience, func(*world) bool {
		pods, err := a.cluster.operatorPods(a.Context())
		a.do("reading the operator's pods", err)
		other := slices.ContainsFunc(pods, func(p corev1.Pod) bool { return p.Spec.Containers[0].Image != image || !serves(&p) })
		return len(pods) == want && !other
	})
}

// testedByHelm makes sure that helm test passes, that it fails where the operator lacks a permission and says which, and that the API server holds all of the
// operator's pods, and the test's, to the restricted profile.
func (a *app) testedByHelm() {
	a.Helper()
	namespace := &corev1.Namespace{}
	a.do("reading the operator's namespace", a.cluster.Get(a.Context(), client.ObjectKey{Name: operatorNamespace}, namespace))
	if got := namespace.Labels["pod-security.kubernetes.io/enforce"]; got != "restricted" {
		a.Errorf("the operator's namespace enforces %q, not restricted", got)
	}
	a.helmTestPasses()

	role := &rbacv1.ClusterRole{}
	a.do("reading the operator's role", a.cluster.Get(a.Context(), client.ObjectKey{Name: operatorName}, role))
	whole := slices.Clone(role.Rules)
	role.Rules = slices.DeleteFunc(role.Rules, func(r rbacv1.PolicyRule) bool { return slices.Contains(r.Resources, "configmaps") })
	a.do("taking a permission away", a.cluster.Update(a.Context(), role))
	out, err := a.tryDocumented("helm test")
	role.Rules = whole
	a.do("giving the permission back", a.cluster.Update(a.Context(), role))
	if err == nil || !strings.Contains(out, "FAILED   permissions: this account may not create configmaps in all namespaces") {
		a.Errorf("without a permission helm test says %v:\n%s", err, out)
	}
}

// helmTestPasses runs it on an installation that is whole.
func (a *app) helmTestPasses() {
	a.Helper()
	out := a.documented("helm test")
	for _, about := range []string{"definitions", "permissions", "gate", "lease", "source prometheus"} {
		if !strings.Contains(out, "\nok       "+about+": ") {
			a.Errorf("helm test says nothing good of %s:\n%s", about, out)
		}
	}
	a.until("the test's pod to go", patience, func(*world) bool {
		pods := &corev1.PodList{}
		a.do("looking for the test's pod", a.cluster.List(a.Context(), pods, client.InNamespace(operatorNamespace), client.MatchingLabels{"app.kubernetes.io/name": "serin-test"}))
		return len(pods.Items) == 0
	})
}

// helmInMidRelease upgrades and uninstalls the chart while a release is at a step, beside an app at rest.
func helmInMidRelease(t *testing.T, c *cluster) {
	a, quietApp := newApp(t, c, "helm"), newApp(t, c, "helm-rest")
	a.toChart()
	a.watchOver(halfway)
	quietApp.watchOver()
	a.send(60, 0)
	quietApp.send(20, 0)
	home, quietHome := a.routeAsWritten(), quietApp.routeAsWritten()
	quietApp.stays("at rest", quiet, func(w *world) bool { return w.phase() == v1alpha1.PhaseIdle })
	before := quietApp.asItIs()

	a.release(good("v2"))
	a.until("half of the traffic to be on v2", long, atHalf)
	a.documented("helm upgrade")
	a.documented("kubectl rollout status")
	a.hasFlag("-workers=32")
	a.wentOn("v2", "helm upgrade")
	a.nothingLeft(home)
	quietApp.leftAlone(before, "helm upgrade")
	a.helmTestPasses()

	a.release(good("v3"))
	a.until("half of the traffic to be on v3", long, atHalf)
	a.documented("helm uninstall")
	a.leftInMidRelease("v2", "v3")
	before = quietApp.asItIs()
	a.documented("helm install", "--create-namespace")
	a.documented("kubectl label", "enforce=restricted")
	a.documented("kubectl rollout status")
	a.wentOn("v3", "helm uninstall and helm install")
	a.nothingLeft(home)
	quietApp.leftAlone(before, "helm uninstall and helm install")

	a.documented("kubectl delete canaries --all")
	a.documented("helm uninstall")
	a.plain("v3", home)
	quietApp.plain("v1", quietHome)
	a.documented("kubectl delete crd")
	a.documented("kubectl delete namespace serin-system")
	a.onlyLeft()
}

// wentOn waits for a release to be promoted that met something on its way, and makes sure that it took each step once.
func (a *app) wentOn(version, what string) {
	a.Helper()
	a.promoted(version)
	a.goesOn(version, what)
	if got := a.granted(); !slices.Equal(got, []int32{25, 50, 100}) {
		a.Errorf("through %s the weights granted are %v: a step was left out, or taken twice", what, got)
	}
}

func (a *app) hasFlag(flag string) {
	a.Helper()
	d := &appsv1.Deployment{}
	a.do("reading the operator's Deployment", a.cluster.Get(a.Context(), client.ObjectKey{Namespace: operatorNamespace, Name: operatorName}, d))
	if args := d.Spec.Template.Spec.Containers[0].Args; !slices.Contains(args, flag) {
		a.Errorf("the operator runs with %q, and not with %s", args, flag)
	}
}

// leftInMidRelease makes sure that nothing moves while there is no operator: both versions serve their share, and the Deployment asks for no pod of the candidate.
func (a *app) leftInMidRelease(baseline, candidate string) {
	a.Helper()
	a.until("the operator's pods to go", patience, func(*world) bool {
		pods := &corev1.PodList{}
		a.do("reading the operator's pods", a.cluster.List(a.Context(), pods, client.InNamespace(operatorNamespace)))
		return len(pods.Items) == 0
	})
	was := see(a, func(w *world) v1alpha1.CanaryStatus { return *w.canary().Status.DeepCopy() })
	served := map[string]uint64{baseline: a.answered(baseline), candidate: a.answered(candidate)}
	a.stays("in mid-release", 2*quiet, func(w *world) bool {
		return w.routed() == 50 && w.deployment().Spec.Paused && w.available(baseline) == 4 && len(w.pods(candidate)) > 0 && w.shipsBy(candidate) == nil
	})
	for version, before := range served {
		if a.answered(version) <= before {
			a.Errorf("%s answered nothing while there was no operator", version)
		}
	}
	if diff := cmp.Diff(was, see(a, func(w *world) v1alpha1.CanaryStatus { return *w.canary().Status.DeepCopy() })); diff != "" {
		a.Errorf("the status changed while there was no operator (-was +is):\n%s", diff)
	}
}

// plain makes sure that of Serin nothing is left but what docs/operate.md says, in an app at rest on a version and in the cluster.
func (a *app) plain(version, home string) {
	a.Helper()
	a.until("plain objects", patience, func(w *world) bool {
		foreign := slices.ContainsFunc(all[*appsv1.ReplicaSet](w), func(rs *appsv1.ReplicaSet) bool {
			return len(rs.OwnerReferences) != 1 || rs.OwnerReferences[0].Kind != "Deployment"
		})
		return w.onlyServes(version) && !foreign && len(all[*corev1.Service](w)) == 1 && len(all[*v1alpha1.Canary](w)) == 0
	})
	if diff := cmp.Diff(home, a.routeAsWritten()); diff != "" {
		a.Errorf("the route is not what it was (-was +is):\n%s", diff)
	}
	maps := &corev1.ConfigMapList{}
	a.until("the trace of the last release to go", patience, func(*world) bool {
		a.do("listing ConfigMaps", a.cluster.List(a.Context(), maps, client.InNamespace(a.ns)))
		return !slices.ContainsFunc(maps.Items, func(m corev1.ConfigMap) bool { return m.Name != "kube-root-ca.crt" })
	})
	a.onlyLeft(
		"apiservice.apiregistration.k8s.io/v1alpha1.serin.dev", "customresourcedefinition.apiextensions.k8s.io/canaries.serin.dev",
		"customresourcedefinition.apiextensions.k8s.io/metricsources.serin.dev", "lease.coordination.k8s.io/serin.serin.dev",
		"metricsource.serin.dev/prometheus", "namespace/serin-system",
	)
}

// onlyLeft waits until these and no others are left in the cluster that are Serin's.
func (a *app) onlyLeft(want ...string) {
	a.Helper()
	a.do("looking for what is left", poll(a.Context(), patience, func() error {
		if left := a.leftOfSerin(); !slices.Equal(want, left) {
			return fmt.Errorf("left are %q, not %q", left, want)
		}
		return nil
	}))
}

// ofTheCluster are names that the cluster itself has: its node's, and its own components' roles.
var ofTheCluster = regexp.MustCompile(`/serin-([0-9]$|cluster-)`)

// leftOfSerin lists every object of the cluster, of whatever kind, that has Serin's name or API group, or is marked as of the chart's release.
func (a *app) leftOfSerin() []string {
	a.Helper()
	kinds, err := a.cluster.kubectl(a.Context(), "api-resources", "--verbs=list", "--output=name")
	a.do("listing the kinds", err)
	// Events tell of the past and go by themselves; the other two make kubectl warn.
	names := slices.DeleteFunc(strings.Fields(kinds), func(kind string) bool {
		return strings.HasPrefix(kind, "events") || kind == "endpoints" || kind == "componentstatuses"
	})
	list := func(flags ...string) []string {
		out, err := a.cluster.kubectl(a.Context(), append([]string{"get", strings.Join(names, ","), "--all-namespaces", "--output=name", "--ignore-not-found"}, flags...)...)
		a.do("listing all objects", err)
		return strings.Fields(out)
	}
	left := slices.DeleteFunc(list(), func(name string) bool { return !strings.Contains(name, "serin") || ofTheCluster.MatchString(name) })
	left = append(left, list("--selector", "app.kubernetes.io/instance=serin")...)
	slices.Sort(left)
	return slices.Compact(left)
}
