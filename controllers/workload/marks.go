package workload

import (
	"hash/fnv"
	"maps"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// What is written on ReplicaSets, and on nothing else. It is all that a crash leaves to go by.
const (
	// labelCanary names the Canary whose hands the ReplicaSet is in; see labelValue.
	labelCanary = v1alpha1.Group + "/canary"
	// markTakenOver says that the Deployment made the ReplicaSet, so that it is given back and not deleted.
	markTakenOver = v1alpha1.Group + "/taken-over"
	// markRestoring says that the ReplicaSet was taken with pods, at the expense of the baseline's: they go only as the baseline's come back.
	markRestoring = v1alpha1.Group + "/restoring"
	// markAsideFor says that the ReplicaSet was put aside for the hand-over of the one that it names.
	markAsideFor = v1alpha1.Group + "/aside-for"
)

// The Deployment controller's own annotations.
const (
	annotationRevision        = "deployment.kubernetes.io/revision"
	annotationRevisionHistory = "deployment.kubernetes.io/revision-history"
	annotationDesired         = "deployment.kubernetes.io/desired-replicas"
	annotationMax             = "deployment.kubernetes.io/max-replicas"
)

// labelValue is a Canary's name as a label's value. A name too long for one is cut, and told apart by a hash.
func labelValue(canary string) string {
	const longest = 63
	if len(canary) <= longest {
		return canary
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(canary))
	suffix := "-" + rand.SafeEncodeString(strconv.FormatUint(uint64(h.Sum32()), 10))
	return canary[:longest-len(suffix)] + suffix
}

// candidateName names a candidate's ReplicaSet. Pods are named after it, cut to 63 characters at the cost of its end: a long Deployment's name is cut here
// instead, so that the revision stays legible in the names of pods.
func candidateName(deployment, revision string) string {
	const longest = 63 - len("-") - len("12345")
	room := longest - len("-") - len(revision)
	if len(deployment) > room {
		deployment = strings.TrimRight(deployment[:room], "-.")
	}
	return deployment + "-" + revision
}

func (s *set) takenOver() bool  { return s.Annotations[markTakenOver] != "" }
func (s *set) restoring() bool  { return s.Annotations[markRestoring] != "" }
func (s *set) asideFor() string { return s.Annotations[markAsideFor] }

// marked says that anything of Serin's is written on the set.
func (s *set) marked() bool {
	return s.Labels[labelCanary] != "" || s.takenOver() || s.restoring() || s.asideFor() != ""
}

// aside says that the set was put aside for a hand-over.
func (s *set) aside() bool { return s.held() && s.asideFor() != "" }

// controlling is the reference by which the Deployment controls a ReplicaSet, the very one that its controller would write.
func (d *deployment) controlling() metav1.OwnerReference {
	return *metav1.NewControllerRef(&d.Deployment, appsv1.SchemeGroupVersion.WithKind("Deployment"))
}

// keeping is a reference that controls nothing. It keeps the garbage collector from taking a ReplicaSet away together with the Canary.
func (d *deployment) keeping() metav1.OwnerReference {
	ref := d.controlling()
	ref.Controller, ref.BlockOwnerDeletion = nil, nil
	return ref
}

// ownedBy are the owner references of s with these in place of the Deployment's and the Canary's. References of others stay.
func (w *world) ownedBy(s *set, refs ...metav1.OwnerReference) []metav1.OwnerReference {
	kept := []metav1.OwnerReference{}
	for _, r := range s.OwnerReferences {
		if r.UID != w.deployment.UID && !w.isCanary(r) {
			kept = append(kept, r)
		}
	}
	return append(kept, refs...)
}

// isCanary says that a reference means this Canary, or an earlier one of the same name.
func (w *world) isCanary(r metav1.OwnerReference) bool {
	return r.UID == w.target.Owner.UID ||
		r.Kind == w.target.Owner.Kind && r.Name == w.target.Owner.Name && strings.HasPrefix(r.APIVersion, v1alpha1.Group+"/")
}

// canaryReference is the Canary's reference on a set in its hands, or nothing: one that the garbage collector took off is not put back, it would be taken again.
func (w *world) canaryReference(s *set) []metav1.OwnerReference {
	if !s.held() {
		return []metav1.OwnerReference{w.target.Owner}
	}
	if controller := metav1.GetControllerOf(s); controller != nil {
		return []metav1.OwnerReference{*controller}
	}
	return nil
}

// hiddenLabels are the labels of a ReplicaSet with pods that are under test: without those that the Deployment selects by. Should the Canary's reference go, the
// Deployment still doesn't adopt it, which would ship what nobody has judged. The pods keep all of theirs.
func (w *world) hiddenLabels(s *set) map[string]string {
	hidden := s.shownLabels()
	requirements := labels.Everything()
	if selector, err := metav1.LabelSelectorAsSelector(w.deployment.Spec.Selector); err == nil {
		requirements = selector
	}
	list, _ := requirements.Requirements()
	for _, r := range list {
		delete(hidden, r.Key())
	}
	return hidden
}

// shownLabels are the labels that the Deployment selects by, and all others of the template, as its controller would set them.
func (s *set) shownLabels() map[string]string {
	shown := map[string]string{}
	maps.Copy(shown, s.Labels)
	maps.Copy(shown, s.Spec.Template.Labels)
	return shown
}

// revisionNumber is the number in the rollout history; 0 when there is none.
func (s *set) revisionNumber() int64 {
	n, err := strconv.ParseInt(s.Annotations[annotationRevision], 10, 64)
	if err != nil {
		return 0
	}
	return n
}
