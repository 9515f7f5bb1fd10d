package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// memory is what of an app would show that something was done about it.
type memory struct {
	at    time.Time
	facts map[string]string
}

// asItIs takes down an app that is to be left alone.
func (a *app) asItIs() memory {
	a.Helper()
	return memory{time.Now(), see(a, func(w *world) map[string]string {
		d, c := w.deployment(), w.canary()
		facts := map[string]string{
			"Deployment": fmt.Sprintf("generation %d, paused %t", d.Generation, d.Spec.Paused),
			"Canary":     fmt.Sprintf("%s, revision %s, baseline %s, %d releases before", c.Status.Phase, c.Status.Revision, c.Status.Rollout.Baseline, len(c.Status.History)),
			"route":      fmt.Sprint(w.split()),
			"Services":   strconv.Itoa(len(all[*corev1.Service](w))),
		}
		for _, rs := range all[*appsv1.ReplicaSet](w) {
			facts["ReplicaSet "+rs.Name] = fmt.Sprintf("%s of %d pods", rs.UID, *rs.Spec.Replicas)
		}
		for _, p := range all[*corev1.Pod](w) {
			facts["Pod "+p.Name] = string(p.UID)
		}
		for _, e := range all[*eventsv1.Event](w) {
			if e.Regarding.Kind == "Canary" || e.Regarding.Kind == "Deployment" {
				facts["event "+e.Name] = e.Reason + ": " + e.Note
			}
		}
		return facts
	})}
}

// leftAlone makes sure that nothing has happened to an app since: nothing of it changed, and the operator wrote nothing but what is named.
func (a *app) leftAlone(before memory, what string, may ...string) {
	a.Helper()
	if diff := cmp.Diff(before.facts, a.asItIs().facts); diff != "" {
		a.Errorf("%s changed an app that was at rest (-was +is):\n%s", what, diff)
	}
	calls, err := a.cluster.calls(a.ns, before.at, time.Now())
	a.do("counting calls", err)
	writes := map[string]bool{}
	for _, c := range calls {
		if c.writes() && c.Response.Code < 400 && !slices.Contains(may, c.what()) {
			writes[c.what()] = true
		}
	}
	if len(writes) > 0 {
		a.Errorf("%s made the operator write to an app that was at rest: %q", what, slices.Sorted(maps.Keys(writes)))
	}
	results.note("API calls of the operator for an app at rest (%s) during %s: %d\n%s", see(a, (*world).phase), what, len(calls), table(calls))
}

// goesOn makes sure that a release went on through what happened: it did not begin anew, no step was taken back, and the engine forgot nothing that it can read.
func (a *app) goesOn(version, what string) {
	a.Helper()
	revision := see(a, func(w *world) string { return w.revision(version) })
	var before *v1alpha1.RolloutStatus
	a.journal.replay(func(_ *world, e entry) {
		c, ok := e.object.(*v1alpha1.Canary)
		if !ok || c.Status.Rollout == nil || c.Status.Rollout.Candidate != revision || c.Status.Rollout.Phase != v1alpha1.PhaseProgressing {
			return
		}
		now := c.Status.Rollout
		if before != nil {
			if broken := breach(before, now); broken != "" {
				a.Errorf("%s: through %s the release did not go on: %s", e.when(), what, broken)
			}
		}
		before = now
	})
	if before == nil || before.Evidence == nil {
		a.Errorf("through %s no release of %s was seen with evidence", what, version)
	}
}

// breach says what of a release's memory was lost between two of its statuses.
func breach(before, now *v1alpha1.RolloutStatus) string {
	switch {
	case !now.StartedAt.Equal(before.StartedAt):
		return fmt.Sprintf("it began at %s and not at %s", now.StartedAt, before.StartedAt)
	case now.Weight < before.Weight:
		return fmt.Sprintf("its weight fell from %d%% to %d%%", before.Weight, now.Weight)
	case before.Evidence == nil || len(before.Evidence.State) == 0:
		return ""
	case now.Evidence == nil || len(now.Evidence.State) == 0:
		return "the evidence is gone"
	// An engine that can't read what another wrote begins anew, and the first byte says who wrote it.
	case now.Evidence.State[0] == before.Evidence.State[0] && now.Evidence.UpTo.Before(&before.Evidence.UpTo):
		return fmt.Sprintf("the evidence reaches to %s and not to %s", now.Evidence.UpTo, before.Evidence.UpTo)
	}
	return ""
}
