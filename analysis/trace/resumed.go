package trace

import (
	"fmt"
	"time"
)

// Resumed tells of a trace that begins in mid-release: its operator was restarted, or judges by another policy since then. What was seen before is not among its
// looks. A replay that passed over that would judge by less than the operator did, and nobody could tell.
type Resumed struct {
	// At is when the operator began to write, and Why says why so late, for people.
	At  time.Time
	Why string
	// Weight of the candidate by then, and since when it had settled; the zero time when it had yet to settle.
	Weight    int32
	SettledAt time.Time
	// Engine is the state that the operator's engine went on with: whoever restores it judges as the operator did. Empty when that began anew, too.
	Engine []byte
}

// resumedLine is a Resumed as it is written.
type resumedLine struct {
	At        time.Time `json:"at"`
	Why       string    `json:"why"`
	Weight    int32     `json:"weight"`
	SettledAt time.Time `json:"settled,omitzero"`
	Engine    []byte    `json:"engine,omitempty"`
}

func (r *Resumed) line() *resumedLine {
	if r == nil {
		return nil
	}
	return &resumedLine{r.At.UTC(), r.Why, r.Weight, r.SettledAt.UTC(), r.Engine}
}

func (line *resumedLine) resumed() (*Resumed, error) {
	switch {
	case line == nil:
		return nil, nil
	case line.Weight < 0 || line.Weight > 100:
		return nil, fmt.Errorf("resumed.weight: %d is no share in percent, 0 to 100", line.Weight)
	}
	return &Resumed{line.At.UTC(), line.Why, line.Weight, line.SettledAt.UTC(), line.Engine}, nil
}
