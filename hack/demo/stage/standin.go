package stage

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/hack/demo/standin/status"
)

const (
	// StandIn is the name of all that the stand-in of Datadog is made of: namespace, Deployment, Service, MetricSource and Secrets.
	StandIn = "datadog-stand-in"
	// StandInImage holds its program.
	StandInImage     = "serin.dev/datadog-stand-in:v1"
	standInManifests = Manifests + "/datadog"
)

// standIn brings the stand-in of Datadog, with keys of its own, and names it as a source.
func (s *Stage) standIn(ctx context.Context) error {
	s.Terminal.Say("The stand-in runs in a namespace of its own. It and Serin get the same two keys, made up for this run.")
	if err := s.step(ctx, "the stand-in runs", 2*time.Minute, func(ctx context.Context) error {
		if err := s.typed(ctx, "apply", "--filename", Manifests+"/namespace.yaml", "--filename", standInManifests+"/stand-in.yaml"); err != nil {
			return err
		}
		if err := s.keys(ctx); err != nil {
			return err
		}
		if _, err := s.Kubectl.Output(ctx, "--namespace", StandIn, "rollout", "status", "--timeout=90s", "deployment/"+StandIn); err != nil {
			return fmt.Errorf("%w%s", err, s.imageTrouble(ctx, StandIn))
		}
		return nil
	}); err != nil {
		return err
	}
	s.Terminal.Say("The platform team says once where the metrics are, as it would for Datadog.")
	return s.step(ctx, "MetricSource "+StandIn+" answers", time.Minute, func(ctx context.Context) error {
		if err := s.typed(ctx, "apply", "--filename", standInManifests+"/metricsource.yaml"); err != nil {
			return err
		}
		return s.answers(ctx, StandIn, "the stand-in")
	})
}

// keys makes both keys up, for the stand-in and for Serin. They are shown nowhere, nor kept in an annotation.
func (s *Stage) keys(ctx context.Context) error {
	keys := map[string]string{"api-key": rand.Text(), "app-key": rand.Text()}
	for _, namespace := range []string{StandIn, SystemNamespace} {
		s.Terminal.Command(fmt.Sprintf("kubectl --namespace %s create secret generic %s --from-literal=api-key=... --from-literal=app-key=...", namespace, StandIn))
		secret, err := json.Marshal(corev1.Secret{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: StandIn}, StringData: keys,
		})
		if err != nil {
			return err
		}
		if err := s.Kubectl.Apply(ctx, string(secret), "--server-side"); err != nil {
			return err
		}
	}
	return nil
}

// removeStandIn removes what a run with the stand-in left, whose points and keys are of that run only.
func (s *Stage) removeStandIn(ctx context.Context) error {
	for _, args := range [][]string{
		{"delete", "metricsource", StandIn, "--ignore-not-found", "--timeout=30s"},
		{"--namespace", SystemNamespace, "delete", "secret", StandIn, "--ignore-not-found"},
		{"delete", "--filename", standInManifests + "/stand-in.yaml", "--ignore-not-found", "--timeout=60s"},
	} {
		if err := s.typed(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// gathered waits until the stand-in has counted requests of so many pods.
func (s *Stage) gathered(ctx context.Context, pods int) error {
	return s.step(ctx, fmt.Sprintf("the stand-in has counted requests of %d pods", pods), time.Minute, func(ctx context.Context) error {
		return until(ctx, "the stand-in has counted requests of every pod", time.Second, func(ctx context.Context) (bool, string) {
			got, err := s.StandInStatus(ctx)
			if err != nil {
				return false, err.Error()
			}
			return got.Pods >= pods && got.Requests > 0, fmt.Sprintf("%d of %d pods, %.0f requests", got.Pods, pods, got.Requests)
		})
	})
}

// StandInStatus is what the stand-in tells of itself.
func (s *Stage) StandInStatus(ctx context.Context) (status.Status, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 10*time.Second, fmt.Errorf("the stand-in did not tell within 10s how it is"))
	defer cancel()
	var got status.Status
	text, err := s.Kubectl.Output(ctx, "get", "--raw", "/api/v1/namespaces/"+StandIn+"/services/"+StandIn+":api/proxy"+status.Path)
	if err != nil {
		return got, err
	}
	return got, json.Unmarshal([]byte(text), &got)
}
