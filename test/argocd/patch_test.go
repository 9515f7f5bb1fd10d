package argocd

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// TestThePatchHoldsTheScripts reads the patch as Argo CD does: each value is YAML or Lua of its own.
func TestThePatchHoldsTheScripts(t *testing.T) {
	patch := read[corev1.ConfigMap](t, "..", "argocd-cm.yaml")
	if patch.Name != "argocd-cm" || patch.Kind != "ConfigMap" {
		t.Errorf("it patches %s %s", patch.Kind, patch.Name)
	}
	for _, kind := range []string{"Canary", "MetricSource"} {
		if diff := cmp.Diff(script(t, kind+"/health.lua"), patch.Data["resource.customizations.health.serin.dev_"+kind]); diff != "" {
			t.Errorf("the health of a %s differs:\n%s", kind, diff)
		}
		var ignored struct {
			JSONPointers []string `json:"jsonPointers"`
		}
		if err := yaml.UnmarshalStrict([]byte(patch.Data["resource.customizations.ignoreResourceUpdates.serin.dev_"+kind]), &ignored); err != nil || len(ignored.JSONPointers) == 0 {
			t.Errorf("no updates of a %s are ignored: %v", kind, err)
		}
	}
	var actions struct {
		Discovery   string `json:"discovery.lua"`
		Definitions []struct {
			Name   string `json:"name"`
			Action string `json:"action.lua"`
		} `json:"definitions"`
	}
	if err := yaml.UnmarshalStrict([]byte(patch.Data["resource.customizations.actions.serin.dev_Canary"]), &actions); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(script(t, "Canary/actions/discovery.lua"), actions.Discovery); diff != "" {
		t.Errorf("the discovery differs:\n%s", diff)
	}
	var names []string
	for _, action := range actions.Definitions {
		names = append(names, action.Name)
		if diff := cmp.Diff(script(t, filepath.Join("Canary/actions", action.Name, "action.lua")), action.Action); diff != "" {
			t.Errorf("%s differs:\n%s", action.Name, diff)
		}
	}
	if want := []string{"abort", "approve", "pause", "promote", "resume", "retry"}; !slices.Equal(names, want) {
		t.Errorf("the actions are %v", names)
	}
}
