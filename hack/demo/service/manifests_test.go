package service_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/hack/demo/service"
)

// deployment is what these tests read of a Deployment or a patch of one.
type deployment struct {
	Spec struct {
		Template struct {
			Spec struct {
				TerminationGracePeriodSeconds int `json:"terminationGracePeriodSeconds"`
				Containers                    []struct {
					Name string `json:"name"`
					Env  []struct {
						Name      string `json:"name"`
						Value     string `json:"value"`
						ValueFrom any    `json:"valueFrom"`
					} `json:"env"`
				} `json:"containers"`
			} `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
}

func read(t *testing.T, file string) deployment {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "manifests", file))
	if err != nil {
		t.Fatal(err)
	}
	var d deployment
	if err := yaml.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if n := len(d.Spec.Template.Spec.Containers); n != 1 {
		t.Fatalf("%s has %d containers, want 1", file, n)
	}
	return d
}

// variables are those of a file over those of the Deployment; what the kubelet fills in has the value "filled in".
func variables(t *testing.T, files ...string) map[string]string {
	t.Helper()
	values := map[string]string{}
	for i, file := range files {
		for _, v := range read(t, file).Spec.Template.Spec.Containers[0].Env {
			if _, known := values[v.Name]; i > 0 && !known {
				t.Errorf("%s sets %s, which the Deployment lacks: going back to v1 would not undo it", file, v.Name)
			}
			if values[v.Name] = v.Value; v.ValueFrom != nil {
				values[v.Name] = "filled in"
			}
		}
	}
	return values
}

// TestManifestsSetWhatTheServiceReads keeps the YAML and the flags from drifting apart.
func TestManifestsSetWhatTheServiceReads(t *testing.T) {
	healthy := service.DefaultBehaviour()
	longer, failing := healthy, healthy
	longer.P95 = 120 * time.Millisecond
	failing.ErrorRate = 0.02
	for version, want := range map[string]service.Behaviour{"v1": healthy, "v2": healthy, "v3": longer, "v4": failing} {
		t.Run(version, func(t *testing.T) {
			set := variables(t, "deployment.yaml", "versions/"+version+".yaml")
			read := map[string]bool{}
			cfg, err := service.ParseConfig(nil, func(name string) (string, bool) {
				value, ok := set[name]
				read[name] = ok
				return value, ok
			}, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			for name := range set {
				if !read[name] {
					t.Errorf("the service does not know %s", name)
				}
			}
			if cfg.Version != version || cfg.Pod != "filled in" || cfg.Revision != "filled in" {
				t.Errorf("version %q, pod %q, revision %q", cfg.Version, cfg.Pod, cfg.Revision)
			}
			if diff := cmp.Diff(want, cfg.Behaviour); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestManifestV1IsTheDeploymentItself(t *testing.T) {
	if diff := cmp.Diff(variables(t, "deployment.yaml"), variables(t, "deployment.yaml", "versions/v1.yaml")); diff != "" {
		t.Errorf("-deployment +v1:\n%s", diff)
	}
}

func TestManifestGivesThePodTimeToLeave(t *testing.T) {
	cfg := service.DefaultConfig()
	grace := time.Duration(read(t, "deployment.yaml").Spec.Template.Spec.TerminationGracePeriodSeconds) * time.Second
	if leave := cfg.LameDuck + cfg.ShutdownTimeout; grace <= leave {
		t.Errorf("terminationGracePeriodSeconds is %v, leaving takes up to %v", grace, leave)
	}
}
