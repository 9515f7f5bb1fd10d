package verb_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-serin/verb"
)

// in is a Canary in a phase.
func in(phase v1alpha1.Phase, change ...func(*v1alpha1.Canary)) *v1alpha1.Canary {
	c := &v1alpha1.Canary{ObjectMeta: metav1.ObjectMeta{Name: "read-api"}}
	c.Spec.Steps = []v1alpha1.Step{{Weight: 10}, {Weight: 50, Approval: true}, {Weight: 100}}
	c.Status.Rollout = &v1alpha1.RolloutStatus{Phase: phase, Baseline: "old", Candidate: "new", Weight: 10}
	for _, f := range change {
		f(c)
	}
	return c
}

func rollout(change func(*v1alpha1.RolloutStatus)) func(*v1alpha1.Canary) {
	return func(c *v1alpha1.Canary) { change(c.Status.Rollout) }
}

func TestAVerbIsSaidOnlyWhereItMakesSense(t *testing.T) {
	at50 := rollout(func(m *v1alpha1.RolloutStatus) { m.Weight = 50 })
	refused := rollout(func(m *v1alpha1.RolloutStatus) { m.Refused = true })
	for name, test := range map[string]struct {
		canary *v1alpha1.Canary
		verb   verb.Verb
		// value, already or refusal is what comes of it.
		value, already, refusal string
	}{
		"promote goes up":                             {in("Progressing"), verb.Promote, "new", "", ""},
		"promote twice is once":                       {in("Progressing", rollout(func(m *v1alpha1.RolloutStatus) { m.Forced = true })), verb.Promote, "new", "being promoted already", ""},
		"promote in the hand-over changes nothing":    {in("Promoting"), verb.Promote, "new", "every step passed", ""},
		"promote of a refused revision needs a retry": {in("Failed", refused), verb.Promote, "", "", "try it again with retry first"},
		"promote on the way down waits":               {in("RollingBack"), verb.Promote, "", "", "wait for the end of the rollback"},
		"promote at rest has nothing to promote":      {in("Idle"), verb.Promote, "", "", "no release is under way"},
		"promote when it is over":                     {in("Finalizing"), verb.Promote, "", "", "the release is over"},
		"abort on the way up":                         {in("Progressing"), verb.Abort, "new", "", ""},
		"abort of a hand-over":                        {in("Promoting"), verb.Abort, "new", "", ""},
		"abort on the way down":                       {in("RollingBack"), verb.Abort, "new", "leaving the candidate already", ""},
		"abort of what was refused":                   {in("Failed", refused), verb.Abort, "new", "refused already", ""},
		"abort after the promotion names the way":     {in("Succeeded"), verb.Abort, "", "", "kubectl rollout undo"},
		"approve where it is asked for":               {in("Progressing", at50), verb.Approve, "new", "", ""},
		"approve where it is not":                     {in("Progressing"), verb.Approve, "", "", "step 1 of 3 (weight 10%) asks for no approval"},
		"approve twice":                               {in("Progressing", at50, rollout(func(m *v1alpha1.RolloutStatus) { m.ApprovedWeight = 50 })), verb.Approve, "new", "approved already", ""},
		"approve before any traffic":                  {in("Progressing", rollout(func(m *v1alpha1.RolloutStatus) { m.Weight = 0 })), verb.Approve, "", "", "has no traffic yet"},
		"approve of a refused one":                    {in("Failed", refused), verb.Approve, "", "", "retry tries it again"},
		"pause on the way up":                         {in("Progressing"), verb.Pause, "new", "", ""},
		"pause twice":                                 {in("Progressing", rollout(func(m *v1alpha1.RolloutStatus) { m.Paused = true })), verb.Pause, "new", "paused already", ""},
		"pause of a hand-over":                        {in("Promoting"), verb.Pause, "", "", "abort is all"},
		"pause on the way down":                       {in("RollingBack"), verb.Pause, "", "", "leaving the candidate"},
		"resume of a paused one":                      {in("Progressing", rollout(func(m *v1alpha1.RolloutStatus) { m.Paused = true })), verb.Resume, "new", "", ""},
		"resume of one that goes on":                  {in("Progressing"), verb.Resume, "new", "not paused", ""},
		"retry of a refused one":                      {in("Failed", refused), verb.Retry, "new", "", ""},
		"retry on its way down":                       {in("RollingBack", refused), verb.Retry, "new", "", ""},
		"retry of one in release":                     {in("Progressing"), verb.Retry, "", "", "nothing to retry"},
		"retry at rest":                               {in("Succeeded"), verb.Retry, "", "", "no revision was refused"},
		"retry of a withdrawn one":                    {in("RollingBack"), verb.Retry, "", "", "no revision was refused"},
		"a verb that nobody knows":                    {in("Progressing"), "restart", "", "", `no verb "restart"`},
		"the same wish is made new": {in("Failed", refused, rollout(func(m *v1alpha1.RolloutStatus) {
			m.Acknowledged = map[string]string{"retry": "new"}
		})), verb.Retry, "new@2", "", ""},
		"and newer": {in("Failed", refused, rollout(func(m *v1alpha1.RolloutStatus) {
			m.Acknowledged = map[string]string{"retry": "new@7"}
		})), verb.Retry, "new@8", "", ""},
		"a wish that waits is not written twice": {in("Progressing", func(c *v1alpha1.Canary) {
			c.Annotations = map[string]string{"serin.dev/abort": "new@now"}
		}), verb.Abort, "new@now", "has not acted on it yet", ""},
		"a wish about another revision does not count": {in("Progressing", func(c *v1alpha1.Canary) {
			c.Annotations = map[string]string{"serin.dev/abort": "older"}
		}), verb.Abort, "new", "", ""},
		"a Canary that nobody looked at": {in("Progressing", func(c *v1alpha1.Canary) { c.Status.Rollout = nil }), verb.Abort, "", "", "has not looked at this Canary yet"},
		"a Canary that goes": {in("Progressing", func(c *v1alpha1.Canary) {
			c.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
		}), verb.Promote, "", "", "being deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := verb.Of(test.canary, test.verb)
			if test.refusal != "" {
				if !errors.Is(err, verb.ErrNotNow) || !strings.Contains(err.Error(), test.refusal) {
					t.Errorf("got %+v, %v", m, err)
				}
				return
			}
			if err != nil || m.Value != test.value || (m.Already == "") != (test.already == "") || !strings.Contains(m.Already, test.already) || m.Already == "" && m.Then == "" {
				t.Errorf("got %+v, %v", m, err)
			}
		})
	}
}

func TestPossibleVerbsAreThoseThatChangeSomething(t *testing.T) {
	for name, test := range map[string]struct {
		canary *v1alpha1.Canary
		want   string
	}{
		"at a step":            {in("Progressing"), "pause promote abort"},
		"waiting for approval": {in("Progressing", rollout(func(m *v1alpha1.RolloutStatus) { m.Weight = 50 })), "approve pause promote abort"},
		"paused":               {in("Progressing", rollout(func(m *v1alpha1.RolloutStatus) { m.Paused = true })), "resume promote abort"},
		"refused":              {in("Failed", rollout(func(m *v1alpha1.RolloutStatus) { m.Refused = true })), "retry"},
		"at rest":              {in("Succeeded"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, m := range verb.Possible(test.canary) {
				got = append(got, string(m.Verb))
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestTheVerbsAreThoseOfTheAPI(t *testing.T) {
	want := []string{v1alpha1.AnnotationApprove, v1alpha1.AnnotationPause, v1alpha1.AnnotationResume, v1alpha1.AnnotationPromote, v1alpha1.AnnotationAbort, v1alpha1.AnnotationRetry}
	for i, v := range verb.All() {
		if v.Annotation() != want[i] {
			t.Errorf("%s is not %s", v.Annotation(), want[i])
		}
	}
}
