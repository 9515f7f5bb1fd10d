package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

const canaryHead = "apiVersion: serin.dev/v1alpha1\nkind: Canary\nmetadata: {name: read-api}\nspec:\n  targetRef: {apiVersion: apps/v1, kind: Deployment, name: read-api}\n"

const sourceHead = "apiVersion: serin.dev/v1alpha1\nkind: MetricSource\nmetadata: {name: prometheus}\nspec: "

// wrongObjects are refused by an API server.
func wrongObjects() map[string]string {
	return map[string]string{
		"steps that fall":            canaryHead + "  steps: [{weight: 50}, {weight: 10}, {weight: 100}]\n",
		"a plan that ends early":     canaryHead + "  steps: [{weight: 50}]\n",
		"a weight beyond":            canaryHead + "  steps: [{weight: 150}, {weight: 100}]\n",
		"a bake that is no time":     canaryHead + "  steps: [{weight: 100, bake: soon}]\n",
		"no target":                  "apiVersion: serin.dev/v1alpha1\nkind: Canary\nmetadata: {name: read-api}\nspec: {}\n",
		"no spec":                    "apiVersion: serin.dev/v1alpha1\nkind: Canary\nmetadata: {name: read-api}\n",
		"another kind of workload":   strings.Replace(canaryHead, "kind: Deployment", "kind: StatefulSet", 1),
		"a name in capitals":         strings.Replace(canaryHead, "name: read-api}\nspec", "name: Read_API}\nspec", 1),
		"a long name":                strings.Replace(canaryHead, "name: read-api}\nspec", "name: "+strings.Repeat("a", 60)+"}\nspec", 1),
		"a number in quotes":         canaryHead + "  steps: [{weight: \"10\"}, {weight: 100}]\n",
		"routes and a gateway":       canaryHead + "  traffic: {service: {name: a, port: 80}, routes: [{group: g, kind: K, name: n}], gateway: {parentRefs: [{name: g}]}}\n",
		"a metric of two kinds":      canaryHead + "  analysis: {metrics: [{name: a, errorRate: {limit: 1%}, latency: {limit: 1s}}]}\n",
		"the same metric twice":      canaryHead + "  analysis: {metrics: [{name: a, errorRate: {limit: 1%}}, {name: a, errorRate: {limit: 1%}}]}\n",
		"an unknown policy":          canaryHead + "  analysis: {onInconclusive: Wait}\n",
		"a deadline without room":    canaryHead + "  analysis: {deadline: 1m, interval: 2m}\n",
		"a service of Serin's own":   canaryHead + "  traffic: {service: {name: read-api-candidate, port: 80}, gateway: {parentRefs: [{name: g}]}}\n",
		"a source without address":   sourceHead + "{type: prometheus}\n",
		"an address with a password": sourceHead + "{type: prometheus, address: 'http://me:secret@prometheus'}\n",
		"a header that is a secret":  sourceHead + "{type: prometheus, address: 'http://prometheus', headers: {Authorization: x}}\n",
		"a label that is none":       strings.Replace(canaryHead, "{name: read-api}\nspec", "{name: read-api, labels: {a: '!'}}\nspec", 1),
	}
}

// lintAgrees holds the findings against what a real API server says of the same objects.
func lintAgrees(t *testing.T, s *stage) {
	ns := s.namespace(t)
	for name, text := range wrongObjects() {
		asJSON, err := yaml.YAMLToJSON([]byte(text))
		object := &unstructured.Unstructured{}
		if err == nil {
			err = utiljson.Unmarshal(asJSON, &object.Object)
		}
		if err != nil {
			t.Fatal(err)
		}
		if object.GetKind() == "Canary" {
			object.SetNamespace(ns)
		}
		refusal := s.client.Create(t.Context(), object, client.DryRunAll)
		var want []string
		status := apierrors.APIStatus(nil)
		if errors.As(refusal, &status) && status.Status().Details != nil {
			for _, cause := range status.Status().Details.Causes {
				want = append(want, cause.Field+": "+cause.Message)
			}
		}
		if len(want) == 0 {
			t.Errorf("%s: the API server says %v", name, refusal)
			continue
		}
		var got []string
		for _, f := range linted(t, text).Findings {
			got = append(got, f.Field+": "+f.Message)
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-API server +lint):\n%s", name, diff)
		}
	}
}

// linted is what lint finds in a file.
func linted(t *testing.T, text string) lintJSON {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, told safeBuffer
	code := run(t.Context(), []string{"lint", path, "-o", "json"}, streams{out: &out, err: &told})
	var found lintJSON
	if err := json.Unmarshal([]byte(out.String()), &found); err != nil {
		t.Fatalf("%d: %s%s: %v", code, out.String(), told.String(), err)
	}
	if want := map[bool]int{true: exitFailed, false: exitFine}[found.Errors > 0]; code != want {
		t.Errorf("exit code %d with %d errors", code, found.Errors)
	}
	return found
}

func TestLintFindsWhatOnlyTheOperatorWouldSay(t *testing.T) {
	prometheus := "---\n" + sourceHead + "{type: prometheus, address: 'http://prometheus:9090', default: true}\n"
	for name, test := range map[string]struct{ text, want string }{
		"an unknown field":                      {canaryHead + "  stepz: []\n", `spec.stepz: unknown field "spec.stepz"`},
		"a field twice":                         {canaryHead + "  targetRef: {}\n", `key "targetRef" already set`},
		"an unknown kind of ours":               {strings.Replace(canaryHead, "kind: Canary", "kind: Canari", 1), `there is no kind "Canari"`},
		"another version":                       {strings.Replace(canaryHead, "v1alpha1", "v9", 1), "knows serin.dev/v1alpha1"},
		"a preset that does not exist":          {canaryHead + "  analysis: {metrics: [{name: a, errorRate: {limit: 1%, preset: apache}}]}\n" + prometheus, `there is no preset "apache"`},
		"a query that can't be read":            {canaryHead + "  analysis: {metrics: [{name: a, latency: {limit: 1s, query: {histogram: 'sum(x{$arm})'}}}]}\n" + prometheus, "only a series selector can be written here"},
		"a gateway's preset without a route":    {canaryHead + "  analysis: {metrics: [{name: a, errorRate: {limit: 1%, preset: traefik}}]}\n" + prometheus, "set spec.traffic"},
		"an address with a path too many":       {sourceHead + "{type: prometheus, address: 'http://prometheus:9090/api/v1/query'}\n", "contains /api/v1"},
		"a type that nobody knows":              {sourceHead + "{type: graphite, address: 'http://graphite'}\n", `spec.type is "graphite"`},
		"a value for Datadog":                   {canaryHead + "  analysis: {source: d, metrics: [{name: a, value: {query: 'max(x{$arm})', worse: Higher, limit: '1'}}]}\n---\n" + strings.Replace(sourceHead, "prometheus", "d", 1) + "{type: datadog, address: 'https://api.datadoghq.eu', secretRef: {name: x}}\n", "plain values can't be asked of Datadog"},
		"two defaults":                          {sourceHead + "{type: prometheus, address: 'http://a', default: true}\n" + strings.Replace(prometheus, "name: prometheus}", "name: other}", 1), "more than one MetricSource is the default"},
		"two Canaries for one Deployment":       {canaryHead + "---\n" + strings.Replace(canaryHead, "metadata: {name: read-api}", "metadata: {name: other}", 1), "watches over the Deployment read-api already"},
		"a plan of one step is a doubt":         {canaryHead + "  steps: [{weight: 100}]\n", "the only step is 100%"},
		"the longest bake at the end is one":    {canaryHead + "  steps: [{weight: 10, bake: 1m}, {weight: 100, bake: 1h}]\n", "the longest bake is at 100%"},
		"so is going on without evidence":       {canaryHead + "  analysis: {onInconclusive: Advance}\n", "without evidence"},
		"what is no YAML":                       {"a: [\n", "this is no YAML"},
		"a List is looked into":                 {"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: serin.dev/v1alpha1, kind: Canary, metadata: {name: a}, spec: {}}\n", "spec.targetRef: Required value"},
		"a bake of less than a look is a doubt": {canaryHead + "  steps: [{weight: 10, bake: 5s}, {weight: 100}]\n", "shorter than analysis.interval"},
	} {
		t.Run(name, func(t *testing.T) {
			found := linted(t, test.text)
			var all []string
			for _, f := range found.Findings {
				all = append(all, f.Field+": "+f.Message)
			}
			if !strings.Contains(strings.Join(all, "\n"), test.want) {
				t.Errorf("found %q", all)
			}
			if doubt := strings.Contains(name, "doubt") || strings.HasPrefix(name, "so is") || strings.HasSuffix(name, "is one"); (found.Errors == 0) != doubt {
				t.Errorf("%d errors: %q", found.Errors, all)
			}
		})
	}
}

func TestLintTakesWhatIsRight(t *testing.T) {
	samples, err := filepath.Glob("../../config/samples/*.yaml")
	if err != nil || len(samples) == 0 {
		t.Fatal(samples, err)
	}
	var out, told safeBuffer
	if code := run(t.Context(), append([]string{"lint"}, samples...), streams{out: &out, err: &told}); code != exitFine || !strings.Contains(out.String(), "0 errors") {
		t.Errorf("%d: %s%s", code, out.String(), told.String())
	}
	for _, args := range []string{"lint", "lint /no/such/file", "lint Makefile -o yaml"} {
		if code := run(t.Context(), strings.Fields(args), streams{out: &out, err: &told}); code != exitBadInput {
			t.Errorf("%s: %d", args, code)
		}
	}
	if code := run(t.Context(), []string{"lint", "-"}, streams{in: strings.NewReader("kind: Service\n"), out: &out, err: &told}); code != exitBadInput || !strings.Contains(told.String(), "there is no Canary and no MetricSource in -") {
		t.Errorf("%d: %s", code, told.String())
	}
}
