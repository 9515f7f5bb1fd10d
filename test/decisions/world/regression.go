package world

import "time"

// Regression is what the candidate does worse. Factors of 0 mean none.
type Regression struct {
	// Name on the command line.
	Name string
	// Errors is the share of requests that fail besides those that fail anyway.
	Errors float64
	// Slower is the factor on all durations, TailSlower on those of heavy requests only.
	Slower, TailSlower float64
	// Growth of the logarithm of all durations per minute: a leak.
	Growth float64
	// FromWeight and After say when it begins; both must be reached. Zero is at once.
	FromWeight int32
	After      time.Duration
	// Harmless is true where a rollback would be false: nothing is worse, or within what is tolerated, or both arms are.
	Harmless bool
	// Shared has the baseline get worse as well.
	Shared bool
}

// None is a candidate that is no worse.
func None() Regression { return Regression{Name: "none", Harmless: true} }

// Regressions of the benchmark, in the order of its tables. The points of errors are on top of the usual 0.2%.
func Regressions() []Regression {
	return []Regression{
		None(),
		{Name: "errors-0.4%", Errors: 0.002},
		{Name: "errors-1%", Errors: 0.008},
		{Name: "errors-5%", Errors: 0.048},
		{Name: "errors-50%", Errors: 0.498},
		{Name: "no-success", Errors: 1},
		{Name: "p95+10%", Slower: 1.1},
		{Name: "p95+20%", Slower: 1.2},
		{Name: "p95+50%", Slower: 1.5},
		{Name: "p95x2", Slower: 2},
		{Name: "tail-x2", TailSlower: 2},
		{Name: "late-errors-2%", Errors: 0.018, After: 7 * time.Minute},
		{Name: "late-p95x2", Slower: 2, After: 7 * time.Minute},
		{Name: "late-no-success", Errors: 1, After: 7 * time.Minute},
		{Name: "late-p95+50%", Slower: 1.5, After: 7 * time.Minute},
		{Name: "leak-3%/min", Growth: 0.03},
		{Name: "saturated-errors-1%", Errors: 0.008, FromWeight: 50},
		{Name: "saturated-p95+50%", Slower: 1.5, FromWeight: 50},
		{Name: "tolerated-errors", Errors: 0.0003, Harmless: true},
		{Name: "tolerated-p95+3%", Slower: 1.03, Harmless: true},
		{Name: "both-slower", Slower: 2, After: 3 * time.Minute, Shared: true, Harmless: true},
		{Name: "both-failing", Errors: 0.05, After: 3 * time.Minute, Shared: true, Harmless: true},
	}
}

// active says whether an arm has the regression, at the candidate's weight and some seconds after the release began.
func (r Regression) active(candidate bool, weight int32, since float64) bool {
	return since >= r.After.Seconds() && (r.Shared || candidate && weight >= r.FromWeight)
}
