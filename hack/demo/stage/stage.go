// Package stage prepares what the demo's story needs: a cluster with Serin, and the demo service at its first version. Everything
// in it may be done again at any time, whatever an earlier run left behind.
package stage

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/serin-dev/serin/hack/demo/view"
)

// Names that the manifests hold too.
const (
	Namespace       = "demo"
	App             = "read-api" // Deployment, Service, HTTPRoute and Canary
	Host            = "read-api.example"
	SystemNamespace = "serin-system"
	Operator        = "serin" // Deployment
	OperatorImage   = "serin.dev/serin:dev"
	ServiceImage    = "serin.dev/demo-service:v1"
	Manifests       = "hack/demo/manifests" // from the repository's root
)

// Settings say which cluster to use.
type Settings struct {
	Root    string // of the repository
	Cluster int    // the local cluster's digit; without meaning when Context is set
	Context string // a context of the user's own kubeconfig; empty brings up the local cluster

	Gateway        string // namespace/name that the demo's route attaches to
	GatewayURL     string // where its listener is reached from here
	Source         Source
	PrometheusURL  string // as pods reach it; without meaning for other sources
	PrometheusHere string // as it is reached from here; empty if it is not
}

// ForLocalCluster fills in what is known of the local cluster.
func (s Settings) ForLocalCluster() Settings {
	fill := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	fill(&s.Gateway, "gateway/gateway")
	fill(&s.PrometheusURL, "http://prometheus.monitoring:9090")
	if s.Source == "" {
		s.Source = Prometheus
	}
	if s.Context == "" {
		fill(&s.GatewayURL, fmt.Sprintf("http://10.250.%d.2:8000", s.Cluster))
		fill(&s.PrometheusHere, fmt.Sprintf("http://10.250.%d.2:9090", s.Cluster))
	}
	return s
}

// Stage is the prepared cluster, once Prepare has returned.
type Stage struct {
	Settings
	Terminal *view.Terminal
	Run      Runner
	HTTP     *http.Client

	Kubectl    Kubectl
	Kubeconfig string // empty when Context is set
	Config     *rest.Config

	operatorBinary string // what its image holds; empty when the image was not built here
}

// Prepare brings up what is missing, and leaves the demo service at v1 with no Canary over it.
func (s *Stage) Prepare(ctx context.Context) error {
	parts := []func(context.Context) error{s.existingCluster}
	if s.Context == "" {
		parts = []func(context.Context) error{s.localCluster, s.images}
	}
	parts = append(parts, s.connect, s.requirements, s.install, s.clear, s.source, s.app, s.reachable)
	for _, part := range parts {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// connect finds the API server by the kubeconfig that kubectl uses.
func (s *Stage) connect(context.Context) error {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = s.Kubeconfig
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: s.Context}).ClientConfig()
	if err != nil {
		return fmt.Errorf("reading the kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 50, 100
	s.Config = config
	return nil
}

// step runs one part of the preparation and says how long it took.
func (s *Stage) step(ctx context.Context, done string, limit time.Duration, do func(context.Context) error) error {
	began := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not done within %s", limit))
	defer cancel()
	if err := do(ctx); err != nil {
		return err
	}
	s.Terminal.Good("%s (%.1f s)", done, time.Since(began).Seconds())
	return nil
}

// typed runs kubectl and shows it as a person would type it.
func (s *Stage) typed(ctx context.Context, args ...string) error {
	s.Terminal.Command("kubectl " + strings.Join(args, " "))
	_, err := s.Kubectl.Output(ctx, args...)
	return err
}

// until calls done until it says so, or until ctx ends; then the error tells the last state.
func until(ctx context.Context, what string, every time.Duration, done func(context.Context) (ok bool, state string)) error {
	state := "nothing was seen yet"
	for {
		ok, now := done(ctx)
		if ok {
			return nil
		}
		if ctx.Err() == nil {
			state = now
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w; last seen: %s", what, context.Cause(ctx), state)
		case <-time.After(every):
		}
	}
}
