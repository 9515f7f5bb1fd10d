// Package analysis judges a candidate by the baseline that served beside it.
//
// It holds the words that sources and the decision engine share: [Provider] implementations, one package each, bring counts;
// the engine turns a [Look] at them into a [Report]. Neither asks a cluster, and the engine asks neither clock nor network.
package analysis

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Verdict on the evidence. The zero value is the safe one.
type Verdict int

// The three verdicts.
const (
	Inconclusive Verdict = iota
	Pass
	Fail
)

// Arm of the comparison.
type Arm int

// The two arms.
const (
	Baseline Arm = iota
	Candidate
)

// Window of time, From exclusive, To inclusive.
type Window struct{ From, To time.Time }

// Subject says whose requests are counted.
type Subject struct {
	Namespace string
	// Baseline and Candidate identify the arms to a source.
	Baseline, Candidate Target
}

// Target identifies one arm; a source uses the fields it has labels for.
type Target struct {
	// ReplicaSet is the name of the arm's ReplicaSet; its pods are named <ReplicaSet>-<five characters>.
	ReplicaSet string
	// Service is the name of the arm's generated Service, empty when traffic follows pod counts; Port its port.
	Service string
	Port    int32
	// Route is the name of the route, for sources that label by route.
	Route string
	// Labels are those of the arm's pod template.
	Labels map[string]string
}

// Query says what to count for one metric.
type Query struct {
	// Metric is the name of the metric this query serves.
	Metric string
	// Preset names a query family of the source; empty means the source's default. Ignored when Custom is set.
	Preset string
	// Custom brings the queries themselves, with "$arm" in place of an arm's matchers. Nil for a preset.
	Custom *CustomQuery
	// Latency is true when the histogram is needed, Errors when requests and errors are; neither is for a plain value, see [CustomQuery].
	Latency, Errors bool
	// Quantile is what will be judged of the latency, 0.5 to 0.99, for a source that has no histogram but single quantiles.
	Quantile float64
}

// CustomQuery holds queries in the source's own language.
type CustomQuery struct {
	// Requests, Errors and Histogram select series, which the source counts by.
	Requests, Errors, Histogram string
	// Value is a query that yields one number for an arm at the end of each window; the others are empty then. No number is no
	// observation. A source that can't answer such queries refuses them in Check.
	Value string
}

// Observation counts one arm, and one pod where the source can tell them apart, over a window.
type Observation struct {
	Metric string
	Arm    Arm
	// Pod is empty when the source knows only the arm.
	Pod    string
	Window Window
	// Requests and Errors are counts over the window, never rates. Errors <= Requests.
	Requests, Errors float64
	// Latency is the distribution of durations over the window; empty when the query did not ask for it.
	Latency Histogram
	// Value is the interval's own number where a source has no counts: a latency criterion's quantile in seconds, over Requests
	// requests, or a plain value. Nil when there are counts.
	Value *float64
}

// Histogram of durations in seconds.
type Histogram []Bucket

// Bucket counts the durations in (Lower, Upper]. Buckets are ordered, do not overlap, and have finite Count >= 0; where
// there is no bucket there is no duration. Lower is finite, and Upper may be +Inf.
type Bucket struct{ Lower, Upper, Count float64 }

// Provider brings counts from one metrics backend.
type Provider interface {
	// Check says, without asking the backend, why the queries can't be answered for both arms of s, and what to write or set
	// instead; nil when they can. A Subject whose Candidate is empty is checked for its baseline alone. Count fails the same way.
	Check(s Subject, qs []Query) error
	// Count answers every query for both arms over each of the windows, in as few requests as the backend allows, ordered by
	// window, query, arm and pod. The windows follow each other in time and do not overlap. Adjoining ones, of one call or of
	// several, count every request once, but for what the backend takes in only after it was asked: a window should end as
	// long before now as that may take.
	// No data is an empty slice and a nil error. An error that matches [ErrRejected] means that asking again the same way will never help
	// (a query that does not parse; credentials refused, which matches [ErrUnauthorized]), a [ThrottledError] that the backend answers
	// later, [ErrNonsense] that what answers is no such backend; any other error means that it did not answer, and may pass by itself.
	// No error text holds a secret.
	Count(ctx context.Context, s Subject, qs []Query, ws []Window) ([]Observation, error)
	// Ping says whether the backend answers, with the same errors as Count, and how it is.
	Ping(ctx context.Context) (Health, error)
}

// Delayed is a [Provider] that learns how late its backend has samples.
type Delayed interface {
	// Delay is how long after its end a window can be asked about.
	Delay() time.Duration
}

// Health is what a backend tells of itself.
type Health struct {
	// Skew is how far the backend's clock is ahead of ours; 0 when it does not tell, or by less than can be told.
	Skew time.Duration
	// Budget is how often it may still be asked; nil when it does not say.
	Budget *Budget
}

// Budget is what a backend's rate limit leaves to us.
type Budget struct {
	// Limit is the number of requests in each Period, and Left what is left of them until Reset.
	Limit, Left int
	Period      time.Duration
	Reset       time.Time
}

// ThrottledError means that the backend's rate limit leaves no room for a question now. It says nothing about the evidence.
type ThrottledError struct {
	// After is how long to wait before asking again, more than 0.
	After time.Duration
	// Refused says that the backend has refused to answer, which somebody may have to mend; else we only save its limit.
	Refused bool
}

// Error tells how long.
func (e *ThrottledError) Error() string {
	return "the rate limit of the metrics backend leaves no room for a question before " + e.After.Round(time.Second).String()
}

// ErrRejected means that the backend will refuse the same request again.
var ErrRejected = errors.New("rejected by the metrics backend")

// ErrUnauthorized means that the backend does not take our credentials. It matches [ErrRejected], too.
var ErrUnauthorized = fmt.Errorf("%w: the credentials are not accepted", ErrRejected)

// ErrNonsense means that something answers, but not as this kind of backend does: a login page, half an answer, another server.
// It may pass by itself.
var ErrNonsense = errors.New("not an answer of such a metrics backend")

// Config says how to reach a backend. Credentials holds the Secret's data and must never be printed.
type Config struct {
	Address     string
	Preset      string
	Timeout     time.Duration
	Headers     map[string]string
	Credentials map[string][]byte
	// SigningRegion is the region of Amazon Web Services that requests are signed for; empty when they are not signed.
	SigningRegion string
}

// Factory makes a Provider from its configuration; an error says which field is wrong and what to write instead.
type Factory func(Config) (Provider, error)

// Registry maps MetricSource.spec.type to its factory.
type Registry map[string]Factory

// Criterion says what may not get worse for one metric.
type Criterion struct {
	Name string
	// Errors, a Quantile (0.5, 0.9, 0.95, 0.99) of latency, or a plain value is judged.
	Errors   bool
	Quantile float64
	// Worse is the direction in which a plain value gets worse; zero for errors and latency.
	Worse Direction
	// Relative and Absolute tolerated increase over the baseline (of a plain value: its change for the worse), as fractions (0.1 is 10%),
	// seconds or plain numbers; the larger counts. Both zero: no comparison.
	Relative, Absolute float64
	// Limit is the ceiling for the candidate, as a fraction, in seconds or a plain number; the floor where lower is worse; 0 means none.
	Limit float64
}

// Direction in which a plain value gets worse.
type Direction int

// The two directions, and none.
const (
	None   Direction = iota
	Higher           // a queue's lag
	Lower            // the share of orders that are paid
)

// Policy says how much evidence a verdict needs.
type Policy struct {
	Criteria []Criterion
	// FalseRollbackRate bounds the probability, over the whole release and all criteria together, that a candidate that is
	// not worse than tolerated is failed by a comparison; 0 means [DefaultFalseRollbackRate].
	FalseRollbackRate float64
	// MinRequests is the least number of candidate requests before any verdict.
	MinRequests float64
	// WarmUp is the age that a candidate's pod reaches before its requests count.
	WarmUp time.Duration
}

// DefaultFalseRollbackRate is one release in a hundred.
const DefaultFalseRollbackRate = 0.01

// Report is what one look at the evidence showed.
type Report struct {
	Verdict Verdict
	// Message says in one sentence what the evidence shows, or what is missing.
	Message string
	Results []Result
}

// Result is the verdict on one metric. Values are NaN when unknown. [FormatValue] and the methods
// ending in Text write them for people.
type Result struct {
	Name    string
	Verdict Verdict
	Message string
	// Baseline and Candidate values, and the difference with an interval that holds at all looks together. A Fail is proof of
	// more than a part of the tolerated increase. A bound is infinite where the evidence sets none.
	Baseline, Candidate, Difference, Low, High float64
	// Limit that the candidate may not exceed, or fall below where lower is worse; NaN when nothing bounds it yet.
	Limit float64
	// BaselineRequests and CandidateRequests counted.
	BaselineRequests, CandidateRequests float64
	// Unit of the values.
	Unit Unit
}

// Unit of a metric's values.
type Unit int

// The units.
const (
	Fraction Unit = iota // of requests
	Seconds
	Number // of whatever a plain value counts
)

// String is the unit as programs read it.
func (u Unit) String() string {
	switch u {
	case Seconds:
		return "seconds"
	case Number:
		return "number"
	case Fraction:
	}
	return "fraction"
}

// String is the verdict as people read it.
func (v Verdict) String() string {
	switch v {
	case Pass:
		return "Pass"
	case Fail:
		return "Fail"
	case Inconclusive:
	}
	return "Inconclusive"
}
