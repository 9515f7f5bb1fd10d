package controllers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// Sources makes providers out of MetricSources and keeps them while neither the source nor its Secret changes, so that connections are reused and
// a rotated credential is taken up without a restart.
type Sources struct {
	// Client reads MetricSources, and Secrets of Namespace only, from the cache.
	Client client.Client
	// Namespace is the operator's own, the only one whose Secrets are read.
	Namespace string
	Types     analysis.Registry
	// Metrics tells how the sources are asked and how they answer; nil for nobody.
	Metrics *SourceMetrics

	mu sync.Mutex
	// built are the providers by the name of their source, and behind how far a source's clock is behind ours.
	built  map[string]builtProvider
	behind map[string]time.Duration
}

type builtProvider struct {
	// made identifies what the provider was made from.
	made     string
	provider analysis.Provider
	// late says how late the backend has samples; nil when the provider does not know.
	late analysis.Delayed
	// end ends what is told of it.
	end func()
}

// mostBehind is how much later a source is asked at most, because its clock is behind ours.
const mostBehind = time.Minute

var (
	// errNoSource means that the MetricSource named does not exist, or that none is the default.
	errNoSource = errors.New("no such MetricSource")
	// errManySources means that more than one MetricSource is the default.
	errManySources = errors.New("more than one MetricSource is the default")
	// errTypeUnknown means that this installation knows no source of the type named.
	errTypeUnknown = errors.New("unknown type of source")
	// errNoSecret means that the Secret named does not exist.
	errNoSecret = errors.New("no such Secret")
)

// configError is what a source's factory says of its configuration.
type configError struct{ error }

func (e configError) Unwrap() error { return e.error }

// Provider answers the provider of the MetricSource called name, or of the default one when name is empty.
func (s *Sources) Provider(ctx context.Context, name string) (analysis.Provider, error) {
	source, err := s.find(ctx, name)
	if err != nil {
		return nil, err
	}
	return s.Build(ctx, source)
}

func (s *Sources) find(ctx context.Context, name string) (*v1alpha1.MetricSource, error) {
	if name != "" {
		source := &v1alpha1.MetricSource{}
		err := s.Client.Get(ctx, client.ObjectKey{Name: name}, source)
		if apierrors.IsNotFound(err) {
			return nil, fmt.Errorf("%w: spec.analysis.source is %q; create it, or name one of kubectl get metricsources", errNoSource, name)
		}
		return source, err
	}
	list := &v1alpha1.MetricSourceList{}
	if err := s.Client.List(ctx, list); err != nil {
		return nil, err
	}
	defaults := slices.DeleteFunc(list.Items, func(m v1alpha1.MetricSource) bool { return !m.Spec.Default })
	switch len(defaults) {
	case 0:
		return nil, fmt.Errorf("%w: spec.analysis.source is empty and no MetricSource has spec.default: true; set one of them", errNoSource)
	case 1:
		return &defaults[0], nil
	}
	names := make([]string, 0, len(defaults))
	for _, d := range defaults {
		names = append(names, d.Name)
	}
	return nil, fmt.Errorf("%w: %s; leave spec.default: true on one of them", errManySources, strings.Join(names, ", "))
}

// Build answers the provider of source.
func (s *Sources) Build(ctx context.Context, source *v1alpha1.MetricSource) (analysis.Provider, error) {
	factory, ok := s.Types[source.Spec.Type]
	if !ok {
		return nil, fmt.Errorf("%w: spec.type is %q; this installation knows %s", errTypeUnknown, source.Spec.Type,
			strings.Join(slices.Sorted(maps.Keys(s.Types)), ", "))
	}
	made := fmt.Sprintf("%s/%d", source.UID, source.Generation)
	var credentials map[string][]byte
	if ref := source.Spec.SecretRef; ref != nil {
		secret := &corev1.Secret{}
		err := s.Client.Get(ctx, client.ObjectKey{Namespace: s.Namespace, Name: ref.Name}, secret)
		if apierrors.IsNotFound(err) {
			return nil, fmt.Errorf("%w: spec.secretRef names %q; create it in the namespace %s", errNoSecret, ref.Name, s.Namespace)
		}
		if err != nil {
			return nil, err
		}
		credentials, made = secret.Data, made+"/"+secret.ResourceVersion
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	before, ok := s.built[source.Name]
	if ok && before.made == made {
		return before.provider, nil
	}
	config := analysis.Config{
		Address:     source.Spec.Address,
		Preset:      source.Spec.Preset,
		Timeout:     source.Spec.TimeoutOrDefault(),
		Headers:     source.Spec.Headers,
		Credentials: credentials,
	}
	if source.Spec.SigV4 != nil {
		config.SigningRegion = source.Spec.SigV4.Region
	}
	provider, err := factory(config)
	if err != nil {
		return nil, configError{err}
	}
	if s.built == nil {
		s.built = map[string]builtProvider{}
	}
	if ok {
		before.end()
	}
	late, _ := provider.(analysis.Delayed)
	provider, end := s.Metrics.watch(source.Name, provider)
	s.built[source.Name] = builtProvider{made: made, provider: provider, late: late, end: end}
	return provider, nil
}

// Intake is how long after a moment the source called name, or the default one when name is empty, can be asked about it by somebody who looks at intervals: until
// it has taken in the samples of then, as it says itself or the platform team does. One whose clock is behind ours gets as much longer, since to it the moment is in the future.
func (s *Sources) Intake(ctx context.Context, name string, interval time.Duration) time.Duration {
	intake := min(max((interval/10).Round(time.Second), leastIntake), mostIntake)
	source, err := s.find(ctx, name)
	if err != nil {
		return intake
	}
	if source.Spec.Delay != nil {
		intake = source.Spec.Delay.Duration
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if late := s.built[source.Name].late; late != nil {
		intake = max(intake, late.Delay())
	}
	return intake + s.behind[source.Name]
}

// heard takes in what a source says of its clock.
func (s *Sources) heard(name string, h analysis.Health) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.behind == nil {
		s.behind = map[string]time.Duration{}
	}
	s.behind[name] = min(max(-h.Skew, 0), mostBehind).Round(time.Second)
}

// Forget drops what is kept of a source that is gone.
func (s *Sources) Forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.built[name]; ok {
		b.end()
	}
	delete(s.built, name)
	delete(s.behind, name)
	s.Metrics.forget(name)
}

// sourceReason is the reason that a condition gives for err.
func sourceReason(err error) string {
	switch {
	case errors.Is(err, errNoSource):
		return v1alpha1.ReasonSourceNotFound
	case errors.Is(err, errManySources):
		return v1alpha1.ReasonSourceAmbiguous
	case errors.Is(err, errTypeUnknown):
		return v1alpha1.ReasonTypeUnknown
	case errors.Is(err, errNoSecret):
		return v1alpha1.ReasonSecretNotFound
	case errors.Is(err, analysis.ErrRejected):
		return v1alpha1.ReasonSourceRejected
	default:
		return v1alpha1.ReasonSourceUnavailable
	}
}
