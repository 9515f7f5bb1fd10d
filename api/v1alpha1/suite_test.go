package v1alpha1_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/api/v1alpha1"
)

const (
	crds     = "../../config/crd/bases"
	samples  = "../../config/samples"
	policies = "../../config/policies"
)

// cluster is a real API server with the CRDs of this repository. It is nil when KUBEBUILDER_ASSETS is unset.
var cluster *server

type server struct {
	client  client.Client
	kubectl string
	// folder holds the kubeconfig and what kubectl learned of the API server.
	folder string
}

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() || os.Getenv("KUBEBUILDER_ASSETS") == "" {
		os.Exit(m.Run())
	}
	environment := &envtest.Environment{CRDDirectoryPaths: []string{crds}, ErrorIfCRDPathMissing: true}
	var err error
	if cluster, err = start(environment); err != nil {
		fmt.Fprintln(os.Stderr, "starting the API server:", err)
	}
	code := 1
	if err == nil {
		code = m.Run()
	}
	if err := errors.Join(environment.Stop(), cluster.remove()); err != nil {
		fmt.Fprintln(os.Stderr, "stopping the API server:", err)
	}
	os.Exit(code)
}

func start(environment *envtest.Environment) (*server, error) {
	config, err := environment.Start()
	if err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, err
	}
	user, err := environment.AddUser(envtest.User{Name: "admin", Groups: []string{"system:masters"}}, nil)
	if err != nil {
		return nil, err
	}
	kubeconfig, err := user.KubeConfig()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "serin-api-")
	if err != nil {
		return nil, err
	}
	s := &server{client: c, kubectl: filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kubectl"), folder: folder}
	return s, os.WriteFile(s.kubeconfig(), kubeconfig, 0o600)
}

func (s *server) remove() error {
	if s == nil {
		return nil
	}
	return os.RemoveAll(s.folder)
}

func (s *server) kubeconfig() string { return filepath.Join(s.folder, "kubeconfig") }

// needCluster skips a test that needs the API server when there is none.
func needCluster(t *testing.T) *server {
	t.Helper()
	if cluster == nil {
		t.Skip("needs an API server: set KUBEBUILDER_ASSETS to a folder with kube-apiserver, etcd and kubectl, and leave out -short")
	}
	return cluster
}

// run calls kubectl with stdin and returns what it printed, on both outputs.
func (s *server) run(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), s.kubectl, append([]string{"--kubeconfig", s.kubeconfig(), "--cache-dir", filepath.Join(s.folder, "cache")}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, &out)
	}
	return out.String()
}

// namespace makes a namespace of the test's own.
func (s *server) namespace(t *testing.T) string {
	t.Helper()
	name := strings.TrimPrefix(strings.TrimSpace(s.run(t, `{apiVersion: v1, kind: Namespace, metadata: {generateName: test-}}`, "create", "-f", "-", "-o", "name")), "namespace/")
	return name
}

// deleteAfter deletes the object when the test is over.
func (s *server) deleteAfter(t *testing.T, o client.Object) {
	t.Helper()
	t.Cleanup(func() {
		if err := s.client.Delete(context.WithoutCancel(t.Context()), o); err != nil {
			t.Error(err)
		}
	})
}

// object reads one object from YAML.
func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	return &unstructured.Unstructured{Object: fields(t, text)}
}

// patched is the object with a merge patch (RFC 7396) applied: null removes a field, a list replaces a list.
func patched(t *testing.T, base, patch string) *unstructured.Unstructured {
	t.Helper()
	o := object(t, base)
	merge(o.Object, fields(t, patch))
	return o
}

// fields reads YAML as the API server does, whole numbers as integers.
func fields(t *testing.T, text string) map[string]any {
	t.Helper()
	var read map[string]any
	asJSON, err := yaml.YAMLToJSON([]byte(text))
	if err == nil {
		err = json.Unmarshal(asJSON, &read)
	}
	if err != nil {
		t.Fatalf("reading YAML: %v\n%s", err, text)
	}
	return read
}

func merge(into, patch map[string]any) {
	for key, value := range patch {
		switch value := value.(type) {
		case nil:
			delete(into, key)
		case map[string]any:
			child, ok := into[key].(map[string]any)
			if !ok {
				child = map[string]any{}
				into[key] = child
			}
			merge(child, value)
		default:
			into[key] = value
		}
	}
}
