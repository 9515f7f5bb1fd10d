package stage

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/serin-dev/serin/hack/demo/service"
)

// clear removes what an earlier run left: first the Canary, which gives all traffic back, then the Deployment.
func (s *Stage) clear(ctx context.Context) error {
	left, err := s.Kubectl.Output(ctx, "--namespace", Namespace, "get", "canary,deployment", App, "--ignore-not-found", "--output", "name")
	if err != nil {
		return err
	}
	standIn, err := s.Kubectl.Output(ctx, "get", "namespace", StandIn, "--ignore-not-found", "--output", "name")
	if err != nil {
		return err
	}
	if left == "" && standIn == "" {
		return nil
	}
	s.Terminal.Heading("What an earlier run left")
	return s.step(ctx, "it is gone", 2*time.Minute, func(ctx context.Context) error {
		if err := s.typed(ctx, "--namespace", Namespace, "delete", "canary", App, "--ignore-not-found", "--timeout=60s"); err != nil {
			return err
		}
		if err := s.typed(ctx, "--namespace", Namespace, "delete", "deployment", App, "--ignore-not-found", "--cascade=foreground", "--timeout=60s"); err != nil {
			return err
		}
		// kubectl events tells objects apart by their names only.
		if err := s.typed(ctx, "delete", "--raw", "/api/v1/namespaces/"+Namespace+"/events"); err != nil || standIn == "" {
			return err
		}
		return s.removeStandIn(ctx)
	})
}

// app brings the demo service at v1, as plain Kubernetes knows it.
func (s *Stage) app(ctx context.Context) error {
	s.Terminal.Heading("An app")
	s.Terminal.Say("A Deployment with 4 pods, its Service and its HTTPRoute, all as usual. Nothing in them mentions Serin.")
	return s.step(ctx, "v1 runs", 2*time.Minute, func(ctx context.Context) error {
		for _, file := range []string{"namespace", "deployment", "service"} {
			if err := s.typed(ctx, "apply", "--filename", Manifests+"/"+file+".yaml"); err != nil {
				return err
			}
		}
		namespace, name, _ := strings.Cut(s.Gateway, "/")
		if err := s.applyChanged(ctx, Manifests+"/route.yaml", func(object map[string]any) {
			object["spec"].(map[string]any)["parentRefs"] = []map[string]string{{"name": name, "namespace": namespace}}
		}); err != nil {
			return err
		}
		if err := s.typed(ctx, "--namespace", Namespace, "rollout", "status", "--timeout=90s", "deployment/"+App); err != nil {
			return fmt.Errorf("%w%s", err, s.imageTrouble(ctx, Namespace))
		}
		return nil
	})
}

// reachable waits until the gateway sends requests to the app, several times in a row.
func (s *Stage) reachable(ctx context.Context) error {
	done := fmt.Sprintf("requests to %s for host %s reach it", s.GatewayURL, Host)
	return s.step(ctx, done, time.Minute, func(ctx context.Context) error {
		row := 0
		err := until(ctx, "the gateway sends requests to the app", 200*time.Millisecond, func(ctx context.Context) (bool, string) {
			state := s.request(ctx)
			if row++; state != "" {
				row = 0
			}
			return row == 5, state
		})
		if err != nil {
			return fmt.Errorf("%w\nDoes Gateway %s (GATEWAY) listen at %s (GATEWAY_URL)? See: kubectl --namespace %s describe httproute %s",
				err, s.Gateway, s.GatewayURL, Namespace, App)
		}
		return nil
	})
}

// request asks the app once, and says what is wrong with the answer.
func (s *Stage) request(ctx context.Context) (trouble string) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.GatewayURL, http.NoBody)
	if err != nil {
		return err.Error()
	}
	request.Host = Host
	response, err := s.HTTP.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, 200))
	if response.StatusCode != http.StatusOK || response.Header.Get(service.HeaderVersion) == "" {
		return fmt.Sprintf("%s without the app's header: %s", response.Status, strings.TrimSpace(string(body)))
	}
	return ""
}
