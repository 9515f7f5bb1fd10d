package e2e

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// tooQuiet is a good version that gets hardly any requests: nothing speaks against it, and nothing for it.
func tooQuiet(t *testing.T, c *cluster) {
	a := newApp(t, c, "quiet")
	a.watchOver(steps(2*time.Second, 25, 100))
	a.send(1, 0)
	home := a.routeAsWritten()
	a.release(good("v2"))
	a.refused("v2")
	a.nothingLeft(home)
	a.toldOfRollback(`^revision [a-z0-9]+ was refused at step 1 of 2 \(weight 25% since \d\d:\d\d:\d\d UTC\): no verdict within 1m after the bake: errors`, `too few requests|requests needed`)
}

// sharedSlowdown makes the baseline and the candidate slow at the same moment, as an incident behind both does.
func sharedSlowdown(t *testing.T, c *cluster) {
	a := newApp(t, c, "shared")
	a.watchOver(steps(20*time.Second, 40, 100), metrics(v1alpha1.Metric{
		Name: "latency", Latency: &v1alpha1.LatencyMetric{MaxIncrease: &v1alpha1.LatencyIncrease{Relative: "10%", Absolute: "5ms"}},
	}))
	a.send(200, 0)
	// What is slow is learned from the time before the release, of which there has to be some: else it would be learned from the slowdown.
	a.stays("at rest", 20*time.Second, func(w *world) bool { return w.phase() == v1alpha1.PhaseIdle })
	a.release(good("v2"))
	a.until("the first step", long, func(w *world) bool { return w.weight() == 40 && w.routed() == 40 })
	a.behave(`{"latencyFactor":3}`)
	a.stays("in release", 15*time.Second, func(w *world) bool { return w.phase() == v1alpha1.PhaseProgressing })
	a.behave(`{"latencyFactor":1}`)
	a.promoted("v2")
	if told := see(a, func(w *world) bool { return w.told(v1alpha1.ReasonRolledBack) }); told {
		t.Errorf("it was rolled back for what happened to both versions")
	}
}

// behave changes how every pod behaves from now on.
func (a *app) behave(change string) {
	a.Helper()
	for _, pod := range see(a, func(w *world) []string {
		var names []string
		for _, p := range all[*corev1.Pod](w) {
			if p.DeletionTimestamp == nil {
				names = append(names, p.Name)
			}
		}
		return names
	}) {
		_, err := a.cluster.kubectlWith(a.Context(), change, "create", "--raw", "/api/v1/namespaces/"+a.ns+"/pods/"+pod+":8080/proxy/behaviour", "--filename", "-")
		a.do("changing how "+pod+" behaves", err)
	}
}
