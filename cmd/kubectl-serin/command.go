package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/utils/clock"

	"github.com/serin-dev/serin/cmd/kubectl-serin/verb"
	"github.com/serin-dev/serin/cmd/kubectl-serin/view"
)

// The exit codes, for scripts. docs/oncall.md and docs/traces.md list them.
const (
	exitFine         = 0
	exitFailed       = 1
	exitBadInput     = 2
	exitRolledBack   = 3
	exitInconclusive = 4
	exitTimeout      = 5
	exitNeedsPerson  = 6
	exitNotNow       = 7
)

// streams are where a command reads and writes, and how.
type streams struct {
	in       io.Reader
	out, err io.Writer
	// style is that of a text on out; terminal says that out is one, so that a screen can be drawn anew.
	style    view.Style
	terminal bool
	clock    clock.WithTicker
}

// answered ends a command that has said all there is to say, with an exit code that says it again.
type answered struct{ code int }

func (a answered) Error() string { return fmt.Sprintf("exit code %d", a.code) }

// failure is an error with an exit code of its own. All others but errOutput are those of the input.
type failure struct {
	code int
	error
}

func (f failure) Unwrap() error { return f.error }

// run runs one command, and is its exit code.
func run(ctx context.Context, args []string, s streams) int {
	root := newRoot(s)
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	var a answered
	var f failure
	switch {
	case err == nil:
		return exitFine
	case errors.As(err, &a):
		return a.code
	}
	fmt.Fprintf(s.err, "%s: %v\n", command.CommandPath(), err)
	switch {
	case errors.As(err, &f):
		return f.code
	case errors.Is(err, verb.ErrNotNow):
		return exitNotNow
	case errors.Is(err, errOutput):
		return exitFailed
	}
	return exitBadInput
}

// errOutput means that the answer could not be written.
var errOutput = errors.New("the answer can't be written")

// say writes an answer.
func say(out io.Writer, text string) error {
	if _, err := io.WriteString(out, text); err != nil {
		return fmt.Errorf("%w: %w", errOutput, err)
	}
	return nil
}

// newRoot lists the subcommands. A new one is a file and a line here.
func newRoot(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "serin",
		Short: "Releases on evidence: look at one, act on one, replay one, plan one",
		Long: `kubectl serin looks at the releases of Serin and says a person's wishes to them.

Begin with: kubectl serin list --all-namespaces, then status or explain of the Canary that needs you.`,
		// Errors are printed once, with what to write instead; the whole usage would bury that.
		SilenceErrors: true,
		SilenceUsage:  true,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl serin"},
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	look, act, offline := &cobra.Group{ID: "look", Title: "Look:"}, &cobra.Group{ID: "act", Title: "Act:"}, &cobra.Group{ID: "offline", Title: "Without a cluster:"}
	root.AddGroup(look, act, offline)
	add := func(g *cobra.Group, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = g.ID
			root.AddCommand(c)
		}
	}
	add(look, newStatus(s), newList(s), newExplain(s), newHistory(s))
	for _, v := range verb.All() {
		add(act, newVerb(s, v))
	}
	add(offline, newLint(s), newPlan(s), newReplay(s))
	root.AddCommand(newCompletion(s), newVersion(s))
	return root
}
