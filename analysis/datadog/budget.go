package datadog

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/serin-dev/serin/analysis"
)

const (
	// publicLimit in each publicPeriod is assumed until the API tells: what Datadog documented as the default for queries of time
	// series, for a whole organisation.
	publicLimit, publicPeriod = 1600, time.Hour
	// othersPart of the limit is never used, as others of the organisation ask too: one in so many requests.
	othersPart = 10
	// unsaidPause is how long nobody asks after a refusal that does not say how long.
	unsaidPause = 15 * time.Second
	// longestClosed is how long nobody asks after a refusal, whatever it says: one that says longer may be mistaken, and is asked about once in a while.
	longestClosed = 10 * time.Minute
	// turnKept is how long after it came a turn is kept for a caller that did not.
	turnKept = 2 * time.Minute
)

// budget is the rate limit, shared by all callers of a source. Half of it may be spent at any time; the other half is
// spread over what remains of the period. Then callers get turns, in the order in which they asked: so each of them slows
// down as much as the others, and none fails.
type budget struct {
	mu sync.Mutex
	// limit of each period, left until reset.
	limit, left int
	period      time.Duration
	reset       time.Time
	// told is false while the numbers are assumed.
	told bool
	// closed is until when the API will refuse.
	closed time.Time
	// turns are those of callers that wait, and next is the first free one.
	turns map[string]time.Time
	next  time.Time
}

func newBudget() *budget {
	return &budget{limit: publicLimit, left: publicLimit, period: publicPeriod, turns: map[string]time.Time{}}
}

// take spends a request, or says when to come back.
func (b *budget) take(caller string, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.begin(now)
	if now.Before(b.closed) {
		return throttled(b.closed.Sub(now), true)
	}
	turn, waiting := b.turns[caller]
	if waiting && now.Before(turn) {
		return throttled(turn.Sub(now), false)
	}
	if b.usable() <= 0 || !waiting && !(b.ample() && len(b.turns) == 0) {
		if turn = b.turn(now); turn.After(now) {
			b.turns[caller] = turn
			return throttled(turn.Sub(now), false)
		}
	}
	delete(b.turns, caller)
	b.left--
	return nil
}

// begin begins a new period when the old one is over. Periods are aligned to the calendar.
func (b *budget) begin(now time.Time) {
	if b.reset.IsZero() {
		b.reset = now.Truncate(b.period).Add(b.period)
	}
	if late := now.Sub(b.reset); late >= 0 {
		b.left = b.limit
		b.reset = now.Add(b.period - late%b.period)
	}
	for caller, turn := range b.turns {
		if now.Sub(turn) > turnKept {
			delete(b.turns, caller)
		}
	}
}

// usable are the requests left to us.
func (b *budget) usable() int { return b.left - b.limit/othersPart }

// ample says that there is no need to save.
func (b *budget) ample() bool { return 2*b.usable() > b.limit-b.limit/othersPart }

// turn is the next free one, which is now when nobody waits.
func (b *budget) turn(now time.Time) time.Time {
	turn := b.next
	if turn.Before(now) {
		turn = now
	}
	usable := b.usable()
	if usable <= 0 && turn.Before(b.reset) {
		turn = b.reset
	}
	space := b.period / time.Duration(max(b.limit-b.limit/othersPart, 1))
	if turn.Before(b.reset) {
		space = b.reset.Sub(now) / time.Duration(usable)
	}
	b.next = turn.Add(space)
	return turn
}

// hear takes in what a response tells of the limit.
func (b *budget) hear(t *tidings) {
	limit, period := number(t.header, "X-Ratelimit-Limit"), number(t.header, "X-Ratelimit-Period")
	left, reset := number(t.header, "X-Ratelimit-Remaining"), number(t.header, "X-Ratelimit-Reset")
	if limit <= 0 || period <= 0 || left < 0 || reset < 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.begin(t.received)
	end, length := t.received.Add(time.Duration(reset)*time.Second), time.Duration(period)*time.Second
	same := b.told && limit == b.limit && length == b.period && end.Sub(b.reset).Abs() < b.period/2
	if !same || left < b.left { // answers may overtake each other; others may have asked too
		b.left = left
	}
	b.limit, b.period, b.reset, b.told = limit, length, end, true
}

// refuse keeps everybody from asking for a while.
func (b *budget) refuse(after time.Duration, now time.Time) error {
	if after <= 0 {
		after = unsaidPause
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := now.Add(min(after, longestClosed)); until.After(b.closed) {
		b.closed = until
	}
	return throttled(after, true)
}

// health is the budget as others may see it; nil before the API told.
func (b *budget) health(now time.Time) *analysis.Budget {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.told {
		return nil
	}
	b.begin(now)
	return &analysis.Budget{Limit: b.limit, Left: max(b.left, 0), Period: b.period, Reset: b.reset}
}

// throttled is the error for a wait, a little longer so that not all come back at once.
func throttled(wait time.Duration, refused bool) error {
	wait = max(wait, time.Second)
	return &analysis.ThrottledError{After: wait + rand.N(min(wait/10, 10*time.Second)+time.Millisecond), Refused: refused}
}

// number reads a header, -1 when it has none.
func number(h http.Header, name string) int {
	if n, err := strconv.ParseUint(h.Get(name), 10, 31); err == nil {
		return int(n)
	}
	return -1
}
