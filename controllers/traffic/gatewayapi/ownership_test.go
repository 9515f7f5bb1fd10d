package gatewayapi

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/controllers/traffic"
)

// testOwnership plays what people and tools do with kubectl before, during and after a release, on a real API server.
func testOwnership(t *testing.T, config *rest.Config) {
	c := newClient(t, config)
	cases := map[string]func(t *testing.T, p play){
		"server-side apply after a release meets no conflict":                        serverSideAfter,
		"server-side apply during a release says who is in the way":                  serverSideDuring,
		"server-side apply by force during a release is split again":                 serverSideForced,
		"server-side apply after a release that lost its annotation":                 serverSideAfterLoss,
		"client-side apply works during a release and after":                         clientSide,
		"an editor of the rules gets them back":                                      editor,
		"an editor of the rules during the release has them after it":                editorDuring,
		"managedFields are at the end what they were, whoever wrote":                 everybody,
		"a release stopped before it gave the rules back still gives them back":      stoppedHalfway,
		"argo cd sees Serin as the manager of the rules during a release, not after": managerOnRecord,
	}
	for name, run := range cases {
		t.Run(name, func(t *testing.T) {
			p := play{c: c, kubectl: kubectl(t, config), router: HTTPRoute(c), r: testRoute()}
			p.r.Object.Namespace = newNamespace(t, c)
			run(t, p)
		})
	}
}

type play struct {
	c       client.Client
	kubectl func(stdin string, args ...string) (string, error)
	router  traffic.Router
	r       traffic.Route
}

// kubectl runs the real one against the API server.
func kubectl(t *testing.T, config *rest.Config) func(stdin string, args ...string) (string, error) {
	t.Helper()
	folder := t.TempDir()
	flags := []string{"--server=" + config.Host}
	for flag, content := range map[string][]byte{
		"certificate-authority": config.CAData, "client-certificate": config.CertData, "client-key": config.KeyData,
	} {
		file := filepath.Join(folder, flag)
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		flags = append(flags, "--"+flag+"="+file)
	}
	return func(stdin string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kubectl"), append(flags, args...)...)
		cmd.Stdin = strings.NewReader(stdin)
		cmd.Env = append(os.Environ(), "HOME="+folder)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		err := cmd.Run()
		return out.String(), err
	}
}

// manifest has one rule for the Service and one more for each of the paths.
func (p play) manifest(timeout string, paths ...string) string {
	out := fmt.Sprintf(`apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: read-api, namespace: %s}
spec:
  parentRefs: [{name: public}]
  rules:
  - timeouts: {request: %s}
    backendRefs: [{name: read-api, port: 80}]
`, p.r.Object.Namespace, timeout)
	for _, path := range paths {
		out += fmt.Sprintf("  - matches: [{path: {value: %s}}]\n    backendRefs: [{name: images, port: 80}]\n", path)
	}
	return out
}

func (p play) apply(t *testing.T, manifest string, flags ...string) {
	t.Helper()
	if out, err := p.kubectl(manifest, append([]string{"apply", "-f", "-"}, flags...)...); err != nil {
		t.Fatalf("kubectl apply %v: %v\n%s", flags, err, out)
	}
}

func (p play) set(t *testing.T, percent int32) {
	t.Helper()
	if err := p.router.SetWeight(t.Context(), p.r, percent); err != nil {
		t.Fatal(err)
	}
}

func (p play) release(t *testing.T) {
	t.Helper()
	if err := p.router.Release(t.Context(), p.r); err != nil {
		t.Fatal(err)
	}
}

func (p play) get(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	route := &unstructured.Unstructured{}
	route.SetGroupVersionKind(schema.GroupVersionKind{Group: Group, Version: "v1", Kind: "HTTPRoute"})
	if err := p.c.Get(t.Context(), p.r.Object, route); err != nil {
		t.Fatal(err)
	}
	return route
}

// managers lists who owns what, without the times.
func (p play) managers(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, e := range p.get(t).GetManagedFields() {
		out = append(out, fmt.Sprintf("%s %s %s %s", e.Manager, e.Operation, e.APIVersion, fieldsOf(e).encode().GetRawString()))
	}
	sort.Strings(out)
	return out
}

// want says in short what the route is after a release: the timeout of the first rule, the number of rules, and no trace.
func (p play) want(t *testing.T, timeout string, rules int) {
	t.Helper()
	route := p.get(t)
	got := rulesOf(route)
	if len(got) != rules {
		t.Fatalf("%d rules, want %d", len(got), rules)
	}
	first, _, _ := unstructured.NestedString(got[0].(map[string]any), "timeouts", "request")
	if first != timeout {
		t.Errorf("timeout %s, want %s", first, timeout)
	}
	if _, found := recall(route, p.r); found {
		t.Error("the annotation is still there")
	}
	if left := shares(got, p.r); len(left) > 0 {
		t.Errorf("the rules are still split: %v", got)
	}
}

func serverSideAfter(t *testing.T, p play) {
	p.apply(t, p.manifest("10s", "/images", "/old"), "--server-side")
	before := p.managers(t)
	p.set(t, 20)
	p.release(t)
	if diff := cmp.Diff(before, p.managers(t)); diff != "" {
		t.Errorf("managers (-before +after):\n%s", diff)
	}
	// A changed field and a rule that is gone: both need the ownership back.
	p.apply(t, p.manifest("5s", "/images"), "--server-side")
	p.want(t, "5s", 2)
}

func serverSideDuring(t *testing.T, p play) {
	p.apply(t, p.manifest("10s"), "--server-side")
	p.set(t, 20)
	out, err := p.kubectl(p.manifest("5s"), "apply", "--server-side", "-f", "-")
	if err == nil || !strings.Contains(out, `conflict with "serin"`) || !strings.Contains(out, ".spec.rules") {
		t.Errorf("got %v:\n%s", err, out)
	}
	if got := weight(shares(rulesOf(p.get(t)), p.r)); got != 20 {
		t.Errorf("weight %d, want 20", got)
	}
}

func serverSideForced(t *testing.T, p play) {
	p.apply(t, p.manifest("10s", "/images"), "--server-side")
	p.set(t, 20)
	p.apply(t, p.manifest("5s", "/images", "/old"), "--server-side", "--force-conflicts")
	p.set(t, 40)
	p.set(t, 60)
	p.release(t)
	p.want(t, "5s", 3)
	p.apply(t, p.manifest("3s"), "--server-side")
	p.want(t, "3s", 1)
}

func serverSideAfterLoss(t *testing.T, p play) {
	p.apply(t, p.manifest("10s"), "--server-side")
	p.set(t, 20)
	if out, err := p.kubectl("", "-n", p.r.Object.Namespace, "annotate", "httproute", "read-api", RestoreAnnotation+"-"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p.release(t)
	p.want(t, "10s", 1)
	for _, manager := range p.managers(t) {
		if strings.HasPrefix(manager, "serin ") {
			t.Errorf("left behind: %s", manager)
		}
	}
	p.apply(t, p.manifest("5s"), "--server-side")
	p.want(t, "5s", 1)
}

func clientSide(t *testing.T, p play) {
	p.apply(t, p.manifest("10s", "/images"))
	p.set(t, 20)
	// The same manifest once more: it undoes the split, and the next pass makes it again.
	p.apply(t, p.manifest("10s", "/images"))
	if got, err := p.router.Observe(t.Context(), p.r); err != nil || got.Even || got.Home {
		t.Errorf("observed %+v (%v) after the split was undone", got, err)
	}
	p.set(t, 20)
	// A changed manifest: it is what the release ends with.
	p.apply(t, p.manifest("5s"))
	p.set(t, 40)
	p.release(t)
	p.want(t, "5s", 1)
	if out, err := p.kubectl(p.manifest("5s"), "diff", "-f", "-"); err != nil {
		t.Errorf("kubectl diff after the release: %v\n%s", err, out)
	}
	p.apply(t, p.manifest("3s", "/images"))
	p.want(t, "3s", 2)
	// The team moves on to server-side apply; kubectl itself asks for the flag then, release or not.
	p.set(t, 40)
	p.release(t)
	p.apply(t, p.manifest("2s"), "--server-side", "--force-conflicts")
	p.want(t, "2s", 1)
}

// edit replaces the timeout as kubectl edit would.
func (p play) edit(t *testing.T, timeout string) {
	t.Helper()
	route := p.get(t)
	rules := rulesOf(route)
	rules[0].(map[string]any)["timeouts"] = map[string]any{"request": timeout}
	if err := unstructured.SetNestedSlice(route.Object, rules, "spec", "rules"); err != nil {
		t.Fatal(err)
	}
	if err := p.c.Update(t.Context(), route, client.FieldOwner("kubectl-edit")); err != nil {
		t.Fatal(err)
	}
}

func editor(t *testing.T, p play) {
	p.apply(t, p.manifest("10s"), "--server-side")
	p.edit(t, "7s")
	before := p.managers(t)
	p.set(t, 20)
	p.release(t)
	// The editor owned nothing but the rules, so the split had taken the whole entry away.
	if diff := cmp.Diff(before, p.managers(t)); diff != "" {
		t.Errorf("managers (-before +after):\n%s", diff)
	}
	p.want(t, "7s", 1)
}

func editorDuring(t *testing.T, p play) {
	p.apply(t, p.manifest("10s"), "--server-side")
	p.set(t, 20)
	p.edit(t, "7s")
	p.set(t, 30)
	p.release(t)
	p.want(t, "7s", 1)
	out, err := p.kubectl(p.manifest("5s"), "apply", "--server-side", "-f", "-")
	if err == nil || !strings.Contains(out, `conflict with "kubectl-edit"`) || strings.Contains(out, "serin") {
		t.Errorf("the conflict after the release is not between the two people: %v\n%s", err, out)
	}
}

func everybody(t *testing.T, p play) {
	p.apply(t, p.manifest("10s"), "--server-side", "--field-manager=flux")
	p.apply(t, p.manifest("10s"), "--server-side", "--field-manager=somebody-else", "--force-conflicts")
	p.edit(t, "7s")
	if out, err := p.kubectl("", "-n", p.r.Object.Namespace, "label", "httproute", "read-api", "team=shop"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	before := p.managers(t)
	for _, percent := range []int32{0, 20, 100} {
		p.set(t, percent)
	}
	p.release(t)
	if diff := cmp.Diff(before, p.managers(t)); diff != "" {
		t.Errorf("managers (-before +after):\n%s", diff)
	}
}

func stoppedHalfway(t *testing.T, p play) {
	p.apply(t, p.manifest("10s"), "--server-side")
	before := p.managers(t)
	p.set(t, 20)
	for _, again := range []bool{false, true} {
		route := p.get(t)
		was, _ := recall(route, p.r)
		if err := unstructured.SetNestedSlice(route.Object, restore(rulesOf(route), p.r, was.originals(p.r)), "spec", "rules"); err != nil {
			t.Fatal(err)
		}
		// This is the first of the two writes of Release.
		if err := p.c.Update(t.Context(), route, client.FieldOwner(traffic.FieldManager)); err != nil {
			t.Fatal(err)
		}
		if again {
			break
		}
		// The release did not go on; the next one did.
		p.set(t, 30)
	}
	p.release(t)
	if diff := cmp.Diff(before, p.managers(t)); diff != "" {
		t.Errorf("managers (-before +after):\n%s", diff)
	}
}

func managerOnRecord(t *testing.T, p play) {
	p.apply(t, p.manifest("10s"))
	record := func() bool {
		for _, e := range ownersOf(p.get(t).GetManagedFields()) {
			if e.Manager == traffic.FieldManager {
				return true
			}
		}
		return false
	}
	p.set(t, 20)
	if !record() {
		t.Error("during the release Serin does not own the rules")
	}
	p.release(t)
	if record() {
		t.Error("after the release Serin still owns the rules")
	}
}
