package v1alpha1_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/api/v1alpha1"
)

func TestCanaryAccepted(t *testing.T) {
	server := needCluster(t)
	for name, patch := range map[string]string{
		"the one that the documentation shows first": `{}`,
		"a target and nothing else":                  `spec: {traffic: null, steps: null, analysis: null}`,
		"the longest name":                           `metadata: {name: ` + strings.Repeat("a", 53) + `}`,
		"a target with dots":                         `spec: {targetRef: {name: read.api-2}}`,
		"a route of a kind not known yet":            `spec: {traffic: {routes: [{group: mesh.example.org, kind: Route2, name: x.y}]}}`,
		"two routes of one name and two kinds":       `spec: {traffic: {routes: [{group: a.io, kind: HTTPRoute, name: x}, {group: a.io, kind: GRPCRoute, name: x}]}}`,
		"a gateway":                                  `spec: {traffic: {routes: null, gateway: {parentRefs: [{name: public, namespace: infra, sectionName: https}], hostnames: [api.example.com, "*.example.com"]}}}`,
		"a single step":                              `spec: {steps: [{weight: 100}]}`,
		"a hundred steps":                            `spec: {steps: [` + hundredSteps() + `]}`,
		"no bake":                                    `spec: {steps: [{weight: 100, bake: 0s}]}`,
		"the longest bake":                           `spec: {steps: [{weight: 100, bake: 168h}]}`,
		"a bake of hours and minutes":                `spec: {steps: [{weight: 100, bake: 1h30m}]}`,
		"the shortest interval and deadline":         `spec: {analysis: {interval: 1s, warmUp: 0s, deadline: 1m}}`,
		"the longest interval and warm-up":           `spec: {analysis: {interval: 10m, warmUp: 30m, deadline: 168h}}`,
		"every policy without a verdict":             `spec: {analysis: {onInconclusive: Hold}}`,
		"ten metrics":                                `spec: {analysis: {metrics: [` + manyMetrics(10) + `]}}`,
		"a limit of 100%":                            `spec: {analysis: {metrics: [{name: errors, errorRate: {limit: 100%}}]}}`,
		"an increase tenfold":                        `spec: {analysis: {metrics: [{name: latency, latency: {maxIncrease: {relative: 1000%}}}]}}`,
		"a fraction of a percent":                    `spec: {analysis: {metrics: [{name: errors, errorRate: {maxIncrease: {absolute: 0.0025%}}}]}}`,
		"a latency in microseconds":                  `spec: {analysis: {metrics: [{name: latency, latency: {limit: 250us}}]}}`,
		"a latency in seconds with a fraction":       `spec: {analysis: {metrics: [{name: latency, latency: {limit: 1.5s}}]}}`,
		"a query of one's own":                       `spec: {analysis: {metrics: [{name: orders, errorRate: {limit: 1%, query: {requests: "orders_total{$arm}", errors: "orders_total{$arm,failed=\"true\"}"}}}]}}`,
		"a value that may not rise":                  `spec: {analysis: {metrics: [{name: lag, value: {query: "max(lag{group=\"orders\",$arm})", worse: Higher, maxChange: {relative: 20%, absolute: "500"}, limit: "10000"}}]}}`,
		"a value that may not fall below a floor":    `spec: {analysis: {metrics: [{name: paid, value: {query: "sum(rate(paid_total{$arm}[1m])) / sum(rate(orders_total{$arm}[1m]))", worse: Lower, limit: "0.95"}}]}}`,
		"a preset":                                   `spec: {analysis: {metrics: [{name: errors, errorRate: {limit: 1%, preset: traefik}}]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := server.client.Create(t.Context(), patched(t, goodCanary, patch), client.DryRunAll); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMetricSourceAccepted(t *testing.T) {
	server := needCluster(t)
	for name, patch := range map[string]string{
		"the least there is":          `{}`,
		"an address with a path":      `spec: {address: "https://metrics.example.com/prometheus/tenant@1"}`,
		"an address with an IP":       `spec: {address: "http://[fd00::1]:9090"}`,
		"a type not known yet":        `spec: {type: new-relic2}`,
		"a delay":                     `spec: {delay: 1m30s}`,
		"a signature":                 `spec: {sigV4: {region: us-gov-west-1}, secretRef: {name: aws}}`,
		"headers, a Secret, a preset": `spec: {headers: {X-Scope-OrgID: shop}, secretRef: {name: prometheus.token}, preset: opentelemetry, timeout: 60s, default: true}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := server.client.Create(t.Context(), patched(t, goodSource, patch), client.DryRunAll); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnEmptyCanaryShowsItsDefaults(t *testing.T) {
	server := needCluster(t)
	canary := &v1alpha1.Canary{
		ObjectMeta: metav1.ObjectMeta{Name: "read-api", Namespace: "default"},
		Spec:       v1alpha1.CanarySpec{TargetRef: v1alpha1.TargetReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "read-api"}},
	}
	want := canary.Spec.DeepCopy()
	want.Analysis = v1alpha1.Analysis{
		Interval:       &metav1.Duration{Duration: v1alpha1.DefaultInterval},
		WarmUp:         &metav1.Duration{Duration: v1alpha1.DefaultWarmUp},
		Deadline:       &metav1.Duration{Duration: v1alpha1.DefaultDeadline},
		OnInconclusive: v1alpha1.DefaultOnInconclusive,
		MinRequests:    new(v1alpha1.DefaultMinRequests),

		FalseRollbackRate: v1alpha1.DefaultFalseRollbackRate,
	}
	if err := server.client.Create(t.Context(), canary, client.DryRunAll); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*want, canary.Spec); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
}

func TestAnEmptyMetricSourceShowsItsDefaults(t *testing.T) {
	server := needCluster(t)
	source := object(t, goodSource)
	if err := server.client.Create(t.Context(), source, client.DryRunAll); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"type": "prometheus", "address": "http://prometheus.monitoring:9090", "default": false, "timeout": v1alpha1.DefaultTimeout.String()}
	if diff := cmp.Diff(want, source.Object["spec"]); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
}

func TestListsAreLeftAsWritten(t *testing.T) {
	server := needCluster(t)
	canary := patched(t, goodCanary, `spec: {steps: [{weight: 100}], analysis: {metrics: [{name: latency, latency: {limit: 1s}}]}}`)
	want := canary.DeepCopy()
	if err := server.client.Create(t.Context(), canary, client.DryRunAll); err != nil {
		t.Fatal(err)
	}
	for _, path := range [][]string{{"spec", "steps"}, {"spec", "analysis", "metrics"}, {"spec", "traffic"}} {
		wanted, _, _ := unstructured.NestedFieldNoCopy(want.Object, path...)
		got, _, _ := unstructured.NestedFieldNoCopy(canary.Object, path...)
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("%s (-written +stored):\n%s", strings.Join(path, "."), diff)
		}
	}
}

func TestSamplesAreAccepted(t *testing.T) {
	server := needCluster(t)
	files, err := filepath.Glob(samples + "/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("found %d samples, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			o := object(t, string(text))
			if o.GetKind() == "Canary" {
				o.SetNamespace("default")
			}
			if err := server.client.Create(t.Context(), o, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict)); err != nil {
				t.Error(err)
			}
		})
	}
}

// Every Canary and MetricSource that the documentation shows has to work as it is shown.
func TestWhatTheDocumentationShowsIsAccepted(t *testing.T) {
	server := needCluster(t)
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split(string(text), "```yaml\n")[1:] {
			block, _, _ = strings.Cut(block, "```")
			if !strings.HasPrefix(block, "apiVersion: "+v1alpha1.GroupVersion().String()) {
				continue
			}
			shown++
			o := object(t, block)
			if o.GetKind() == "Canary" {
				o.SetNamespace("default")
			}
			if err := server.client.Create(t.Context(), o, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict)); err != nil {
				t.Errorf("%s shows\n%s\nwhich is refused: %v", page, block, err)
			}
		}
	}
	if shown < 5 {
		t.Errorf("found only %d objects in the documentation", shown)
	}
}

func TestStatusIsWrittenApartFromTheSpec(t *testing.T) {
	server := needCluster(t)
	canary := &v1alpha1.Canary{}
	if err := yaml.UnmarshalStrict([]byte(goodCanary), canary); err != nil {
		t.Fatal(err)
	}
	canary.Namespace = server.namespace(t)
	canary.Status = fullStatus()
	if err := server.client.Create(t.Context(), canary); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(v1alpha1.CanaryStatus{}, canary.Status); diff != "" {
		t.Errorf("a status came in with the spec:\n%s", diff)
	}

	canary.Spec.Analysis.Source = "written-with-the-status"
	canary.Status = fullStatus()
	if err := server.client.Status().Update(t.Context(), canary); err != nil {
		t.Fatal(err)
	}
	if err := server.client.Get(t.Context(), client.ObjectKeyFromObject(canary), canary); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fullStatus(), canary.Status); diff != "" {
		t.Errorf("status (-written +stored):\n%s", diff)
	}
	if canary.Spec.Analysis.Source != "prometheus" || canary.Generation != 1 {
		t.Errorf("the spec changed with the status: source %s, generation %d", canary.Spec.Analysis.Source, canary.Generation)
	}
}

func TestStatusRefused(t *testing.T) {
	server := needCluster(t)
	canary := &v1alpha1.Canary{}
	if err := yaml.UnmarshalStrict([]byte(goodCanary), canary); err != nil {
		t.Fatal(err)
	}
	canary.Namespace = server.namespace(t)
	if err := server.client.Create(t.Context(), canary); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change        func(*v1alpha1.CanaryStatus)
		field, advice string
	}{
		"a message that was not cut": {func(s *v1alpha1.CanaryStatus) { s.Message = strings.Repeat("é", v1alpha1.MaxMessage+1) }, "status.message", "may not be more than 1024"},
		"a weight above the plan":    {func(s *v1alpha1.CanaryStatus) { s.Weight = 101 }, "status.weight", "less than or equal to 100"},
		"a phase of no release":      {func(s *v1alpha1.CanaryStatus) { s.Phase = "Canarying" }, "status.phase", "supported values"},
		"more releases than are kept": {func(s *v1alpha1.CanaryStatus) {
			for range v1alpha1.MaxHistory {
				s.History = append(s.History, s.History[0])
			}
		}, "status.history", "must have at most 10 items"},
		"a verb's value that was not cut": {func(s *v1alpha1.CanaryStatus) {
			s.Rollout.Acknowledged["promote"] = strings.Repeat("a", v1alpha1.MaxVerbValue+1)
		}, "status.rollout.acknowledged", "values of at most 253"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := canary.DeepCopy()
			changed.Status = fullStatus()
			tc.change(&changed.Status)
			assertCause(t, server.client.Status().Update(t.Context(), changed, client.DryRunAll), tc.field, tc.advice)
		})
	}
}

// fullStatus uses every field, up to its bounds where that is easy.
func fullStatus() v1alpha1.CanaryStatus {
	now := metav1.NewTime(time.Date(2026, 11, 22, 7, 0, 0, 0, time.UTC).Local())
	return v1alpha1.CanaryStatus{
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonStepAdvanced,
			Message: "the candidate has 50% of the traffic", ObservedGeneration: 1, LastTransitionTime: now,
		}},
		ObservedGeneration: 1,
		ObservedRevision:   "6d4cf56db6",
		Phase:              v1alpha1.PhaseProgressing,
		Weight:             50,
		Step:               "2/3",
		Verdict:            "Inconclusive",
		Revision:           "6d4cf56db6",
		Message:            strings.Repeat("é", v1alpha1.MaxMessage),
		Rollout: &v1alpha1.RolloutStatus{
			Phase: v1alpha1.PhaseProgressing, Baseline: "5c689d88bb", Candidate: "6d4cf56db6", Refused: true, Weight: 50, Passed: true, Waived: true,
			Paused: true, Forced: true, ApprovedWeight: 10, StartedAt: &now, EnteredAt: &now, SettledAt: &now,
			Reason: v1alpha1.ReasonStepAdvanced, Cause: "none", Acknowledged: map[string]string{"promote": "6d4cf56db6@" + strings.Repeat("a", v1alpha1.MaxVerbValue-11)},
		},
		Analysis: &v1alpha1.AnalysisStatus{
			Source: "prometheus", Since: &now, Until: &now, Verdict: "Inconclusive", Message: "too few requests",
			Metrics: []v1alpha1.MetricStatus{{
				Name: "latency", Verdict: "Pass", Baseline: "93ms", Candidate: "95ms", Difference: "+2ms (-1ms to +5ms)", Limit: "102ms",
				BaselineRequests: 1000, CandidateRequests: 110, Message: "within the limit",
			}},
		},
		History: []v1alpha1.Release{{Revision: "5c689d88bb", Outcome: "Promoted", Reason: v1alpha1.ReasonPromoted, Message: "passed 3 steps", StartedAt: &now, EndedAt: &now}},
	}
}

func hundredSteps() string {
	steps := make([]string, 100)
	for i := range steps {
		steps[i] = "{weight: " + strconv.Itoa(i+1) + "}"
	}
	return strings.Join(steps, ", ")
}
