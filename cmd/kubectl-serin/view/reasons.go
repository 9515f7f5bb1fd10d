package view

import "github.com/serin-dev/serin/api/v1alpha1"

// Reason is what a reason of a condition, an event or an ended release means, and what a person does about it.
type Reason struct{ Name, Means, Do string }

// nothing is what most reasons ask for.
const nothing = "nothing"

// Group is a part of the reasons, under a heading.
type Group struct {
	Heading string
	Reasons []Reason
}

// Reasons are all of them, in the order of the API's own list.
func Reasons() []Group {
	return []Group{
		{"At rest", atRest()},
		{"On the way up", wayUp()},
		{"Wishes of people", wishes()},
		{"On the way down", wayDown()},
		{"What stands in the way", obstacles()},
		{"Of a MetricSource", ofSources()},
	}
}

// Advice is what to do about a reason; empty for one that nobody knows.
func Advice(reason string) string {
	for _, g := range Reasons() {
		for _, r := range g.Reasons {
			if r.Name == reason {
				return r.Do
			}
		}
	}
	return ""
}

func atRest() []Reason {
	return []Reason{
		{v1alpha1.ReasonWatching, "no release is under way", nothing},
		{v1alpha1.ReasonPassedThrough, "a version went out without a release, because nothing served that it could be compared with; as a warning, it rolled out while nobody watched", "nothing; after a warning, look at what went out, and check that the gate is installed"},
		{v1alpha1.ReasonRestartedNatively, "the pods were only restarted, which the Deployment does by itself", nothing},
		{v1alpha1.ReasonDeploymentRollingOut, "the Deployment is in a rollout of its own, which ends first", "nothing; if the Deployment is paused in it, kubectl rollout resume lets it end"},
		{v1alpha1.ReasonReverted, "the template is the baseline's again, and the release is over", nothing},
		{v1alpha1.ReasonReleaseWithdrawn, "the release ended without a judgement, because its template is no longer wanted", nothing},
	}
}

func wayUp() []Reason {
	return []Reason{
		{v1alpha1.ReasonReleaseStarted, "a new template was found and is held; its candidate is being made", nothing},
		{v1alpha1.ReasonBaselineNotReady, "the Deployment rolled past the gate, or the baseline's ReplicaSet was deleted; the baseline comes back first, or the candidate takes its place", "nothing; promote goes on without waiting"},
		{v1alpha1.ReasonCandidateNotReady, "the candidate's pods are not ready yet; the message says why", "if they can't become ready, fix the template and push; otherwise wait"},
		{v1alpha1.ReasonSettling, "the gateway has yet to acknowledge the weight", "nothing; if it lasts, look at the conditions of the route and of its Gateway"},
		{v1alpha1.ReasonSettled, "the gateway acknowledged the weight", nothing},
		{v1alpha1.ReasonObserving, "the step bakes, and evidence comes in", nothing},
		{v1alpha1.ReasonInconclusive, "the bake is over, and the evidence allows no verdict yet; as a warning, the step passed without one, as onInconclusive: Advance says", "wait for more traffic; kubectl serin plan says how much it takes"},
		{v1alpha1.ReasonHolding, "a deadline passed: without a verdict while onInconclusive is Hold, or on the way back, when the gateway or the pods do not follow", "more traffic, promote or abort; on the way back, mend what the message waits for"},
		{v1alpha1.ReasonStepAdvanced, "the candidate got the next weight, on the evidence quoted", nothing},
		{v1alpha1.ReasonPromoting, "every step passed, and the candidate becomes the Deployment's own", nothing},
		{v1alpha1.ReasonHandOverIncomplete, "the hand-over was not over in time, and the candidate was refused", "make room for the pods that the message misses, then retry"},
		{v1alpha1.ReasonPromoted, "the judged pods belong to the Deployment", nothing},
	}
}

func wishes() []Reason {
	return []Reason{
		{v1alpha1.ReasonAwaitingApproval, "a step passed and asks a person", "look at the evidence with status, then approve or abort"},
		{v1alpha1.ReasonApproved, "a person approved the step", nothing},
		{v1alpha1.ReasonPaused, "a person paused the release; evidence against the candidate still rolls it back", "resume when you are done"},
		{v1alpha1.ReasonResumed, "a person resumed the release", nothing},
		{v1alpha1.ReasonRetried, "a person asked for another try of a refused revision", nothing},
		{v1alpha1.ReasonAborted, "a person ended the release, and the revision is refused", "push a fix, revert, or retry"},
		{v1alpha1.ReasonResumedByHand, "somebody unpaused the Deployment behind the release, and it is paused again", "to promote, say so with promote; check that the gate is installed, and that no manifest says paused: false"},
		{v1alpha1.ReasonGuarded, "a new template began to roll before it was paused, and was stopped", "install the gate (config/gate); before Kubernetes 1.36 this is how a release starts"},
		{v1alpha1.ReasonVerbIgnored, "an annotation names a revision that nobody knows", "say the verb with this plugin, which writes the right revision"},
	}
}

func wayDown() []Reason {
	return []Reason{
		{v1alpha1.ReasonRollingBack, "the traffic leaves the candidate", nothing},
		{v1alpha1.ReasonRolledBack, "the candidate was refused, and the baseline has all traffic", "explain says why; push a fix, revert, or retry"},
		{v1alpha1.ReasonAnalysisFailed, "the evidence says that the candidate is worse than tolerated", "compare both versions with the queries that explain prints; push a fix, or revert; retry only if the cause was elsewhere"},
		{v1alpha1.ReasonStepDeadlineExceeded, "a step's deadline passed without a verdict", "see what the message misses: traffic or a source; mend it and retry, or give the step more time with analysis.deadline"},
		{v1alpha1.ReasonCandidateFailed, "the candidate's pods can't run; the message holds the pods' own words", "fix the template and push"},
		{v1alpha1.ReasonCandidateDeadlineExceeded, "the candidate's pods did not become ready within the Deployment's progressDeadlineSeconds", "look at the pods' events; make room or fix the template, then retry or push"},
		{v1alpha1.ReasonSplitDeadlineExceeded, "the gateway did not acknowledge the weight in time", "look at the conditions of the route and of its Gateway; mend it and retry"},
		{v1alpha1.ReasonSuperseded, "a newer template came, and the release starts over with it", nothing},
		{v1alpha1.ReasonScaledToZero, "the Deployment was scaled to 0 during the release, which ended", nothing},
		{v1alpha1.ReasonCanaryDeleted, "the Canary was deleted; a template that was not judged stays in its Deployment, paused", "kubectl rollout resume ships that template; a new Canary releases it"},
		{v1alpha1.ReasonTargetDeleted, "the Deployment was deleted during the release", nothing},
	}
}

func obstacles() []Reason {
	return []Reason{
		{v1alpha1.ReasonTargetNotFound, "the Deployment of spec.targetRef does not exist", "create it, or delete the Canary"},
		{v1alpha1.ReasonTargetTaken, "another Canary watches over the same Deployment", "delete one of the two"},
		{v1alpha1.ReasonSpecInvalid, "the spec asks for something impossible that the schema could not see", "change the field that the message names; lint shows the same before it is pushed"},
		{v1alpha1.ReasonServiceNotFound, "the Service under spec.traffic does not exist, or is not as it has to be", "create it, or correct spec.traffic.service"},
		{v1alpha1.ReasonNameTaken, "something else has the name of a Service or a route that Serin makes", "rename or delete what the message names"},
		{v1alpha1.ReasonRouteNotFound, "a route of spec.traffic.routes does not exist", "create it, or correct its name"},
		{v1alpha1.ReasonRouteUnsupported, "a route, as written, can't carry a split", "change the route as the message says"},
		{v1alpha1.ReasonRouteKindUnknown, "this installation has no router for the kind of a route", "name a route of a kind that it knows"},
		{v1alpha1.ReasonRouteReverted, "something else took the split out of the route, and it was set again; the step starts over", "find out who writes the route; with Argo CD, see docs/canary.md"},
		{v1alpha1.ReasonSourceNotFound, "the MetricSource does not exist, or none is marked default", "create it, name another one, or set spec.default: true on one"},
		{v1alpha1.ReasonSourceAmbiguous, "more than one MetricSource is marked default", "leave spec.default: true on one of them"},
		{v1alpha1.ReasonSourceUnavailable, "the metrics backend brings no evidence; the weight holds", "mend the source (kubectl get metricsources); at the step's deadline onInconclusive decides"},
		{v1alpha1.ReasonSourceRejected, "the backend refuses what it is asked, or no version could be told from another by it", "do what the message says: a label in the pod template, the source's preset, or the Canary's metrics"},
	}
}

func ofSources() []Reason {
	return []Reason{
		{v1alpha1.ReasonAnswering, "the backend answers", nothing},
		{v1alpha1.ReasonSkewed, "the backend answers, and its clock differs from the operator's", "set both clocks right"},
		{v1alpha1.ReasonUnreachable, "the backend does not answer, or not in time", "check spec.address, the network between, and the backend itself"},
		{v1alpha1.ReasonThrottled, "the backend's rate limit leaves no room for a question", "fewer Canaries at once, longer intervals, or a higher limit"},
		{v1alpha1.ReasonNonsense, "something answers, but not as a backend of this type does", "check spec.address: a login page or another server is behind it"},
		{v1alpha1.ReasonUnauthorized, "the backend does not take the credentials", "put valid ones into the Secret that spec.secretRef names; no restart is needed"},
		{v1alpha1.ReasonRejected, "the backend refuses even the simplest question", "do what the message says"},
		{v1alpha1.ReasonTypeUnknown, "this installation does not know the type of the MetricSource", "write a type that it knows, such as prometheus or datadog"},
		{v1alpha1.ReasonSecretNotFound, "the Secret does not exist in the operator's namespace", "create it there, or correct spec.secretRef"},
	}
}
