package e2e

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// quiet is how long nothing must happen to show that nothing will.
const quiet = 4 * time.Second

func approvePauseResume(t *testing.T, c *cluster) {
	a := newApp(t, c, "approve")
	a.watchOver(func(c *v1alpha1.Canary) { c.Spec.Steps[0].Approval = true })
	a.send(60, 0)
	a.release(good("v2"))
	a.until("approval to be awaited", long, func(w *world) bool { return w.told(v1alpha1.ReasonAwaitingApproval) })
	revision := see(a, func(w *world) string { return w.revision("v2") })

	a.annotate(v1alpha1.AnnotationApprove, "0123456789")
	a.stays("at 25% after an approval of another revision", quiet, func(w *world) bool { return w.weight() == 25 })

	a.annotate(v1alpha1.AnnotationPause, revision)
	a.until("the pause to be acknowledged", patience, func(w *world) bool { return w.canary().Status.Rollout.Paused })
	a.annotate(v1alpha1.AnnotationApprove, revision)
	a.stays("at 25% while paused", quiet, func(w *world) bool { return w.weight() == 25 })

	a.annotate(v1alpha1.AnnotationResume, revision)
	a.until("the next step", patience, func(w *world) bool { return w.weight() == 50 })
	a.promoted("v2")

	// The same values mean nothing for the next revision.
	a.release(good("v3"))
	a.until("approval to be awaited again", long, func(w *world) bool {
		return w.weight() == 25 && w.canary().Status.Rollout.Reason == v1alpha1.ReasonAwaitingApproval
	})
	a.annotate(v1alpha1.AnnotationApprove, see(a, func(w *world) string { return w.revision("v3") }))
	a.promoted("v3")
}

func promoteAbort(t *testing.T, c *cluster) {
	a := newApp(t, c, "promote")
	a.watchOver(steps(10*time.Minute, 25, 50, 100))
	a.mayWhatTheirRoleLets()
	a.send(60, 0)
	a.release(good("v2"))
	a.until("the first step", long, func(w *world) bool { return w.weight() == 25 })
	a.annotate(v1alpha1.AnnotationPromote, see(a, func(w *world) string { return w.revision("v2") }))
	began := time.Now()
	a.promoted("v2")
	t.Logf("promoted within %s of the wish", since(began))

	a.release(good("v3"))
	a.until("the first step", long, func(w *world) bool { return w.weight() == 25 && w.routed() == 25 })
	a.annotate(v1alpha1.AnnotationAbort, see(a, func(w *world) string { return w.revision("v3") }))
	began = time.Now()
	a.until("the traffic to leave the candidate", soon+3*time.Second, func(w *world) bool { return w.routed() == 0 })
	t.Logf("weight 0 within %s of the wish", since(began))
	a.refused("v3")
	if reason := see(a, func(w *world) string { return w.canary().Status.Rollout.Reason }); reason != v1alpha1.ReasonAborted {
		t.Errorf("the reason is %s, not %s", reason, v1alpha1.ReasonAborted)
	}
	a.toldOfRollback(`a person aborted it`)
}

// mayWhatTheirRoleLets shows that the cluster's own roles are enough: who may view a namespace reads its Canaries, and who may edit it says their verbs.
func (a *app) mayWhatTheirRoleLets() {
	a.Helper()
	for _, person := range []struct {
		role              string
		reads, says, owns string
	}{{"view", "yes", "no", "no"}, {"edit", "yes", "yes", "yes"}} {
		name := person.role + "er-" + run
		a.kubectl("create", "rolebinding", name, "--clusterrole="+person.role, "--user="+name)
		for verb, want := range map[string]string{"get": person.reads, "watch": person.reads, "patch": person.says, "delete": person.owns} {
			// can-i exits with 1 for a no.
			got, err := exec.CommandContext(a.Context(), "kubectl", "auth", "can-i", verb, "canaries.serin.dev/"+appName, "--namespace", a.ns, "--as", name).Output()
			var no *exec.ExitError
			if err != nil && !errors.As(err, &no) {
				a.Fatal(err)
			}
			if strings.TrimSpace(string(got)) != want {
				a.Errorf("who has the role %s may %s Canaries: %q and not %s", person.role, verb, got, want)
			}
		}
	}
}
