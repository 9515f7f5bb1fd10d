package stage

import (
	"context"
	"fmt"
	"time"
)

// Source is a kind of metrics backend.
type Source string

// The sources that the demo can be told with.
const (
	Prometheus Source = "prometheus"
	Datadog    Source = "datadog" // a stand-in of it
)

// CanaryManifest is the Canary over the app, from the repository's root.
func (s Settings) CanaryManifest() string {
	if s.Source == Datadog {
		return standInManifests + "/canary.yaml"
	}
	return Manifests + "/serin/canary.yaml"
}

// source names the metrics backend, once for the whole cluster.
func (s *Stage) source(ctx context.Context) error {
	s.Terminal.Heading("A source of evidence")
	if s.Source == Datadog {
		return s.standIn(ctx)
	}
	s.Terminal.Say("The platform team says once where the metrics are.")
	file := Manifests + "/serin/metricsource.yaml"
	return s.step(ctx, "MetricSource prometheus answers", time.Minute, func(ctx context.Context) error {
		if err := s.applyChanged(ctx, file, func(object map[string]any) {
			object["spec"].(map[string]any)["address"] = s.PrometheusURL
		}); err != nil {
			return err
		}
		return s.answers(ctx, "prometheus", s.PrometheusURL+" (PROMETHEUS_URL)")
	})
}

// answers waits until a MetricSource is ready, which asks its backend at an address.
func (s *Stage) answers(ctx context.Context, source, address string) error {
	_, err := s.Kubectl.Output(ctx, "wait", "--for=condition=Ready", "--timeout=30s", "metricsource/"+source)
	if err != nil {
		why, _ := s.Kubectl.Output(context.WithoutCancel(ctx), "get", "metricsource/"+source, "--output", "jsonpath={range .status.conditions[*]}{.type}={.status}: {.message}{'\\n'}{end}")
		return fmt.Errorf("no answer reaches Serin from %s: %w%s", address, err, indented(why))
	}
	return nil
}

// Measured waits until the source has measured requests of so many pods of the app.
func (s *Stage) Measured(ctx context.Context, pods int) error {
	if s.Source == Datadog {
		return s.gathered(ctx, pods)
	}
	return s.scraped(ctx, pods)
}
