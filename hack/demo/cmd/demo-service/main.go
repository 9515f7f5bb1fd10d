// Command demo-service is the app under release in Serin's demo: see package service for what it serves and -help for its flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/serin-dev/serin/hack/demo/service"
)

func main() {
	os.Exit(run())
}

// run returns 0 after a clean shutdown, 1 after a crash or a shutdown that cut requests off, and 2 for bad settings.
func run() int {
	cfg, err := service.ParseConfig(os.Args[1:], os.LookupEnv, os.Stdout)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo-service:", err)
		return 2
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil)).With("pod", cfg.Pod)
	server, err := service.New(cfg, log)
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo-service:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := server.Run(ctx); err != nil {
		log.Error("ended", "error", err.Error())
		return 1
	}
	return 0
}
