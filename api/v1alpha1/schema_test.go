package v1alpha1_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// schemaOf reads the generated schema of one kind.
func schemaOf(t *testing.T, file string) apiextensionsv1.JSONSchemaProps {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(crds, file))
	if err != nil {
		t.Fatal(err)
	}
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.UnmarshalStrict(text, crd); err != nil {
		t.Fatal(err)
	}
	return *crd.Spec.Versions[0].Schema.OpenAPIV3Schema
}

// walk calls visit for every part of a schema, parents first.
func walk(path string, inList bool, s apiextensionsv1.JSONSchemaProps, visit func(path string, inList bool, s apiextensionsv1.JSONSchemaProps)) {
	visit(path, inList, s)
	for name, property := range s.Properties {
		walk(strings.TrimPrefix(path+"."+name, "."), inList, property, visit)
	}
	if s.Items != nil {
		walk(path+"[]", true, *s.Items.Schema, visit)
	}
}

var kinds = []string{"serin.dev_canaries.yaml", "serin.dev_metricsources.yaml"}

func TestEveryFieldIsBounded(t *testing.T) {
	for _, kind := range kinds {
		walk("", false, schemaOf(t, kind), func(path string, _ bool, s apiextensionsv1.JSONSchemaProps) {
			if path == "apiVersion" || path == "kind" {
				return
			}
			switch {
			case s.Type == "string" && s.MaxLength == nil && len(s.Enum) == 0 && s.Format != "date-time":
				t.Errorf("%s: %s may grow without end: give it a maxLength", kind, path)
			case s.Type == "array" && s.MaxItems == nil:
				t.Errorf("%s: %s may grow without end: give it maxItems", kind, path)
			case s.Type == "array" && s.XListType == nil:
				t.Errorf("%s: %s does not say how it merges: give it a listType", kind, path)
			case s.AdditionalProperties != nil && s.MaxProperties == nil:
				t.Errorf("%s: %s may grow without end: give it maxProperties", kind, path)
			case s.Type == "number":
				t.Errorf("%s: %s is a float: make it a string with a unit", kind, path)
			}
		})
	}
}

// TestListsHaveNoDefaults guards what keeps Argo CD quiet: a merge patch compares lists whole, so that an item with a default in the
// cluster differs from the same item in Git for ever.
func TestListsHaveNoDefaults(t *testing.T) {
	for _, kind := range kinds {
		walk("", false, schemaOf(t, kind), func(path string, inList bool, s apiextensionsv1.JSONSchemaProps) {
			if s.Default != nil && (inList || s.Type == "array") {
				t.Errorf("%s: %s has a default: apply it in Go instead", kind, path)
			}
		})
	}
}

func TestEveryFieldIsExplained(t *testing.T) {
	for _, kind := range kinds {
		walk("", false, schemaOf(t, kind), func(path string, _ bool, s apiextensionsv1.JSONSchemaProps) {
			if path == "" || path == "metadata" || strings.HasSuffix(path, "[]") {
				return
			}
			name := path[strings.LastIndex(path, ".")+1:]
			text := strings.ToLower(s.Description)
			if !strings.HasPrefix(text, strings.ToLower(name)) {
				t.Errorf("%s: the text of %s is %q: it must begin with the field's name", kind, path, s.Description)
			}
		})
	}
}

// TestEveryRuleGivesAdvice holds rules to what kubectl shows of them.
func TestEveryRuleGivesAdvice(t *testing.T) {
	for _, kind := range kinds {
		walk("", false, schemaOf(t, kind), func(path string, _ bool, s apiextensionsv1.JSONSchemaProps) {
			for _, rule := range s.XValidations {
				name := path[strings.LastIndex(path, ".")+1:]
				name = strings.TrimSuffix(name, "[]")
				if path != "" && !strings.Contains(rule.Message, name) {
					t.Errorf("%s: the message of a rule on %s does not name it: %q", kind, path, rule.Message)
				}
			}
			if s.Pattern != "" && path != "" && !strings.Contains(path, "conditions[]") {
				t.Errorf("%s: %s has a pattern: write a rule with a message instead", kind, path)
			}
		})
	}
}

func TestCRDsStaySmall(t *testing.T) {
	for _, kind := range kinds {
		info, err := os.Stat(filepath.Join(crds, kind))
		if err != nil {
			t.Fatal(err)
		}
		const most = 100_000
		if info.Size() > most {
			t.Errorf("%s has %d bytes, more than %d: kubectl apply keeps a copy in an annotation", kind, info.Size(), most)
		}
	}
}

func TestDefaultsAreSaidOnce(t *testing.T) {
	analysis := schemaOf(t, kinds[0]).Properties["spec"].Properties["analysis"].Properties
	source := schemaOf(t, kinds[1]).Properties["spec"].Properties
	duration := func(d time.Duration) string { // as people write it: 15m, not 15m0s
		text := d.String()
		if strings.HasSuffix(text, "m0s") {
			text = strings.TrimSuffix(text, "0s")
		}
		return strconv.Quote(text)
	}
	for name, tc := range map[string]struct {
		got  *apiextensionsv1.JSON
		want string
	}{
		"analysis.interval":          {analysis["interval"].Default, duration(v1alpha1.DefaultInterval)},
		"analysis.warmUp":            {analysis["warmUp"].Default, duration(v1alpha1.DefaultWarmUp)},
		"analysis.deadline":          {analysis["deadline"].Default, duration(v1alpha1.DefaultDeadline)},
		"analysis.onInconclusive":    {analysis["onInconclusive"].Default, strconv.Quote(string(v1alpha1.DefaultOnInconclusive))},
		"analysis.falseRollbackRate": {analysis["falseRollbackRate"].Default, strconv.Quote(v1alpha1.DefaultFalseRollbackRate)},
		"analysis.minRequests":       {analysis["minRequests"].Default, strconv.Itoa(int(v1alpha1.DefaultMinRequests))},
		"timeout":                    {source["timeout"].Default, duration(v1alpha1.DefaultTimeout)},
	} {
		if tc.got == nil || string(tc.got.Raw) != tc.want {
			t.Errorf("the schema's default of %s is %s, the code's %s", name, tc.got, tc.want)
		}
	}
}

func TestBoundsAreSaidOnce(t *testing.T) {
	status := schemaOf(t, kinds[0]).Properties["status"].Properties
	for name, tc := range map[string]struct {
		got  *int64
		want int64
	}{
		"message":                  {status["message"].MaxLength, v1alpha1.MaxMessage},
		"rollout.cause":            {status["rollout"].Properties["cause"].MaxLength, v1alpha1.MaxMessage},
		"analysis.message":         {status["analysis"].Properties["message"].MaxLength, v1alpha1.MaxMessage},
		"analysis.metrics":         {status["analysis"].Properties["metrics"].MaxItems, v1alpha1.MaxMetrics},
		"analysis.metrics.message": {status["analysis"].Properties["metrics"].Items.Schema.Properties["message"].MaxLength, v1alpha1.MaxMessage},
		"history":                  {status["history"].MaxItems, v1alpha1.MaxHistory},
		"history.message":          {status["history"].Items.Schema.Properties["message"].MaxLength, v1alpha1.MaxMessage},
	} {
		if tc.got == nil || *tc.got != tc.want {
			t.Errorf("the schema bounds status.%s by %v, the code by %d", name, tc.got, tc.want)
		}
	}
}

// constants reads the string constants of a package's source whose names start with prefix.
func constants(t *testing.T, folder, prefix string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(folder + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, prefix) {
				return true
			}
			if literal, ok := spec.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
				if found[spec.Names[0].Name], err = strconv.Unquote(literal.Value); err != nil {
					t.Fatal(err)
				}
			}
			return true
		})
	}
	return found
}

// TestReasonsAreOneList compares with the packages that may not import this one and so repeat the words.
func TestReasonsAreOneList(t *testing.T) {
	ours := constants(t, ".", "Reason")
	words := slices.Sorted(maps.Values(ours))
	if len(words) < 40 || len(slices.Compact(slices.Clone(words))) != len(words) {
		t.Errorf("%d reasons, some of them twice: %v", len(words), words)
	}
	for name, word := range ours {
		if name != "Reason"+word {
			t.Errorf("%s is %q: name and word must be the same", name, word)
		}
	}
	for _, folder := range []string{"../../controllers/rollout", "../../controllers/workload", "../../controllers/traffic", "../../controllers"} {
		for name, word := range constants(t, folder, "Reason") {
			if !slices.Contains(words, word) {
				t.Errorf("%s: %s is %q, which conditions.go does not list", folder, name, word)
			}
		}
	}
}
