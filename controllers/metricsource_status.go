package controllers

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
)

const (
	// successRefresh is how old lastSuccess becomes while a source goes on answering.
	successRefresh = time.Hour
	// tolerableSkew is what clocks may differ by before people are told: a third of the usual interval.
	tolerableSkew = 5 * time.Second
)

// describe writes what was seen into a source's status.
func (seen pulse) describe(source *v1alpha1.MetricSource) {
	status := &source.Status
	ready := metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonAnswering,
		Message: "the backend answers", ObservedGeneration: source.Generation,
	}
	stalled := false
	switch {
	case seen.err != nil:
		ready.Status, ready.Message = metav1.ConditionFalse, truncated(seen.err.Error())
		if ready.Reason = configReason(seen.err); ready.Reason == "" {
			ready.Reason = troubleReason(seen.err)
		}
		stalled = configReason(seen.err) != "" || errors.Is(seen.err, analysis.ErrRejected)
	case seen.health.Skew.Abs() > tolerableSkew:
		ready.Reason, ready.Message = v1alpha1.ReasonSkewed, skewMessage(seen.health.Skew)
	}
	meta.SetStatusCondition(&status.Conditions, ready)
	if stalled {
		ready.Type, ready.Status = v1alpha1.ConditionStalled, metav1.ConditionTrue
		meta.SetStatusCondition(&status.Conditions, ready)
	} else {
		meta.RemoveStatusCondition(&status.Conditions, v1alpha1.ConditionStalled)
	}
	status.ObservedGeneration = source.Generation
	if !seen.answered.IsZero() {
		status.LastSuccess = &metav1.Time{Time: seen.answered}
	}
	if seen.err == nil {
		status.Latency = &metav1.Duration{Duration: roughly(seen.took)}
		status.Budget = budgetStatus(seen.health.Budget)
	}
}

// configReason is the reason of a source that can't be asked as it is written; empty for any other trouble.
func configReason(err error) string {
	var config configError
	switch {
	case errors.Is(err, errTypeUnknown):
		return v1alpha1.ReasonTypeUnknown
	case errors.Is(err, errNoSecret):
		return v1alpha1.ReasonSecretNotFound
	case errors.As(err, &config):
		return v1alpha1.ReasonSpecInvalid
	}
	return ""
}

// skewMessage says what clocks that differ do to the counts. What has a timestamp was stamped by another clock than the one that cuts the windows.
func skewMessage(ahead time.Duration) string {
	const remedy = "; have both clocks, or that of a proxy before it, set by the network"
	if ahead > 0 {
		return fmt.Sprintf("the backend answers, and its clock is about %s ahead of the operator's: a step's counts begin with requests of as long before it", whole(ahead)) + remedy
	}
	text := fmt.Sprintf("the backend answers, and its clock is about %s behind the operator's: every look comes as much later", whole(-ahead))
	if -ahead > mostBehind {
		text += fmt.Sprintf(", though no more than %s, and what it counts after that is lost", mostBehind)
	}
	return text + remedy
}

// whole is a duration in whole seconds, or in whole minutes when it is longer.
func whole(d time.Duration) time.Duration {
	if d < 2*time.Minute {
		return d.Round(time.Second)
	}
	return d.Round(time.Minute)
}

func budgetStatus(b *analysis.Budget) *v1alpha1.SourceBudget {
	if b == nil {
		return nil
	}
	count := func(n int) int32 { return int32(min(max(n, 0), math.MaxInt32)) }
	status := &v1alpha1.SourceBudget{Limit: count(b.Limit), Left: count(b.Left)}
	if b.Period > 0 {
		status.Period = &metav1.Duration{Duration: b.Period}
	}
	return status
}

// worthWriting says whether people learn something from a new status. A source at rest is asked every minute, and its status written once an hour.
func worthWriting(before, after v1alpha1.MetricSourceStatus) bool {
	return before.ObservedGeneration != after.ObservedGeneration ||
		!samePulse(before.Conditions, after.Conditions) ||
		before.LastSuccess == nil != (after.LastSuccess == nil) ||
		after.LastSuccess != nil && after.LastSuccess.Sub(before.LastSuccess.Time) >= successRefresh ||
		farApart(before.Latency, after.Latency) ||
		scarce(before.Budget) != scarce(after.Budget) || (before.Budget == nil) != (after.Budget == nil)
}

// samePulse compares conditions, but for the numbers in their messages: ports, times and identifiers that change with every attempt.
func samePulse(before, after []metav1.Condition) bool {
	numbers := regexp.MustCompile(`[0-9a-f]*[0-9][0-9a-f]*`)
	if len(before) != len(after) {
		return false
	}
	for _, b := range before {
		a := meta.FindStatusCondition(after, b.Type)
		if a == nil || a.Status != b.Status || a.Reason != b.Reason || numbers.ReplaceAllString(a.Message, "0") != numbers.ReplaceAllString(b.Message, "0") {
			return false
		}
	}
	return true
}

// farApart says whether latencies differ tenfold.
func farApart(a, b *metav1.Duration) bool {
	if a == nil || b == nil {
		return a != b
	}
	return max(a.Duration, b.Duration) >= 10*min(a.Duration, b.Duration)
}

// scarce says whether less than a fifth of a budget is left.
func scarce(b *v1alpha1.SourceBudget) bool { return b != nil && 5*b.Left < b.Limit }

// roughly is a duration with one digit that is 1, 2 or 5, of a millisecond or more.
func roughly(d time.Duration) time.Duration {
	for step := time.Millisecond; ; step *= 10 {
		switch {
		case d < 3*step/2:
			return step
		case d < 7*step/2:
			return 2 * step
		case d < 15*step/2:
			return 5 * step
		}
	}
}
