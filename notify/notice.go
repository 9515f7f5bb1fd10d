// Package notify passes on what the operator tells: to chats, mailboxes, pagers and webhooks, and to whatever takes CloudEvents.
//
// Telling never waits. [Notifier.Tell] puts a [Notice] into the bounded queue of each receiver that wants it and returns; there is no I/O in it and nothing that can
// fail. Behind each queue is one worker, so that a receiver that is down or slow delays no other and no release.
//
// Addresses of receivers hold tokens. No text that comes from a library, a server or the network is ever passed on from here: what went wrong is told in the words of
// this package alone.
package notify

import (
	"slices"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// Notice is one fact about a Canary, as its event tells it.
type Notice struct {
	// ID is the same whenever the same fact is told, so that a receiver can tell a repetition.
	ID   string
	Time time.Time

	Namespace, Canary, UID string
	// Workload is the name of the Deployment.
	Workload string
	// Reason is one of the reasons in package v1alpha1.
	Reason string
	// Warning is true for what is an event of type Warning.
	Warning bool
	// Message is the text of the event and of the condition, uncut.
	Message string

	// Revision is the candidate's, Baseline that of the version that serves. Both may be empty.
	Revision, Baseline string
	Phase              string
	// Started is when the release began; zero when there is none.
	Started time.Time
	// Weight is the candidate's share in percent, Step the number of the step at that weight, of Steps.
	Weight, Step, Steps int32
}

// name is how people call the Canary.
func (n Notice) name() string { return n.Namespace + "/" + n.Canary }

// forPeople says that somebody has to act on it.
func (n Notice) forPeople() bool { return n.Warning || n.Reason == v1alpha1.ReasonAwaitingApproval }

// knownReason says that a Canary may have this reason.
func knownReason(reason string) bool { return slices.Contains(reasons(), reason) }

// reasons are all that a Canary may have.
func reasons() []string {
	return []string{
		v1alpha1.ReasonWatching, v1alpha1.ReasonPassedThrough, v1alpha1.ReasonRestartedNatively, v1alpha1.ReasonDeploymentRollingOut,
		v1alpha1.ReasonReverted, v1alpha1.ReasonReleaseWithdrawn,

		v1alpha1.ReasonReleaseStarted, v1alpha1.ReasonBaselineNotReady, v1alpha1.ReasonCandidateNotReady, v1alpha1.ReasonSettling, v1alpha1.ReasonSettled,
		v1alpha1.ReasonObserving, v1alpha1.ReasonInconclusive, v1alpha1.ReasonHolding, v1alpha1.ReasonStepAdvanced, v1alpha1.ReasonPromoting,
		v1alpha1.ReasonHandOverIncomplete, v1alpha1.ReasonPromoted,

		v1alpha1.ReasonAwaitingApproval, v1alpha1.ReasonApproved, v1alpha1.ReasonPaused, v1alpha1.ReasonResumed, v1alpha1.ReasonRetried, v1alpha1.ReasonAborted,
		v1alpha1.ReasonResumedByHand, v1alpha1.ReasonGuarded, v1alpha1.ReasonVerbIgnored,

		v1alpha1.ReasonRollingBack, v1alpha1.ReasonRolledBack, v1alpha1.ReasonAnalysisFailed, v1alpha1.ReasonStepDeadlineExceeded, v1alpha1.ReasonCandidateFailed,
		v1alpha1.ReasonCandidateDeadlineExceeded, v1alpha1.ReasonSplitDeadlineExceeded, v1alpha1.ReasonSuperseded, v1alpha1.ReasonScaledToZero,
		v1alpha1.ReasonCanaryDeleted, v1alpha1.ReasonTargetDeleted,

		v1alpha1.ReasonTargetNotFound, v1alpha1.ReasonTargetTaken, v1alpha1.ReasonSpecInvalid, v1alpha1.ReasonServiceNotFound, v1alpha1.ReasonNameTaken,
		v1alpha1.ReasonRouteNotFound, v1alpha1.ReasonRouteUnsupported, v1alpha1.ReasonRouteKindUnknown, v1alpha1.ReasonRouteReverted,
		v1alpha1.ReasonSourceNotFound, v1alpha1.ReasonSourceAmbiguous, v1alpha1.ReasonSourceUnavailable, v1alpha1.ReasonSourceRejected,
	}
}
