package stage

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// localCluster brings up the cluster of hack/cluster, which says itself what it does.
func (s *Stage) localCluster(ctx context.Context) error {
	s.Terminal.Heading("A cluster")
	unasked := ""
	if s.Source == Datadog {
		unasked = ", which Serin does not ask this time"
	}
	s.Terminal.Say("A real Kubernetes on this machine, with a gateway and Prometheus%s. The first time it is built from source, which takes a while.", unasked)
	s.Terminal.Command("hack/cluster/up")
	kubeconfig, err := s.script(ctx, "up")
	if err != nil {
		return fmt.Errorf("%w\nTo use a cluster that you have already, set CONTEXT to its name in your kubeconfig: see hack/demo/run -help", err)
	}
	assets, err := s.script(ctx, "assets")
	if err != nil {
		return err
	}
	s.Kubeconfig = kubeconfig
	s.Kubectl = Kubectl{Run: s.Run, Dir: s.Root, Program: filepath.Join(assets, "kubectl"), Flags: []string{"--kubeconfig=" + kubeconfig}}
	return nil
}

// script runs a script of hack/cluster and returns the last line of its standard output.
func (s *Stage) script(ctx context.Context, name string, args ...string) (string, error) {
	out, err := s.Run(ctx, Command{
		Dir:    s.Root,
		Env:    []string{fmt.Sprintf("SERIN_CLUSTER=%d", s.Cluster)},
		Stderr: os.Stderr,
		Args:   append([]string{"hack/cluster/" + name}, args...),
	})
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return lines[len(lines)-1], err
}

// existingCluster uses a context of the user's own.
func (s *Stage) existingCluster(context.Context) error {
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		return fmt.Errorf("kubectl is needed to use a cluster of your own: %w", err)
	}
	s.Kubectl = Kubectl{Run: s.Run, Dir: s.Root, Program: kubectl, Flags: []string{"--context=" + s.Context}}
	s.Terminal.Heading("Your cluster: context %s", s.Context)
	s.Terminal.Say("Serin is installed into namespace %s of this cluster, and the Deployment and Canary %s of namespace %s are made anew. The cluster must bring:",
		SystemNamespace, App, Namespace)
	var names []string
	for _, i := range s.ours() {
		names = append(names, i.name)
	}
	brings := fmt.Sprintf(`images       on every node: %s;
             %s   writes them as tar files and says how to load them
Gateway API  v1 with HTTPRoute, and the Gateway %s, open to routes of namespace %s (GATEWAY)
             reached from here at %s (GATEWAY_URL)`,
		strings.Join(names, ", "), s.imagesCommand(), s.Gateway, Namespace, s.GatewayURL)
	if s.Source == Prometheus {
		brings += fmt.Sprintf(`
Prometheus   reached by pods at %s (PROMETHEUS_URL), which scrapes the container port "http" of
             every pod at /metrics, every second or two, and labels it with namespace and pod`, s.PrometheusURL)
	}
	s.Terminal.Output(brings)
	return nil
}

// requirements finds out whether a cluster has what the demo can't bring.
func (s *Stage) requirements(ctx context.Context) error {
	namespace, name, _ := strings.Cut(s.Gateway, "/")
	ctx, cancel := context.WithTimeoutCause(ctx, 30*time.Second, fmt.Errorf("the cluster did not answer within 30s"))
	defer cancel()
	if _, err := s.Kubectl.Output(ctx, "get", "--raw", "/readyz"); err != nil {
		return fmt.Errorf("the cluster does not answer: %w", err)
	}
	if _, err := s.Kubectl.Output(ctx, "get", "customresourcedefinition", "httproutes.gateway.networking.k8s.io"); err != nil {
		return fmt.Errorf("the cluster has no Gateway API; install its standard channel (https://gateway-api.sigs.k8s.io) and a gateway: %w", err)
	}
	if _, err := s.Kubectl.Output(ctx, "--namespace", namespace, "get", "gateways.gateway.networking.k8s.io", name); err != nil {
		return fmt.Errorf("there is no Gateway %s; name one by GATEWAY=namespace/name: %w", s.Gateway, err)
	}
	return nil
}
