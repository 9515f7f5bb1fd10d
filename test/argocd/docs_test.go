package argocd

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// page is docs/argocd.md.
func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/argocd.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func parsed(t *testing.T, text string) object {
	t.Helper()
	into := object{}
	if err := yaml.UnmarshalStrict([]byte(text), &into); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return into
}

// TestTheDocumentationShowsWhatIsTested compares each YAML of the page with what the end-to-end tests apply.
func TestTheDocumentationShowsWhatIsTested(t *testing.T) {
	route, err := os.ReadFile("../e2e/testdata/route-in-full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rule := script(t, "../own-route.yaml")
	found := map[string]int{}
	for _, block := range regexp.MustCompile("(?ms)^```yaml\n(.*?)\n```$").FindAllStringSubmatch(page(t), -1) {
		got := parsed(t, block[1])
		kind, _ := got["kind"].(string)
		found[kind]++
		switch kind {
		case "Canary":
			if err := yaml.UnmarshalStrict([]byte(block[1]), &v1alpha1.Canary{}); err != nil {
				t.Error(err)
			}
		case "HTTPRoute":
			want := strings.NewReplacer("$NAMESPACE.example", "read-api.example", "$NAMESPACE", "shop").Replace(string(route))
			if diff := cmp.Diff(parsed(t, want), got); diff != "" {
				t.Errorf("the route of the page is not the one that is tested:\n%s", diff)
			}
		case "": // a part of an Application
			if diff := cmp.Diff(parsed(t, rule), got); diff != "" {
				t.Errorf("the rule of the page is not the one that is tested:\n%s", diff)
			}
		default:
			t.Errorf("nobody tests this %s", kind)
		}
	}
	if want := map[string]int{"Canary": 1, "HTTPRoute": 1, "": 1}; !cmp.Equal(found, want) {
		t.Errorf("the page shows %v", found)
	}
}

// TestTheDocumentationTellsEachHealthAsItIs looks for each row of the table among what is expected of real objects.
func TestTheDocumentationTellsEachHealthAsItIs(t *testing.T) {
	told := read[healthTests](t, "Canary", "health_test.yaml").Tests
	rows := regexp.MustCompile(`(?m)^\| (Healthy|Progressing|Suspended|Degraded) \| .+ \| (.+) \|$`).FindAllStringSubmatch(page(t), -1)
	if len(rows) < 10 {
		t.Fatalf("the table has %d rows", len(rows))
	}
	for _, row := range rows {
		beginning, _, _ := strings.Cut(row[2], "...")
		same := func(test healthTest) bool {
			return test.HealthStatus.Status == row[1] && strings.HasPrefix(test.HealthStatus.Message, beginning)
		}
		if !slices.ContainsFunc(told, same) {
			t.Errorf("nothing is %s with %q", row[1], row[2])
		}
	}
}

// TestTheDocumentationTellsEachAction looks for each action that there is.
func TestTheDocumentationTellsEachAction(t *testing.T) {
	_, actions, _ := strings.Cut(page(t), "## Actions")
	for _, a := range discover(t, state{phase: v1alpha1.PhaseIdle, reason: v1alpha1.ReasonWatching}.canary()) {
		if !strings.Contains(actions, "`"+a.Name+"`") {
			t.Errorf("nothing is said about %s", a.Name)
		}
	}
}
