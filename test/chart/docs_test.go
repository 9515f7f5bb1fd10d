package chart

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	helmcmd "helm.sh/helm/v4/pkg/cmd"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
	"github.com/serin-dev/serin/test/docs"
)

// TestMain is Helm's own command when the tests are called by that name, as a shell does below.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "helm" {
		os.Exit(m.Run())
	}
	helm, err := helmcmd.NewRootCmd(os.Stdout, os.Args[1:], helmcmd.SetupLogging)
	if err == nil {
		err = helm.Execute()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestTheCommandsOfThePages runs what docs/install.md says about Helm, each page on a real API server of its own. There are no nodes, so that
// nothing of the operator runs; it does in the journeys of test/e2e, which run what docs/operate.md says.
func TestTheCommandsOfThePages(t *testing.T) {
	pages, err := docs.Read("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		var commands []docs.Command
		for i := range page.Blocks {
			b := &page.Blocks[i]
			if b.RunBy != "test/chart TestTheCommandsOfThePages" {
				continue
			}
			found, err := b.Commands()
			if err != nil {
				t.Fatal(err)
			}
			commands = append(commands, found...)
		}
		if len(commands) > 0 {
			t.Run(page.Path, func(t *testing.T) { follow(t, commands) })
		}
	}
}

// follow runs the commands in their order, with a Canary of somebody on the cluster from the first on that brings the definitions.
func follow(t *testing.T, commands []docs.Command) {
	cluster := workloadtest.Start(t)
	if err := cluster.Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}); err != nil {
		t.Fatal(err)
	}
	path := shellPath(t)
	canary := &v1alpha1.Canary{
		ObjectMeta: metav1.ObjectMeta{Name: "read-api", Namespace: "shop"},
		Spec:       v1alpha1.CanarySpec{TargetRef: v1alpha1.TargetReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "read-api"}},
	}
	for _, c := range commands {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		command := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", c.Text)
		command.Dir = "../.."
		command.Env = append(os.Environ(), "PATH="+path, "KUBECONFIG="+cluster.Kubeconfig, "HOME="+t.TempDir())
		out, err := command.CombinedOutput()
		cancel()
		if err != nil || c.Exit != "0" {
			t.Fatalf("%s: %v, and the page says %s\n$ %s%s", c.At, err, c.Exit, c.Text, out)
		}
		t.Logf("%s\n$ %s%s", c.At, c.Text, out)
		if strings.HasPrefix(c.Text, "helm install ") {
			workloadtest.Eventually(t, "a Canary can be made", func(ctx context.Context) (bool, error) {
				err := cluster.Client.Create(ctx, canary.DeepCopy())
				return err == nil || apierrors.IsAlreadyExists(err), err
			})
		}
	}
}

// shellPath has kubectl, and helm, which is this very program.
func shellPath(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "helm")); err != nil {
		t.Fatal(err)
	}
	return strings.Join([]string{bin, os.Getenv("KUBEBUILDER_ASSETS"), os.Getenv("PATH")}, string(os.PathListSeparator))
}
