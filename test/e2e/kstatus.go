package e2e

import (
	"errors"
	"fmt"
	"regexp"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
)

var camelCase = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)

// sound says what is wrong with a status for those who read it by kstatus: kubectl wait, Argo CD, Flux. An object without any status is not yet observed,
// and nothing is wrong with that.
func sound(c *v1alpha1.Canary) error {
	if len(c.Status.Conditions) == 0 {
		return nil
	}
	ready := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return errors.New("there is no condition Ready")
	}
	var problems []error
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if c.Status.ObservedGeneration > c.Generation || c.Status.ObservedGeneration == 0 {
		wrong("observedGeneration is %d at generation %d", c.Status.ObservedGeneration, c.Generation)
	}
	for _, condition := range c.Status.Conditions {
		problems = append(problems, soundCondition(condition, c.Status.ObservedGeneration))
	}
	reconciling, stalled := isTrue(c, v1alpha1.ConditionReconciling), isTrue(c, v1alpha1.ConditionStalled)
	switch {
	case ready.Status == metav1.ConditionTrue && (reconciling || stalled):
		wrong("Ready is true beside Reconciling=%t and Stalled=%t", reconciling, stalled)
	case ready.Status == metav1.ConditionFalse && !reconciling && !stalled:
		wrong("Ready is false, and neither Reconciling nor Stalled says why")
	}
	switch c.Status.Phase {
	case v1alpha1.PhaseProgressing, v1alpha1.PhasePromoting, v1alpha1.PhaseFinalizing, v1alpha1.PhaseRollingBack:
		if !reconciling {
			wrong("phase %s without Reconciling", c.Status.Phase)
		}
	case v1alpha1.PhaseFailed:
		if !stalled {
			wrong("phase Failed without Stalled")
		}
	case v1alpha1.PhaseIdle, v1alpha1.PhaseSucceeded:
		if reconciling && stalled {
			wrong("phase %s with both Reconciling and Stalled", c.Status.Phase)
		}
	default:
		wrong("phase is %q", c.Status.Phase)
	}
	return errors.Join(problems...)
}

func soundCondition(c metav1.Condition, generation int64) error {
	switch {
	case (c.Type == v1alpha1.ConditionReconciling || c.Type == v1alpha1.ConditionStalled) && c.Status != metav1.ConditionTrue:
		return fmt.Errorf("%s is there and %s: it may exist only while it is true", c.Type, c.Status)
	case c.ObservedGeneration != generation:
		return fmt.Errorf("%s was observed at generation %d, the status at %d", c.Type, c.ObservedGeneration, generation)
	case !camelCase.MatchString(c.Reason):
		return fmt.Errorf("%s has the reason %q", c.Type, c.Reason)
	case c.Message == "":
		return fmt.Errorf("%s has no message", c.Type)
	case c.LastTransitionTime.IsZero():
		return fmt.Errorf("%s does not say since when", c.Type)
	}
	return nil
}

func isTrue(c *v1alpha1.Canary, condition string) bool {
	return meta.IsStatusConditionTrue(c.Status.Conditions, condition)
}
