package analysis

import (
	"fmt"
	"math"
)

// evidence is what one criterion is judged by.
type evidence struct {
	baseline, candidate tally
	// invalid says which numbers make no sense; then none of them counts.
	invalid string
}

// tally is the sum of one arm's observations. For latency, requests are the durations in the histogram.
type tally struct {
	requests, errors float64
	latency          Histogram
}

// collect sums the observations of one criterion.
func collect(c Criterion, obs []Observation) evidence {
	var e evidence
	for i := range obs {
		o := &obs[i]
		if o.Metric != c.Name {
			continue
		}
		if err := o.validate(c.Errors); err != nil {
			return evidence{invalid: err.Error()}
		}
		t := &e.baseline
		if o.Arm == Candidate {
			t = &e.candidate
		}
		if c.Errors {
			t.requests += o.Requests
			t.errors += o.Errors
		} else {
			t.requests += o.Latency.Total()
			t.latency = t.latency.add(o.Latency)
		}
	}
	if math.IsInf(e.baseline.requests+e.candidate.requests, 0) {
		return evidence{invalid: "the source counted more requests than a number can hold"}
	}
	return e
}

// validate says what is wrong with the numbers asked for.
func (o *Observation) validate(errors bool) error {
	switch {
	case o.Arm != Baseline && o.Arm != Candidate:
		return fmt.Errorf("the source counted for an unknown arm (%d)", o.Arm)
	case !errors:
		if err := o.Latency.Validate(); err != nil {
			return fmt.Errorf("the source sent a histogram whose %w", err)
		}
	case !(o.Errors >= 0 && o.Errors <= o.Requests) || math.IsInf(o.Requests, 0):
		return fmt.Errorf("the source counted %v errors in %v requests", o.Errors, o.Requests)
	}
	return nil
}

// missing says what keeps c from being judged at all; empty when nothing does.
func (e evidence) missing(c Criterion, least float64) string {
	switch {
	case !c.Errors && !(c.Quantile > 0 && c.Quantile < 1):
		return "neither an error rate nor a quantile to judge"
	case !c.compares() && !(c.Limit > 0):
		return "neither an increase nor a limit to judge by"
	case e.invalid != "":
		return e.invalid
	}
	return shortage(e.candidate.requests, least, "candidate")
}

// shortage says how many requests an arm lacks; empty when it has enough.
func shortage(requests, least float64, arm string) string {
	switch {
	case requests == 0:
		return "no requests from the " + arm + " yet"
	case requests < least:
		return formatCount(requests) + " of the " + formatCount(math.Ceil(least)) + " requests needed from the " + arm + " so far"
	}
	return ""
}
