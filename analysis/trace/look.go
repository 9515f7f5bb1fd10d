package trace

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// Look is one line of a trace.
type Look struct {
	analysis.Look
	// Looks is how many looks of the release the line is made of: 1, or more where a compact trace joined them.
	Looks int
}

// End says how the release, or its trace, ended.
type End struct {
	At      time.Time
	Outcome Outcome
	// Message says why, for people.
	Message string
}

// Outcome of a release, as far as its trace tells.
type Outcome string

// The outcomes.
const (
	Promoted   Outcome = "Promoted"
	RolledBack Outcome = "RolledBack"
	// Left means that nobody judged it: it was superseded, reverted or deleted.
	Left Outcome = "Left"
	// Full means that the release went on, but its trace had no room left.
	Full Outcome = "Full"
)

// endLine is the End as it is written.
type endLine struct {
	At      time.Time `json:"end"`
	Outcome Outcome   `json:"outcome"`
	Message string    `json:"message,omitempty"`
}

// series is what is counted of by itself.
type series struct {
	metric string
	arm    analysis.Arm
	pod    string
}

// sums are what was counted of a series since the header.
type sums struct {
	requests, errors amount
	buckets          map[place]amount
}

// place is where a bucket lies.
type place struct{ lower, upper float64 }

// placeOf is the place of a bucket.
func placeOf(b analysis.Bucket) place { return place{b.Lower, b.Upper} }

// keyOf tells layouts apart.
func keyOf(h analysis.Histogram) string {
	key := make([]byte, 0, 16*len(h))
	for _, b := range h {
		key = binary.LittleEndian.AppendUint64(key, math.Float64bits(b.Lower))
		key = binary.LittleEndian.AppendUint64(key, math.Float64bits(b.Upper))
	}
	return string(key)
}
