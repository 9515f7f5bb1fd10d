package stage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/hack/demo/view"
)

// recorder is a Runner that starts nothing.
type recorder struct {
	commands []Command
	answer   func(line string) (string, error)
}

func (r *recorder) run(_ context.Context, c Command) (string, error) {
	r.commands = append(r.commands, c)
	if r.answer == nil {
		return "", nil
	}
	return r.answer(strings.Join(c.Args, " "))
}

func (r *recorder) lines() []string {
	var out []string
	for _, c := range r.commands {
		out = append(out, strings.Join(c.Args, " "))
	}
	return out
}

// newStage is a Stage over a folder that holds the real manifests.
func newStage(t *testing.T, answer func(line string) (string, error)) (*Stage, *recorder, *bytes.Buffer) {
	t.Helper()
	root := t.TempDir()
	manifests, err := filepath.Abs("../manifests")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"bin", "hack/demo"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink(manifests, filepath.Join(root, Manifests)), os.WriteFile(filepath.Join(root, operatorBinary), []byte("binary"), 0o755)); err != nil {
		t.Fatal(err)
	}
	r, out := &recorder{answer: answer}, &bytes.Buffer{}
	s := &Stage{Settings: Settings{Root: root}.ForLocalCluster(), Terminal: view.NewPlain(out), Run: r.run, HTTP: http.DefaultClient}
	s.Kubectl = Kubectl{Run: r.run, Program: "kubectl", Flags: []string{"-x"}}
	return s, r, out
}

func TestLocalClusterTakesWhatTheScriptsPrint(t *testing.T) {
	s, r, _ := newStage(t, func(line string) (string, error) {
		if strings.HasPrefix(line, "hack/cluster/up") {
			return "something else\n/state/kubeconfig\n", nil
		}
		return "/cache/bin\n", nil
	})
	s.Cluster = 3
	if err := s.localCluster(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.Kubeconfig != "/state/kubeconfig" || s.Kubectl.Program != "/cache/bin/kubectl" {
		t.Errorf("kubeconfig %q, kubectl %q", s.Kubeconfig, s.Kubectl.Program)
	}
	if diff := cmp.Diff([]string{"SERIN_CLUSTER=3"}, r.commands[0].Env); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestLocalClusterThatFailsNamesTheOtherWay(t *testing.T) {
	s, _, _ := newStage(t, func(string) (string, error) { return "", errors.New("a cluster needs root") })
	err := s.localCluster(t.Context())
	if err == nil || !strings.Contains(err.Error(), "a cluster needs root\nTo use a cluster that you have already, set CONTEXT") {
		t.Error(err)
	}
}

func TestImagesAreBuiltAndLoaded(t *testing.T) {
	s, r, _ := newStage(t, nil)
	if err := s.images(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"go build -C . -trimpath -buildvcs=false -o bin/serin ./cmd",
		"go build -C hack/demo -trimpath -buildvcs=false -o ../../bin/demo-service ./cmd/demo-service",
		"hack/cluster/load-image serin.dev/serin:dev bin/serin",
		"hack/cluster/load-image serin.dev/demo-service:v1 bin/demo-service",
	}
	if diff := cmp.Diff(want, r.lines()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if s.operatorBinary == "" {
		t.Error("the operator would not be started again for a new binary")
	}
}

func TestWriteImagesSaysWhereTheyAre(t *testing.T) {
	s, r, out := newStage(t, nil)
	if err := s.WriteImages(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"go run -C hack/cluster/images ./mkimage -o ../../../bin/serin.tar serin.dev/serin:dev ../../../bin/serin",
		"go run -C hack/cluster/images ./mkimage -o ../../../bin/demo-service.tar serin.dev/demo-service:v1 ../../../bin/demo-service",
	}
	if diff := cmp.Diff(want, r.lines()[2:]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, text := range []string{"serin.dev/serin:dev is in bin/serin.tar", "serin.dev/demo-service:v1 is in bin/demo-service.tar"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("%q is not in\n%s", text, out)
		}
	}
}

func TestExistingClusterSaysWhatItMustBring(t *testing.T) {
	s, _, out := newStage(t, nil)
	s.Context, s.Gateway, s.GatewayURL = "kind-demo", "infra/public", "http://localhost:8000"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kubectl"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	if err := s.existingCluster(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"kind-demo", OperatorImage, ServiceImage, "hack/demo/run images", "infra/public (GATEWAY)", "http://localhost:8000 (GATEWAY_URL)",
		"Gateway API", "prometheus.monitoring:9090 (PROMETHEUS_URL)",
	} {
		text, _, _ = strings.Cut(text, " (")
		if !strings.Contains(out.String(), text) {
			t.Errorf("%q is not in\n%s", text, out)
		}
	}
	if diff := cmp.Diff([]string{"--context=kind-demo"}, s.Kubectl.Flags); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	t.Setenv("PATH", "")
	if err := s.existingCluster(t.Context()); err == nil {
		t.Error("there is no kubectl")
	}
}

func TestRequirements(t *testing.T) {
	for missing, want := range map[string]string{
		"/readyz":                    "the cluster does not answer",
		"customresourcedefinition":   "the cluster has no Gateway API",
		"--namespace gateway get ga": "there is no Gateway gateway/gateway; name one by GATEWAY=namespace/name",
		"nothing":                    "",
	} {
		t.Run(missing, func(t *testing.T) {
			s, _, _ := newStage(t, func(line string) (string, error) {
				if strings.Contains(line, missing) {
					return "", errors.New("not found")
				}
				return "", nil
			})
			err := s.requirements(t.Context())
			if (want == "") != (err == nil) || err != nil && !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}

func TestInstallNamesTheImageThatIsMissing(t *testing.T) {
	s, _, _ := newStage(t, func(line string) (string, error) {
		switch {
		case strings.Contains(line, "rollout status"):
			return "", errors.New("timed out")
		case strings.Contains(line, "get pods"):
			return "serin.dev/serin:dev ErrImagePull\n", nil
		}
		return "", nil
	})
	err := s.install(t.Context())
	if err == nil || !strings.Contains(err.Error(), "timed out\nThe nodes lack an image:\n    serin.dev/serin:dev ErrImagePull\nhack/demo/run images") {
		t.Error(err)
	}
}

func TestManifestsAreApplied(t *testing.T) {
	s, r, _ := newStage(t, nil)
	s.Gateway, s.PrometheusURL = "infra/public", "http://thanos.metrics:10902"
	if err := errors.Join(s.source(t.Context()), s.app(t.Context())); err != nil {
		t.Fatal(err)
	}
	var source, route string
	for _, c := range r.commands {
		switch {
		case strings.Contains(c.Stdin, "kind: MetricSource"):
			source = c.Stdin
		case strings.Contains(c.Stdin, "kind: HTTPRoute"):
			route = c.Stdin
		}
	}
	if !strings.Contains(source, "address: http://thanos.metrics:10902\n") || !strings.Contains(source, "default: true\n") {
		t.Errorf("the MetricSource is\n%s", source)
	}
	if !strings.Contains(route, "  parentRefs:\n  - name: public\n    namespace: infra\n") || !strings.Contains(route, "- read-api.example\n") {
		t.Errorf("the route is\n%s", route)
	}
}

func TestClearLeavesAFreshNamespaceAlone(t *testing.T) {
	for _, left := range []string{"", "canary.serin.dev/read-api\n"} {
		t.Run(left, func(t *testing.T) {
			s, r, _ := newStage(t, func(string) (string, error) { return left, nil })
			if err := s.clear(t.Context()); err != nil {
				t.Fatal(err)
			}
			if want := map[bool]int{true: 2, false: 8}[left == ""]; len(r.commands) != want {
				t.Errorf("%d commands, want %d: %v", len(r.commands), want, r.lines())
			}
		})
	}
}

func TestReachable(t *testing.T) {
	seen := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if seen++; seen == 1 || seen == 4 || r.Host != Host {
			http.Error(w, "no such route", http.StatusNotFound)
			return
		}
		w.Header().Set("X-Demo-Version", "v1")
	}))
	defer server.Close()
	s, _, _ := newStage(t, nil)
	s.GatewayURL = server.URL
	if err := s.reachable(t.Context()); err != nil {
		t.Fatal(err)
	}
	if seen != 9 {
		t.Errorf("%d requests; five in a row should do after the fourth failed", seen)
	}
}

func TestScraped(t *testing.T) {
	seen := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen++
		if !strings.Contains(r.FormValue("query"), `namespace="demo",pod=~"read-api-.+"`) {
			t.Errorf("query %s", r.FormValue("query"))
		}
		result := ""
		if seen > 1 {
			result = fmt.Sprintf(`{"value":[1.5,"%d"]}`, seen)
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[%s]}}`, result)
	}))
	defer server.Close()
	s, _, _ := newStage(t, nil)
	s.PrometheusHere = server.URL
	if err := s.scraped(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	if seen != 4 {
		t.Errorf("%d queries", seen)
	}
	s.PrometheusHere = ""
	if err := s.scraped(t.Context(), 4); err != nil {
		t.Error("what can't be asked is trusted:", err)
	}
}

func TestUntilTellsTheLastState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 59500*time.Millisecond, errors.New("not done within 1m0s"))
		defer cancel()
		n := 0
		err := until(ctx, "it works", time.Second, func(context.Context) (bool, string) {
			n++
			return false, fmt.Sprintf("try %d", n)
		})
		if want := "waiting until it works: not done within 1m0s; last seen: try 60"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
}

func TestExec(t *testing.T) {
	out, err := Exec(t.Context(), Command{Args: []string{"sh", "-c", "cat; echo $DEMO"}, Stdin: "in ", Env: []string{"DEMO=env"}})
	if err != nil || out != "in env\n" {
		t.Errorf("%q, %v", out, err)
	}
	_, err = Exec(t.Context(), Command{Name: "a name", Args: []string{"sh", "-c", "echo wrong >&2; exit 3"}})
	if want := "a name: exit status 3\n    wrong"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errors.New("enough"))
	defer cancel()
	began := time.Now()
	if _, err = Exec(ctx, Command{Args: []string{"sleep", "60"}}); err == nil || !strings.Contains(err.Error(), "enough") || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}
