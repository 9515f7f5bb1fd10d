package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// The exit codes, for scripts. docs/traces.md lists them.
const (
	exitFine         = 0
	exitFailed       = 1
	exitBadInput     = 2
	exitRolledBack   = 3
	exitInconclusive = 4
)

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// answered ends a command that has said all there is to say, with an exit code that says it again.
type answered struct{ code int }

func (a answered) Error() string { return fmt.Sprintf("exit code %d", a.code) }

// run runs one command, and is its exit code.
func run(args []string, s streams) int {
	root := newRoot(s)
	root.SetArgs(args)
	command, err := root.ExecuteC()
	var a answered
	switch {
	case err == nil:
		return exitFine
	case errors.As(err, &a):
		return a.code
	}
	fmt.Fprintf(s.err, "%s: %v\n", command.CommandPath(), err)
	if errors.Is(err, errOutput) {
		return exitFailed
	}
	return exitBadInput
}

// errOutput means that the answer could not be written. All other errors are those of the input.
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
		Short: "Releases on evidence: replay one, plan one",
		Long:  "kubectl serin looks at releases of Serin: replays a recorded one under another policy, and plans the next.",
		// Errors are printed once, with what to write instead; the whole usage would bury that.
		SilenceErrors: true,
		SilenceUsage:  true,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl serin"},
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.AddCommand(
		newPlan(s),
		newReplay(s),
		newVersion(s),
	)
	return root
}
