// Command serin is the operator.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers"
	"github.com/serin-dev/serin/controllers/traffic/gatewayapi"
	"github.com/serin-dev/serin/controllers/workload"
)

// settings are the flags of the operator.
type settings struct {
	namespace      string
	watched        []string
	metricsAddress string
	metricsSecure  bool
	metricsCerts   string
	probeAddress   string
	leaderElection bool
	drain          time.Duration
	lag            time.Duration
	workers        int
	traces         controllers.Traces
	notifications  string
	log            zap.Options
	probe          bool
	probeGate      bool
}

// leaseName is the lease of whoever acts.
const leaseName = "serin.serin.dev"

func main() {
	s, err := parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "serin:", err)
		os.Exit(2)
	}
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&s.log)))
	ctx := ctrl.SetupSignalHandler()
	if s.probe {
		if err := probeInstallation(ctx, s, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "serin:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(ctx, s); err != nil {
		ctrl.Log.Error(err, "serin stops")
		os.Exit(1)
	}
}

func parse(args []string) (settings, error) {
	var s settings
	f := flag.NewFlagSet("serin", flag.ContinueOnError)
	f.StringVar(&s.namespace, "namespace", os.Getenv("POD_NAMESPACE"), "the operator's own namespace, the only one whose Secrets it reads (default $POD_NAMESPACE)")
	f.Func("watch-namespaces", "the namespaces whose Canaries are acted on, separated by commas; empty for all", func(value string) error {
		s.watched = strings.FieldsFunc(value, func(r rune) bool { return r == ',' })
		return nil
	})
	f.StringVar(&s.metricsAddress, "metrics-address", ":8080", "where to serve the operator's own metrics; 0 turns them off")
	f.BoolVar(&s.metricsSecure, "metrics-secure", false, "serve the metrics over TLS, and only to those whom the cluster lets get /metrics")
	f.StringVar(&s.metricsCerts, "metrics-certificates", "", "the folder of tls.crt and tls.key for -metrics-secure; empty for a certificate that the operator signs itself at each start")
	f.StringVar(&s.probeAddress, "probe-address", ":8081", "where to serve /healthz and /readyz")
	f.BoolVar(&s.leaderElection, "leader-election", true, "act only while holding the lease, so that several replicas may run")
	f.DurationVar(&s.drain, "drain", 5*time.Second, "how long a candidate keeps its pods after the route has settled at weight 0")
	f.DurationVar(&s.lag, "gateway-lag", 2*time.Second, "how long a gateway may take to serve a route that it has acknowledged")
	f.IntVar(&s.workers, "workers", 16, "how many Canaries are reconciled at the same time")
	f.BoolVar(&s.traces.Last, "keep-last-trace", true, "keep what the decision engine saw of a Canary's last release in the ConfigMap <canary>-last-release, in at most 8 KiB")
	f.StringVar(&s.traces.Folder, "trace-folder", "", "where to write all that the decision engine sees, a file for each release; empty for nowhere")
	f.IntVar(&s.traces.Limit, "trace-limit", 16<<20, "how large such a file may become, in bytes")
	f.StringVar(&s.notifications, "notifications", "", "the file that says who is told outside the cluster, read again when it changes; empty for nobody")
	f.BoolVar(&s.probe, "probe-installation", false, "operate nothing: look whether what an operator with these flags needs is there, tell it line by line, and exit 1 where it is not")
	f.BoolVar(&s.probeGate, "probe-gate", true, "whether -probe-installation looks for the gate")
	s.log.BindFlags(f)
	if err := f.Parse(args); err != nil {
		return s, err
	}
	return s, s.check()
}

// check says what to write instead of a setting that can't be.
func (s settings) check() error {
	wrong := slices.IndexFunc(s.watched, func(name string) bool { return len(validation.IsDNS1123Label(name)) > 0 })
	switch {
	case s.namespace == "":
		return fmt.Errorf("-namespace is empty: write the namespace that the operator runs in, or set POD_NAMESPACE")
	case wrong >= 0:
		return fmt.Errorf("-watch-namespaces has %q: write names of namespaces, separated by commas and without spaces", s.watched[wrong])
	case s.metricsCerts != "" && !s.metricsSecure:
		return fmt.Errorf("-metrics-certificates is %s without -metrics-secure: the certificates would not be used", s.metricsCerts)
	case s.drain < 0:
		return fmt.Errorf("-drain is %s: write a duration of 0s or more", s.drain)
	case s.lag < 0:
		return fmt.Errorf("-gateway-lag is %s: write a duration of 0s or more", s.lag)
	case s.traces.Limit < 1<<10:
		return fmt.Errorf("-trace-limit is %d: write a number of bytes of 1024 or more", s.traces.Limit)
	case s.workers < 1:
		return fmt.Errorf("-workers is %d: write 1 or more", s.workers)
	}
	return nil
}

func run(ctx context.Context, s settings) error {
	scheme, err := newScheme()
	if err != nil {
		return err
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("finding the cluster: %w", err)
	}
	mgr, err := ctrl.NewManager(config, managerOptions(s, scheme))
	if err != nil {
		return fmt.Errorf("making the manager: %w", err)
	}
	if err := setUp(mgr, config, s); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("registering types: %w", err)
		}
	}
	return scheme, nil
}

func managerOptions(s settings, scheme *runtime.Scheme) manager.Options {
	return manager.Options{
		Scheme:                  scheme,
		Metrics:                 metricsOptions(s),
		HealthProbeBindAddress:  s.probeAddress,
		LeaderElection:          s.leaderElection,
		LeaderElectionID:        leaseName,
		LeaderElectionNamespace: s.namespace,
		// The process ends right after the manager, so that the lease may be given up at once and the next leader starts without waiting for it to expire.
		LeaderElectionReleaseOnCancel: true,
		Cache:                         cacheOptions(s),
	}
}

func metricsOptions(s settings) metricsserver.Options {
	options := metricsserver.Options{BindAddress: s.metricsAddress}
	if s.metricsSecure {
		options.SecureServing, options.CertDir, options.FilterProvider = true, s.metricsCerts, authorized
	}
	return options
}

// cacheOptions keep what is watched to what the operator may read: Secrets in its own namespace, everything else where it acts.
func cacheOptions(s settings) cache.Options {
	options := cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Secret{}: {Namespaces: map[string]cache.Config{s.namespace: {}}},
		},
	}
	for _, name := range s.watched {
		if options.DefaultNamespaces == nil {
			options.DefaultNamespaces = map[string]cache.Config{}
		}
		options.DefaultNamespaces[name] = cache.Config{}
	}
	return options
}

// answersWaiting is how many answers of sources may wait for their Canary to be reconciled. One more costs nothing but time: the timer finds it.
const answersWaiting = 1024

func setUp(mgr ctrl.Manager, config *rest.Config, s settings) error {
	direct, err := client.New(config, client.Options{Scheme: mgr.GetScheme()})
	if err != nil {
		return fmt.Errorf("making the direct client: %w", err)
	}
	sourceMetrics, err := controllers.NewSourceMetrics(metrics.Registry, clock.RealClock{})
	if err != nil {
		return err
	}
	canaryMetrics, err := controllers.NewCanaryMetrics(metrics.Registry)
	if err != nil {
		return err
	}
	notifier, err := notifications(mgr, s.notifications)
	if err != nil {
		return err
	}
	sources := &controllers.Sources{Client: mgr.GetClient(), Namespace: s.namespace, Types: sourceTypes(), Metrics: sourceMetrics}
	canaries := &controllers.CanaryReconciler{
		Client:    mgr.GetClient(),
		Direct:    direct,
		Recorder:  mgr.GetEventRecorder("serin"),
		Clock:     clock.RealClock{},
		Workloads: &workload.Deployments{Client: direct, Heard: mgr.GetClient()},
		Routers:   routers(),
		Generator: gatewayapi.Generated{Client: direct},
		Sources:   sources,
		Drain:     s.drain,
		Lag:       s.lag,
		Traces:    s.traces,
		Metrics:   canaryMetrics,
		Notifier:  notifier,
		Workers:   s.workers,
		Answered:  make(chan event.GenericEvent, answersWaiting),
	}
	if err := canaries.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("setting up Canaries: %w", err)
	}
	metricSources := &controllers.MetricSourceReconciler{Client: mgr.GetClient(), Sources: sources, Clock: clock.RealClock{}}
	if err := metricSources.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("setting up MetricSources: %w", err)
	}
	if err := mgr.AddHealthzCheck("alive", healthz.Ping); err != nil {
		return fmt.Errorf("adding the liveness probe: %w", err)
	}
	if err := mgr.AddReadyzCheck("caches", hears(mgr.GetCache())); err != nil {
		return fmt.Errorf("adding the readiness probe: %w", err)
	}
	return nil
}

// hearing is how long a probe waits for the caches; the kubelet waits a second.
const hearing = 500 * time.Millisecond

// hears is ready once the caches hold what is watched: an operator that may not watch, or finds no kinds of Serin, would stand there as if it worked.
func hears(c cache.Cache) healthz.Checker {
	return func(r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), hearing)
		defer cancel()
		if !c.WaitForCacheSync(ctx) {
			return errors.New("the caches are not filled yet")
		}
		return nil
	}
}
