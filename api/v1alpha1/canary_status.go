package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// CanaryStatus tells what is going on and why. Only status.rollout is memory; everything else is written for its readers.
type CanaryStatus struct {
	// conditions follow kstatus: Ready, and Reconciling or Stalled while true.
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// observedGeneration is the generation of the spec that this status answers.
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// observedRevision is the revision of the workload's template that this status answers.
	ObservedRevision string `json:"observedRevision,omitempty"`
	// phase of the release.
	Phase Phase `json:"phase,omitempty"`
	// weight is the candidate's share of traffic in percent, as decided.
	Weight int32 `json:"weight"`
	// step is the current step of the plan, such as 3/10.
	Step string `json:"step,omitempty"`
	// verdict of the last look: Pass, Fail or Inconclusive.
	Verdict string `json:"verdict,omitempty"`
	// revision is the candidate under test, or the one last decided upon.
	Revision string `json:"revision,omitempty"`
	// message says in one sentence what is going on.
	Message string `json:"message,omitempty"`
	// rollout is the release's memory, written before anything is done about it.
	Rollout *RolloutStatus `json:"rollout,omitempty"`
	// analysis is the last look at the evidence.
	Analysis *AnalysisStatus `json:"analysis,omitempty"`
	// history lists the last ten releases, newest first.
	History []Release `json:"history,omitempty"`
}

// Phase of a release.
type Phase string

// The phases of a release.
const (
	// PhaseIdle means that nothing is under way and no release has ended yet.
	PhaseIdle Phase = "Idle"
	// PhaseProgressing means that a candidate climbs the steps.
	PhaseProgressing Phase = "Progressing"
	// PhasePromoting means that the candidate becomes the workload's own.
	PhasePromoting Phase = "Promoting"
	// PhaseFinalizing means that the route returns to what it was.
	PhaseFinalizing Phase = "Finalizing"
	// PhaseRollingBack means that the traffic leaves the candidate.
	PhaseRollingBack Phase = "RollingBack"
	// PhaseSucceeded means that the last candidate was promoted.
	PhaseSucceeded Phase = "Succeeded"
	// PhaseFailed means that the last candidate was refused; the workload keeps the refused template, paused.
	PhaseFailed Phase = "Failed"
)

// RolloutStatus is the memory of the release state machine, field for field.
type RolloutStatus struct {
	// phase decided last.
	Phase Phase `json:"phase,omitempty"`
	// baseline is the revision that serves.
	Baseline string `json:"baseline,omitempty"`
	// candidate is the revision that this memory is about.
	Candidate string `json:"candidate,omitempty"`
	// refused says that the candidate was refused: it is not tried again unless a person asks for it.
	Refused bool `json:"refused,omitempty"`
	// weight is the share of traffic granted to the candidate, in percent.
	Weight int32 `json:"weight,omitempty"`
	// passed says that the current step has shown what it must.
	Passed bool `json:"passed,omitempty"`
	// waived says that the current step may pass without a verdict, by onInconclusive: Advance.
	Waived bool `json:"waived,omitempty"`
	// paused by a person.
	Paused bool `json:"paused,omitempty"`
	// forced by a person: promote without waiting for further evidence.
	Forced bool `json:"forced,omitempty"`
	// approvedWeight is the weight of the last step that a person approved.
	ApprovedWeight int32 `json:"approvedWeight,omitempty"`
	// startedAt is when the release started.
	StartedAt *metav1.Time `json:"startedAt,omitempty"`
	// enteredAt is when the present wait began; its deadline counts from here.
	EnteredAt *metav1.Time `json:"enteredAt,omitempty"`
	// settledAt is when the split was first seen settled at the present weight; bake, evidence and drain count from here.
	SettledAt *metav1.Time `json:"settledAt,omitempty"`
	// reason of the present wait, or of the last outcome.
	Reason string `json:"reason,omitempty"`
	// cause explains why the candidate was refused, and stands alone.
	Cause string `json:"cause,omitempty"`
	// acknowledged holds the last value acted upon for each verb.
	Acknowledged map[string]string `json:"acknowledged,omitempty"`
}

// AnalysisStatus is the last look at the evidence of the current step.
type AnalysisStatus struct {
	// source is the MetricSource asked.
	Source string `json:"source,omitempty"`
	// since and until bound the evidence.
	Since *metav1.Time `json:"since,omitempty"`
	Until *metav1.Time `json:"until,omitempty"`
	// verdict over all metrics.
	Verdict string `json:"verdict,omitempty"`
	// message says in one sentence what the evidence shows, or what is missing.
	Message string `json:"message,omitempty"`
	// metrics, one entry each.
	Metrics []MetricStatus `json:"metrics,omitempty"`
}

// MetricStatus is what the last look showed for one metric. Values carry their unit.
type MetricStatus struct {
	Name    string `json:"name"`
	Verdict string `json:"verdict,omitempty"`
	// baseline and candidate values, such as 0.21% or 93ms.
	Baseline  string `json:"baseline,omitempty"`
	Candidate string `json:"candidate,omitempty"`
	// difference with its interval, such as "+48ms (+41ms to +56ms)".
	Difference string `json:"difference,omitempty"`
	// limit that the candidate may not exceed, as computed from the baseline and maxIncrease, or the absolute one.
	Limit string `json:"limit,omitempty"`
	// requests counted on each arm.
	BaselineRequests  int64 `json:"baselineRequests,omitempty"`
	CandidateRequests int64 `json:"candidateRequests,omitempty"`
	// message is one plain sentence.
	Message string `json:"message,omitempty"`
}

// Release is one ended release.
type Release struct {
	Revision  string       `json:"revision"`
	Outcome   string       `json:"outcome"`
	Reason    string       `json:"reason,omitempty"`
	Message   string       `json:"message,omitempty"`
	StartedAt *metav1.Time `json:"startedAt,omitempty"`
	EndedAt   *metav1.Time `json:"endedAt,omitempty"`
}
