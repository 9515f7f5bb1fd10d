package e2e

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// operatorKilled ends the operator in every way at moments of two releases, a good one and a bad one.
func operatorKilled(t *testing.T, c *cluster) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))

	good2, bad := newApp(t, c, "kill-good"), newApp(t, c, "kill-bad")
	good2.watchOver(steps(2*time.Second, 20, 40, 60, 80, 100))
	bad.watchOver(steps(4*time.Second, 20, 40, 100))
	good2.send(60, 0)
	bad.send(60, 0)
	home, badHome := good2.routeAsWritten(), bad.routeAsWritten()
	good2.release(good("v2"))
	bad.release(with("v2", "DEMO_ERROR_RATE", "15%"))

	for n, kill := range []func() error{
		func() error { return c.dropOperatorPods(t.Context()) },
		func() error { return c.killOperator(t.Context()) },
		func() error { return c.dropOperatorPods(t.Context()) },
		func() error { return c.killOperator(t.Context()) },
	} {
		before := see(good2, stageOf)
		good2.until("the release to move", patience, func(w *world) bool { return stageOf(w) != before })
		pause := time.Duration(dice.IntN(400)) * time.Millisecond
		timer := time.NewTimer(pause)
		<-timer.C
		good2.do("ending the operator", kill())
		t.Logf("%d: ended the operator %s after the stage %q had become %q", n, pause, before, see(good2, stageOf))
		good2.do("waiting for the operator", c.operatorReady(t.Context()))
	}
	good2.promoted("v2")
	good2.nothingLeft(home)
	bad.refused("v2")
	bad.nothingLeft(badHome)
	bad.until("the refused template to be left, paused", patience, func(w *world) bool {
		return w.deployment().Spec.Paused && w.available("v1") == 4
	})
}

func stageOf(w *world) string {
	return string(w.phase()) + " " + strconv.Itoa(int(w.weight())) + "%, route " + strconv.Itoa(int(w.routed())) + "%"
}

func gateRemoved(t *testing.T, c *cluster) {
	a := newApp(t, c, "no-gate")
	a.exempt[nothingShips] = "without the gate the Deployment controller begins to roll before the guard stops it"
	a.watchOver(steps(3*time.Second, 25, 50, 100))
	a.send(80, 0)
	home := a.routeAsWritten()

	bindings := &admissionregistrationv1.MutatingAdmissionPolicyBindingList{}
	a.do("reading the gate's binding", c.List(t.Context(), bindings))
	if len(bindings.Items) != 1 {
		t.Fatalf("%d bindings, not 1", len(bindings.Items))
	}
	binding := bindings.Items[0].DeepCopy()
	a.do("removing the gate's binding", c.Delete(t.Context(), &bindings.Items[0]))
	defer func() {
		binding.ObjectMeta = metav1.ObjectMeta{Name: binding.Name, Labels: binding.Labels, Annotations: binding.Annotations}
		a.do("putting the gate's binding back", c.Create(t.Context(), binding))
		a.do("waiting for the gate to work", poll(t.Context(), patience, func() error { return a.gateWorks(true) }))
	}()
	a.do("waiting for the gate to be gone", poll(t.Context(), patience, func() error { return a.gateWorks(false) }))

	if a.push(good("v2")).Spec.Paused {
		t.Errorf("the gate is still there")
	}
	a.until("the first step to be granted", long, func(w *world) bool { return w.weight() > 0 })
	early := a.answered("v2")
	results.note("Without the gate: %d of %d requests were answered by the candidate before its first step.\n", early, a.load.generator.Summary().Requests.Total)
	// The guard is a moment later than the gate would have been: a pod that the Deployment had begun by then may become ready before the route keeps requests off it.
	if total := a.load.generator.Summary().Requests.Total; early*10 > total {
		t.Errorf("%d of %d requests were answered by the candidate before its first step", early, total)
	}
	a.until("people to be told", patience, func(w *world) bool {
		return w.told(v1alpha1.ReasonGuarded)
	})
	a.promoted("v2")
	a.nothingLeft(home)
}

// metricsOutage breaks a source of the journey's own in three ways, for longer than every bake of the plan and shorter than the deadline.
func metricsOutage(t *testing.T, c *cluster) {
	const outage = 14 * time.Second
	a := newApp(t, c, "outage")
	source := a.sourceOfItsOwn()
	a.watchOver(steps(4*time.Second, 25, 50, 100), func(c *v1alpha1.Canary) { c.Spec.Analysis.Source = a.ns })
	a.send(60, 0)
	a.release(good("v2"))
	a.until("the first step", long, func(w *world) bool { return w.weight() == 25 && w.routed() == 25 })

	source.refuse()
	a.until("people to be told", patience, func(w *world) bool { return w.told(v1alpha1.ReasonSourceUnavailable) })
	at := see(a, (*world).weight)
	for _, harm := range []func(){source.refuse, source.cut, source.hang} {
		harm()
		a.stays("at its step", outage, func(w *world) bool { return w.phase() == v1alpha1.PhaseProgressing && w.weight() == at })
	}
	source.mend()
	a.promoted("v2")
}

// uninstalled takes Serin off the cluster in mid-release as docs/operate.md says, and installs it again.
func uninstalled(t *testing.T, c *cluster) {
	a := newApp(t, c, "uninstall")
	a.watchOver(steps(10*time.Minute, 50, 100))
	a.send(60, 0)
	home := a.routeAsWritten()
	a.release(good("v2"))
	a.until("half of the traffic to be on v2", long, func(w *world) bool { return w.routed() == 50 && a.answered("v2") > 20 })

	at, err := filepath.Abs(root)
	a.do("finding the repository", err)
	sources := &v1alpha1.MetricSourceList{}
	a.do("reading the sources", c.List(t.Context(), sources))
	out, err := makeTarget(t, at, "uninstall")
	t.Logf("make uninstall:\n%s", out)
	a.do("make uninstall", err)
	a.leftPlain("v2", home)

	out, err = makeTarget(t, at, "install")
	a.do("make install: "+out, err)
	a.do("waiting for the operator", c.operatorReady(t.Context()))
	for _, s := range sources.Items {
		s.ObjectMeta = metav1.ObjectMeta{Name: s.Name}
		a.do("making the source again", poll(t.Context(), patience, func() error { return c.Create(t.Context(), s.DeepCopy()) }))
	}
	// The template that was left paused is found, and earns the traffic now.
	a.do("making the Canary again", poll(t.Context(), patience, func() error { return c.Create(t.Context(), a.canary()) }))
	a.promoted("v2")
}

func makeTarget(t *testing.T, folder, target string) (string, error) {
	command := exec.CommandContext(t.Context(), "make", target)
	command.Dir, command.Env = folder, os.Environ()
	out, err := command.CombinedOutput()
	return string(out), err
}
