package gatewayapi

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/controllers/traffic"
)

func testRoute() traffic.Route {
	return traffic.Route{
		Object:    types.NamespacedName{Namespace: "shop", Name: "read-api"},
		Service:   traffic.Backend{Service: "read-api", Port: 80},
		Baseline:  traffic.Backend{Service: "read-api-baseline", Port: 80},
		Candidate: traffic.Backend{Service: "read-api-candidate", Port: 80},
	}
}

func at(rules []any, rule, ref int) map[string]any {
	return backendRefs(rules[rule])[ref].(map[string]any)
}

func rulesFrom(t *testing.T, text string) []any {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	rules := []any{}
	if err := utiljson.Unmarshal(raw, &rules); err != nil {
		t.Fatal(err)
	}
	return rules
}

func encode(t *testing.T, rules []any) string {
	t.Helper()
	raw, err := json.Marshal(rules)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func compareGolden(t *testing.T, file string, got []any) {
	t.Helper()
	raw, err := yaml.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (write it with -update)", err)
	}
	if diff := cmp.Diff(string(want), string(raw)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
