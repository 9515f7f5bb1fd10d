// Package workloadtest starts a real control plane for tests: etcd, kube-apiserver and kube-controller-manager. It has no node: a [Cluster]'s pods are played.
package workloadtest

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// Cluster is a real etcd, kube-apiserver and kube-controller-manager. It has no node: a fake kubelet (kubelet.go) plays the pods' part.
type Cluster struct {
	Config *rest.Config
	// Kubeconfig is the path of a kubeconfig file of an administrator.
	Kubeconfig string
	Client     client.WithWatch
	Typed      kubernetes.Interface
}

// Start brings up a cluster with the CRDs of these files and folders for the rest of the test, or skips the test where the binaries are missing.
func Start(t *testing.T, crds ...string) *Cluster {
	t.Helper()
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		t.Skip("KUBEBUILDER_ASSETS is not set: it names the directory of etcd, kube-apiserver and kube-controller-manager")
	}
	manager := filepath.Join(assets, "kube-controller-manager")
	if _, err := os.Stat(manager); err != nil {
		t.Skipf("the Deployment controller is part of the subject: %v", err)
	}
	log.SetLogger(zap.New(zap.WriteTo(io.Discard)))
	env := &envtest.Environment{
		CRDDirectoryPaths:     crds,
		ErrorIfCRDPathMissing: true,
	}
	env.ControlPlane.GetAPIServer().Configure().Append("enable-admission-plugins", "OwnerReferencesPermissionEnforcement")
	config, err := env.Start()
	if err != nil {
		t.Fatalf("starting the control plane: %v", err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Logf("stopping the control plane: %v", err)
		}
	})
	config.QPS = -1
	c := &Cluster{Config: config, Typed: kubernetes.NewForConfigOrDie(config)}
	c.Client, err = client.NewWithWatch(config, client.Options{Scheme: newScheme(t)})
	if err != nil {
		t.Fatal(err)
	}
	c.Kubeconfig = administrator(t, env)
	startControllers(t, c.Kubeconfig, manager)
	startKubelet(t, c.Typed)
	return c
}

func newScheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	return scheme
}

// administrator writes the kubeconfig of a user who may do everything.
func administrator(t *testing.T, env *envtest.Environment) string {
	t.Helper()
	user, err := env.AddUser(envtest.User{Name: "administrator", Groups: []string{"system:masters"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	content, err := user.KubeConfig()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// startControllers runs the controllers that a release meets, as a cluster runs them.
func startControllers(t *testing.T, kubeconfig, binary string) {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "controllers.log"))
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(binary, "--kubeconfig", kubeconfig, "--leader-elect=false", "--secure-port=0", "--kube-api-qps=500", "--kube-api-burst=1000",
		"--controllers=deployment-controller,replicaset-controller,endpointslice-controller,garbage-collector-controller,resourcequota-controller", "-v="+verbosity())
	command.Stdout, command.Stderr = out, out
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		t.Fatalf("starting kube-controller-manager: %v", err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		_ = out.Close()
		if t.Failed() && os.Getenv("KEEP_CONTROLLERS_LOG") != "" {
			log, _ := os.ReadFile(out.Name())
			_ = os.WriteFile(os.Getenv("KEEP_CONTROLLERS_LOG"), log, 0o600)
		}
	})
}

func verbosity() string {
	if os.Getenv("KEEP_CONTROLLERS_LOG") != "" {
		return "4"
	}
	return "1"
}

// Namespace makes a namespace for one test.
func (c *Cluster) Namespace(t *testing.T) string {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "workload-"}}
	if err := c.Client.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	return ns.Name
}

// within is how long anything may take that only the controllers have to do.
const within = 60 * time.Second

// Eventually waits until done answers true, and fails the test with what was missing if it never does.
func Eventually(t *testing.T, what string, done func(context.Context) (bool, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		ok, err := done(ctx)
		if ok && err == nil {
			return
		}
		if err != nil {
			last = err
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within %s (last error: %v)", what, within, last)
		case <-tick.C:
		}
	}
}
