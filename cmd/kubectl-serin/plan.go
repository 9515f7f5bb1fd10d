package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-serin/forecast"
	"github.com/serin-dev/serin/controllers/plan"
)

// longest is how far plan looks ahead.
const longest = time.Hour

// planOptions are the flags of plan.
type planOptions struct {
	policy, errorRate, p95, output string
	rps                            float64
	pods                           int
	weight                         int32
}

func newPlan(s streams) *cobra.Command {
	var o planOptions
	command := &cobra.Command{
		Use:   "plan --policy FILE --rps NUMBER",
		Short: "Say how long a regression takes to show",
		Long: `Say how long a regression takes to show, at this traffic and each weight of the policy: the time within which half of such releases are rolled back.

The engine judges simulated releases of a service whose pods are alike. Pods that differ, incidents and drift make it take longer.`,
		Example: `  kubectl serin plan --policy canary.yaml --rps 100
  kubectl serin plan --policy canary.yaml --rps 20 --weight 10 --baseline-error-rate 0.5% --p95 300ms`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return o.run(s) },
	}
	f := command.Flags()
	f.StringVar(&o.policy, "policy", "", policyFlag)
	f.Float64Var(&o.rps, "rps", 0, "requests per second to the whole service")
	f.Int32Var(&o.weight, "weight", 0, "one weight, 1 to 99 (default: those of the policy's steps)")
	f.StringVar(&o.errorRate, "baseline-error-rate", "0.2%", "share of the baseline's requests that fail")
	f.StringVar(&o.p95, "p95", "120ms", "the baseline's p95 latency")
	f.IntVar(&o.pods, "pods", 10, "pods of the baseline, 1 to 100")
	f.StringVarP(&o.output, "output", "o", "text", "text or json")
	return command
}

func (o planOptions) run(s streams) error {
	service, err := o.service()
	if err != nil {
		return err
	}
	asked, err := policyIn(o.policy, s.in)
	if err != nil {
		return err
	}
	t := forecastOf(asked, service, o.weights(asked))
	if o.output == "json" {
		text, err := json.MarshalIndent(t, "", "  ")
		if err != nil {
			return err
		}
		return say(s.out, string(text)+"\n")
	}
	head := fmt.Sprintf("Half of the releases with this regression are rolled back within (at %g requests a second, %s errors, p95 %s, %d pods, under %s):\n\n",
		o.rps, o.errorRate, o.p95, o.pods, o.policy)
	return say(s.out, head+t.text())
}

// service is the service that the flags describe.
func (o planOptions) service() (forecast.Service, error) {
	rate, err := v1alpha1.ParsePercent(o.errorRate)
	if err != nil {
		return forecast.Service{}, fmt.Errorf("--baseline-error-rate: %w", err)
	}
	p95, err := v1alpha1.ParseLatency(o.p95)
	switch {
	case err != nil:
		return forecast.Service{}, fmt.Errorf("--p95: %w", err)
	case o.policy == "":
		return forecast.Service{}, errors.New("--policy is missing: write the file with the Canary")
	case !(o.rps > 0) || o.rps > 1e6:
		return forecast.Service{}, fmt.Errorf("--rps is %g: write the requests per second to the whole service, more than 0 and at most 1000000", o.rps)
	case o.weight < 0 || o.weight > 99:
		return forecast.Service{}, fmt.Errorf("--weight is %d: write 1 to 99, for at 100 there is no baseline beside the candidate", o.weight)
	case o.pods < 1 || o.pods > 100:
		return forecast.Service{}, fmt.Errorf("--pods is %d: write 1 to 100", o.pods)
	case rate > 0.5:
		return forecast.Service{}, fmt.Errorf("--baseline-error-rate is %s: write 50%% or less", o.errorRate)
	case p95 <= 0:
		return forecast.Service{}, errors.New("--p95 is 0: write a time with its unit, such as 120ms")
	case o.output != "text" && o.output != "json":
		return forecast.Service{}, fmt.Errorf("--output is %q: write text or json", o.output)
	}
	return forecast.Service{RPS: o.rps, ErrorRate: rate, P95: p95.Seconds(), Pods: o.pods}, nil
}

// mostWeights are columns of a table that fits a screen.
const mostWeights = 6

// weights are those to look at: of a long plan, some that are spread over it.
func (o planOptions) weights(p plan.Plan) []int32 {
	if o.weight > 0 {
		return []int32{o.weight}
	}
	var all []int32
	for _, s := range p.Release.Steps {
		if s.Weight < 100 {
			all = append(all, s.Weight)
		}
	}
	if len(all) == 0 {
		return []int32{10, 50} // a plan of one step says nothing of what would be a good first one
	}
	if len(all) <= mostWeights {
		return all
	}
	spread := make([]int32, mostWeights)
	for i := range spread {
		spread[i] = all[i*(len(all)-1)/(mostWeights-1)]
	}
	return spread
}

// regressions are the rows of the table.
func regressions() []row {
	return []row{
		{Regression: "errors x2", worse: forecast.Regression{Errors: 2, Latency: 1}},
		{Regression: "errors x5", worse: forecast.Regression{Errors: 5, Latency: 1}},
		{Regression: "p95 +10%", worse: forecast.Regression{Errors: 1, Latency: 1.1}},
		{Regression: "p95 +20%", worse: forecast.Regression{Errors: 1, Latency: 1.2}},
		{Regression: "p95 +50%", worse: forecast.Regression{Errors: 1, Latency: 1.5}},
	}
}

// table says how long each regression takes to show at each weight.
type table struct {
	Weights []int32 `json:"weights"`
	Rows    []row   `json:"regressions"`
}

type row struct {
	Regression string `json:"regression"`
	worse      forecast.Regression
	// Tolerated says that the policy has nothing against it; then there are no times.
	Tolerated bool `json:"tolerated"`
	// Seconds at each weight; null where most such releases are not rolled back within an hour.
	Seconds []*float64 `json:"seconds,omitempty"`
}

// forecastOf asks for every cell, side by side.
func forecastOf(p plan.Plan, service forecast.Service, weights []int32) table {
	t := table{weights, regressions()}
	var cells sync.WaitGroup
	for i := range t.Rows {
		r := &t.Rows[i]
		q := forecast.Question{Policy: p.Policy, Interval: p.Release.Interval, Service: service, Regression: r.worse, Most: longest}
		if r.Tolerated = q.Tolerated(); r.Tolerated {
			continue
		}
		r.Seconds = make([]*float64, len(weights))
		for n, weight := range weights {
			at := q
			at.Weight = weight
			cells.Go(func() {
				if until, ok := at.Until(); ok {
					seconds := until.Seconds()
					r.Seconds[n] = &seconds
				}
			})
		}
	}
	cells.Wait()
	return t
}

// text is the table for people.
func (t table) text() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	fmt.Fprint(w, "REGRESSION")
	for _, weight := range t.Weights {
		fmt.Fprintf(w, "\tAT %d%%", weight)
	}
	fmt.Fprintln(w)
	for _, r := range t.Rows {
		fmt.Fprint(w, r.Regression)
		for n := range t.Weights {
			switch {
			case r.Tolerated:
				fmt.Fprint(w, "\ttolerated")
			case r.Seconds[n] == nil:
				fmt.Fprint(w, "\tmore than 1h")
			default:
				fmt.Fprintf(w, "\t%s", time.Duration(*r.Seconds[n]*float64(time.Second)))
			}
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush() // a Builder takes everything
	return b.String()
}
