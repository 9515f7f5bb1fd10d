package notify

import "sync"

// mostWaiting is how many notices may wait for a receiver.
const mostWaiting = 256

// queue keeps what waits for a receiver, in order. When it is full the oldest goes: what is told last is what is so.
type queue struct {
	mu      sync.Mutex
	waiting []Notice
	// filled has one element while something waits.
	filled chan struct{}
}

func newQueue() *queue { return &queue{filled: make(chan struct{}, 1)} }

// put never waits. It answers whether another notice had to go.
func (q *queue) put(n Notice) (dropped bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == mostWaiting {
		q.waiting, dropped = append(q.waiting[:0], q.waiting[1:]...), true
	}
	q.waiting = append(q.waiting, n)
	q.signal()
	return dropped
}

// take takes the first, or all; none when nothing waits.
func (q *queue) take(all bool) []Notice {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(1, len(q.waiting))
	if all {
		n = len(q.waiting)
	}
	taken := append([]Notice(nil), q.waiting[:n]...)
	q.waiting = append(q.waiting[:0], q.waiting[n:]...)
	if len(q.waiting) > 0 {
		q.signal()
	}
	return taken
}

func (q *queue) signal() {
	select {
	case q.filled <- struct{}{}:
	default:
	}
}

func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}
