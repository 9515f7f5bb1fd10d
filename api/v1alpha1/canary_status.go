package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Bounds of what the operator writes into a status. The schema refuses more, so a writer must cut first.
const (
	// MaxMessage is the most characters of a message; a longer one is cut by its writer.
	MaxMessage = 1024
	// MaxHistory is how many ended releases are kept.
	MaxHistory = 10
	// MaxMetrics is the most metrics that one Canary is judged by.
	MaxMetrics = 10
	// MaxVerbValue is the most characters of a verb's value that is acted upon.
	MaxVerbValue = 253
)

// CanaryStatus tells what is going on and why. Only status.rollout is memory; everything else is written for its readers.
type CanaryStatus struct {
	// conditions follow kstatus: Ready, and Reconciling or Stalled while true.
	//
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// observedGeneration is the generation of the spec that this status answers.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// observedRevision is the revision of the workload's template that this status answers.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=63
	ObservedRevision string `json:"observedRevision,omitempty"`
	// phase of the release.
	//
	// +optional
	Phase Phase `json:"phase,omitempty"`
	// weight is the candidate's share of traffic in percent, as decided.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Weight int32 `json:"weight"`
	// step is the current step of the plan, such as 3/10.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=16
	Step string `json:"step,omitempty"`
	// verdict of the last look: Pass, Fail or Inconclusive.
	//
	// +optional
	// +kubebuilder:validation:Enum=Pass;Fail;Inconclusive
	Verdict string `json:"verdict,omitempty"`
	// revision is the candidate under test, or the one last decided upon.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Revision string `json:"revision,omitempty"`
	// message says in one sentence what is going on.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
	// rollout is the release's memory, written before anything is done about it.
	//
	// +optional
	Rollout *RolloutStatus `json:"rollout,omitempty"`
	// analysis is the last look at the evidence.
	//
	// +optional
	Analysis *AnalysisStatus `json:"analysis,omitempty"`
	// history lists the last ten releases, newest first.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	History []Release `json:"history,omitempty"`
}

// Phase of a release.
//
// +kubebuilder:validation:Enum=Idle;Progressing;Promoting;Finalizing;RollingBack;Succeeded;Failed
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
	//
	// +optional
	Phase Phase `json:"phase,omitempty"`
	// baseline is the revision that serves.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Baseline string `json:"baseline,omitempty"`
	// candidate is the revision that this memory is about.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Candidate string `json:"candidate,omitempty"`
	// refused says that the candidate was refused: it is not tried again unless a person asks for it.
	//
	// +optional
	Refused bool `json:"refused,omitempty"`
	// weight is the share of traffic granted to the candidate, in percent.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Weight int32 `json:"weight,omitempty"`
	// passed says that the current step has shown what it must.
	//
	// +optional
	Passed bool `json:"passed,omitempty"`
	// waived says that the current step may pass without a verdict, by onInconclusive: Advance.
	//
	// +optional
	Waived bool `json:"waived,omitempty"`
	// paused by a person.
	//
	// +optional
	Paused bool `json:"paused,omitempty"`
	// forced by a person: promote without waiting for further evidence.
	//
	// +optional
	Forced bool `json:"forced,omitempty"`
	// delayed is true once people were told that the present phase takes too long.
	//
	// +optional
	Delayed bool `json:"delayed,omitempty"`
	// approvedWeight is the weight of the last step that a person approved.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	ApprovedWeight int32 `json:"approvedWeight,omitempty"`
	// startedAt is when the release started.
	//
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`
	// enteredAt is when the present wait began; its deadline counts from here.
	//
	// +optional
	EnteredAt *metav1.Time `json:"enteredAt,omitempty"`
	// settledAt is when the split was first seen settled at the present weight; bake, evidence and drain count from here.
	//
	// +optional
	SettledAt *metav1.Time `json:"settledAt,omitempty"`
	// reason of the present wait, or of the last outcome.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Reason string `json:"reason,omitempty"`
	// cause explains why the candidate was refused, and stands alone.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Cause string `json:"cause,omitempty"`
	// acknowledged holds the last value acted upon for each verb, such as promote: 6d4cf56db6.
	//
	// +optional
	// +kubebuilder:validation:MaxProperties=8
	// +kubebuilder:validation:XValidation:rule=`self.all(k, k.size() <= 63 && self[k].size() <= 253)`,message="rollout.acknowledged must hold verbs of at most 63 characters and values of at most 253"
	Acknowledged map[string]string `json:"acknowledged,omitempty"`
	// evidence gathered so far in this release.
	//
	// +optional
	Evidence *EvidenceStatus `json:"evidence,omitempty"`
	// ignored are the verbs that people were told name no revision that is known.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Ignored string `json:"ignored,omitempty"`
}

// EvidenceStatus is what the decision engine keeps of a release, so that a restart of the operator loses nothing of it.
type EvidenceStatus struct {
	// state is the engine's own, and compact. Its first byte tells its version.
	//
	// +required
	// +kubebuilder:validation:MaxLength=65536
	State []byte `json:"state"`
	// upTo is the end of the last interval in it.
	//
	// +required
	UpTo metav1.MicroTime `json:"upTo"`
}

// AnalysisStatus is the last look at the evidence of the current step.
type AnalysisStatus struct {
	// source is the MetricSource asked.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Source string `json:"source,omitempty"`
	// since is when the evidence of this step begins.
	//
	// +optional
	Since *metav1.Time `json:"since,omitempty"`
	// until is when the evidence ends.
	//
	// +optional
	Until *metav1.Time `json:"until,omitempty"`
	// verdict over all metrics.
	//
	// +optional
	// +kubebuilder:validation:Enum=Pass;Fail;Inconclusive
	Verdict string `json:"verdict,omitempty"`
	// message says in one sentence what the evidence shows, or what is missing.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
	// metrics hold one entry each.
	//
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=10
	Metrics []MetricStatus `json:"metrics,omitempty"`
}

// MetricStatus is what the last look showed for one metric. Values carry their unit, where they have one.
type MetricStatus struct {
	// name of the metric.
	//
	// +required
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// verdict on this metric: Pass, Fail or Inconclusive.
	//
	// +optional
	// +kubebuilder:validation:Enum=Pass;Fail;Inconclusive
	Verdict string `json:"verdict,omitempty"`
	// baseline is the value of the version that serves, such as 0.21%, 93ms or 12,345.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Baseline string `json:"baseline,omitempty"`
	// candidate is the value of the version under test.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Candidate string `json:"candidate,omitempty"`
	// difference with its interval, such as "+48ms (+41ms to +56ms)".
	//
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Difference string `json:"difference,omitempty"`
	// limit that the candidate may not exceed (or fall below, where lower is worse), as computed from the baseline and the tolerated change, or the absolute one.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Limit string `json:"limit,omitempty"`
	// baselineRequests is how many requests to the baseline were counted.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	BaselineRequests int64 `json:"baselineRequests,omitempty"`
	// candidateRequests is how many requests to the candidate were counted.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	CandidateRequests int64 `json:"candidateRequests,omitempty"`
	// message is one plain sentence.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
	// trend draws what the newest looks at this release showed.
	//
	// +optional
	Trend *TrendStatus `json:"trend,omitempty"`
}

// TrendStatus draws both versions on one scale, from 0 up: a character for each look, the newest last, and a blank where nothing was counted.
type TrendStatus struct {
	// baseline as a line of bars, such as ▅▅▅▅.
	//
	// +required
	// +kubebuilder:validation:MaxLength=64
	Baseline string `json:"baseline"`
	// candidate as a line of bars, such as ▅▆██.
	//
	// +required
	// +kubebuilder:validation:MaxLength=64
	Candidate string `json:"candidate"`
	// most is the value of the highest bar, such as 142ms.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Most string `json:"most,omitempty"`
}

// Release is one ended release.
type Release struct {
	// revision that was released.
	//
	// +required
	// +kubebuilder:validation:MaxLength=63
	Revision string `json:"revision"`
	// outcome of the release: Promoted, RolledBack or ReleaseWithdrawn.
	//
	// +required
	// +kubebuilder:validation:MaxLength=63
	Outcome string `json:"outcome"`
	// reason of the outcome, in CamelCase.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Reason string `json:"reason,omitempty"`
	// message says in one sentence how it ended; for a rollback it stands alone.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
	// startedAt is when the release started.
	//
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`
	// endedAt is when it ended.
	//
	// +optional
	EndedAt *metav1.Time `json:"endedAt,omitempty"`
}
