package notify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	clocktesting "k8s.io/utils/clock/testing"
)

// office is a Notifier with a clock that only the test moves, a file that the test writes, and receivers in the stand-in world.
type office struct {
	*Notifier
	t        *testing.T
	clock    *clocktesting.FakeClock
	registry *prometheus.Registry
	world    *world
	end      func() // ends it, and waits until it has

	mu  sync.Mutex
	log []string
}

func newOffice(t *testing.T, file string) *office {
	t.Helper()
	o := &office{t: t, clock: clocktesting.NewFakeClock(time.Now()), registry: prometheus.NewRegistry(), world: newWorld(t)}
	m, err := newMetrics(o.registry)
	if err != nil {
		t.Fatal(err)
	}
	o.Notifier = &Notifier{
		file: filepath.Join(t.TempDir(), "notifications.yaml"), clock: o.clock, log: o.logger(), metrics: m, web: o.world.web, closing: make(chan struct{}),
	}
	o.workers.Store(&[]*worker{})
	if file != "" {
		o.write(file)
	}
	o.reread()
	return o
}

// logger keeps what is logged.
func (o *office) logger() logr.Logger {
	return funcr.New(func(prefix, args string) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.log = append(o.log, prefix+" "+args)
	}, funcr.Options{Verbosity: 127})
}

func (o *office) logged() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.log, "\n")
}

// start starts it, as the manager does.
func (o *office) start() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- o.Start(ctx) }()
	o.end = func() {
		cancel()
		eventually(o.t, "the notifier to end", func() bool { return len(ended) == 1 })
	}
	o.t.Cleanup(func() {
		cancel()
		for deadline := time.Now().Add(10 * time.Second); len(ended) == 0 && time.Now().Before(deadline); {
			o.clock.Step(drainFor)
			time.Sleep(time.Millisecond)
		}
	})
}

// write puts a file in the place of another, as a kubelet does.
func (o *office) write(text string) {
	o.t.Helper()
	next := o.file + ".next"
	if err := errors.Join(os.WriteFile(next, []byte(text), 0o600), os.Rename(next, o.file)); err != nil {
		o.t.Fatal(err)
	}
}

// pass lets time go by until something is so. Each step is short, so that nothing is jumped over.
func (o *office) pass(what string, step time.Duration, so func() bool) {
	o.t.Helper()
	eventually(o.t, what, func() bool {
		if so() {
			return true
		}
		o.clock.Step(step)
		return false
	})
}

// eventually waits for another goroutine.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// counted are the notices of a receiver by outcome, as in "sent 1 failed 0 dropped 0"; empty when nothing is told of it.
func (o *office) counted(receiver string) string {
	o.t.Helper()
	by := o.series("serin_notifications_total", receiver)
	if len(by) == 0 {
		return ""
	}
	return fmt.Sprintf("sent %v failed %v dropped %v", by[sent], by[failed], by[dropped])
}

func (o *office) configured() float64 { return o.series("serin_notifications_configured", "")[""] }

// series are the values of a metric by outcome.
func (o *office) series(name, receiver string) map[string]float64 {
	o.t.Helper()
	families, err := o.registry.Gather()
	if err != nil {
		o.t.Fatal(err)
	}
	by := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if f.GetName() == name && labels["receiver"] == receiver {
				by[labels["outcome"]] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return by
}

// notice is one of many.
func notice(i int) Notice {
	n := rolledBack()
	n.ID, n.Canary = fmt.Sprint("id-", i), fmt.Sprint("canary-", i)
	return n
}
