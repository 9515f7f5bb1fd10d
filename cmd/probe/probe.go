// Package probe looks at an installation of Serin as its operator would meet it: as the operator's account, and with the operator's flags.
package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Installation is what is to be there. It is looked at and never changed.
type Installation struct {
	// Cluster and Client both act as the operator's account; Client knows the kinds of Serin.
	Cluster kubernetes.Interface
	Client  client.Reader
	// Namespace is the operator's own.
	Namespace string
	// Watched are the namespaces that the operator acts in; all where empty.
	Watched []string
	// SecureMetrics says that the operator asks the cluster who may read its metrics.
	SecureMetrics bool
	// Gate says that a policy pauses Deployments in the write that changes them.
	Gate bool
	// Lease is the name of the lease that the acting operator holds; empty where none is needed.
	Lease string
	// Patience is how long the lease may take to be renewed.
	Patience time.Duration
}

// Grades of what is found.
const (
	fine    = "ok"
	warning = "warning"
	failure = "FAILED"
)

// finding is one line of the report.
type finding struct{ grade, about, says string }

func fail(about, format string, args ...any) finding {
	return finding{failure, about, fmt.Sprintf(format, args...)}
}

var errInstallation = errors.New("the installation is not as it has to be")

// Report writes a line for each thing that was looked at to out, and answers an error when one of them is not as it has to be.
func (i Installation) Report(ctx context.Context, out io.Writer) error {
	var err error
	for _, look := range []func(context.Context) []finding{i.definitions, i.permissions, i.gate, i.lease, i.sources} {
		for _, f := range look(ctx) {
			if f.grade == failure {
				err = errInstallation
			}
			if _, broken := fmt.Fprintf(out, "%-8s %s: %s\n", f.grade, f.about, f.says); broken != nil {
				return fmt.Errorf("writing the report: %w", broken)
			}
		}
	}
	return err
}
