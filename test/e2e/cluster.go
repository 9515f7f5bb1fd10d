package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
)

const (
	// operatorNamespace, operatorName and operatorUser are what config/default installs.
	operatorNamespace = "serin-system"
	operatorName      = "serin"
	operatorUser      = "system:serviceaccount:serin-system:serin"
)

// cluster is the one that test/e2e/run brought up.
type cluster struct {
	client.WithWatch
	// node is the address of its only node; gateway and Prometheus listen there.
	node string
	// auditLog is where its API server writes a line for every request.
	auditLog string
	// diagnostics is the folder that a journey which failed writes what it saw to.
	diagnostics string
	// keep says that namespaces stay for a person to look at.
	keep bool
}

// connect finds the cluster by the environment that test/e2e/run sets.
func connect() (*cluster, error) {
	path := os.Getenv("KUBECONFIG")
	if path == "" || os.Getenv("SERIN_AUDIT_LOG") == "" {
		return nil, fmt.Errorf("KUBECONFIG and SERIN_AUDIT_LOG name no cluster: run test/e2e/run, which brings one up; its arguments go to go test")
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return nil, fmt.Errorf("reading KUBECONFIG: %w", err)
	}
	server, err := url.Parse(config.Host)
	if err != nil {
		return nil, fmt.Errorf("reading the server's address: %w", err)
	}
	c, err := newClient(config)
	if err != nil {
		return nil, err
	}
	return &cluster{
		WithWatch: c, node: server.Hostname(), auditLog: os.Getenv("SERIN_AUDIT_LOG"),
		diagnostics: os.Getenv("SERIN_DIAGNOSTICS"), keep: os.Getenv("KEEP") == "1",
	}, nil
}

func newClient(config *rest.Config) (client.WithWatch, error) {
	config.QPS = -1 // the API server's own fairness is enough
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, gatewayv1.Install, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("registering types: %w", err)
		}
	}
	return client.NewWithWatch(config, client.Options{Scheme: scheme})
}

func (c *cluster) gateway() string { return "http://" + c.node + ":8000/" }

// kubectl runs it as a person would and answers what it printed, errors included.
func (c *cluster) kubectl(ctx context.Context, args ...string) (string, error) {
	return c.kubectlWith(ctx, "", args...)
}

// kubectlWith gives it input.
func (c *cluster) kubectlWith(ctx context.Context, input string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "kubectl", args...)
	command.Stdin = strings.NewReader(input)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	if err := command.Run(); err != nil {
		return out.String(), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(out.String()))
	}
	return out.String(), nil
}
