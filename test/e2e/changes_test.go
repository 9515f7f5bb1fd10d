package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// scaled does what an HPA does, at the least convenient moments.
func scaled(t *testing.T, c *cluster) {
	a := newApp(t, c, "scale")
	a.watchOver(steps(3*time.Second, 25, 50, 100))
	a.send(60, 0)
	a.release(good("v2"))
	for _, moment := range []struct {
		name     string
		come     func(*world) bool
		replicas int
	}{
		{"before the first step", func(w *world) bool { return w.phase() == v1alpha1.PhaseProgressing }, 6},
		{"at 25%", func(w *world) bool { return w.weight() == 25 && w.routed() == 25 }, 3},
		{"at 50%", func(w *world) bool { return w.weight() == 50 && w.routed() == 50 }, 5},
		{"at 100%", func(w *world) bool { return w.weight() == 100 && w.routed() == 100 }, 3},
		{"during the hand-over", func(w *world) bool { return w.phase() == v1alpha1.PhasePromoting }, 6},
		{"while the route goes home", func(w *world) bool { return w.phase() == v1alpha1.PhaseFinalizing }, 4},
	} {
		a.until("the moment "+moment.name, long, moment.come)
		a.scale(moment.replicas)
	}
	a.promoted("v2")

	// And on the way down.
	a.release(with("v3", "DEMO_ERROR_RATE", "40%"))
	a.until("the first step", long, func(w *world) bool { return w.weight() == 25 })
	a.scale(5)
	a.until("the rollback", long, func(w *world) bool { return w.phase() == v1alpha1.PhaseRollingBack })
	a.scale(3)
	a.refused("v3")
	a.until("three pods of the baseline", patience, func(w *world) bool { return w.available("v2") == 3 && len(w.pods("v2")) == 3 })
}

// moment is when a newer template is pushed.
type moment struct {
	first version // what is under way
	come  func(*world) bool
	plan  func(*v1alpha1.Canary)
}

var (
	atWeightZero = moment{good("v2"), func(w *world) bool { return w.phase() == v1alpha1.PhaseProgressing && w.weight() == 0 }, nil}
	inStep       = moment{good("v2"), func(w *world) bool { return w.weight() == 50 && w.routed() == 50 }, nil}
	handingOver  = moment{good("v2"), func(w *world) bool { return w.phase() == v1alpha1.PhasePromoting }, nil}
	finalizing   = moment{good("v2"), func(w *world) bool { return w.phase() == v1alpha1.PhaseFinalizing }, nil}
	rollingBack  = moment{with("v2", "DEMO_ERROR_RATE", "40%"), func(w *world) bool { return w.phase() == v1alpha1.PhaseRollingBack }, nil}

	awaitingApproval = moment{
		good("v2"), func(w *world) bool { return len(w.events("Canary", v1alpha1.ReasonAwaitingApproval)) > 0 },
		func(c *v1alpha1.Canary) { c.Spec.Steps[1].Approval = true },
	}
)

// pushed pushes v3 at a moment of v2's release: v3 is what gets released, from its first step on.
func pushed(short string, m moment) func(*testing.T, *cluster) {
	return func(t *testing.T, c *cluster) {
		a := newApp(t, c, "push-"+short)
		if m.plan == nil {
			m.plan = func(*v1alpha1.Canary) {}
		}
		a.watchOver(m.plan)
		a.send(60, 0)
		home := a.routeAsWritten()
		a.release(m.first)
		a.until("the moment", long, m.come)
		a.release(good("v3"))
		if m.plan != nil && short == "await" {
			a.until("approval to be awaited for v3", long, func(w *world) bool {
				return w.weight() == 50 && w.canary().Status.Rollout.Candidate == w.revision("v3") && w.canary().Status.Rollout.Reason == v1alpha1.ReasonAwaitingApproval
			})
			a.annotate(v1alpha1.AnnotationApprove, see(a, func(w *world) string { return w.revision("v3") }))
		}
		a.promoted("v3")
		if got := a.granted(); len(got) != 3 {
			t.Errorf("v3 was granted %v, not every step", got)
		}
		a.nothingLeft(home)
		if history := see(a, func(w *world) []v1alpha1.Release { return w.canary().Status.History }); len(history) != 2 {
			t.Errorf("the history holds %d releases, not 2: %v", len(history), history)
		}
	}
}

func canaryDeleted(t *testing.T, c *cluster) {
	a := newApp(t, c, "delete")
	a.watchOver(steps(10*time.Minute, 50, 100))
	a.send(60, 0)
	home := a.routeAsWritten()
	a.release(good("v2"))
	a.until("half of the traffic to be on v2", long, func(w *world) bool { return w.routed() == 50 && a.answered("v2") > 20 })
	a.kubectl("delete", "canary", appName, "--timeout=60s")
	a.leftPlain("v2", home)

	// The person in charge decides what becomes of the template.
	events := see(a, func(w *world) string {
		var notes []string
		for _, e := range w.events("Deployment", v1alpha1.ReasonCanaryDeleted) {
			notes = append(notes, e.Note)
		}
		return strings.Join(notes, "\n")
	})
	if !strings.Contains(events, "kubectl rollout resume") {
		t.Errorf("no event on the Deployment says how to resume: %q", events)
	}
	a.push(good("v1"))
	a.kubectl("rollout", "resume", "deployment", appName)
	a.until("v1 to be at rest", patience, func(w *world) bool { return w.onlyServes("v1") })
}

// leftPlain looks at what a Canary that went in mid-release leaves behind: plain objects, and the unjudged template, paused.
func (a *app) leftPlain(unjudged, home string) {
	a.Helper()
	a.until("plain objects", patience, func(w *world) bool {
		d := w.deployment()
		return len(w.pods(unjudged)) == 0 && w.available("v1") == int(*d.Spec.Replicas) && d.Spec.Paused && versionOf(d.Spec.Template.Spec) == unjudged
	})
	if diff := strings.Compare(home, a.routeAsWritten()); diff != 0 {
		a.Errorf("the route is not what it was:\n%s\n%s", home, a.routeAsWritten())
	}
	a.until("the generated Services and the candidate's ReplicaSet to go", patience, func(w *world) bool {
		foreign := slices.ContainsFunc(all[*appsv1.ReplicaSet](w), func(rs *appsv1.ReplicaSet) bool {
			owner := metav1.GetControllerOf(rs)
			return owner == nil || owner.Kind != "Deployment"
		})
		return !foreign && len(all[*corev1.Service](w)) == 1
	})
	before := a.answered(unjudged)
	a.stays("on v1 alone", quiet, func(w *world) bool { return len(w.pods(unjudged)) == 0 && a.answered(unjudged) == before })
}

func resumedByHand(t *testing.T, c *cluster) {
	a := newApp(t, c, "resume")
	a.exempt[nothingShips] = "a person resumed the Deployment: until it is paused again, the Deployment controller does as it was told"
	a.watchOver(steps(3*time.Second, 25, 50, 100))
	a.send(60, 0)
	home := a.routeAsWritten()
	a.release(good("v2"))
	a.until("the first step", long, func(w *world) bool { return w.weight() == 25 && w.routed() == 25 })
	a.kubectl("rollout", "resume", "deployment", appName)
	a.until("the Deployment to be paused again, and people to be told", patience, func(w *world) bool {
		return w.deployment().Spec.Paused && w.told(v1alpha1.ReasonResumedByHand)
	})
	note := see(a, func(w *world) string { return w.events("Canary", v1alpha1.ReasonResumedByHand)[0].Note })
	if !strings.Contains(note, "serin.dev/promote="+see(a, func(w *world) string { return w.canary().Status.Revision })) {
		t.Errorf("the event names no verb that promotes: %s", note)
	}
	a.promoted("v2")
	a.nothingLeft(home)
}

func routeReverted(t *testing.T, c *cluster) {
	a := newApp(t, c, "reverted")
	a.watchOver(steps(10*time.Second, 25, 50, 100))
	a.send(60, 0)
	home := a.routeAsWritten()
	a.release(good("v2"))
	a.until("the first step", long, func(w *world) bool { return w.weight() == 25 && w.routed() == 25 })
	// News is only what happens to a split that had settled.
	a.stays("at the first step", 5*time.Second, func(w *world) bool { return w.weight() == 25 && w.routed() == 25 })
	a.apply(a.manifest("route.yaml"))
	a.until("the route to be as applied", patience, func(w *world) bool { return w.routed() == 0 })
	a.until("the route to be set again, and people to be told", patience, func(w *world) bool {
		return w.routed() == 25 && w.told(v1alpha1.ReasonRouteReverted)
	})
	note := see(a, func(w *world) string { return w.events("Canary", v1alpha1.ReasonRouteReverted)[0].Note })
	if !strings.Contains(note, "ignoreDifferences") {
		t.Errorf("the event does not say what Argo CD must be told: %s", note)
	}
	// Server-side apply says so instead of reverting it.
	_, err := c.kubectlWith(t.Context(), a.manifest("route.yaml"), "apply", "--server-side", "--filename", "-")
	if err == nil || !strings.Contains(err.Error(), `"serin"`) {
		t.Errorf("kubectl apply --server-side of the route says %v", err)
	}
	a.promoted("v2")
	a.nothingLeft(home)
}
