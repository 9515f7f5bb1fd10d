package controllers

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
)

const (
	// longestMessage bounds every message in a status or an event, in bytes; an event's note may not be longer than 1024.
	longestMessage = 1000
	// historyLength is how many ended releases a Canary remembers.
	historyLength = 10
)

// project writes a decision for its readers. Nothing but status.rollout is ever read back.
func project(status *v1alpha1.CanaryStatus, s *scene, d rollout.Decision) {
	state := d.State
	status.ObservedGeneration = s.canary.Generation
	status.ObservedRevision = s.workload.Wanted
	status.Phase = v1alpha1.Phase(state.Phase)
	status.Weight = state.Weight
	status.Step = ""
	if state.Phase == rollout.Progressing || state.Phase == rollout.Promoting {
		status.Step = fmt.Sprintf("%d/%d", s.plan.StepNumber(state.Weight), len(s.plan.Steps))
	}
	status.Revision = state.Candidate
	if status.Revision == "" {
		status.Revision = state.Baseline
	}
	status.Message = truncated(d.Message)
	if s.problem != nil && !inFlight(state.Phase) {
		status.Message = truncated(s.problem.message)
	}
	projectAnalysis(status, s, d)
	status.Rollout = memoryOf(state)
	if e := &s.recollection.evidence; state.Phase == rollout.Progressing && state.Candidate == e.candidate {
		status.Rollout.Evidence = e.checkpoint(state)
	}
	remember(status, s, d)
	projectConditions(status, s, d)
}

// projectAnalysis shows the last look, and keeps showing it after the release has ended: it is why it ended.
func projectAnalysis(status *v1alpha1.CanaryStatus, s *scene, d rollout.Decision) {
	report, e := s.observation.Report, s.recollection.evidence
	if d.Event != nil && (d.Event.Reason == rollout.ReasonReleaseStarted || d.Event.Reason == rollout.ReasonReverted) {
		// What was shown is about a candidate that nobody asks about any more.
		status.Analysis, status.Verdict = nil, ""
		return
	}
	if len(report.Results) == 0 && report.Message == "" {
		return
	}
	a := &v1alpha1.AnalysisStatus{
		Source:  s.canary.Spec.Analysis.Source,
		Since:   timeOf(s.state.StartedAt),
		Until:   timeOf(e.upTo),
		Verdict: report.Verdict.String(),
		Message: truncated(report.Message),
	}
	for _, result := range report.Results {
		m := metricStatus(result)
		m.Trend = e.trend.of(result.Name, result.Unit)
		a.Metrics = append(a.Metrics, m)
	}
	status.Analysis, status.Verdict = a, a.Verdict
}

func metricStatus(r analysis.Result) v1alpha1.MetricStatus {
	return v1alpha1.MetricStatus{
		Name:              r.Name,
		Verdict:           r.Verdict.String(),
		Baseline:          r.BaselineText(),
		Candidate:         r.CandidateText(),
		Difference:        r.DifferenceText(),
		Limit:             r.LimitText(),
		BaselineRequests:  int64(r.BaselineRequests),
		CandidateRequests: int64(r.CandidateRequests),
		Message:           truncated(r.Message),
	}
}

// remember adds a release to the history in the turn that ends it.
func remember(status *v1alpha1.CanaryStatus, s *scene, d rollout.Decision) {
	before, after := s.state, d.State
	outcome := outcomeOf(before, d)
	if outcome == "" {
		return
	}
	release := v1alpha1.Release{
		Revision: before.Candidate, Outcome: outcome, Reason: string(after.Reason), Message: truncated(d.Message),
		StartedAt: timeOf(before.StartedAt), EndedAt: timeOf(s.observation.Now),
	}
	status.History = slices.Insert(status.History, 0, release)
	status.History = status.History[:min(len(status.History), historyLength)]
}

// outcomeOf is how a decision ends a release; empty when it does not.
func outcomeOf(before rollout.State, d rollout.Decision) string {
	after := d.State
	switch {
	case before.Phase != rollout.Progressing && before.Phase != rollout.Promoting:
		return ""
	case after.Phase == rollout.Finalizing && d.Event != nil && d.Event.Reason == rollout.ReasonPromoted:
		return v1alpha1.ReasonPromoted
	case after.Phase == rollout.Finalizing:
		return v1alpha1.ReasonPassedThrough
	case after.Phase == rollout.RollingBack && after.Refused:
		return v1alpha1.ReasonRolledBack
	case after.Phase == rollout.RollingBack:
		return v1alpha1.ReasonReleaseWithdrawn
	}
	return ""
}

// projectConditions follows kstatus: Ready always, Reconciling and Stalled only while true.
func projectConditions(status *v1alpha1.CanaryStatus, s *scene, d rollout.Decision) {
	set := func(kind string, is bool, reason, message string) {
		c := metav1.Condition{Type: kind, Status: metav1.ConditionFalse, Reason: reason, Message: truncated(message), ObservedGeneration: s.canary.Generation}
		if is {
			c.Status = metav1.ConditionTrue
		}
		meta.SetStatusCondition(&status.Conditions, c)
	}
	only := func(kind string, is bool, reason, message string) {
		if is {
			set(kind, true, reason, message)
		} else {
			meta.RemoveStatusCondition(&status.Conditions, kind)
		}
	}
	flying := inFlight(d.State.Phase)
	reason, message := orWord(string(d.State.Reason), v1alpha1.ReasonWatching), d.Message
	if flying {
		message = conditionMessage(d)
	}
	stalled := d.State.Phase == rollout.Failed
	switch {
	case s.problem != nil:
		stalled, reason, message = true, s.problem.reason, s.problem.message
	case d.State.Reason == rollout.ReasonTargetNotFound && !flying:
		stalled, message = true, fmt.Sprintf("spec.targetRef names the Deployment %s, which does not exist; create it, or delete this Canary and make one for another",
			s.canary.Spec.TargetRef.Name)
	}
	rolling := d.State.Reason == rollout.ReasonDeploymentRolling && !flying
	set(v1alpha1.ConditionReady, !flying && !stalled && !rolling, reason, message)
	// At rest it is one or the other: what a person has to mend is not told as under way because the Deployment rolls meanwhile.
	only(v1alpha1.ConditionReconciling, flying || rolling && !stalled, reason, message)
	only(v1alpha1.ConditionStalled, stalled && !flying || s.problem != nil, reason, message)
}

// conditionMessage is the message of a condition while a release is in flight. It names no count that moves with every look: a condition is no gauge.
func conditionMessage(d rollout.Decision) string {
	if d.Event != nil {
		return d.Event.Message
	}
	if d.State.Cause != "" {
		return d.State.Cause
	}
	return fmt.Sprintf("revision %s is in release at weight %d%%", d.State.Candidate, d.State.Weight)
}

// sameConditions compares what conditions say, not when they began to, nor their messages. While a release is under way its reason changes with every wait, and
// only that of what a person has to mend counts.
func sameConditions(a, b v1alpha1.CanaryStatus) bool {
	return slices.EqualFunc(a.Conditions, b.Conditions, func(x, y metav1.Condition) bool {
		waits := x.Type != v1alpha1.ConditionStalled && inFlight(rollout.Phase(b.Phase))
		return x.Type == y.Type && x.Status == y.Status && (x.Reason == y.Reason || waits)
	})
}

// truncated cuts s to longestMessage at a rune's border.
func truncated(s string) string {
	if len(s) <= longestMessage {
		return s
	}
	const more = " ..."
	cut := longestMessage - len(more)
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + more
}

func orWord(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
