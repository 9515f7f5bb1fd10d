// Command bench-decisions measures how well Serin and others decide releases.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/serin-dev/serin/test/decisions/bench"
	"github.com/serin-dev/serin/test/decisions/rules"
	"github.com/serin-dev/serin/test/decisions/world"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench-decisions:", err)
		os.Exit(1)
	}
}

// options are the command line.
type options struct {
	world, rate, regression, decider string
	runs                             int
	seed                             uint64
	interval, bake                   time.Duration
	reasons                          bool
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args, out)
	if err != nil {
		return err
	}
	study, err := o.study()
	if err != nil {
		return err
	}
	about := map[string]string{}
	for _, w := range study.Worlds {
		about[w.Name] = w.About
	}
	table := bench.NewTable(out, about)
	table.Reasons = o.reasons
	defer table.Flush()
	return study.Run(ctx, table.Add)
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench-decisions", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&o.world, "world", "clean,shared-bursts,sticky-storms,pod-effects,cold-start,all", "worlds: names or patterns, separated by commas")
	flags.StringVar(&o.rate, "rps", "10,100,1000", "requests a second")
	flags.StringVar(&o.regression, "regression", "none", "regressions: names or patterns")
	flags.StringVar(&o.decider, "decider", "serin", "rules: names or patterns")
	flags.IntVar(&o.runs, "runs", 100, "runs per cell")
	flags.Uint64Var(&o.seed, "seed", 1, "another seed gives other services")
	flags.DurationVar(&o.interval, "interval", 15*time.Second, "time between two looks")
	flags.DurationVar(&o.bake, "bake", time.Minute, "time per step")
	flags.BoolVar(&o.reasons, "why", false, "print why releases were rolled back or given up")
	return o, flags.Parse(args)
}

func (o options) study() (bench.Study, error) {
	s := bench.Defaults()
	s.Runs, s.Seed, s.Interval, s.Plan = o.runs, o.seed, o.interval, rules.Tenths(o.bake)
	s.Horizon = max(s.Horizon, 15*o.bake)
	var problems [3]error
	s.Worlds, problems[0] = choose(o.world, world.Worlds(), func(w world.World) string { return w.Name })
	s.Regressions, problems[1] = choose(o.regression, world.Regressions(), func(r world.Regression) string { return r.Name })
	s.Deciders, problems[2] = choose(o.decider, bench.Deciders(), func(d bench.Decider) string { return d.Name })
	for r := range strings.SplitSeq(o.rate, ",") {
		rate, err := strconv.ParseFloat(r, 64)
		if err != nil || !(rate > 0) {
			return s, fmt.Errorf("-rps: %q is no number of requests a second", r)
		}
		s.Rates = append(s.Rates, rate)
	}
	if o.interval <= 0 || o.interval%world.Tick != 0 {
		return s, fmt.Errorf("-interval: %s is no multiple of %s", o.interval, world.Tick)
	}
	return s, errors.Join(problems[:]...)
}

// choose takes what one of the patterns matches, in the order of all.
func choose[T any](patterns string, all []T, name func(T) string) ([]T, error) {
	var chosen []T
	for _, candidate := range all {
		for p := range strings.SplitSeq(patterns, ",") {
			matches, err := path.Match(p, name(candidate))
			if err != nil {
				return nil, fmt.Errorf("pattern %q: %w", p, err)
			}
			if matches {
				chosen = append(chosen, candidate)
				break
			}
		}
	}
	if len(chosen) == 0 {
		var names []string
		for _, a := range all {
			names = append(names, name(a))
		}
		return nil, fmt.Errorf("nothing is called %q; there are %s", patterns, strings.Join(names, ", "))
	}
	return chosen, nil
}
