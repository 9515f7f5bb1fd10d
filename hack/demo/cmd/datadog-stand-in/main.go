// Command datadog-stand-in stands in for Datadog in Serin's demo, inside the cluster whose pods it reads: see package standin for what
// it serves and -help for its flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/serin-dev/serin/hack/demo/standin"
)

const (
	// headerTimeout bounds how long a caller may take to send its headers, and leaveTimeout how long open requests may take at the end.
	headerTimeout, leaveTimeout = 10 * time.Second, 5 * time.Second
	// mostPods bounds how many are read.
	mostPods = 200
)

func main() {
	os.Exit(run())
}

// run returns 0 after a clean shutdown, 1 when it could not serve, and 2 for bad settings.
func run() int {
	c, err := standin.ParseConfig(os.Args[1:], os.LookupEnv, os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(os.Stderr, "datadog-stand-in:", err)
		return 2
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, c, log); err != nil {
		log.Error("ended", "error", err.Error())
		return 1
	}
	return 0
}

func serve(ctx context.Context, c standin.Config, log *slog.Logger) error {
	config, err := rest.InClusterConfig()
	if err != nil {
		return fmt.Errorf("it reads pods, so it has to run in a cluster: %w", err)
	}
	cluster, err := corev1client.NewForConfig(config)
	if err != nil {
		return err
	}
	agent := &standin.Agent{
		HTTP: &http.Client{Transport: &http.Transport{Proxy: nil}}, Points: &standin.Points{}, Log: log,
		List: func(ctx context.Context) ([]corev1.Pod, error) {
			pods, err := cluster.Pods(c.Namespace).List(ctx, metav1.ListOptions{LabelSelector: c.Selector, Limit: mostPods})
			if err != nil {
				return nil, err
			}
			return pods.Items, nil
		},
	}
	server := &http.Server{Addr: c.Listen, Handler: standin.NewAPI(c, agent, log).Handler(), ReadHeaderTimeout: headerTimeout}
	go agent.Run(ctx)
	served := make(chan error, 1)
	go func() { served <- server.ListenAndServe() }()
	log.Info("serving", "address", c.Listen, "namespace", c.Namespace, "late", c.Late.String(), "limit", c.Limit)
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	return server.Shutdown(leaving)
}
