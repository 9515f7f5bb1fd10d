package workload

import (
	"encoding/json"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
)

// observe tells what the world shows, and which set the candidate is; nil when there is none.
func (w *world) observe(baseline, candidate string) (Observation, *set) {
	d := w.deployment
	if d == nil {
		seen := Observation{}
		under := w.find(candidate)
		seen.Candidate = under.facts()
		return seen, under
	}
	serving := w.find(baseline)
	if baseline == "" {
		serving = w.mostAvailable()
	}
	under := w.find(candidate)
	if candidate == "" {
		under = w.unreleased(serving)
	}
	seen := Observation{
		Exists: true, UID: d.UID, Paused: d.Spec.Paused, PausedBy: d.pausedBy(), Replicas: d.replicas(), MinAvailable: d.minAvailable(),
		ProgressDeadlineSeconds: valueOr(d.Spec.ProgressDeadlineSeconds, 600),
		Complete:                w.complete(),
		Wanted:                  w.wanted(),
		RestartOf:               w.restartOf(baseline, candidate),
		Baseline:                serving.facts(),
		Candidate:               under.facts(),
		HandedOver:              candidate != "" && w.handedOver(under),
	}
	seen.WantedSet, seen.WantedLabels = w.wantedPods()
	if most := w.mostAvailable(); most != nil && most.Status.AvailableReplicas > 0 {
		seen.Serving = most.revision
	}
	for _, s := range w.ours() {
		if s != serving && s != under {
			seen.Strays += s.Status.Replicas
		}
	}
	return seen, under
}

// pausedBy is the field manager that owns spec.paused; empty when nobody does.
func (d *deployment) pausedBy() string {
	for _, m := range d.ManagedFields {
		var owned struct {
			Spec map[string]json.RawMessage `json:"f:spec"`
		}
		if m.FieldsV1 == nil || json.Unmarshal(m.FieldsV1.GetRawBytes(), &owned) != nil {
			continue
		}
		if _, owns := owned.Spec["f:paused"]; owns && d.Spec.Paused {
			return m.Manager
		}
	}
	return ""
}

// facts are what others get to see of a set. A nil set has none.
func (s *set) facts() Set {
	if s == nil {
		return Set{}
	}
	return Set{
		Name: s.Name, Revision: s.revision, Labels: s.Spec.Template.Labels, Owned: s.owned,
		Desired: s.replicas(), Pods: s.Status.Replicas, Ready: s.Status.ReadyReplicas, Available: s.Status.AvailableReplicas,
	}
}

// wantedPods tells the pods of the present template apart from others, also before there is any.
func (w *world) wantedPods() (replicaSet string, podLabels map[string]string) {
	if s := w.current(); s != nil {
		return s.Name, s.Spec.Template.Labels
	}
	podLabels = map[string]string{}
	maps.Copy(podLabels, w.deployment.Spec.Template.Labels)
	podLabels[appsv1.DefaultDeploymentUniqueLabelKey] = w.wanted()
	return candidateName(w.deployment.Name, w.wanted()), podLabels
}

// unreleased is the set of the present template, if that is not the serving one and no restart of it.
func (w *world) unreleased(serving *set) *set {
	s := w.current()
	if s == nil || s == serving || serving != nil && s.template.restarts(serving.template) {
		return nil
	}
	return s
}

// mostAvailable is the set found serving when nothing is remembered. With equal numbers, the present template's serves, and then the newest revision. What is
// under test doesn't count; what was put aside for it does.
func (w *world) mostAvailable() *set {
	current := w.current()
	var best *set
	for _, s := range w.ours() {
		switch {
		case s.held() && !s.aside():
		case best == nil, s.Status.AvailableReplicas > best.Status.AvailableReplicas:
			best = s
		case s.Status.AvailableReplicas < best.Status.AvailableReplicas || best == current:
		case s == current, s.revisionNumber() > best.revisionNumber():
			best = s
		}
	}
	return best
}

// complete says that the Deployment's own rollout is over.
func (w *world) complete() bool {
	current := w.current()
	if current == nil || !current.theirs() {
		return false
	}
	n := w.deployment.replicas()
	if current.replicas() != n || current.Status.Replicas != n || current.Status.AvailableReplicas != n {
		return false
	}
	return w.alone(current)
}

// handedOver says that the candidate is the Deployment's own and nothing of the hand-over is left to do.
func (w *world) handedOver(candidate *set) bool {
	return candidate != nil && candidate.owned == ByDeployment && len(w.which((*set).aside)) == 0 && w.alone(candidate)
}

// alone says that no other set has or wants pods.
func (w *world) alone(s *set) bool {
	for _, other := range w.ours() {
		if other != s && (other.replicas() > 0 || other.Status.Replicas > 0) {
			return false
		}
	}
	return true
}
