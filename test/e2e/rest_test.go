package e2e

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
)

func TestAReleaseThatDidNotGoOnIsNoticed(t *testing.T) {
	began := metav1.NewTime(time.Unix(1000, 0))
	status := func(change func(*v1alpha1.RolloutStatus)) *v1alpha1.RolloutStatus {
		s := &v1alpha1.RolloutStatus{StartedAt: &began, Weight: 50, Evidence: &v1alpha1.EvidenceStatus{State: []byte{1, 7}, UpTo: metav1.NewMicroTime(time.Unix(1060, 0))}}
		change(s)
		return s
	}
	for name, c := range map[string]struct {
		change func(*v1alpha1.RolloutStatus)
		broken bool
	}{
		"it stands still": {func(*v1alpha1.RolloutStatus) {}, false},
		"it goes on": {func(s *v1alpha1.RolloutStatus) {
			s.Weight = 100
			s.Evidence.UpTo = metav1.NewMicroTime(time.Unix(1070, 0))
		}, false},
		"it began anew":        {func(s *v1alpha1.RolloutStatus) { s.StartedAt = &metav1.Time{Time: time.Unix(1061, 0)} }, true},
		"it took a step back":  {func(s *v1alpha1.RolloutStatus) { s.Weight = 25 }, true},
		"it lost its evidence": {func(s *v1alpha1.RolloutStatus) { s.Evidence = nil }, true},
		"it counts again":      {func(s *v1alpha1.RolloutStatus) { s.Evidence.UpTo = metav1.NewMicroTime(time.Unix(1001, 0)) }, true},
		"another engine counts anew": {func(s *v1alpha1.RolloutStatus) {
			s.Evidence.UpTo, s.Evidence.State[0] = metav1.NewMicroTime(time.Unix(1001, 0)), 2
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if broken := breach(status(func(*v1alpha1.RolloutStatus) {}), status(c.change)); (broken != "") != c.broken {
				t.Errorf("what is noticed is %q", broken)
			}
		})
	}
}
