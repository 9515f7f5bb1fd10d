package prometheus

import (
	"sync"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/httpsource"
)

// longestQuiet is how long a server is left alone at most. One that asks for more may be mistaken, and is asked once in a while.
const longestQuiet = 10 * time.Minute

// quiet is kept by all who ask a server, once it told one of them to come back later.
type quiet struct {
	mu    sync.Mutex
	until time.Time
	why   string
}

// keep begins, or prolongs, the quiet that a failure asks for.
func (q *quiet) keep(f *httpsource.Failure, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if until := now.Add(min(f.After, longestQuiet)); until.After(q.until) {
		q.until, q.why = until, f.Text
	}
}

// kept is the failure of a request that comes too early; nil when it does not.
func (q *quiet) kept(now time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	left := q.until.Sub(now)
	if left <= 0 {
		return nil
	}
	return &httpsource.Failure{
		Text:  q.why + "; it wants to be left alone for another " + left.Round(time.Second).String(),
		Cause: &analysis.ThrottledError{After: left, Refused: true},
	}
}
