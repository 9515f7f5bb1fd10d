package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/engine"
	"github.com/serin-dev/serin/analysis/trace"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-serin/replay"
	"github.com/serin-dev/serin/controllers/plan"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/traffic/podshare"
)

// replayOptions are the flags of replay.
type replayOptions struct{ policy, trace, output string }

func newReplay(s streams) *cobra.Command {
	var o replayOptions
	command := &cobra.Command{
		Use:   "replay --trace FILE [--policy FILE]",
		Short: "Walk a recorded release through a policy",
		Long: `Walk a recorded release through a policy: what would it have met? Every look is judged as the operator judges it, and the steps follow from that.

A trace tells what was served. Where the policy would have granted another weight, its verdicts are still about the traffic of the trace, and the answer says so.

Exit code: 0 promoted, 3 rolled back, 4 inconclusive (the trace ended before the policy would have decided), 2 bad input.`,
		Example: `  kubectl serin replay --policy canary.yaml --trace release.jsonl
  kubectl serin replay --trace release.jsonl -o json     # under the policy that it was recorded with`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return o.run(s) },
	}
	command.Flags().StringVar(&o.policy, "policy", "", policyFlag+" (default: the policy that the trace was recorded with)")
	command.Flags().StringVar(&o.trace, "trace", "", "file with the trace, plain or compact; - reads standard input")
	command.Flags().StringVarP(&o.output, "output", "o", "text", "text or json")
	return command
}

func (o replayOptions) run(s streams) error {
	switch {
	case o.trace == "":
		return errors.New("--trace is missing: write the file with the trace")
	case o.trace == "-" && o.policy == "-":
		return errors.New("--policy and --trace are both -: only one can be read from standard input")
	case o.output != "text" && o.output != "json":
		return fmt.Errorf("--output is %q: write text or json", o.output)
	}
	in := s.in
	if o.trace != "-" {
		file, err := os.Open(o.trace)
		if err != nil {
			return fmt.Errorf("--trace: %w", err)
		}
		defer file.Close()
		in = file
	}
	told, err := o.replay(in, s.in)
	if err != nil {
		return err
	}
	text := told.text()
	if o.output == "json" {
		if text, err = told.json(); err != nil {
			return err
		}
	}
	if err := say(s.out, text); err != nil {
		return err
	}
	switch told.Outcome {
	case replay.RolledBack:
		return answered{exitRolledBack}
	case replay.Inconclusive:
		return answered{exitInconclusive}
	case replay.Promoted:
	}
	return nil
}

// replayed is a replay with what it was of.
type replayed struct {
	replay.Result
	header trace.Header
	end    *trace.End
	policy analysis.Policy
	// under names the policy.
	under string
	// forgotten is why the judge does not know what was seen before the trace begins; empty when it does, or when that is nothing.
	forgotten string
}

func (o replayOptions) replay(in, standard io.Reader) (replayed, error) {
	reader, err := trace.NewReader(in)
	if err != nil {
		return replayed{}, fmt.Errorf("--trace %s: %w", o.trace, err)
	}
	header := reader.Header()
	told := replayed{header: header, under: o.policy}
	var asked plan.Plan
	if o.policy == "" {
		told.under = "its own policy"
		asked, err = recordedPlan(header)
	} else if asked, err = policyIn(o.policy, standard); err == nil {
		err = o.known(asked.Policy, header.Policy)
	}
	if err != nil {
		return told, err
	}
	told.policy = asked.Policy
	names := replay.Revisions{Baseline: header.Baseline.Name, Candidate: header.Candidate.Name}
	var judge *engine.Engine
	judge, told.forgotten = judgeOf(asked.Policy, header)
	if told.Result, err = replay.Walk(asked.Release, names, header.Resumed, judge, reader); err != nil {
		return told, fmt.Errorf("--trace %s: %w", o.trace, err)
	}
	told.end = reader.End()
	return told, nil
}

// judgeOf is an engine that knows what the operator's knew when the trace begins, or why there can't be one.
func judgeOf(p analysis.Policy, h trace.Header) (judge *engine.Engine, forgotten string) {
	switch {
	case h.Resumed == nil:
		return engine.New(p), ""
	case len(h.Resumed.Engine) == 0:
		return engine.New(p), "nothing of it was kept"
	}
	judge, err := engine.Restore(p, h.Resumed.Engine)
	if err != nil {
		return engine.New(p), err.Error()
	}
	return judge, ""
}

// known says which metric of a policy the trace did not count: it would only ever be inconclusive.
func (o replayOptions) known(asked, recorded analysis.Policy) error {
	var names []string
	for _, c := range recorded.Criteria {
		names = append(names, c.Name+" ("+kindOf(c)+")")
	}
	for i, c := range asked.Criteria {
		same := func(r analysis.Criterion) bool { return r.Name == c.Name && kindOf(r) == kindOf(c) }
		if !slices.ContainsFunc(recorded.Criteria, same) {
			return fmt.Errorf("--policy %s: spec.analysis.metrics[%d] is %s (%s), and the trace counts %s: name the metrics as the trace does",
				o.policy, i, c.Name, kindOf(c), strings.Join(names, ", "))
		}
	}
	return nil
}

// kindOf is how a Canary spells what is judged.
func kindOf(c analysis.Criterion) string {
	switch {
	case c.Errors:
		return "errorRate"
	case c.Worse != analysis.None:
		return "value"
	}
	return "latency"
}

// recordedPlan is the plan that the recorded release followed.
func recordedPlan(h trace.Header) (plan.Plan, error) {
	p := plan.Plan{
		Policy:  h.Policy,
		Release: rollout.Plan{Interval: h.Interval, EvidenceDeadline: h.Deadline, Capacity: podshare.Capacity},
	}
	for _, s := range h.Steps {
		p.Release.Steps = append(p.Release.Steps, rollout.Step{Weight: s.Weight, Bake: s.Bake, Approval: s.Approval})
	}
	var err error
	if p.Release.OnInconclusive, err = plan.Inconclusive(v1alpha1.InconclusivePolicy(h.OnInconclusive)); err == nil {
		err = followable(p)
	} else {
		err = fmt.Errorf("onInconclusive: %w", err)
	}
	if err != nil {
		return p, fmt.Errorf("the policy in the trace can't be followed: %w; write one with --policy", err)
	}
	return p, nil
}
