package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-serin/view"
)

// statusOptions are the flags of status.
type statusOptions struct {
	output

	reach       *reach
	watch, wait bool
	timeout     time.Duration
}

func newStatus(s streams) *cobra.Command {
	o := &statusOptions{}
	command := &cobra.Command{
		Use:   "status NAME",
		Short: "Show a release on one screen, or wait for its end",
		Long: `Show a release on one screen: the steps, what both versions show, what happens next and when, and what a person can say.

The operator does not write every look into the Canary: a step's evidence is written after one minute, two, four, eight, and the screen says of when it is.

With --wait the command ends when the release does, for pipelines. Exit code: 0 promoted, or nothing under way; 3 refused; 5 not over within --timeout;
6 a person is needed: stalled, paused, held, or waiting for approval; 1 the cluster can't be asked; 2 bad input.`,
		Example: `  kubectl serin status read-api -n shop
  kubectl serin status read-api --watch
  kubectl serin status read-api --wait --timeout 30m`,
		Args: exactlyOne,
		RunE: func(c *cobra.Command, args []string) error { return o.run(c.Context(), s, args[0]) },
	}
	o.reach = newReach(command)
	o.add(command)
	command.Flags().BoolVarP(&o.watch, "watch", "w", false, "go on showing it whenever it changes")
	command.Flags().BoolVar(&o.wait, "wait", false, "end when the release does, with an exit code that says how")
	command.Flags().DurationVar(&o.timeout, "timeout", 0, "with --wait: the longest wait (default: as long as the plan's own deadlines may take)")
	command.ValidArgsFunction = o.reach.completeCanaries(nil)
	return command
}

// exactlyOne wants the name of a Canary.
func exactlyOne(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return errors.New("write the name of one Canary; kubectl serin list shows those there are")
	}
	return nil
}

func (o *statusOptions) run(ctx context.Context, s streams, name string) error {
	if err := errors.Join(o.check(), checkTimeout(o.timeout, o.wait)); err != nil {
		return err
	}
	c, err := o.reach.connect()
	if err != nil {
		return err
	}
	w := &watching{streams: s, cluster: c, output: o.output}
	if !o.watch && !o.wait {
		canary, err := c.canary(ctx, name)
		if err != nil {
			return err
		}
		return w.show(ctx, canary)
	}
	w.live = o.watch
	if !o.wait {
		return w.watch(ctx, name)
	}
	return w.wait(ctx, name, waitFor{timeout: o.timeout, done: ended})
}

// checkTimeout refuses a time that means nothing.
func checkTimeout(timeout time.Duration, wait bool) error {
	if timeout < 0 || timeout > 0 && !wait {
		return fmt.Errorf("--timeout is %s: write a time above 0, such as 30m, and only with --wait", timeout)
	}
	return nil
}

// watching is what one invocation knows of a Canary.
type watching struct {
	streams
	output

	cluster *cluster
	// live draws the whole screen at every change.
	live bool
	// looks are those seen, with the ones of the trace of revision; recorded says that it was asked for.
	looks    []view.Look
	revision string
	// told is the last line that was written while waiting.
	told string
}

// scene puts together what is to be shown.
func (w *watching) scene(ctx context.Context, canary *v1alpha1.Canary) view.Scene {
	scene := view.Scene{Canary: canary, Now: w.clock.Now()}
	if seen, err := w.cluster.workload(ctx, canary); err == nil && seen.Exists {
		scene.ReadyDeadline = time.Duration(seen.ProgressDeadlineSeconds) * time.Second
	}
	w.remember(ctx, canary)
	scene.Looks = w.looks
	return scene
}

// remember takes in the look of a status. When the release is over its trace brings all the others.
func (w *watching) remember(ctx context.Context, canary *v1alpha1.Canary) {
	if canary.Status.Revision != w.revision {
		w.looks, w.revision = nil, canary.Status.Revision
	}
	look, ok := view.LookOf(canary)
	if n := len(w.looks); ok && (n == 0 || look.At.After(w.looks[n-1].At)) {
		w.looks = append(w.looks, look)
	}
	switch canary.Status.Phase {
	case v1alpha1.PhaseFailed, v1alpha1.PhaseSucceeded:
		if recorded := w.recorded(ctx, canary); len(recorded) > len(w.looks) {
			w.looks = recorded
		}
	default:
	}
}

// recorded are the looks of the trace that the operator kept of the last release; none when there is no trace, or nobody may read it.
func (w *watching) recorded(ctx context.Context, canary *v1alpha1.Canary) []view.Look {
	kept := &corev1.ConfigMap{}
	if err := w.cluster.client.Get(ctx, types.NamespacedName{Namespace: canary.Namespace, Name: canary.Name + "-last-release"}, kept); err != nil {
		return nil
	}
	looks, err := view.FromTrace(strings.NewReader(kept.Data["trace"]), canary.Status.Revision)
	if err != nil {
		return nil // plots are an addition; replay says what is wrong with a trace
	}
	return looks
}

// show writes the screen once.
func (w *watching) show(ctx context.Context, canary *v1alpha1.Canary) error {
	return w.draw(w.scene(ctx, canary))
}

func (w *watching) draw(scene view.Scene) error {
	v := view.Of(scene)
	if w.format == "json" && w.live {
		line, err := json.Marshal(v) // one line for each change
		if err != nil {
			return err
		}
		return say(w.out, string(line)+"\n")
	}
	text := v.Text(w.style, scene.Now)
	if w.live && w.terminal {
		text = "\x1b[H\x1b[2J" + text
	} else if w.live {
		text += "\n"
	}
	return w.output.say(w.streams, v, text)
}

// refresh is how often a live screen on a terminal counts its seconds on.
const refresh = time.Second

// watch shows a Canary until ctx ends.
func (w *watching) watch(ctx context.Context, name string) error {
	news := w.cluster.follow(ctx, name, w.clock)
	var ticks <-chan time.Time
	if w.terminal && w.format != "json" {
		ticker := w.clock.NewTicker(refresh)
		defer ticker.Stop()
		ticks = ticker.C()
	}
	var last view.Scene
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
			if last.Canary == nil {
				continue
			}
			last.Now = w.clock.Now()
		case seen, open := <-news:
			switch {
			case !open || ctx.Err() != nil:
				return nil
			case seen.canary == nil:
				if err := w.troubled(seen); err != nil {
					return err
				}
				continue
			}
			last = w.scene(ctx, seen.canary)
		}
		if err := w.draw(last); err != nil {
			return err
		}
	}
}
