package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/utils/clock"
)

const (
	// rereadAfter is how often the file is read. A mounted Secret changes by a link that is put in the place of another, which watches of files miss easily.
	rereadAfter = 10 * time.Second
	// drainFor is how long the operator goes on telling after it was asked to end.
	drainFor = 3 * time.Second
	// mostFile is how large the file may be: as large as a Secret.
	mostFile = 1 << 20
)

// Options are what a Notifier needs.
type Options struct {
	// File has the receivers. It may be missing, change and be wrong at any time.
	File       string
	Clock      clock.WithTicker
	Log        logr.Logger
	Registerer prometheus.Registerer
}

// Notifier tells receivers. A nil one tells nobody.
type Notifier struct {
	file    string
	clock   clock.WithTicker
	log     logr.Logger
	metrics *metrics
	web     web

	// workers are those of the file that is in force. Tell reads them without a lock.
	workers atomic.Pointer[[]*worker]
	// closing is closed when the operator ends.
	closing chan struct{}
	running sync.WaitGroup

	// read is the file as it was read last, and trouble what was told of it; empty when all is well.
	read    []byte
	trouble string
}

// New makes a Notifier, and reads its file. That the file is wrong is no error: it is told, and the file is read again.
func New(o Options) (*Notifier, error) {
	m, err := newMetrics(o.Registerer)
	if err != nil {
		return nil, err
	}
	n := &Notifier{file: o.File, clock: o.Clock, log: o.Log.WithName("notify"), metrics: m, web: web{newTransport()}, closing: make(chan struct{})}
	n.workers.Store(&[]*worker{})
	n.reread()
	return n, nil
}

// Tell passes a notice on to those who want it. It waits for nobody: a receiver that can't keep up loses its oldest notices.
func (n *Notifier) Tell(notice Notice) {
	if n == nil {
		return
	}
	for _, w := range *n.workers.Load() {
		w.put(notice)
	}
}

// NeedLeaderElection says that it runs on every replica. Only the leader has something to tell, but what is wrong with the file is told by all, and the manager ends
// what needs no leader last: what the last reconcile told is sent yet.
func (n *Notifier) NeedLeaderElection() bool { return false }

// Start tells until the context ends, and a little longer if something waits.
func (n *Notifier) Start(ctx context.Context) error {
	// What is under way when the operator ends may be sent yet.
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	again := n.clock.NewTicker(rereadAfter)
	defer again.Stop()
	for ctx.Err() == nil {
		n.reread()
		n.runAll(working)
		select {
		case <-ctx.Done():
		case <-again.C():
		}
	}
	close(n.closing)
	ended := make(chan struct{})
	go func() { defer close(ended); n.running.Wait() }()
	timer := n.clock.NewTimer(drainFor)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C():
		n.log.Info("the operator ends before all notifications were sent", "notices", n.waiting())
	}
	return nil
}

func (n *Notifier) waiting() int {
	all := 0
	for _, w := range *n.workers.Load() {
		all += w.queue.length()
	}
	return all
}

// runAll runs the workers that do not run yet.
func (n *Notifier) runAll(ctx context.Context) {
	for _, w := range *n.workers.Load() {
		if w.stop == nil {
			of, stop := context.WithCancel(ctx)
			w.stop = stop
			n.running.Go(func() { w.run(of) })
		}
	}
}

// reread takes the file into force if it has changed and is right.
func (n *Notifier) reread() {
	text, err := readFile(n.file)
	if err == nil && n.read != nil && bytes.Equal(text, n.read) {
		return
	}
	n.read = text
	var receivers []receiver
	if err == nil {
		receivers, err = parse(text, n.web)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		n.apply(nil)
		n.complain("there is no file of notifications: nothing is told until there is one", "")
	case err != nil:
		n.complain("the file of notifications is wrong: the last one that was right stays in force", err.Error())
	default:
		n.apply(receivers)
		n.trouble = ""
		n.metrics.configured.Set(1)
		n.log.Info("the file of notifications is in force", "file", n.file, "receivers", len(receivers))
	}
}

// complain tells once what is wrong with the file.
func (n *Notifier) complain(what, why string) {
	n.metrics.configured.Set(0)
	if trouble := what + why; trouble != n.trouble {
		n.trouble = trouble
		n.log.Info(what, "file", n.file, "why", why)
	}
}

// apply keeps the workers of receivers that stay, with what waits for them.
func (n *Notifier) apply(receivers []receiver) {
	before := map[string]*worker{}
	for _, w := range *n.workers.Load() {
		before[w.name] = w
	}
	now := make([]*worker, 0, len(receivers))
	for _, r := range receivers {
		w, stays := before[r.Name]
		if !stays {
			w = &worker{
				name: r.Name, queue: newQueue(), clock: n.clock, metrics: n.metrics, log: n.log,
				hanging: make(chan struct{}, mostHanging), closing: n.closing,
			}
			n.metrics.begin(r.Name)
		}
		delete(before, r.Name)
		w.receiver.Store(&r)
		now = append(now, w)
	}
	n.workers.Store(&now)
	for _, gone := range before {
		if gone.stop != nil {
			gone.stop()
		}
		n.metrics.forget(gone.name)
	}
}

// readFile reads a file of a bounded size. Its errors hold nothing of what is in it.
func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir() || info.Size() > mostFile:
		return nil, fmt.Errorf("it is a folder, or larger than %d bytes: write a file as docs/notifications.md has it", mostFile)
	}
	return os.ReadFile(name)
}
