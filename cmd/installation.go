package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"k8s.io/client-go/kubernetes"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/cmd/probe"
)

const (
	// probing is the most that looking at an installation may take.
	probing = time.Minute
	// renewing is how long the lease may go without being renewed: an operator that begins waits for one that was killed, which takes half of it.
	renewing = 30 * time.Second
)

// probeInstallation looks at the installation with the flags and the account of an operator, and tells out what it found.
func probeInstallation(ctx context.Context, s settings, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, probing)
	defer cancel()
	scheme, err := newScheme()
	if err != nil {
		return err
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("finding the cluster: %w", err)
	}
	config.QPS = -1 // some fifty small questions; the API server's own fairness is enough
	config.Timeout = renewing
	cluster, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	reader, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	installation := probe.Installation{
		Cluster: cluster, Client: reader, Namespace: s.namespace, Watched: s.watched, SecureMetrics: s.metricsSecure, Gate: s.probeGate, Patience: renewing,
	}
	if s.leaderElection {
		installation.Lease = leaseName
	}
	return installation.Report(ctx, out)
}
