package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-serin/verb"
	"github.com/serin-dev/serin/cmd/kubectl-serin/view"
)

// verbOptions are the flags of a verb.
type verbOptions struct {
	output

	verb     verb.Verb
	reach    *reach
	revision string
	wait     bool
	timeout  time.Duration
}

// about says in one line what each verb does.
func about(v verb.Verb) string {
	return map[verb.Verb]string{
		verb.Approve: "Let a step pass that asks for a person",
		verb.Pause:   "Keep the release where it is",
		verb.Resume:  "End a pause",
		verb.Promote: "Go up the remaining steps without waiting for evidence",
		verb.Abort:   "Give the traffic back to the baseline at once",
		verb.Retry:   "Try a refused revision once more",
	}[v]
}

// acknowledgedOnly are the verbs whose --wait ends when the operator has acted on them; the others' ends with the release.
func acknowledgedOnly(v verb.Verb) bool {
	return v == verb.Pause || v == verb.Resume || v == verb.Approve
}

// answerWithin is how soon the operator acts on a wish that takes no time.
const answerWithin = time.Minute

func newVerb(s streams, v verb.Verb) *cobra.Command {
	o := &verbOptions{verb: v}
	until := "With --wait the command ends when the release does, with the exit codes of status --wait."
	switch {
	case acknowledgedOnly(v):
		until = "With --wait the command ends when the operator has acted on it; exit code 5 when it does not within --timeout."
	case v == verb.Abort:
		until = "With --wait the command ends with 0 when the traffic is off the candidate and its pods are gone."
	}
	command := &cobra.Command{
		Use:   string(v) + " NAME",
		Short: about(v),
		Long: fmt.Sprintf(`%s. It writes the annotation %s with the revision that is meant, so that it can't hit another release, and says before what will happen.
Where it makes no sense now it writes nothing, says what to do instead, and ends with exit code 7.

%s`, about(v), v.Annotation(), until),
		Example: fmt.Sprintf("  kubectl serin %s read-api -n shop\n  kubectl serin %s read-api --wait", v, v),
		Args:    exactlyOne,
		RunE:    func(c *cobra.Command, args []string) error { return o.run(c.Context(), s, args[0]) },
	}
	o.reach = newReach(command)
	o.add(command)
	command.Flags().StringVar(&o.revision, "revision", "", "the revision meant: nothing is written when another one is in release")
	command.Flags().BoolVar(&o.wait, "wait", false, "wait for what was asked for")
	command.Flags().DurationVar(&o.timeout, "timeout", 0, "with --wait: the longest wait")
	command.ValidArgsFunction = o.reach.completeCanaries(func(c *v1alpha1.Canary) bool {
		m, err := verb.Of(c, v)
		return err == nil && m.Already == ""
	})
	return command
}

func (o *verbOptions) run(ctx context.Context, s streams, name string) error {
	if err := errors.Join(o.check(), checkTimeout(o.timeout, o.wait)); err != nil {
		return err
	}
	c, err := o.reach.connect()
	if err != nil {
		return err
	}
	canary, err := c.canary(ctx, name)
	if err != nil {
		return err
	}
	move, err := verb.Of(canary, o.verb)
	if err != nil {
		return fmt.Errorf("%s %s: %w", o.verb, name, err)
	}
	if o.revision != "" && o.revision != move.Revision {
		return failure{exitNotNow, fmt.Errorf("%s %s: revision %s is the one in question, and not %s: look at status again", o.verb, name, move.Revision, o.revision)}
	}
	if move.Already == "" {
		if err := c.write(ctx, canary, move); err != nil {
			return err
		}
	}
	if err := o.tell(s, canary, move); err != nil || !o.wait {
		return err
	}
	return o.await(ctx, s, c, name, move)
}

// await waits for what was asked for.
func (o *verbOptions) await(ctx context.Context, s streams, c *cluster, name string, move verb.Move) error {
	f := waitFor{timeout: o.timeout, done: o.done(move)}
	if f.timeout == 0 && acknowledgedOnly(o.verb) {
		f.timeout = answerWithin
	}
	w := &watching{streams: s, cluster: c, output: o.output}
	if o.format == "json" {
		w.out = s.err // the answer was written
	}
	return w.wait(ctx, name, f)
}

// write writes the annotation of a verb, into the very Canary that was looked at.
func (c *cluster) write(ctx context.Context, canary *v1alpha1.Canary, move verb.Move) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid":         canary.UID,
		"annotations": map[string]string{move.Verb.Annotation(): move.Value},
	}})
	if err != nil {
		return err
	}
	if err := c.client.Patch(ctx, canary.DeepCopy(), client.RawPatch(types.MergePatchType, patch), client.FieldOwner("kubectl-serin")); err != nil {
		return c.refusal(string(move.Verb)+" "+canary.Name, err)
	}
	return nil
}

// wishJSON is a verb for programs.
type wishJSON struct {
	Canary     string `json:"canary"`
	Namespace  string `json:"namespace"`
	Verb       string `json:"verb"`
	Revision   string `json:"revision"`
	Annotation string `json:"annotation"`
	Value      string `json:"value"`
	Written    bool   `json:"written"`
	Then       string `json:"then,omitempty"`
	Already    string `json:"already,omitempty"`
}

func (o *verbOptions) tell(s streams, canary *v1alpha1.Canary, m verb.Move) error {
	told := wishJSON{canary.Name, canary.Namespace, string(m.Verb), m.Revision, m.Verb.Annotation(), m.Value, m.Already == "", m.Then, m.Already}
	text := fmt.Sprintf("%s in %s: %s. %s=%s is written; the operator acts on it in a moment.\n", canary.Name, canary.Namespace, m.Then, told.Annotation, told.Value)
	if m.Already != "" {
		text = fmt.Sprintf("%s in %s: %s. Nothing was written.\n", canary.Name, canary.Namespace, m.Already)
	}
	return o.output.say(s, told, text)
}

// done says when a verb is done: first the operator has to act on it, and then the release has to end, if that is what the verb is about.
func (o *verbOptions) done(move verb.Move) func(context.Context, *cluster, view.Scene) (verdict, error) {
	acted := false
	return func(ctx context.Context, c *cluster, scene view.Scene) (verdict, error) {
		m := scene.Canary.Status.Rollout
		if m == nil {
			return verdict{why: "the operator has not looked at this Canary yet"}, nil
		}
		acted = acted || m.Acknowledged[string(move.Verb)] == move.Value || move.Already != "" && !pendingValue(scene.Canary, move)
		switch {
		case !acted && strings.Contains(m.Ignored, move.Verb.Annotation()+"="+move.Revision):
			return verdict{}, failure{exitNotNow, fmt.Errorf("the operator ignores %s=%s: it is about another revision by now; look at status", move.Verb.Annotation(), move.Value)}
		case !acted && m.Candidate != move.Revision:
			return verdict{}, failure{exitNotNow, errors.New("the release of revision " + move.Revision + " ended before the operator acted on it; look at status")}
		case !acted:
			return verdict{why: "the operator has not acted on " + move.Verb.Annotation() + " yet"}, nil
		case acknowledgedOnly(move.Verb):
			return verdict{over: true, why: "the operator acted on " + move.Verb.Annotation()}, nil
		}
		v, err := ended(ctx, c, scene)
		if move.Verb == verb.Abort && v.over && v.code == exitRolledBack {
			v.code = exitFine
		}
		return v, err
	}
}

// pendingValue says that a wish that was found written is not acted upon yet.
func pendingValue(c *v1alpha1.Canary, move verb.Move) bool {
	return c.Annotations[move.Verb.Annotation()] == move.Value && c.Status.Rollout.Acknowledged[string(move.Verb)] != move.Value
}
