// Package workload watches over a Deployment without replacing it.
//
// At rest it touches nothing. During a release it keeps the Deployment paused, runs the candidate in a ReplicaSet controlled by the
// Canary, and at the end hands that ReplicaSet, pods and all, over to the Deployment.
//
// [Deployments.Observe] tells what is; [Deployments.Ensure] brings it to a level. Neither remembers anything: whatever a release needs to know
// after a crash is written on the ReplicaSets themselves.
package workload

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// Target names a Deployment and the Canary that watches over it. Both live in the same namespace.
type Target struct {
	Deployment types.NamespacedName
	// Owner is the reference by which a ReplicaSet says that the Canary controls it; see [Owning].
	Owner metav1.OwnerReference
}

// Owning is the owner reference of what the named Canary controls.
func Owning(canary string, uid types.UID) metav1.OwnerReference {
	yes := true
	return metav1.OwnerReference{
		APIVersion: v1alpha1.GroupVersion().String(), Kind: "Canary", Name: canary, UID: uid,
		Controller: &yes, BlockOwnerDeletion: &yes,
	}
}

// Observation is what the cluster says about one Deployment and its ReplicaSets.
type Observation struct {
	// Exists is false when there is no such Deployment, or it is being deleted.
	Exists bool
	UID    types.UID
	// Paused is spec.paused.
	Paused bool
	// PausedBy is the field manager that owns spec.paused while it is true: kubectl-rollout for a person's kubectl rollout pause, serin for the guard, and empty for
	// the gate, whose pause nobody owns unless the manifest itself names the field.
	PausedBy string
	// Replicas is spec.replicas.
	Replicas int32
	// MinAvailable is how many pods the Deployment's own strategy would keep available through a rollout; Replicas for Recreate.
	MinAvailable int32
	// ProgressDeadlineSeconds of the Deployment, 600 by default.
	ProgressDeadlineSeconds int32
	// Complete is true when the Deployment's own rollout is over: its current template's ReplicaSet has all pods available and no other has any.
	Complete bool
	// Wanted is the revision of the Deployment's present template. WantedSet is the name of its ReplicaSet, or the one that Serin would give it, and WantedLabels
	// are those that its pods have.
	Wanted, WantedSet string
	WantedLabels      map[string]string
	// RestartOf names the revision that Wanted differs from only by a restart (kubectl rollout restart); empty otherwise.
	RestartOf string
	// Serving is the revision with the most available pods that is not under test; empty when no pod is available.
	Serving string
	// Baseline is the ReplicaSet of the revision asked about as baseline, or the one found serving when none was asked about.
	Baseline Set
	// Candidate is the ReplicaSet of the revision asked about as candidate, else of Wanted.
	Candidate Set
	// Strays counts pods of further ReplicaSets of this Deployment that neither serve as baseline nor are under test.
	Strays int32
	// HandedOver is true when the candidate is the Deployment's own, the only ReplicaSet with pods, and nothing is left in the Canary's hands.
	HandedOver bool
}

// Set is one ReplicaSet.
type Set struct {
	// Name and Revision are empty when there is no such ReplicaSet.
	Name, Revision string
	// Labels are those of its pods.
	Labels map[string]string
	// Owned says who controls it.
	Owned Owner
	// Desired, Pods, Ready and Available count pods.
	Desired, Pods, Ready, Available int32
	// Trouble is why the pods can't become ready, in the pod's own words (ImagePullBackOff, CrashLoopBackOff, exceeded quota ...); empty otherwise.
	Trouble string
	// Fatal is true when waiting longer will not help (crash loop, image that can't be pulled, invalid configuration).
	Fatal bool
}

// Owner of a ReplicaSet.
type Owner int

// Who controls a ReplicaSet.
const (
	Nobody Owner = iota
	ByDeployment
	ByCanary
	ByOther
)

// Pause says what to do about the Deployment's own rollout.
type Pause int

// The pauses.
const (
	// LeaveAsIs touches spec.paused in no case: a Deployment that its owner paused stays paused.
	LeaveAsIs Pause = iota
	// KeepPaused keeps the Deployment from rolling by itself, and takes back what it rolled already.
	KeepPaused
	// LetRoll lets the Deployment roll by itself again, but only while its template is the baseline's, or a restart of it. No other template is ever
	// let loose, whatever was pushed since the decision.
	LetRoll
)

// Desired is the level to bring the workload to; Ensure re-asserts all of it on every pass.
type Desired struct {
	Pause Pause
	// Baseline and Candidate are the revisions meant. Whatever else the Canary controls is retired: deleted if Serin made it, given back empty if it
	// was taken from the Deployment. An empty Candidate retires everything.
	Baseline, Candidate string
	// CandidatePods is how many pods the candidate is to have; 0 keeps the ReplicaSet empty as the record of its template.
	CandidatePods int32
	// HandOver gives the candidate to the Deployment and takes the old ReplicaSet's pods away. CandidatePods is not read: the candidate has as many pods as
	// the Deployment wants.
	HandOver bool
}

// Progress is how far Ensure came.
type Progress struct {
	// Done is true when the workload is at the desired level and nothing is waited for, except the candidate's pods.
	Done bool
	// Waiting says what for, in words for the person on call; empty when Done.
	Waiting string
	// Paused is true when the Deployment was found rolling and has been paused by this very call.
	Paused bool
}
