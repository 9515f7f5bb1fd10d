// Package replay walks a recorded release through a policy: the engine looks at what was seen, and the state machine of real releases
// decides what follows.
//
// A trace tells what was served, not what would have been served. So every look is judged at the weight that it was served at, whatever
// the policy would have granted, and [Look.Planned] says where the two differ. All else is as well as it can be: pods are ready, and
// routes settle at once, or when the trace went to the very weight within a minute, since real pods and gateways take their time. A step
// that asks for approval gets it when the trace moved beyond its weight. With the first Promoted or RolledBack the walk is over, and what
// the trace holds beyond is ignored.
package replay

import (
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/trace"
)

// Judge is the engine, or what takes its place.
type Judge interface {
	Look(l analysis.Look) analysis.Report
}

// Trace brings the looks of a release in order.
type Trace interface {
	// Next is the next look. The error after the last one is io.EOF.
	Next() (trace.Look, error)
	// End is how the recorded release ended, once Next has answered io.EOF; nil when that is not known.
	End() *trace.End
}

// Result is what a policy makes of a recorded release.
type Result struct {
	Outcome Outcome
	// At is when it was decided, or where the trace ended undecided.
	At time.Time
	// Step of Steps, and its weight, that the release had reached.
	Step, Steps int
	Weight      int32
	// Reason is the state machine's, in its words; Message says why, for people.
	Reason, Message string
	// Looks at the release up to the decision. Learned counts those before it, and Ignored those after.
	Looks            []Look
	Learned, Ignored int
	// Joined counts looks that the trace holds only together with others.
	Joined int
}

// Outcome of a replay.
type Outcome string

// The outcomes.
const (
	Promoted   Outcome = "Promoted"
	RolledBack Outcome = "RolledBack"
	// Inconclusive means that the trace ended before the policy would have decided.
	Inconclusive Outcome = "Inconclusive"
)

// Look is one look, as the policy sees it.
type Look struct {
	Window analysis.Window
	// Served is the weight during the look, and Planned what the policy would have granted by its end.
	Served, Planned int32
	Report          analysis.Report
	// Events are what people would have been told between the look before and this one, and at its end, but for the outcome.
	Events []Event
}

// Event is something that people would have been told.
type Event struct {
	At              time.Time
	Reason, Message string
}

// Elsewhere counts the looks that were served at another weight than planned.
func (r Result) Elsewhere() int {
	n := 0
	for _, l := range r.Looks {
		if l.Served != l.Planned {
			n++
		}
	}
	return n
}
