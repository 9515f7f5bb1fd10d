package stage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Command is a program to start.
type Command struct {
	Dir    string
	Env    []string // over the demo's own
	Stdin  string
	Stderr io.Writer // nil keeps it for the error
	Args   []string  // the program first
	Name   string    // of the command in errors; empty for Args
}

// Runner starts a program, waits for its end and returns what it wrote to standard output.
type Runner func(context.Context, Command) (string, error)

// Exec is the Runner that starts real programs. A context that ends asks the program to end as well.
func Exec(ctx context.Context, c Command) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Dir, strings.NewReader(c.Stdin), &stdout, &stderr
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if c.Stderr != nil {
		cmd.Stderr = c.Stderr
	}
	err := cmd.Run()
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = errors.Join(cause, err)
	}
	if err != nil {
		name := c.Name
		if name == "" {
			name = strings.Join(c.Args, " ")
		}
		err = fmt.Errorf("%s: %w%s", name, err, indented(stderr.String()))
	}
	return stdout.String(), err
}

// indented is text on lines of its own, or nothing.
func indented(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	return "\n    " + strings.ReplaceAll(text, "\n", "\n    ")
}

// Kubectl runs kubectl against one cluster, in the repository's root.
type Kubectl struct {
	Run     Runner
	Dir     string
	Program string
	Flags   []string // that name the cluster
}

// Output runs kubectl and returns what it printed.
func (k Kubectl) Output(ctx context.Context, args ...string) (string, error) {
	return k.Run(ctx, k.command("", args))
}

// Apply runs kubectl apply on text.
func (k Kubectl) Apply(ctx context.Context, text string, flags ...string) error {
	_, err := k.Run(ctx, k.command(text, append([]string{"apply", "--filename", "-"}, flags...)))
	return err
}

func (k Kubectl) command(stdin string, args []string) Command {
	all := append([]string{k.Program}, k.Flags...)
	return Command{Dir: k.Dir, Stdin: stdin, Args: append(all, args...), Name: "kubectl " + strings.Join(args, " ")}
}
