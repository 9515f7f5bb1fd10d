package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// The checks of the journeys are checked here, on journals made by hand: one that finds nothing wrong in anything is worth nothing.

func written(objects ...client.Object) *journal {
	j := &journal{now: newWorld(), changed: make(chan struct{})}
	for i, o := range objects {
		o.SetResourceVersion(strconv.Itoa(i + 1))
		j.add(o, false)
	}
	return j
}

func canaryAt(phase v1alpha1.Phase, weight int32) *v1alpha1.Canary {
	c := &v1alpha1.Canary{ObjectMeta: metav1.ObjectMeta{Name: appName, Generation: 1}}
	steps(time.Second, 25, 50, 100)(c)
	c.Status = v1alpha1.CanaryStatus{Phase: phase, Weight: weight, ObservedGeneration: 1, Rollout: &v1alpha1.RolloutStatus{Phase: phase, Baseline: "one", Candidate: "two"}}
	return c
}

func conditions(c *v1alpha1.Canary, types ...string) *v1alpha1.Canary {
	for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		condition := metav1.Condition{Type: kind, Status: metav1.ConditionFalse, Reason: "Some", Message: "some", ObservedGeneration: 1, LastTransitionTime: metav1.Now()}
		for _, t := range types {
			if t == kind {
				condition.Status = metav1.ConditionTrue
			}
		}
		if kind == v1alpha1.ConditionReady || condition.Status == metav1.ConditionTrue {
			c.Status.Conditions = append(c.Status.Conditions, condition)
		}
	}
	return c
}

func routeTo(services ...any) *gatewayv1.HTTPRoute {
	rule := gatewayv1.HTTPRouteRule{}
	for i := 0; i < len(services); i += 2 {
		ref := gatewayv1.HTTPBackendRef{}
		weight := int32(services[i+1].(int))
		ref.Name, ref.Weight = gatewayv1.ObjectName(services[i].(string)), &weight
		rule.BackendRefs = append(rule.BackendRefs, ref)
	}
	return &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Name: appName}, Spec: gatewayv1.HTTPRouteSpec{Rules: []gatewayv1.HTTPRouteRule{rule}}}
}

func endpointsOf(service string, n int) *discoveryv1.EndpointSlice {
	slice := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Name: service, Labels: map[string]string{discoveryv1.LabelServiceName: service}}}
	for i := range n {
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{TargetRef: &corev1.ObjectReference{UID: types.UID(service + strconv.Itoa(i))}})
	}
	return slice
}

func deploymentOf(version string, replicas int32) *appsv1.Deployment {
	quarter := intstr.FromString("25%")
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: appName}}
	d.Spec.Replicas, d.Spec.Template.Spec = &replicas, podOf(version)
	d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{MaxUnavailable: &quarter}
	return d
}

func podOf(version string) corev1.PodSpec {
	return corev1.PodSpec{Containers: []corev1.Container{{Env: []corev1.EnvVar{{Name: versionVariable, Value: version}}}}}
}

func setOf(version, hash, owner string, replicas int32) *appsv1.ReplicaSet {
	yes := true
	rs := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{
		Name: appName + "-" + hash, Labels: map[string]string{appsv1.DefaultDeploymentUniqueLabelKey: hash},
		OwnerReferences: []metav1.OwnerReference{{Kind: owner, Controller: &yes}},
	}}
	rs.Spec.Replicas, rs.Spec.Template.Spec = &replicas, podOf(version)
	return rs
}

func TestInvariants(t *testing.T) {
	progressing, promoting := v1alpha1.PhaseProgressing, v1alpha1.PhasePromoting
	baseline, candidate := appName+"-baseline", appName+"-candidate"
	restarted := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: podOf("v1")}
	restarted.Status.ContainerStatuses = []corev1.ContainerStatus{{RestartCount: 1}}
	for _, test := range []struct {
		name    string
		find    func(*journal) []string
		journal *journal
		found   int
	}{
		{"weight by plan", findUngrantedWeight, written(canaryAt(progressing, 25), routeTo(baseline, 75, candidate, 25), canaryAt(progressing, 50),
			canaryAt(v1alpha1.PhaseRollingBack, 0), routeTo(appName, 1)), 0},
		{"a step left out", findUngrantedWeight, written(canaryAt(progressing, 50)), 1},
		{"a weight of no step", findUngrantedWeight, written(canaryAt(progressing, 30)), 1},
		{"the route ahead of the grant", findUngrantedWeight, written(canaryAt(progressing, 25), routeTo(baseline, 50, candidate, 50)), 1},
		{"enough pods", findShortage, written(deploymentOf("v1", 4), endpointsOf(appName, 4), routeTo(appName, 1), endpointsOf(appName, 3)), 0},
		{"too few pods", findShortage, written(deploymentOf("v1", 4), endpointsOf(appName, 4), routeTo(appName, 1), endpointsOf(appName, 2)), 1},
		{"a backend without its share", findShortage, written(deploymentOf("v1", 4), endpointsOf(appName, 4), endpointsOf(baseline, 4), endpointsOf(candidate, 1),
			routeTo(baseline, 75, candidate, 25), routeTo(baseline, 50, candidate, 50)), 1},
		{"scaled up, pods on their way", findShortage, written(deploymentOf("v1", 4), endpointsOf(appName, 4), routeTo(appName, 1), deploymentOf("v1", 8)), 0},
		{"scaled up and then short", findShortage, written(deploymentOf("v1", 4), endpointsOf(appName, 4), routeTo(appName, 1), deploymentOf("v1", 8),
			endpointsOf(appName, 8), endpointsOf(appName, 5)), 1},
		{"scaled up before the route was divided", findShortage, written(deploymentOf("v1", 4), endpointsOf(appName, 4), routeTo(appName, 1), deploymentOf("v1", 8),
			endpointsOf(baseline, 4), routeTo(baseline, 100)), 0},
		{"shipped after its promotion", findUnjudged, written(setOf("v1", "one", "Deployment", 4), canaryAt(progressing, 25), setOf("v2", "two", "Canary", 4),
			canaryAt(promoting, 100), setOf("v2", "two", "Deployment", 4)), 0},
		{"shipped unjudged", findUnjudged, written(setOf("v1", "one", "Deployment", 4), canaryAt(progressing, 25), setOf("v2", "two", "Deployment", 1)), 1},
		{"a restart", findRestart, written(restarted), 1},
		{"an unsound status", findUnsoundStatus, written(conditions(canaryAt(progressing, 25), v1alpha1.ConditionReady)), 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			if found := test.find(test.journal); len(found) != test.found {
				t.Errorf("found %d, not %d: %s", len(found), test.found, strings.Join(found, "\n"))
			}
		})
	}
}

func TestSound(t *testing.T) {
	const ready, reconciling, stalled = v1alpha1.ConditionReady, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled
	broken := func(breaking func(*v1alpha1.Canary)) *v1alpha1.Canary {
		c := conditions(canaryAt(v1alpha1.PhaseSucceeded, 0), ready)
		breaking(c)
		return c
	}
	for _, test := range []struct {
		name   string
		canary *v1alpha1.Canary
		sound  bool
	}{
		{"not yet observed", canaryAt("", 0), true},
		{"at rest", conditions(canaryAt(v1alpha1.PhaseSucceeded, 0), ready), true},
		{"under way", conditions(canaryAt(v1alpha1.PhaseProgressing, 25), reconciling), true},
		{"refused", conditions(canaryAt(v1alpha1.PhaseFailed, 0), stalled), true},
		{"ready while under way", conditions(canaryAt(v1alpha1.PhaseProgressing, 25), ready, reconciling), false},
		{"not ready and no reason", conditions(canaryAt(v1alpha1.PhaseIdle, 0)), false},
		{"refused and not stalled", conditions(canaryAt(v1alpha1.PhaseFailed, 0), reconciling), false},
		{"under way and not reconciling", conditions(canaryAt(v1alpha1.PhaseFinalizing, 0), stalled), false},
		{"of no generation", broken(func(c *v1alpha1.Canary) { c.Status.ObservedGeneration = 0 }), false},
		{"a condition of another generation", broken(func(c *v1alpha1.Canary) { c.Status.Conditions[0].ObservedGeneration = 7 }), false},
		{"a reason of two words", broken(func(c *v1alpha1.Canary) { c.Status.Conditions[0].Reason = "Two words" }), false},
		{"no message", broken(func(c *v1alpha1.Canary) { c.Status.Conditions[0].Message = "" }), false},
		{"Stalled kept as false", broken(func(c *v1alpha1.Canary) {
			c.Status.Conditions = append(c.Status.Conditions, c.Status.Conditions[0])
			c.Status.Conditions[1].Type, c.Status.Conditions[1].Status = stalled, metav1.ConditionFalse
		}), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := sound(test.canary); (err == nil) != test.sound {
				t.Errorf("sound says %v", err)
			}
		})
	}
}

func TestCalls(t *testing.T) {
	const line = `{"verb":"VERB","user":{"username":"USER"},"objectRef":{"resource":"canaries","namespace":"NS","subresource":"status"},` +
		`"responseStatus":{"code":200},"requestReceivedTimestamp":"2030-01-01T00:00:0SECOND.000000Z"}` + "\n"
	log := ""
	for _, l := range [][4]string{
		{"patch", operatorUser, "here", "1"},
		{"get", operatorUser, "here", "2"},
		{"patch", "somebody", "here", "2"},
		{"patch", operatorUser, "there", "2"},
		{"patch", operatorUser, "here", "9"},
	} {
		log += strings.NewReplacer("VERB", l[0], "USER", l[1], "NS", l[2], "SECOND", l[3]).Replace(line)
	}
	file := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(file, []byte(log+`{"half":`), 0o600); err != nil {
		t.Fatal(err)
	}
	from := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	calls, err := (&cluster{auditLog: file}).calls("here", from, from.Add(5*time.Second))
	if err != nil || len(calls) != 2 || !calls[0].writes() || calls[1].writes() {
		t.Errorf("calls are %+v, %v", calls, err)
	}
	if got := table(calls); !strings.Contains(got, "1  get canaries/status\n") || !strings.Contains(got, "1  patch canaries/status\n") {
		t.Errorf("the table is\n%s", got)
	}
}
