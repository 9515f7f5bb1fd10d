package e2e

import (
	"context"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// finish ends a journey: the load, the invariants, and the namespace.
func (a *app) finish(ctx context.Context) {
	a.endLoad()
	a.hold()
	if a.Failed() {
		a.dump(ctx)
	}
	for _, do := range a.atEnd {
		if err := do(); err != nil {
			a.Errorf("cleaning up: %v", err)
		}
	}
	if a.cluster.keep {
		a.Logf("the namespace %s stays", a.ns)
		return
	}
	if err := client.IgnoreNotFound(a.cluster.Delete(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: a.ns}})); err != nil {
		a.Errorf("deleting the namespace: %v", err)
	}
}

// dump writes what there is to know about a failed journey to files.
func (a *app) dump(ctx context.Context) {
	if a.cluster.diagnostics == "" {
		return
	}
	folder := filepath.Join(a.cluster.diagnostics, a.ns)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		a.Logf("writing diagnostics: %v", err)
		return
	}
	save := func(name, content string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			a.Logf("writing diagnostics: %v", err)
		}
	}
	save("story.txt", a.journal.story())
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for name, args := range map[string][]string{
		"objects.yaml": {"--namespace", a.ns, "get", "--output", "yaml", "--show-managed-fields", "canaries,deployments,replicasets,httproutes,services,endpointslices,pods"},
		"describe.txt": {"--namespace", a.ns, "describe", "canaries,deployments,pods"},
		"events.txt":   {"--namespace", a.ns, "get", "events", "--sort-by", ".metadata.creationTimestamp"},
		"operator.log": {"--namespace", operatorNamespace, "logs", "--selector", "app.kubernetes.io/name=" + operatorName, "--tail", "-1", "--prefix"},
		"operator.txt": {"--namespace", operatorNamespace, "describe", "pods"},
		"sources.yaml": {"get", "metricsources", "--output", "yaml"},
	} {
		out, err := a.cluster.kubectl(ctx, args...)
		if err != nil {
			out += "\n" + err.Error()
		}
		save(name, out)
	}
	a.Logf("what there is to know is in %s", folder)
}
