package stage

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// withStandIn is a Stage that is told with the stand-in.
func withStandIn(t *testing.T, answer func(line string) (string, error)) (*Stage, *recorder, *bytes.Buffer) {
	t.Helper()
	s, r, out := newStage(t, answer)
	s.Source = Datadog
	return s, r, out
}

func TestStandInIsBroughtWithItsKeys(t *testing.T) {
	s, r, out := withStandIn(t, nil)
	if err := s.source(t.Context()); err != nil {
		t.Fatal(err)
	}
	secrets := map[string]map[string]string{}
	for _, c := range r.commands {
		if c.Stdin == "" {
			continue
		}
		var secret corev1.Secret
		if err := json.Unmarshal([]byte(c.Stdin), &secret); err != nil {
			t.Fatal(err)
		}
		secrets[secret.Namespace+"/"+secret.Name] = secret.StringData
		if line := strings.Join(c.Args, " "); !strings.Contains(line, "--server-side") {
			t.Errorf("the keys end in an annotation: %s", line)
		}
	}
	theirs, ours := secrets["datadog-stand-in/datadog-stand-in"], secrets["serin-system/datadog-stand-in"]
	if len(secrets) != 2 || len(ours) != 2 || cmp.Diff(theirs, ours) != "" {
		t.Fatalf("%d Secrets, %d and %d keys; they have to be the same two", len(secrets), len(theirs), len(ours))
	}
	if ours["api-key"] == ours["app-key"] || len(ours["api-key"]) < 20 || len(ours["app-key"]) < 20 {
		t.Error("the keys are not two that can't be guessed")
	}
	for _, key := range ours {
		if strings.Contains(out.String(), key) || strings.Contains(strings.Join(r.lines(), "\n"), key) {
			t.Errorf("a key is shown in\n%s\n%s", out, strings.Join(r.lines(), "\n"))
		}
	}
	if all := strings.Join(r.lines(), "\n"); strings.Contains(all, "prometheus") || !strings.Contains(all, "wait --for=condition=Ready --timeout=30s metricsource/datadog-stand-in") {
		t.Errorf("the commands are\n%s", all)
	}
}

func TestStandInThatDoesNotAnswerSaysWhy(t *testing.T) {
	s, _, _ := withStandIn(t, func(line string) (string, error) {
		switch {
		case strings.Contains(line, "wait "):
			return "", errors.New("timed out")
		case strings.Contains(line, "jsonpath"):
			return "Ready=False: the keys are refused", nil
		}
		return "", nil
	})
	err := s.source(t.Context())
	if want := "no answer reaches Serin from the stand-in: timed out\n    Ready=False: the keys are refused"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestStandInNeedsAnImageMore(t *testing.T) {
	s, r, _ := withStandIn(t, nil)
	if err := s.images(t.Context()); err != nil {
		t.Fatal(err)
	}
	lines := strings.Join(r.lines(), "\n")
	for _, want := range []string{
		"-o ../../bin/datadog-stand-in ./cmd/datadog-stand-in", "hack/cluster/load-image serin.dev/datadog-stand-in:v1 bin/datadog-stand-in",
		"load-image serin.dev/serin:dev", "load-image serin.dev/demo-service:v1",
	} {
		if !strings.Contains(lines, want) {
			t.Errorf("%q is not in\n%s", want, lines)
		}
	}
}

func TestAClusterOfOnesOwnNeedsNoPrometheusForTheStandIn(t *testing.T) {
	s, _, out := withStandIn(t, nil)
	s.Context = "kind-demo"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kubectl"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	if err := s.existingCluster(t.Context()); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if strings.Contains(text, "Prometheus") || !strings.Contains(text, StandInImage) || !strings.Contains(text, "SOURCE=datadog hack/demo/run images") {
		t.Error(text)
	}
}

func TestGatheredWaitsForEveryPod(t *testing.T) {
	var told []string
	s, _, _ := withStandIn(t, func(line string) (string, error) {
		if !strings.Contains(line, "get --raw /api/v1/namespaces/datadog-stand-in/services/datadog-stand-in:api/proxy/status") {
			t.Errorf("asked %s", line)
		}
		told = append(told, line)
		switch len(told) {
		case 1:
			return "", errors.New("not there yet")
		case 2:
			return `{"pods":4,"requests":0}`, nil
		}
		return `{"pods":4,"requests":10}`, nil
	})
	began := time.Now()
	if err := s.Measured(t.Context(), 4); err != nil || len(told) != 3 {
		t.Errorf("%d questions, %v, after %v", len(told), err, time.Since(began))
	}
}

func TestClearRemovesTheStandInOfAnEarlierRun(t *testing.T) {
	s, r, _ := newStage(t, func(line string) (string, error) {
		if strings.Contains(line, "get namespace") {
			return "namespace/datadog-stand-in\n", nil
		}
		return "", nil
	})
	if err := s.clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	var deleted []string
	for _, line := range r.lines() {
		if _, what, ok := strings.Cut(line, " delete "); ok {
			deleted = append(deleted, strings.Join(strings.Fields(what)[:2], " "))
		}
	}
	want := []string{
		"canary read-api", "deployment read-api", "--raw /api/v1/namespaces/demo/events", "metricsource datadog-stand-in", "secret datadog-stand-in",
		"--filename hack/demo/manifests/datadog/stand-in.yaml",
	}
	if diff := cmp.Diff(want, deleted); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestCanariesDifferOnlyInTheSourceAndTheTimes keeps the story the same, whatever source it is told with.
func TestCanariesDifferOnlyInTheSourceAndTheTimes(t *testing.T) {
	read := func(source Source) map[string]any {
		text, err := os.ReadFile(filepath.Join("../../..", Settings{Source: source}.CanaryManifest()))
		if err != nil {
			t.Fatal(err)
		}
		var canary map[string]any
		if err := yaml.Unmarshal(text, &canary); err != nil {
			t.Fatal(err)
		}
		spec := canary["spec"].(map[string]any)
		analysis := spec["analysis"].(map[string]any)
		if source == Datadog && analysis["source"] != StandIn {
			t.Errorf("the source is %v", analysis["source"])
		}
		delete(analysis, "source")
		delete(analysis, "interval")
		delete(spec, "steps")
		return canary
	}
	if diff := cmp.Diff(read(Prometheus), read(Datadog)); diff != "" {
		t.Errorf("-Prometheus +Datadog:\n%s", diff)
	}
}

func TestTheManifestsOfTheStandInFitTogether(t *testing.T) {
	for file, want := range map[string][]string{
		"stand-in.yaml":     {"image: " + StandInImage + "\n", "kind: Namespace\nmetadata: {name: " + StandIn + "}", "secretKeyRef: {name: " + StandIn + ", key: api-key}"},
		"metricsource.yaml": {"metadata: {name: " + StandIn + "}", "address: http://" + StandIn + "." + StandIn + "\n", "secretRef: {name: " + StandIn + "}"},
	} {
		text, err := os.ReadFile(filepath.Join("../../..", standInManifests, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range want {
			if !strings.Contains(string(text), part) {
				t.Errorf("%s lacks %q", file, part)
			}
		}
	}
}
