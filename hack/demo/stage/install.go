package stage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"sigs.k8s.io/yaml"
)

// install puts Serin into the cluster and waits until it works.
func (s *Stage) install(ctx context.Context) error {
	s.Terminal.Heading("Serin")
	s.Terminal.Say("Two kinds, one Deployment, and policies that the API server evaluates itself: no webhook, no certificate, no sidecar.")
	return s.step(ctx, "Serin is available, its kinds are established and its policies there", 3*time.Minute, func(ctx context.Context) error {
		if err := s.typed(ctx, "apply", "--server-side", "--kustomize", "config/default"); err != nil {
			return err
		}
		if err := s.renew(ctx); err != nil {
			return err
		}
		for _, args := range [][]string{
			{"wait", "--for=condition=Established", "--timeout=60s", "crd/canaries.serin.dev", "crd/metricsources.serin.dev"},
			{"get", "--kustomize", "config/default"},
			{"--namespace", SystemNamespace, "rollout", "status", "--timeout=120s", "deployment/" + Operator},
		} {
			if _, err := s.Kubectl.Output(ctx, args...); err != nil {
				return fmt.Errorf("%w%s", err, s.imageTrouble(ctx, SystemNamespace))
			}
		}
		return nil
	})
}

// renew starts the operator again when its image has another content under the same name.
func (s *Stage) renew(ctx context.Context) error {
	if s.operatorBinary == "" {
		return nil
	}
	patch := fmt.Sprintf(`{"spec":{"template":{"metadata":{"annotations":{"serin.dev/demo-binary":%q}}}}}`, s.operatorBinary)
	_, err := s.Kubectl.Output(ctx, "--namespace", SystemNamespace, "patch", "deployment", Operator, "--patch", patch)
	return err
}

// applyChanged applies a manifest of one object after change.
func (s *Stage) applyChanged(ctx context.Context, file string, change func(object map[string]any)) error {
	s.Terminal.Command("kubectl apply --filename " + file)
	text, err := os.ReadFile(filepath.Join(s.Root, file))
	if err != nil {
		return err
	}
	object := map[string]any{}
	if err := yaml.Unmarshal(text, &object); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	change(object)
	changed, err := yaml.Marshal(object)
	if err != nil {
		return err
	}
	return s.Kubectl.Apply(ctx, string(changed))
}
