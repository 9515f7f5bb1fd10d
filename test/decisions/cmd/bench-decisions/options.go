package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/serin-dev/serin/test/decisions/bench"
	"github.com/serin-dev/serin/test/decisions/rules"
	"github.com/serin-dev/serin/test/decisions/world"
)

// options are the command line. What is empty or 0 was not asked for.
type options struct {
	quick, full, reasons             bool
	world, rate, regression, decider string
	folder                           string
	runs                             int
	seed                             uint64
	interval, bake                   time.Duration
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench-decisions", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.BoolVar(&o.quick, "quick", false, "a report in minutes")
	flags.BoolVar(&o.full, "full", false, "a report in an hour or two")
	flags.StringVar(&o.world, "world", "", "worlds: names or patterns, separated by commas; * for all")
	flags.StringVar(&o.rate, "rps", "", "requests a second, separated by commas")
	flags.StringVar(&o.regression, "regression", "", "regressions: names or patterns")
	flags.StringVar(&o.decider, "decider", "", "rules: names or patterns")
	flags.IntVar(&o.runs, "runs", 0, "releases per cell")
	flags.Uint64Var(&o.seed, "seed", 1, "another seed gives other services")
	flags.StringVar(&o.folder, "o", "", "folder for the report's Markdown and pictures")
	flags.DurationVar(&o.interval, "interval", 15*time.Second, "time between two looks")
	flags.DurationVar(&o.bake, "bake", time.Minute, "least time per step")
	flags.BoolVar(&o.reasons, "why", false, "print why releases were rolled back or given up")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("%q is no flag", flags.Arg(0))
	case o.folder != "" && !o.quick && !o.full:
		return o, errors.New("-o writes a report: ask for one with -quick or -full")
	case o.interval <= 0 || o.interval%world.Tick != 0:
		return o, fmt.Errorf("-interval: %s is no multiple of %s", o.interval, world.Tick)
	case o.bake < o.interval:
		return o, fmt.Errorf("-bake: %s is shorter than the interval of %s", o.bake, o.interval)
	}
	return o, nil
}

// study fills in what is asked for, or else what is usual.
func (o options) study(s bench.Study, worlds, regression, decider string) (bench.Study, error) {
	s.Worlds, s.Regressions, s.Deciders = world.Worlds(), world.Regressions(), bench.Deciders()
	s.Rates, s.Runs = []float64{10, 100, 1000}, 100
	o.world, o.regression, o.decider = or(o.world, worlds), or(o.regression, regression), or(o.decider, decider)
	return o.narrow(s)
}

func or(asked, usual string) string {
	if asked == "" {
		return usual
	}
	return asked
}

// narrow keeps of a study what is asked for.
func (o options) narrow(s bench.Study) (bench.Study, error) {
	s.Seed, s.Interval, s.Plan = o.seed, o.interval, rules.Tenths(o.bake)
	s.Horizon = max(s.Horizon, 15*o.bake)
	if o.runs > 0 {
		s.Runs = o.runs
	}
	var problems [4]error
	s.Worlds, problems[0] = choose(o.world, s.Worlds, func(w world.World) string { return w.Name })
	s.Regressions, problems[1] = choose(o.regression, s.Regressions, func(r world.Regression) string { return r.Name })
	s.Deciders, problems[2] = choose(o.decider, s.Deciders, func(d bench.Decider) string { return d.Name })
	s.Rates, problems[3] = rates(o.rate, s.Rates)
	return s, errors.Join(problems[:]...)
}

func rates(asked string, usual []float64) ([]float64, error) {
	if asked == "" {
		return usual, nil
	}
	var all []float64
	for r := range strings.SplitSeq(asked, ",") {
		rate, err := strconv.ParseFloat(r, 64)
		if err != nil || !(rate > 0) {
			return nil, fmt.Errorf("-rps: %q is no number of requests a second", r)
		}
		all = append(all, rate)
	}
	return all, nil
}

// choose takes what one of the patterns matches, in the order of all; everything if there is no pattern.
func choose[T any](patterns string, all []T, name func(T) string) ([]T, error) {
	if patterns == "" {
		return all, nil
	}
	var chosen []T
	names := make([]string, 0, len(all))
	for _, candidate := range all {
		names = append(names, name(candidate))
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
		return nil, fmt.Errorf("nothing is called %q; there are %s", patterns, strings.Join(names, ", "))
	}
	return chosen, nil
}
