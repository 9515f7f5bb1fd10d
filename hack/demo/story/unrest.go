package story

import (
	"fmt"
	"time"

	"github.com/serin-dev/serin/hack/demo/load"
)

const (
	// enough answers for a p95 that means something.
	enough = 300
	// unrestful is how much a p95 moves, at least, when something else than chance moves it.
	unrestful = 1.4
)

// unrest is how the p95 of a version moved that itself never changed.
type unrest struct {
	lowest, highest time.Duration
}

func (u *unrest) see(r load.Recent) {
	if r.Requests < enough {
		return
	}
	if u.lowest == 0 || r.P95 < u.lowest {
		u.lowest = r.P95
	}
	u.highest = max(u.highest, r.P95)
}

// String says whether the machine was too busy for a fair comparison; it is empty when it was not.
func (u *unrest) String() string {
	if float64(u.highest) <= unrestful*float64(u.lowest) {
		return ""
	}
	return fmt.Sprintf("\nMeanwhile the p95 of the baseline, which did not change, moved between %d and %d ms for its callers: this machine is busy with something "+
		"else, and the few seconds of evidence of a demo can't always tell that from a regression. Try again when it is calm.",
		u.lowest.Milliseconds(), u.highest.Milliseconds())
}
