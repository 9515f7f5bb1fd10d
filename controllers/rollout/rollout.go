package rollout

import (
	"time"

	"github.com/serin-dev/serin/analysis"
)

// Phase of a release. The zero value means that nothing was ever seen.
type Phase string

// The phases of a release; see the package documentation for the way through them.
const (
	Idle        Phase = "Idle"
	Progressing Phase = "Progressing"
	Promoting   Phase = "Promoting"
	Finalizing  Phase = "Finalizing"
	RollingBack Phase = "RollingBack"
	Succeeded   Phase = "Succeeded"
	Failed      Phase = "Failed"
)

// Plan is what the Canary asks for.
type Plan struct {
	// Steps in order: weights rise strictly and end at 100. Never empty.
	Steps []Step
	// Interval is the time between two looks at the evidence.
	Interval time.Duration
	// EvidenceDeadline is the longest wait for a verdict after a step's bake; then OnInconclusive decides.
	EvidenceDeadline time.Duration
	OnInconclusive   InconclusivePolicy
	// ReadyDeadline is the longest wait for pods to become ready or for a split to settle.
	ReadyDeadline time.Duration
	// Drain is how long the split must have been settled at 0 before the candidate's pods go.
	Drain time.Duration
	// Capacity says how many candidate pods a weight needs beside replicas baseline pods: 0 for weight 0, at least 1 above, at most replicas.
	Capacity func(replicas, weight int32) int32
	// PodShare is true when no route carries the split, so that the pods are the split: they are scaled for the granted weight, never ahead of it.
	PodShare bool
}

// Step is one weight and the least time to hold it.
type Step struct {
	Weight   int32
	Bake     time.Duration
	Approval bool
}

// InconclusivePolicy says what happens at a step's deadline without a verdict. The zero value rolls back.
type InconclusivePolicy int

// The policies.
const (
	RollBackIfInconclusive InconclusivePolicy = iota
	HoldIfInconclusive
	AdvanceIfInconclusive
)

// State is the memory of a release, persisted field for field. The zero value means that nothing was ever seen.
type State struct {
	Phase Phase
	// Baseline is the revision that serves; Candidate the one that this memory is about.
	Baseline, Candidate string
	// Refused says that Candidate was refused and is not tried again unless a person retries it.
	Refused bool
	// Weight granted to the candidate, in percent.
	Weight int32
	// Passed says that the step of Weight has shown what it must; Waived that it may pass without a verdict.
	Passed, Waived bool
	// Paused and Forced are a person's wishes.
	Paused, Forced bool
	// Delayed says that people were told that the present phase takes too long.
	Delayed bool
	// ApprovedWeight is the weight of the last step that a person approved.
	ApprovedWeight int32
	// StartedAt is when the release started, EnteredAt when the present wait began (deadlines count from it), SettledAt when the split was first seen
	// settled at Weight (zero: not yet). Bake, evidence and drain count from SettledAt.
	StartedAt, EnteredAt, SettledAt time.Time
	// Reason of the present wait or of the last outcome.
	Reason Reason
	// Cause explains why the candidate was refused; it stands alone.
	Cause string
	// Acknowledged holds the last value acted upon for each verb.
	Acknowledged Wishes
	// Ignored are the wishes that people were told mean no revision that is known.
	Ignored string
}

// Wishes are the verbs of people. Each value names the revision meant, "<revision>" or "<revision>@<anything>": the part after
// the @ makes the same wish new again.
type Wishes struct{ Promote, Abort, Approve, Pause, Resume, Retry string }

// Observation is what the world looked like.
type Observation struct {
	Now      time.Time
	Workload Workload
	Split    Split
	// Report on the evidence since State.SettledAt; the zero value is Inconclusive.
	Report analysis.Report
	// Stale says why the report is no longer about now; empty when it is.
	Stale string
	// SourceTrouble says why the source brought no evidence, in words for the person on call; empty when it answered.
	SourceTrouble string
	// Unjudgeable says why no source could ever tell the candidate from the baseline as the two are now; empty when one can.
	Unjudgeable string
	Wishes      Wishes
	// Ending is true when the Canary is being deleted: nothing new starts, and everything of ours goes.
	Ending bool
}

// Workload is what was observed of the Deployment and its pods. The baseline's are those of State.Baseline, or of Serving when the memory names none; the
// candidate's those of State.Candidate, or of Wanted when the memory names none and Wanted is not the baseline.
type Workload struct {
	// Exists is false when the workload is gone.
	Exists bool
	Paused bool
	// Replicas is how many pods the workload asks for.
	Replicas int32
	// Complete is true when the workload's own rollout of Wanted is over: all its pods are available, and no other revision has any.
	Complete bool
	// Wanted is the revision of the workload's present template; RestartOf the revision it only restarts, if any.
	Wanted, RestartOf string
	// Serving is the revision with the most available pods, whatever the memory says; empty when no pod is available.
	Serving string
	// BaselineGone says that the memory names a baseline, and that it has no ReplicaSet any more: it can't come back.
	BaselineGone bool
	// BaselineAvailable counts the baseline's pods that can serve; MinAvailable is how many the workload's own strategy would keep.
	BaselineAvailable, MinAvailable int32
	// Strays counts the pods of all revisions that are neither baseline nor candidate.
	Strays int32
	// CandidatePods counts the candidate's pods, CandidateAvailable those that can serve.
	CandidatePods, CandidateAvailable int32
	// Trouble is why the candidate's pods are not ready, in the pods' own words; Fatal is true when waiting will not help.
	Trouble string
	Fatal   bool
	// Adopted is true once the candidate belongs to the workload, HandedOver when no pod of any other revision is left.
	Adopted, HandedOver bool
}

// Split is what was observed of the route. With Plan.PodShare nothing of it is read.
type Split struct {
	// Home is true when the route is as its owner wrote it; Gone when there is no such route.
	Home, Gone bool
	// Alike is true when the route divides nothing, whatever else is left of a split in it.
	Alike  bool
	Weight int32
	// Settled is true when the data plane has acknowledged the route as it is.
	Settled bool
	// Message says what an unsettled split waits for.
	Message string
}

// Hold says what to do about the workload's own rollout.
type Hold int

// The holds.
const (
	// LeaveAsIs touches nothing.
	LeaveAsIs Hold = iota
	// KeepPaused keeps the workload from rolling by itself.
	KeepPaused
	// LetRoll lets the workload roll by itself again.
	LetRoll
)

// Desired is the level to bring the world to. It is no script: all of it is asserted every time.
type Desired struct {
	Hold Hold
	// Split is true while the route must divide the traffic by Weight; false when it must be as its owner wrote it.
	Split  bool
	Weight int32
	// CandidatePods is how many pods the candidate is to have.
	CandidatePods int32
	// HandOver makes the candidate the workload's own.
	HandOver bool
}

// Event is something that a person should be told.
type Event struct {
	Reason  Reason
	Message string
	Warning bool
}

// Decision is what to remember, what to bring about, and when to look again.
type Decision struct {
	State   State
	Desired Desired
	// Message says in one sentence what is going on.
	Message string
	// Event is nil when there is nothing new to tell.
	Event *Event
	// RequeueAfter is the longest time until the next look; 0 when only a change of the world can matter.
	RequeueAfter time.Duration
	// Done is true when the Canary is ending and nothing of ours is left.
	Done bool
}

// Reason of a wait or an outcome: the same words in conditions, events and logs.
type Reason string

// The reasons.
const (
	ReasonWatching           Reason = "Watching"
	ReasonTargetNotFound     Reason = "TargetNotFound"
	ReasonDeploymentRolling  Reason = "DeploymentRollingOut"
	ReasonPassedThrough      Reason = "PassedThrough"
	ReasonReleaseStarted     Reason = "ReleaseStarted"
	ReasonStepAdvanced       Reason = "StepAdvanced"
	ReasonSettling           Reason = "Settling"
	ReasonScaling            Reason = "CandidateNotReady"
	ReasonBaselineNotReady   Reason = "BaselineNotReady"
	ReasonObserving          Reason = "Observing"
	ReasonInconclusive       Reason = "Inconclusive"
	ReasonHolding            Reason = "Holding"
	ReasonSourceUnavailable  Reason = "SourceUnavailable"
	ReasonSourceRejected     Reason = "SourceRejected"
	ReasonRouteReverted      Reason = "RouteReverted"
	ReasonPaused             Reason = "Paused"
	ReasonResumedByHand      Reason = "ResumedByHand"
	ReasonAwaitingApproval   Reason = "AwaitingApproval"
	ReasonPromoting          Reason = "Promoting"
	ReasonPromoted           Reason = "Promoted"
	ReasonReverted           Reason = "Reverted"
	ReasonSuperseded         Reason = "Superseded"
	ReasonScaledToZero       Reason = "ScaledToZero"
	ReasonAborted            Reason = "Aborted"
	ReasonAnalysisFailed     Reason = "AnalysisFailed"
	ReasonCandidateFailed    Reason = "CandidateFailed"
	ReasonCandidateNotReady  Reason = "CandidateDeadlineExceeded"
	ReasonSplitUnsettled     Reason = "SplitDeadlineExceeded"
	ReasonStepDeadline       Reason = "StepDeadlineExceeded"
	ReasonCanaryDeleted      Reason = "CanaryDeleted"
	ReasonTargetDeleted      Reason = "TargetDeleted"
	ReasonRolledBack         Reason = "RolledBack"
	ReasonVerbIgnored        Reason = "VerbIgnored"
	ReasonHandOverIncomplete Reason = "HandOverIncomplete"
)
