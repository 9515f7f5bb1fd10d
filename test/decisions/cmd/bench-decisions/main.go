// Command bench-decisions measures how well Serin and others decide releases.
//
// Without -quick and -full it prints the cells that are asked for. With one of them it prints a report: false rollbacks, the
// rivals at equal safety, regressions found, ablations; the other flags then choose a part of it, and -o writes it as Markdown
// with pictures.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"

	"github.com/serin-dev/serin/test/decisions/bench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench-decisions:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	if o.quick || o.full {
		return report(ctx, o, out, progress)
	}
	study, err := o.study(bench.Defaults(), "clean,shared-bursts,sticky-storms,pod-effects,cold-start,all", "none", bench.Name)
	if err != nil {
		return err
	}
	table := bench.NewTable(out, study.Worlds)
	table.Reasons = o.reasons
	defer table.Flush()
	return study.Run(ctx, table.Add)
}

// report runs a form and tells of its progress, world by world.
func report(ctx context.Context, o options, out, progress io.Writer) error {
	form := bench.Quick()
	if o.full {
		form = bench.Full()
	}
	var problems [2]error
	form.Safety, problems[0] = o.narrow(form.Safety)
	form.Power, problems[1] = o.narrow(form.Power)
	if err := errors.Join(problems[:]...); err != nil {
		return err
	}
	for i := range form.Blind {
		form.Blind[i].Deciders, form.Blind[i].Runs = form.Safety.Deciders, form.Safety.Runs
	}
	if o.decider != "" {
		form.Ladders = nil
	}
	last := ""
	r, err := form.Run(ctx, version(ctx), func(c bench.Cell) {
		if c.World != last {
			last = c.World
			fmt.Fprintln(progress, "done:", last)
		}
	})
	if err != nil {
		return err
	}
	if o.folder != "" {
		if err := r.Write(o.folder); err != nil {
			return err
		}
	}
	return r.Text(out)
}

// version of the repository that is measured.
func version(ctx context.Context) string {
	described, err := exec.CommandContext(ctx, "git", "describe", "--tags", "--always", "--dirty").Output()
	if err != nil {
		return "an unknown version"
	}
	return "version " + strings.TrimSpace(string(described))
}
