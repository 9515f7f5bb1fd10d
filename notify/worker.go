package notify

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"
)

const (
	// gatherFor is the moment that a notice waits for others, so that a storm is told in few messages.
	gatherFor = 2 * time.Second
	// patience is for how long a notice is tried.
	patience = 15 * time.Minute
	// firstPause and longestPause lie between attempts. Each pause is twice the one before.
	firstPause, longestPause = time.Second, time.Minute
	// sendTimeout is how long one attempt may take.
	sendTimeout = 30 * time.Second
	// mostHanging is how many attempts may be under way, with those that were given up and do not end.
	mostHanging = 3
)

// worker tells one receiver what waits for it.
type worker struct {
	name  string
	queue *queue
	// receiver is as the file has it now: an attempt takes the present one, so that a new token serves what waits already.
	receiver atomic.Pointer[receiver]
	clock    clock.Clock
	metrics  *metrics
	log      logr.Logger
	// hanging has an element for each attempt under way.
	hanging chan struct{}
	// closing is closed when the operator ends: then nothing is waited for, and nothing is tried twice.
	closing <-chan struct{}
	// stop ends the worker at once; nil until it runs.
	stop context.CancelFunc
}

// put takes a notice if the receiver wants it. It never waits.
func (w *worker) put(n Notice) {
	if w.receiver.Load().wants(n) && w.queue.put(n) {
		w.metrics.count(w.name, dropped, 1)
	}
}

// run tells until it is stopped, or until nothing waits after the operator began to end.
func (w *worker) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.queue.filled:
		case <-w.closing:
			if w.queue.length() == 0 {
				return
			}
		}
		gathers := w.receiver.Load().sender.gathers()
		if gathers {
			w.pause(ctx, gatherFor)
		}
		if notices := w.queue.take(gathers); len(notices) > 0 && ctx.Err() == nil {
			w.tell(ctx, notices)
		}
	}
}

// tell tries until the receiver has taken the notices, will not take them, or has had its time.
func (w *worker) tell(ctx context.Context, notices []Notice) {
	began, pause := w.clock.Now(), firstPause
	for attempt := 1; ; attempt++ {
		r := w.receiver.Load()
		err := w.attempt(ctx, r.sender, message{notices, r.link})
		if err == nil {
			w.metrics.count(w.name, sent, len(notices))
			return
		}
		var why *failure
		if !errors.As(err, &why) {
			why = unsendable()
		}
		wait := max(pause, why.after)
		over := w.clock.Since(began)+wait > patience || w.ending(ctx)
		if !why.again || over {
			w.metrics.count(w.name, failed, len(notices))
			w.log.Info("a notification was not taken", "receiver", w.name, "notices", len(notices), "attempts", attempt, "why", why.text)
			return
		}
		if attempt == 1 {
			w.log.Info("a notification was not taken, and will be tried again", "receiver", w.name, "notices", len(notices), "for", patience.String(), "why", why.text)
		}
		w.pause(ctx, wait)
		pause = min(2*pause, longestPause)
	}
}

// attempt is one send with its own time. Whatever the sender does, it ends.
func (w *worker) attempt(ctx context.Context, s sender, m message) error {
	select {
	case w.hanging <- struct{}{}:
	default:
		return &failure{text: "attempts before this one have not ended", again: true}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer func() { <-w.hanging }()
		defer func() {
			if recover() != nil { // What it says may hold a secret.
				done <- &failure{text: "sending to it panicked"}
			}
		}()
		done <- s.send(ctx, m)
	}()
	timer := w.clock.NewTimer(sendTimeout)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C():
		return &failure{text: "it did not answer within " + sendTimeout.String(), again: true}
	case <-ctx.Done():
		return &failure{text: "the operator ends"}
	}
}

// pause waits, unless the operator ends.
func (w *worker) pause(ctx context.Context, d time.Duration) {
	timer := w.clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C():
	case <-w.closing:
	case <-ctx.Done():
	}
}

func (w *worker) ending(ctx context.Context) bool {
	select {
	case <-w.closing:
		return true
	default:
		return ctx.Err() != nil
	}
}
