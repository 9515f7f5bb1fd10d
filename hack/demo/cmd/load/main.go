// Command load sends a constant rate of requests to the demo service and tells whose fault each failure was: see package load
// for the outcomes and -help for the flags. It stops on SIGTERM, on an interrupt, or after -duration.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/serin-dev/serin/hack/demo/load"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr))
}

// run returns 0 when all went as asked, 1 when the summary could not be written or -strict found harm, and 2 for bad settings.
func run(ctx context.Context, args []string, lookup func(string) (string, bool), stdout, stderr io.Writer) int {
	o, err := parseOptions(args, lookup, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "load:", err)
		return 2
	}
	if o.load.ProgressInterval > 0 {
		o.load.Progress = stderr
	}
	generator, err := load.New(o.load)
	if err != nil {
		fmt.Fprintln(stderr, "load:", err)
		return 2
	}
	closeStats, err := serveStats(o.listen, generator.Handler())
	if err != nil {
		fmt.Fprintln(stderr, "load:", err)
		return 2
	}
	defer func() { _ = closeStats() }()

	stopWriting := writeEvery(o, generator, stdout, stderr)
	generator.Run(ctx)
	stopWriting()
	if err := write(o.out, generator.Summary(), stdout); err != nil {
		fmt.Fprintln(stderr, "load:", err)
		return 1
	}
	if o.strict && !generator.Summary().Clean() {
		fmt.Fprintln(stderr, "load: the platform failed requests or WebSockets: see failedByPlatform, uncleanDisconnects and failedDials")
		return 1
	}
	return 0
}

// serveStats answers on address until the returned function is called. An empty address serves nothing.
func serveStats(address string, handler http.Handler) (closeStats func() error, err error) {
	if address == "" {
		return func() error { return nil }, nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("-listen=%s: %w", address, err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }() // it ends by being closed
	return server.Close, nil
}

// writeEvery writes the summary at every interval until the returned function is called.
func writeEvery(o options, generator *load.Generator, stdout, stderr io.Writer) (stop func()) {
	if o.outEvery == 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var writing sync.WaitGroup
	writing.Go(func() {
		ticker := time.NewTicker(o.outEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if err := write(o.out, generator.Summary(), stdout); err != nil {
				fmt.Fprintln(stderr, "load:", err)
			}
		}
	})
	return func() {
		cancel()
		writing.Wait()
	}
}

// write puts the summary into file in one move, so that a reader never sees half of it; - means stdout.
func write(file string, summary load.Summary, stdout io.Writer) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(summary); err != nil {
		return err
	}
	if file == "-" {
		_, err := stdout.Write(text.Bytes())
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	_, err = draft.Write(text.Bytes())
	err = errors.Join(err, draft.Close())
	if err == nil {
		err = os.Rename(draft.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(draft.Name()))
	}
	return nil
}
