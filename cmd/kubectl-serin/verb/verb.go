// Package verb says which wishes of people make sense for a Canary as it is, what they would do, and how they are written down.
//
// It is pure: a Canary goes in. The operator alone decides what becomes of a wish; what it would ignore is told here before it is written.
package verb

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// Verb is a wish of a person.
type Verb string

// The verbs.
const (
	Promote Verb = "promote"
	Abort   Verb = "abort"
	Approve Verb = "approve"
	Pause   Verb = "pause"
	Resume  Verb = "resume"
	Retry   Verb = "retry"
)

// All lists the verbs, in the order in which a release meets them.
func All() []Verb { return []Verb{Approve, Pause, Resume, Promote, Abort, Retry} }

// Annotation is where the verb is written.
func (v Verb) Annotation() string { return v1alpha1.Group + "/" + string(v) }

// Move is a verb that makes sense now.
type Move struct {
	Verb Verb
	// Revision is the one that it is about, and Value what the annotation has to hold.
	Revision, Value string
	// Then says what the operator will do.
	Then string
	// Already says why there is nothing to write; empty when there is.
	Already string
}

// ErrNotNow means that a verb makes no sense for the Canary as it is. The text says what to do instead.
var ErrNotNow = errors.New("not now")

// notNow is an error whose text is a sentence of its own.
type notNow string

func (n notNow) Error() string { return string(n) }
func (n notNow) Unwrap() error { return ErrNotNow }

func refusef(format string, args ...any) error { return notNow(fmt.Sprintf(format, args...)) }

// Possible are the verbs that would change something now.
func Possible(c *v1alpha1.Canary) []Move {
	var possible []Move
	for _, v := range All() {
		if m, err := Of(c, v); err == nil && m.Already == "" {
			possible = append(possible, m)
		}
	}
	return possible
}

// Of finds out what a verb would do now.
func Of(c *v1alpha1.Canary, v Verb) (Move, error) {
	if !c.DeletionTimestamp.IsZero() {
		return Move{}, refusef("the Canary is being deleted: the traffic goes back to the baseline by itself, and no verb changes that")
	}
	m := c.Status.Rollout
	if m == nil || m.Phase == "" {
		return Move{}, refusef("the operator has not looked at this Canary yet: check that it runs (kubectl get deployment --all-namespaces | grep serin), and try again")
	}
	move := Move{Verb: v, Revision: m.Candidate, Value: value(m.Candidate, m.Acknowledged[string(v)])}
	var err error
	switch v {
	case Promote:
		err = move.promote(m)
	case Abort:
		err = move.abort(m)
	case Approve:
		err = move.approve(c, m)
	case Pause:
		err = move.pause(m)
	case Resume:
		err = move.resume(m)
	case Retry:
		err = move.retry(c, m)
	default:
		err = refusef("there is no verb %q", v)
	}
	if err != nil {
		return Move{}, err
	}
	if written := c.Annotations[v.Annotation()]; move.Already == "" && pending(c, v, move.Revision) {
		move.Value, move.Already = written, fmt.Sprintf("%s=%s is written already, and the operator has not acted on it yet", v.Annotation(), written)
	}
	return move, nil
}

// pending says that the annotation holds a wish about the revision that was not acknowledged.
func pending(c *v1alpha1.Canary, v Verb, revision string) bool {
	written := c.Annotations[v.Annotation()]
	meant, ok := v1alpha1.ParseVerb(written)
	return ok && meant == revision && c.Status.Rollout.Acknowledged[string(v)] != written
}

// value is how a verb is said for a revision, made new where the plain one was used before.
func value(revision, acknowledged string) string {
	before, again, _ := strings.Cut(acknowledged, "@")
	if before != revision {
		return revision
	}
	n, _ := strconv.Atoi(again) // 0 for what people made up
	return fmt.Sprintf("%s@%d", revision, max(n, 1)+1)
}

func (move *Move) promote(m *v1alpha1.RolloutStatus) error {
	switch m.Phase {
	case v1alpha1.PhaseProgressing:
		if m.Forced {
			move.Already = fmt.Sprintf("revision %s is being promoted already, as a person asked", m.Candidate)
		}
		move.Then = fmt.Sprintf("revision %s goes up the remaining steps as fast as pods and route follow, without waiting for evidence and without being stopped by it", m.Candidate)
		return nil
	case v1alpha1.PhasePromoting:
		move.Already = fmt.Sprintf("revision %s is being promoted already: every step passed", m.Candidate)
		return nil
	case v1alpha1.PhaseFailed:
		return refusef("revision %s was refused: try it again with retry first, and promote it when it is in release", m.Candidate)
	case v1alpha1.PhaseRollingBack:
		return refusef("the traffic is leaving the candidate: wait for the end of the rollback, then retry, and promote when it is in release")
	case v1alpha1.PhaseIdle, v1alpha1.PhaseFinalizing, v1alpha1.PhaseSucceeded:
	}
	return atRest(m)
}

func (move *Move) abort(m *v1alpha1.RolloutStatus) error {
	switch m.Phase {
	case v1alpha1.PhaseProgressing, v1alpha1.PhasePromoting:
		move.Then = fmt.Sprintf("the traffic goes back to baseline %s at once, revision %s is refused, and its template stays in the Deployment, paused", m.Baseline, m.Candidate)
		return nil
	case v1alpha1.PhaseRollingBack:
		move.Already = "the traffic is leaving the candidate already"
		return nil
	case v1alpha1.PhaseFailed:
		move.Already = fmt.Sprintf("revision %s was refused already, and has no traffic", m.Candidate)
		return nil
	case v1alpha1.PhaseIdle, v1alpha1.PhaseFinalizing, v1alpha1.PhaseSucceeded:
	}
	if m.Baseline != "" {
		return refusef("no release is under way, revision %s serves: to go back to an older one, kubectl rollout undo starts a release of it", m.Baseline)
	}
	return atRest(m)
}

func (move *Move) approve(c *v1alpha1.Canary, m *v1alpha1.RolloutStatus) error {
	if m.Phase != v1alpha1.PhaseProgressing {
		return notClimbing(m)
	}
	steps := c.Spec.StepsOrDefault()
	n := Step(steps, m.Weight)
	switch {
	case n == 0:
		return refusef("revision %s has no traffic yet: approve it at the step that asks for it", m.Candidate)
	case !steps[n-1].Approval:
		return refusef("step %d of %d (weight %d%%) asks for no approval: it passes by itself, or by promote", n, len(steps), m.Weight)
	case m.ApprovedWeight == steps[n-1].Weight:
		move.Already = fmt.Sprintf("step %d of %d (weight %d%%) is approved already", n, len(steps), m.Weight)
		return nil
	}
	move.Then = fmt.Sprintf("step %d of %d (weight %d%%) passes as soon as its bake is over and the verdict is Pass", n, len(steps), m.Weight)
	return nil
}

func (move *Move) pause(m *v1alpha1.RolloutStatus) error {
	if m.Phase != v1alpha1.PhaseProgressing {
		return notClimbing(m)
	}
	if m.Paused {
		move.Already = "the release is paused already"
	}
	move.Then = fmt.Sprintf("the weight stays at %d%% and no deadline runs, until resume; evidence against the candidate still rolls it back", m.Weight)
	return nil
}

func (move *Move) resume(m *v1alpha1.RolloutStatus) error {
	if m.Phase != v1alpha1.PhaseProgressing {
		return notClimbing(m)
	}
	if !m.Paused {
		move.Already = "the release is not paused"
	}
	move.Then = "the release goes on where it was paused"
	return nil
}

func (move *Move) retry(c *v1alpha1.Canary, m *v1alpha1.RolloutStatus) error {
	switch {
	case m.Refused && (m.Phase == v1alpha1.PhaseFailed || m.Phase == v1alpha1.PhaseRollingBack):
		move.Then = fmt.Sprintf("revision %s is released again, from step 1 of %d", m.Candidate, len(c.Spec.StepsOrDefault()))
		if m.Phase == v1alpha1.PhaseRollingBack {
			move.Then += ", when its traffic and pods are gone"
		}
		return nil
	case m.Phase == v1alpha1.PhaseProgressing || m.Phase == v1alpha1.PhasePromoting:
		return refusef("revision %s is in release: there is nothing to retry; abort ends it", m.Candidate)
	}
	return refusef("no revision was refused: push a new template, and it is released")
}

// Step is the number, counted from 1, of the highest step that a weight reaches; 0 when it reaches none.
func Step(steps []v1alpha1.Step, weight int32) int {
	n := 0
	for n < len(steps) && steps[n].Weight <= weight {
		n++
	}
	return n
}

// notClimbing says why a verb for a release on its way up makes no sense.
func notClimbing(m *v1alpha1.RolloutStatus) error {
	switch m.Phase {
	case v1alpha1.PhasePromoting:
		return refusef("every step passed and revision %s is being handed over: abort is all that can still be said", m.Candidate)
	case v1alpha1.PhaseRollingBack:
		return refusef("the traffic is leaving the candidate: retry tries it again")
	case v1alpha1.PhaseFailed:
		return refusef("revision %s was refused: retry tries it again", m.Candidate)
	case v1alpha1.PhaseIdle, v1alpha1.PhaseProgressing, v1alpha1.PhaseFinalizing, v1alpha1.PhaseSucceeded:
	}
	return atRest(m)
}

func atRest(m *v1alpha1.RolloutStatus) error {
	if m.Phase == v1alpha1.PhaseFinalizing {
		return refusef("the release is over, and the route goes back to its owner: wait for the next one")
	}
	return refusef("no release is under way: a change of the Deployment's template starts one")
}
