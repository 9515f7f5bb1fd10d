package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-serin/view"
)

// verdict of one look at a Canary that is waited for.
type verdict struct {
	// over says that the wait is over, with code; unsure that it is only if it stays so for a while.
	over, unsure bool
	code         int
	// why in one sentence.
	why string
}

// waitFor is what to wait for, and for how long at most.
type waitFor struct {
	// timeout of 0 is as long as the plan's own deadlines may take.
	timeout time.Duration
	done    func(context.Context, *cluster, view.Scene) (verdict, error)
}

// steady is how long a Canary must need a person before a wait gives up: what is applied together appears one after the other.
const steady = 10 * time.Second

// errTimeout ends a wait.
var errTimeout = errors.New("the time is over")

// wait waits for a Canary, telling each change, and ends with the exit code that says how it went.
func (w *watching) wait(ctx context.Context, name string, f waitFor) error {
	first, err := w.cluster.canary(ctx, name)
	if err != nil {
		return err
	}
	if f.timeout == 0 {
		f.timeout = longestRelease(first)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, f.timeout, errTimeout)
	defer cancel()
	news := w.cluster.follow(ctx, name, w.clock)
	var patience <-chan time.Time
	var last verdict
	scene := view.Scene{Canary: first, Now: w.clock.Now()}
	for {
		select {
		case <-ctx.Done():
			return w.late(ctx, scene, f.timeout, last.why)
		case <-patience:
			return w.end(scene, last)
		case seen, open := <-news:
			switch {
			case !open || ctx.Err() != nil:
				return w.late(ctx, scene, f.timeout, last.why)
			case seen.canary == nil:
				if err := w.troubled(seen); err != nil {
					return err
				}
				continue
			}
			scene = w.scene(ctx, seen.canary)
			if last, err = f.done(ctx, w.cluster, scene); err == nil {
				err = w.progress(scene, last)
			}
			if err != nil {
				return err
			}
			if last.over && !last.unsure {
				return w.end(scene, last)
			}
			patience = w.patient(patience, last)
		}
	}
}

// patient begins to count when a person is needed, and forgets it when not.
func (w *watching) patient(counting <-chan time.Time, v verdict) <-chan time.Time {
	switch {
	case !v.over:
		return nil
	case counting == nil:
		return w.clock.After(steady)
	}
	return counting
}

// troubled tells of a sighting that shows nothing, and answers why there will be no other.
func (w *watching) troubled(seen sighting) error {
	if seen.end != nil {
		return seen.end
	}
	_, err := fmt.Fprintf(w.err, "%v; trying again\n", seen.trouble)
	return err
}

// progress tells of a change, by a line or by the whole screen.
func (w *watching) progress(scene view.Scene, v verdict) error {
	if w.live {
		return w.draw(scene)
	}
	c := scene.Canary
	line := fmt.Sprintf("%s %d%%", c.Status.Phase, c.Status.Weight)
	if c.Status.Step != "" {
		line += " (step " + c.Status.Step + ")"
	}
	if v.why != "" {
		line += ": " + v.why
	}
	if line == w.told {
		return nil
	}
	w.told = line
	_, err := fmt.Fprintf(w.err, "%s  %s\n", scene.Now.UTC().Format(time.TimeOnly), line)
	return err
}

// end says how it went.
func (w *watching) end(scene view.Scene, v verdict) error {
	if !w.live {
		if err := w.draw(scene); err != nil {
			return err
		}
	}
	if v.code == exitFine {
		return nil
	}
	return answered{v.code}
}

// late ends a wait whose time is over, or that somebody ended.
func (w *watching) late(ctx context.Context, scene view.Scene, timeout time.Duration, why string) error {
	if !errors.Is(context.Cause(ctx), errTimeout) {
		return failure{exitFailed, errors.New("interrupted; the release goes on")}
	}
	if !w.live {
		if err := w.draw(scene); err != nil {
			return err
		}
	}
	if why == "" {
		why = "nothing was heard of it"
	}
	return failure{exitTimeout, fmt.Errorf("not over within %s: %s. The release goes on; wait longer with --timeout", timeout, why)}
}

// ended waits for the end of the release under way, or for a person to be needed.
func ended(ctx context.Context, c *cluster, scene view.Scene) (verdict, error) {
	outcome, why := view.OutcomeOf(scene)
	switch outcome {
	case view.Refused:
		if behind(ctx, c, scene.Canary) {
			break
		}
		return verdict{over: true, code: exitRolledBack, why: why}, nil
	case view.NeedsPerson:
		return verdict{over: true, unsure: true, code: exitNeedsPerson, why: why}, nil
	case view.Rest:
		if behind(ctx, c, scene.Canary) {
			break
		}
		return verdict{over: true, code: exitFine, why: why}, nil
	case view.Going:
		return verdict{why: why}, nil
	}
	return verdict{why: "the Deployment has a template that the operator has not seen yet"}, nil
}

// behind says that the Deployment has a newer template than the status answers: what was pushed a moment ago is not at rest. Where the Deployment can't be read the
// status is taken as it is.
func behind(ctx context.Context, c *cluster, canary *v1alpha1.Canary) bool {
	seen, err := c.workload(ctx, canary)
	return err == nil && seen.Exists && canary.Status.ObservedRevision != "" && seen.Wanted != canary.Status.ObservedRevision
}

// longestRelease is more than a release takes by the deadlines of its own plan.
func longestRelease(c *v1alpha1.Canary) time.Duration {
	const ready = 10 * time.Minute // Kubernetes' own deadline for pods, which routes get, too
	steps := c.Spec.StepsOrDefault()
	longest := time.Duration(len(steps)+3) * 2 * ready
	for _, s := range steps {
		longest += s.BakeOrDefault() + c.Spec.Analysis.DeadlineOrDefault()
	}
	return longest
}
