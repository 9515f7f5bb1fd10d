// Package workload watches over a Deployment without replacing it.
//
// At rest it touches nothing. During a release it keeps the Deployment paused, runs the candidate in a ReplicaSet controlled by the
// Canary, and at the end hands that ReplicaSet, pods and all, over to the Deployment.
package workload

import "k8s.io/apimachinery/pkg/types"

// Observation is what the cluster says about one Deployment and its ReplicaSets.
type Observation struct {
	// Exists is false when there is no such Deployment, or it is being deleted.
	Exists bool
	UID    types.UID
	// Paused is spec.paused.
	Paused bool
	// Replicas is spec.replicas.
	Replicas int32
	// ProgressDeadlineSeconds of the Deployment, 600 by default.
	ProgressDeadlineSeconds int32
	// Complete is true when the Deployment's own rollout is over: its current template's ReplicaSet has all pods available and no other has any.
	Complete bool
	// Wanted is the revision of the Deployment's present template.
	Wanted string
	// RestartOf names the revision that Wanted differs from only by a restart (kubectl rollout restart); empty otherwise.
	RestartOf string
	// Baseline is the ReplicaSet of the revision asked about as baseline, or the one found serving when none was asked about.
	Baseline Set
	// Candidate is the ReplicaSet of the revision asked about as candidate, else of Wanted.
	Candidate Set
	// Strays counts pods of further ReplicaSets of this Deployment that neither serve as baseline nor are under test.
	Strays int32
}

// Set is one ReplicaSet.
type Set struct {
	// Name and Revision are empty when there is no such ReplicaSet.
	Name, Revision string
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

// Desired is the level to bring the workload to; Ensure re-asserts all of it on every pass.
type Desired struct {
	// Paused is what spec.paused must be.
	Paused bool
	// Baseline and Candidate are the revisions meant.
	Baseline, Candidate string
	// CandidatePods is how many pods the candidate is to have; 0 keeps the ReplicaSet empty as the record of its template.
	CandidatePods int32
	// HandOver gives the candidate to the Deployment and takes the old ReplicaSet's pods away.
	HandOver bool
	// Retire removes the candidate's ReplicaSet altogether.
	Retire bool
}
