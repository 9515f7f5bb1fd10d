package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/engine"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/plan"
)

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
		Long: `Say how long a regression takes to show, at this traffic and each weight of the policy: the times within which half, and nine of ten, of such
releases are rolled back. It follows from the mathematics by which releases are judged, for a service whose pods differ as much as is assumed before anything was learned of them.`,
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
	t := forecasts(asked, service, o.weights(asked))
	if o.output == "json" {
		text, err := json.MarshalIndent(t, "", "  ")
		if err != nil {
			return err
		}
		return say(s.out, string(text)+"\n")
	}
	head := fmt.Sprintf("At %g requests a second, %s errors, p95 %s and %d pods, under %s:\n\n", o.rps, o.errorRate, o.p95, o.pods, o.policy)
	return say(s.out, head+t.text())
}

// service is what serves now.
type service struct {
	rps, errorRate, p95 float64
	pods                int
}

// service is what the flags describe.
func (o planOptions) service() (service, error) {
	rate, err := v1alpha1.ParsePercent(o.errorRate)
	if err != nil {
		return service{}, fmt.Errorf("--baseline-error-rate: %w", err)
	}
	p95, err := v1alpha1.ParseLatency(o.p95)
	switch {
	case err != nil:
		return service{}, fmt.Errorf("--p95: %w", err)
	case o.policy == "":
		return service{}, errors.New("--policy is missing: write the file with the Canary")
	case !(o.rps > 0) || o.rps > 1e6:
		return service{}, fmt.Errorf("--rps is %g: write the requests per second to the whole service, more than 0 and at most 1000000", o.rps)
	case o.weight < 0 || o.weight > 99:
		return service{}, fmt.Errorf("--weight is %d: write 1 to 99, for at 100 there is no baseline beside the candidate", o.weight)
	case o.pods < 1 || o.pods > 100:
		return service{}, fmt.Errorf("--pods is %d: write 1 to 100", o.pods)
	case rate > 0.5:
		return service{}, fmt.Errorf("--baseline-error-rate is %s: write 50%% or less", o.errorRate)
	case p95 <= 0:
		return service{}, errors.New("--p95 is 0: write a time with its unit, such as 120ms")
	case o.output != "text" && o.output != "json":
		return service{}, fmt.Errorf("--output is %q: write text or json", o.output)
	}
	return service{rps: o.rps, errorRate: rate, p95: p95.Seconds(), pods: o.pods}, nil
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

// table says how long each regression takes to show at each weight.
type table struct {
	Weights []int32 `json:"weights"`
	Rows    []row   `json:"regressions"`
	// Notes say which metrics can't be planned with, and why.
	Notes []string `json:"notes"`
}

// row is one regression.
type row struct {
	Metric     string `json:"metric"`
	Regression string `json:"regression"`
	// Cells has one for each weight.
	Cells []cell `json:"at"`
}

// cell is one regression at one weight. Without times, it is too small to be found.
type cell struct {
	Weight      int32    `json:"weight"`
	HalfSeconds *float64 `json:"halfSeconds,omitempty"`
	MostSeconds *float64 `json:"mostSeconds,omitempty"`
}

// change is by how much a metric gets worse.
type change struct {
	name string
	// by is a factor of errors, or a slowdown as a fraction.
	by float64
}

// changes are the regressions of a metric that are planned for.
func changes(c analysis.Criterion) []change {
	if c.Errors {
		return []change{{"x2", 2}, {"x5", 5}}
	}
	return []change{{"+10%", 0.1}, {"+20%", 0.2}, {"+50%", 0.5}}
}

// forecasts asks the engine for every cell.
func forecasts(p plan.Plan, s service, weights []int32) table {
	t := table{Weights: weights, Rows: []row{}, Notes: []string{}}
	for _, c := range p.Policy.Criteria {
		rows, err := rowsOf(p, s, weights, c)
		if err != nil {
			t.Notes = append(t.Notes, err.Error())
			continue
		}
		t.Rows = append(t.Rows, rows...)
	}
	return t
}

// rowsOf are the rows of one metric.
func rowsOf(p plan.Plan, s service, weights []int32, c analysis.Criterion) ([]row, error) {
	if c.Worse != analysis.None {
		return nil, fmt.Errorf("how long a change of %s takes to show depends on how much it moves by itself, which can't be known here; a recorded release shows it: kubectl serin replay", c.Name)
	}
	var rows []row
	for _, worse := range changes(c) {
		r := row{Metric: c.Name, Regression: worse.name}
		regression := engine.Regression{Metric: c.Name, Candidate: worse.by}
		if c.Errors {
			regression.Baseline, regression.Candidate = s.errorRate, min(s.errorRate*worse.by, 1)
		}
		for _, weight := range weights {
			f, err := engine.Plan(p.Policy, engine.Traffic{
				Rate: s.rps, Weight: weight, Interval: p.Release.Interval, Latency: s.latency(),
				BaselinePods: s.pods, CandidatePods: int(p.Release.Capacity(int32(s.pods), weight)),
			}, regression)
			if err != nil {
				return nil, err
			}
			at := cell{Weight: weight}
			if !f.Never {
				at.HalfSeconds, at.MostSeconds = within(f.Half), within(f.Most)
			}
			r.Cells = append(r.Cells, at)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// longest is a time beyond which no release waits.
const longest = 7 * 24 * time.Hour

// within is a time in seconds, nil where it is longer than anybody waits.
func within(d time.Duration) *float64 {
	if d > longest {
		return nil
	}
	seconds := d.Seconds()
	return &seconds
}

const (
	// sigma of the logarithm of a duration puts the p95 at 2.7 times the median, as in many a service.
	sigma = 0.6
	// p95Score is the 95% quantile of the normal distribution.
	p95Score = 1.6448536269514722
	// counted requests are so many that their number does not matter.
	counted = 1e9
)

// latency is how long requests take, in the buckets that client libraries of Prometheus have by default.
func (s service) latency() analysis.Histogram {
	median := s.p95 / math.Exp(sigma*p95Score)
	var h analysis.Histogram
	lower, below := 0.0, 0.0
	for _, upper := range []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, math.Inf(1)} {
		reached := (1 + math.Erf(math.Log(upper/median)/sigma/math.Sqrt2)) / 2
		h = append(h, analysis.Bucket{Lower: lower, Upper: upper, Count: counted * (reached - below)})
		lower, below = upper, reached
	}
	return h
}

// text is the table for people.
func (t table) text() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	fmt.Fprint(w, "REGRESSION")
	for _, weight := range t.Weights {
		fmt.Fprintf(w, "\tAT %d%%: HALF, MOST", weight)
	}
	fmt.Fprintln(w)
	for _, r := range t.Rows {
		fmt.Fprintf(w, "%s %s", r.Metric, r.Regression)
		for _, c := range r.Cells {
			fmt.Fprintf(w, "\t%s", c.text())
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush() // a Builder takes everything
	b.WriteString("\nHALF and MOST are within which time half, and nine of ten, of such releases are rolled back.\n")
	for _, n := range t.Notes {
		fmt.Fprintf(&b, "Note: %s.\n", n)
	}
	return b.String()
}

func (c cell) text() string {
	if c.HalfSeconds == nil {
		return "not found"
	}
	return spell(c.HalfSeconds) + ", " + spell(c.MostSeconds)
}

func spell(seconds *float64) string {
	if seconds == nil {
		return "days"
	}
	return time.Duration(*seconds * float64(time.Second)).Round(time.Second).String()
}
