// Package view shows the demo on a terminal: what is said, what is typed, and a release as it happens.
package view

import "time"

// Frame is one look at a release. Numbers of the two kinds of witness stay apart: callers are the load generator's own
// measurements at the gateway, metrics are what Serin wrote into the Canary's status.
type Frame struct {
	Title   string        // what is released
	Elapsed time.Duration // since it was pushed

	Phase, Step, Verdict string // as the Canary's status says
	Message              string
	Weight               int32 // granted to the candidate, in percent

	Baseline, Candidate Arm

	Metrics []Metric      // of the Canary's status; none before the first look
	LookAge time.Duration // since the evidence of Metrics ends

	Failures Failures
}

// Arm is one side of the comparison as its pods and its callers see it.
type Arm struct {
	Version     string
	Pods, Ready int

	Requests, Failed uint64        // by callers, in the last CallerSpan
	P95              time.Duration // likewise
}

// CallerSpan is how far back the callers' numbers of a frame reach.
const CallerSpan = 10 * time.Second

// Metric is one metric of the Canary's status, each value with its unit.
type Metric struct {
	Name, Baseline, Candidate, Difference, Limit, Verdict string

	BaselineRequests, CandidateRequests int64
}

// Failures are counted since the load began.
type Failures struct {
	Platform, Injected         uint64
	SocketsOpen, SocketsWanted int
	SocketsBroken              uint64 // ended without a goodbye, or could not be opened
}

// share is the part of the callers' answers that came from the candidate, in percent.
func (f Frame) share() float64 {
	all := f.Baseline.Requests + f.Candidate.Requests
	if all == 0 {
		return 0
	}
	return 100 * float64(f.Candidate.Requests) / float64(all)
}
