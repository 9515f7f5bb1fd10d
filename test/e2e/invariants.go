package e2e

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// The invariants that every journey is held to, whatever it is about. A journey that breaks one on purpose says so in app.exempt.
const (
	weightByPlan = "the route's weight rises only to what was granted, step by step"
	soundStatus  = "every status is sound by kstatus"
	enoughPods   = "every backend has the pods for its share of the traffic"
	nothingShips = "the Deployment never wants pods of a version before that version was promoted"
	noRestart    = "no container is restarted"
)

// hold replays the journal and reports what broke.
func (a *app) hold() {
	for _, invariant := range []struct {
		name string
		find func(*journal) []string
	}{
		{weightByPlan, findUngrantedWeight},
		{soundStatus, findUnsoundStatus},
		{enoughPods, findShortage},
		{nothingShips, findUnjudged},
		{noRestart, findRestart},
	} {
		found := invariant.find(a.journal)
		if why := a.exempt[invariant.name]; why != "" && len(found) > 0 {
			a.Logf("exempt from %q: %s (%d)", invariant.name, why, len(found))
			continue
		}
		if len(found) > 0 {
			a.Errorf("broken: %s:\n  %s", invariant.name, strings.Join(found[:min(len(found), 10)], "\n  "))
		}
	}
}

func (e entry) when() string { return fmt.Sprintf("%s (%d)", e.at.Format("15:04:05.000"), e.revision) }

// findUngrantedWeight looks at each rise: of the weight granted, by the plan, and of the route's, by the weight granted.
func findUngrantedWeight(j *journal) (found []string) {
	granted, routed := int32(0), int32(0)
	j.replay(func(w *world, e entry) {
		c := w.canary()
		if c.Status.Weight > granted {
			next := slices.IndexFunc(c.Spec.StepsOrDefault(), func(s v1alpha1.Step) bool { return s.Weight > granted })
			if next < 0 || c.Spec.StepsOrDefault()[next].Weight != c.Status.Weight {
				found = append(found, fmt.Sprintf("%s: granted %d%% after %d%%", e.when(), c.Status.Weight, granted))
			}
		}
		granted = c.Status.Weight
		now := w.routed()
		if now > routed && now > granted {
			found = append(found, fmt.Sprintf("%s: the route gives %d%%, granted is %d%%", e.when(), now, granted))
		}
		routed = now
	})
	return found
}

func findUnsoundStatus(j *journal) (found []string) {
	j.replay(func(_ *world, e entry) {
		c, ok := e.object.(*v1alpha1.Canary)
		if !ok || e.deleted {
			return
		}
		if err := sound(c); err != nil {
			found = append(found, fmt.Sprintf("%s: %s: %s", e.when(), strings.ReplaceAll(err.Error(), "\n", "; "), canaryLine(c)))
		}
	})
	return found
}

// findShortage looks, from the moment the app is complete, at each Service that the route sends requests to: it must have its share of the pods that the
// Deployment's own strategy would keep available. After the Deployment was scaled up, a backend has the larger duty from when it first meets it.
func findShortage(j *journal) (found []string) {
	complete := false
	due := duties{}
	short := ""
	j.replay(func(w *world, e entry) {
		d, route := w.deployment(), w.route()
		if route == nil || d.Spec.Replicas == nil {
			return
		}
		complete = complete || w.endpoints(appName) >= int(*d.Spec.Replicas)
		if !complete {
			return
		}
		missing := due.shortOf(w, d)
		if missing != "" && missing != short {
			found = append(found, e.when()+": "+missing)
		}
		short = missing
	})
	return found
}

// duties are the sizes of the Deployment that the backends must serve.
type duties struct {
	replicas, before int32 // now, and before it was scaled up last
	of               map[string]int32
}

func (due *duties) shortOf(w *world, d *appsv1.Deployment) string {
	if due.of == nil {
		*due = duties{*d.Spec.Replicas, *d.Spec.Replicas, map[string]int32{}}
	}
	if wanted := *d.Spec.Replicas; wanted != due.replicas {
		due.before, due.replicas = min(wanted, due.replicas), wanted
	}
	var missing []string
	for _, s := range w.split() {
		have := int32(w.endpoints(s.service))
		duty, known := due.of[s.service]
		if !known {
			duty = due.before
		}
		if due.replicas < duty || have >= needed(d, due.replicas, s.percent) {
			duty = due.replicas
		}
		due.of[s.service] = duty
		if need := needed(d, duty, s.percent); have < need {
			missing = append(missing, fmt.Sprintf("%s gets %d%% of the traffic of %d replicas and has %d ready pods, not %d", s.service, s.percent, duty, have, need))
		}
	}
	return strings.Join(missing, "; ")
}

// needed is the share of replicas - maxUnavailable, rounded up.
func needed(d *appsv1.Deployment, replicas, percent int32) int32 {
	unavailable := 0
	if r := d.Spec.Strategy.RollingUpdate; r != nil && r.MaxUnavailable != nil {
		unavailable, _ = intstr.GetScaledValueFromIntOrPercent(r.MaxUnavailable, int(replicas), false)
	}
	return ((replicas-int32(unavailable))*percent + 99) / 100
}

// findUnjudged looks for pods that the Deployment itself asks for, of a version that has not been promoted. The version that a journey begins with counts as
// promoted, and so does what passes without a release because nothing serves.
func findUnjudged(j *journal) (found []string) {
	judged := map[string]bool{"v1": true}
	told := map[string]bool{}
	j.replay(func(w *world, e entry) {
		c := w.canary()
		if m := c.Status.Rollout; m != nil {
			for _, rs := range all[*appsv1.ReplicaSet](w) {
				hash := rs.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
				if hash == m.Baseline || hash == m.Candidate && m.Phase == v1alpha1.PhasePromoting {
					judged[versionOf(rs.Spec.Template.Spec)] = true
				}
			}
		}
		for _, rs := range all[*appsv1.ReplicaSet](w) {
			version := versionOf(rs.Spec.Template.Spec)
			if !judged[version] && !told[version] && w.shipsBy(version) != nil {
				told[version] = true
				found = append(found, fmt.Sprintf("%s: ReplicaSet %s of the Deployment wants %d pods of %s", e.when(), rs.Name, *rs.Spec.Replicas, version))
			}
		}
	})
	return found
}

func findRestart(j *journal) (found []string) {
	j.replay(func(_ *world, e entry) {
		pod, ok := e.object.(*corev1.Pod)
		if !ok || e.deleted {
			return
		}
		for _, s := range pod.Status.ContainerStatuses {
			if s.RestartCount > 0 {
				found = append(found, fmt.Sprintf("%s: pod %s, %d times", e.when(), pod.Name, s.RestartCount))
			}
		}
	})
	return found
}
