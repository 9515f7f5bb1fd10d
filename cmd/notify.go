package main

import (
	"fmt"

	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/serin-dev/serin/notify"
)

// The manager asks whether it needs the lease.
var _ manager.LeaderElectionRunnable = &notify.Notifier{}

// notifications make the notifier run with the manager; nil without a file.
func notifications(mgr ctrl.Manager, file string) (*notify.Notifier, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // a nil notifier tells nobody
	}
	n, err := notify.New(notify.Options{File: file, Clock: clock.RealClock{}, Log: ctrl.Log, Registerer: metrics.Registry})
	if err != nil {
		return nil, err
	}
	if err := mgr.Add(n); err != nil {
		return nil, fmt.Errorf("adding the notifier: %w", err)
	}
	return n, nil
}
