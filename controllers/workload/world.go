package workload

import (
	"cmp"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// world is what one read of the cluster showed. Everything that this package decides, it decides on a world alone.
type world struct {
	target Target
	// deployment is nil when there is none, or it is being deleted.
	deployment *deployment
	// sets are the ReplicaSets that match the Deployment's selector or are in the Canary's hands, oldest first, as the Deployment controller orders them.
	// Those that something else controls are among them, because their names are taken.
	sets []*set
}

type deployment struct {
	appsv1.Deployment
	raw      *unstructured.Unstructured
	template template
}

type set struct {
	appsv1.ReplicaSet
	template template
	// revision that the ReplicaSet goes by.
	revision string
	owned    Owner
}

func parseDeployment(raw *unstructured.Unstructured) (*deployment, error) {
	d := &deployment{raw: raw}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw.Object, &d.Deployment); err != nil {
		return nil, err
	}
	var err error
	d.template, err = templateOf(raw)
	return d, err
}

func (w *world) parseSet(raw *unstructured.Unstructured) (*set, error) {
	s := &set{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw.Object, &s.ReplicaSet); err != nil {
		return nil, err
	}
	var err error
	if s.template, err = templateOf(raw); err != nil {
		return nil, err
	}
	s.owned = w.ownerOf(&s.ReplicaSet)
	s.revision = s.Spec.Template.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
	if s.revision == "" {
		// A ReplicaSet that a person made and the Deployment adopted has no hash label.
		s.revision = s.template.name(func(string) bool { return false })
	}
	return s, nil
}

// put adds a set, or replaces the one with the same UID.
func (w *world) put(s *set) {
	w.drop(s)
	w.sets = append(w.sets, s)
	slices.SortStableFunc(w.sets, func(a, b *set) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
}

func (w *world) drop(s *set) {
	w.sets = slices.DeleteFunc(w.sets, func(o *set) bool { return o.UID == s.UID })
}

// ownerOf says who controls a ReplicaSet. One that bears this Canary's label and that nobody controls any more is still the Canary's: deleting a Canary in
// the foreground, as Argo CD does, takes the reference away long before the finalizer had its turn.
func (w *world) ownerOf(rs *appsv1.ReplicaSet) Owner {
	controller := metav1.GetControllerOfNoCopy(rs)
	labelled := rs.Labels[labelCanary] == labelValue(w.target.Owner.Name)
	switch {
	case controller == nil && labelled, controller != nil && controller.UID == w.target.Owner.UID:
		return ByCanary
	case controller == nil:
		return Nobody
	case w.deployment != nil && controller.UID == w.deployment.UID:
		return ByDeployment
	case labelled && w.isCanary(*controller):
		return ByCanary
	default:
		return ByOther
	}
}

// theirs says that the Deployment controls the set, or will in a moment: it adopts what nobody controls.
func (s *set) theirs() bool { return s.owned == ByDeployment || s.owned == Nobody }

// held says that the set is in the Canary's hands.
func (s *set) held() bool { return s.owned == ByCanary }

// ours is every set of this Deployment or this Canary that is there to stay.
func (w *world) ours() []*set {
	return w.which(func(s *set) bool { return s.owned != ByOther && s.DeletionTimestamp == nil })
}

func (w *world) which(match func(*set) bool) []*set {
	var found []*set
	for _, s := range w.sets {
		if match(s) {
			found = append(found, s)
		}
	}
	return found
}

// find is the set that goes by a revision; nil when there is none.
func (w *world) find(revision string) *set {
	var found *set
	for _, s := range w.ours() {
		if revision != "" && s.revision == revision && (found == nil || s.held()) {
			found = s
		}
	}
	return found
}

func (w *world) named(name string) *set {
	i := slices.IndexFunc(w.sets, func(s *set) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return w.sets[i]
}

// current is the set with the Deployment's present template: the oldest, which is the one that the Deployment controller would take.
func (w *world) current() *set {
	for _, s := range w.ours() {
		if s.template == w.deployment.template {
			return s
		}
	}
	return nil
}

// wanted is the revision of the Deployment's present template, whether or not a ReplicaSet has it yet.
func (w *world) wanted() string {
	if s := w.current(); s != nil {
		return s.revision
	}
	return w.deployment.template.name(func(name string) bool {
		return slices.ContainsFunc(w.sets, func(s *set) bool {
			return s.revision == name || s.Name == candidateName(w.deployment.Name, name)
		})
	})
}

// restartOf is the revision that the present template restarts: preferably one of those asked about.
func (w *world) restartOf(preferred ...string) string {
	var found string
	for _, s := range w.ours() {
		if !w.deployment.template.restarts(s.template) {
			continue
		}
		if slices.Contains(preferred, s.revision) {
			return s.revision
		}
		found = s.revision
	}
	return found
}

// replicas is spec.replicas of the Deployment.
func (d *deployment) replicas() int32 { return valueOr(d.Spec.Replicas, 1) }

// replicas is spec.replicas of the ReplicaSet.
func (s *set) replicas() int32 { return valueOr(s.Spec.Replicas, 1) }

func valueOr(p *int32, otherwise int32) int32 {
	if p == nil {
		return otherwise
	}
	return *p
}

// surge and unavailable are the Deployment's own bounds in pods, rounded as the Deployment controller rounds them.
func (d *deployment) surge() int32 {
	if d.Spec.Strategy.RollingUpdate == nil {
		return 0
	}
	return scaled(d.Spec.Strategy.RollingUpdate.MaxSurge, d.replicas(), true)
}

func (d *deployment) unavailable() int32 {
	if d.Spec.Strategy.RollingUpdate == nil || d.replicas() == 0 {
		return 0
	}
	n := scaled(d.Spec.Strategy.RollingUpdate.MaxUnavailable, d.replicas(), false)
	if n == 0 && d.surge() == 0 {
		// Without either, no rollout could ever move.
		n = 1
	}
	return min(n, d.replicas())
}

func scaled(bound *intstr.IntOrString, of int32, up bool) int32 {
	if bound == nil {
		return 0
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(bound, int(of), up)
	if err != nil {
		// The API server lets no other text pass.
		return 0
	}
	return int32(n)
}

// minAvailable is how many pods the Deployment's own strategy would keep available.
func (d *deployment) minAvailable() int32 { return d.replicas() - d.unavailable() }
