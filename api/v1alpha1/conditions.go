package v1alpha1

// Condition types. Ready, Reconciling and Stalled follow kstatus: the latter two exist only while they are true.
const (
	// ConditionReady is true when nothing is under way and the last release was not refused; on a MetricSource, when the backend answers.
	ConditionReady = "Ready"
	// ConditionReconciling is true while a release is under way.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is true when nothing goes on until a person changes something.
	ConditionStalled = "Stalled"
)

// Reasons of conditions and events: the only list. A package that may not import this one repeats the word, and a test compares.
const (
	// At rest.

	// ReasonWatching means that nothing is under way: the next change of the template starts a release.
	ReasonWatching = "Watching"
	// ReasonPassedThrough means that the workload has no pods, so that a new version replaces nothing that serves.
	ReasonPassedThrough = "PassedThrough"
	// ReasonRestartedNatively means that only a restart was asked for, which the workload does by itself.
	ReasonRestartedNatively = "RestartedNatively"
	// ReasonDeploymentRollingOut means that the workload's own rollout has to end first.
	ReasonDeploymentRollingOut = "DeploymentRollingOut"
	// ReasonReverted means that the workload went back to the baseline's own template.
	ReasonReverted = "Reverted"
	// ReasonReleaseWithdrawn means that the release ended because its template is no longer wanted.
	ReasonReleaseWithdrawn = "ReleaseWithdrawn"

	// On the way up.

	// ReasonReleaseStarted means that a new template was found and its candidate is being made.
	ReasonReleaseStarted = "ReleaseStarted"
	// ReasonBaselineNotReady means that the baseline's pods come back first, after a rollout that began without the gate.
	ReasonBaselineNotReady = "BaselineNotReady"
	// ReasonCandidateNotReady means that candidate pods are awaited.
	ReasonCandidateNotReady = "CandidateNotReady"
	// ReasonSettling means that the data plane has yet to acknowledge the split.
	ReasonSettling = "Settling"
	// ReasonSettled means that the data plane acknowledged the split.
	ReasonSettled = "Settled"
	// ReasonObserving means that a step bakes.
	ReasonObserving = "Observing"
	// ReasonInconclusive means that the bake is over and the evidence allows no verdict yet.
	ReasonInconclusive = "Inconclusive"
	// ReasonHolding means that a step's deadline passed without a verdict and that onInconclusive is Hold.
	ReasonHolding = "Holding"
	// ReasonStepAdvanced means that the candidate got the next weight.
	ReasonStepAdvanced = "StepAdvanced"
	// ReasonPromoting means that the candidate becomes the workload's own.
	ReasonPromoting = "Promoting"
	// ReasonHandOverIncomplete means that the workload has yet to make the candidate its own.
	ReasonHandOverIncomplete = "HandOverIncomplete"
	// ReasonPromoted means that the candidate is the baseline now.
	ReasonPromoted = "Promoted"

	// Wishes of people.

	// ReasonAwaitingApproval means that a step has shown what it must and asks for serin.dev/approve.
	ReasonAwaitingApproval = "AwaitingApproval"
	// ReasonApproved means that a person approved the step.
	ReasonApproved = "Approved"
	// ReasonPaused means that a person paused the release.
	ReasonPaused = "Paused"
	// ReasonResumed means that a person resumed the release.
	ReasonResumed = "Resumed"
	// ReasonRetried means that a person asked for another try of a refused candidate.
	ReasonRetried = "Retried"
	// ReasonAborted means that a person ended the release.
	ReasonAborted = "Aborted"
	// ReasonResumedByHand means that the workload was unpaused behind Serin's back, and is paused again.
	ReasonResumedByHand = "ResumedByHand"
	// ReasonGuarded means that a new template began to roll before it was paused, because the gate did not see the push.
	ReasonGuarded = "Guarded"
	// ReasonVerbIgnored means that an annotation names a revision that it can't apply to.
	ReasonVerbIgnored = "VerbIgnored"

	// On the way down.

	// ReasonRollingBack means that the traffic leaves the candidate.
	ReasonRollingBack = "RollingBack"
	// ReasonRolledBack means that the candidate was refused and the baseline has all traffic.
	ReasonRolledBack = "RolledBack"
	// ReasonAnalysisFailed means that the evidence says the candidate is worse.
	ReasonAnalysisFailed = "AnalysisFailed"
	// ReasonStepDeadlineExceeded means that a step's deadline passed without a verdict.
	ReasonStepDeadlineExceeded = "StepDeadlineExceeded"
	// ReasonCandidateFailed means that the candidate's pods can't run.
	ReasonCandidateFailed = "CandidateFailed"
	// ReasonCandidateDeadlineExceeded means that the candidate's pods did not become ready in time.
	ReasonCandidateDeadlineExceeded = "CandidateDeadlineExceeded"
	// ReasonSplitDeadlineExceeded means that the data plane did not acknowledge the split in time.
	ReasonSplitDeadlineExceeded = "SplitDeadlineExceeded"
	// ReasonSuperseded means that a newer template ended the release.
	ReasonSuperseded = "Superseded"
	// ReasonScaledToZero means that the workload was scaled to 0 during the release.
	ReasonScaledToZero = "ScaledToZero"
	// ReasonCanaryDeleted means that the Canary was deleted during the release.
	ReasonCanaryDeleted = "CanaryDeleted"
	// ReasonTargetDeleted means that the workload was deleted during the release.
	ReasonTargetDeleted = "TargetDeleted"

	// What stands in the way.

	// ReasonTargetNotFound means that the workload does not exist.
	ReasonTargetNotFound = "TargetNotFound"
	// ReasonTargetTaken means that another Canary watches over the same workload.
	ReasonTargetTaken = "TargetTaken"
	// ReasonSpecInvalid means that the spec asks for something impossible that the schema could not see.
	ReasonSpecInvalid = "SpecInvalid"
	// ReasonServiceNotFound means that the Service named under traffic does not exist.
	ReasonServiceNotFound = "ServiceNotFound"
	// ReasonNameTaken means that something else has the name of a Service or a route that Serin makes for the Canary.
	ReasonNameTaken = "NameTaken"
	// ReasonRouteNotFound means that a route does not exist.
	ReasonRouteNotFound = "RouteNotFound"
	// ReasonRouteUnsupported means that a route, as written, can't carry a split.
	ReasonRouteUnsupported = "RouteUnsupported"
	// ReasonRouteKindUnknown means that this installation has no router for the kind of a route.
	ReasonRouteKindUnknown = "RouteKindUnknown"
	// ReasonRouteReverted means that something else keeps taking the split out of the route.
	ReasonRouteReverted = "RouteReverted"
	// ReasonSourceNotFound means that the MetricSource named does not exist, or that none is marked default.
	ReasonSourceNotFound = "SourceNotFound"
	// ReasonSourceAmbiguous means that more than one MetricSource is marked default.
	ReasonSourceAmbiguous = "SourceAmbiguous"
	// ReasonSourceUnavailable means that the backend does not answer; it may come back by itself.
	ReasonSourceUnavailable = "SourceUnavailable"
	// ReasonSourceRejected means that the backend refuses what it is asked and will go on doing so.
	ReasonSourceRejected = "SourceRejected"

	// Of a MetricSource.

	// ReasonAnswering means that the backend answers.
	ReasonAnswering = "Answering"
	// ReasonSkewed means that the backend answers, and that its clock and ours differ by so much that counts come late or begin early.
	ReasonSkewed = "Skewed"
	// ReasonUnreachable means that the backend does not answer, or not in time.
	ReasonUnreachable = "Unreachable"
	// ReasonThrottled means that the backend's rate limit leaves no room for a question.
	ReasonThrottled = "Throttled"
	// ReasonNonsense means that something answers, but not as a backend of this type does.
	ReasonNonsense = "Nonsense"
	// ReasonUnauthorized means that the backend does not take the credentials.
	ReasonUnauthorized = "Unauthorized"
	// ReasonRejected means that the backend refuses even the simplest question.
	ReasonRejected = "Rejected"
	// ReasonTypeUnknown means that this installation does not know the type of the MetricSource.
	ReasonTypeUnknown = "TypeUnknown"
	// ReasonSecretNotFound means that the Secret named does not exist in the operator's namespace.
	ReasonSecretNotFound = "SecretNotFound"
)
