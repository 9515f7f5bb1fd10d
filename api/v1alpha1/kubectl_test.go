package v1alpha1_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// applied are the objects that people apply again and again, by hand or through Git.
func applied(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{
		"the one that the documentation shows first": strings.Replace(goodCanary, "namespace: default", "", 1),
		"items of lists without their defaults":      "apiVersion: serin.dev/v1alpha1\nkind: Canary\nmetadata: {name: lists}\nspec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, steps: [{weight: 5}, {weight: 100}], analysis: {metrics: [{name: latency, latency: {limit: 1s}}]}}",
		"durations in another spelling":              "apiVersion: serin.dev/v1alpha1\nkind: Canary\nmetadata: {name: spelling}\nspec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: b}, steps: [{weight: 100, bake: 120s}], analysis: {deadline: 90m}}",
	}
	for _, name := range []string{"canary-minimal", "canary-full", "metricsource-prometheus"} {
		text, err := os.ReadFile(samples + "/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		texts["the sample "+name] = string(text)
	}
	return texts
}

func TestApplyingTwiceChangesNothing(t *testing.T) {
	server := needCluster(t)
	for name, text := range applied(t) {
		for _, mode := range []struct {
			name string
			args []string
			// again is what kubectl says about an object that it found as it should be.
			again string
		}{
			{"client-side", nil, " unchanged\n"},
			{"server-side", []string{"--server-side", "--field-manager=argocd-controller"}, " serverside-applied\n"},
		} {
			t.Run(name+", "+mode.name, func(t *testing.T) {
				apply := append([]string{"apply", "-n", server.namespace(t), "-f", "-"}, mode.args...)
				version := func() string {
					out := server.run(t, text, append(apply, "-o", "jsonpath={.metadata.resourceVersion}/{.metadata.generation}")...)
					return out
				}
				if o := object(t, text); o.GetKind() == "MetricSource" { // it outlives the test's namespace
					server.deleteAfter(t, o)
				}
				first := version()
				if again := version(); again != first {
					t.Errorf("the second apply made version/generation %s from %s", again, first)
				}
				if out := server.run(t, text, apply...); !strings.HasSuffix(out, mode.again) {
					t.Errorf("kubectl said %q, want %q", out, mode.again)
				}
			})
		}
	}
}

var ages = regexp.MustCompile(`[0-9]+[smh]\b`)

// columns is a table as kubectl prints it, with one space between columns and every age as AGE.
func columns(out string) string {
	var lines []string
	for line := range strings.Lines(out) {
		fields := regexp.MustCompile(`\s{2,}`).Split(strings.TrimSpace(line), -1)
		for i, field := range fields {
			if ages.FindString(field) == field && field != "" {
				fields[i] = "0s"
			}
		}
		lines = append(lines, strings.Join(fields, " | "))
	}
	return strings.Join(lines, "\n")
}

func TestPrintedColumns(t *testing.T) {
	server := needCluster(t)
	namespace := server.namespace(t)
	server.run(t, strings.Replace(goodCanary, "namespace: default", "", 1), "apply", "-n", namespace, "-f", "-")
	canary := &v1alpha1.Canary{ObjectMeta: metav1.ObjectMeta{Name: "read-api", Namespace: namespace}}
	if err := server.client.Get(t.Context(), client.ObjectKeyFromObject(canary), canary); err != nil {
		t.Fatal(err)
	}
	canary.Status = fullStatus()
	canary.Status.Message = "step 2 of 3 bakes until 07:05"
	if err := server.client.Status().Update(t.Context(), canary); err != nil {
		t.Fatal(err)
	}

	source := &v1alpha1.MetricSource{
		ObjectMeta: metav1.ObjectMeta{Name: "columns"},
		Spec:       v1alpha1.MetricSourceSpec{Type: "prometheus", Address: "http://prometheus.monitoring:9090"},
	}
	if err := server.client.Create(t.Context(), source); err != nil {
		t.Fatal(err)
	}
	server.deleteAfter(t, source)
	source.Status = v1alpha1.MetricSourceStatus{
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonAnswering, Message: "the backend answers", LastTransitionTime: metav1.NewTime(time.Now()),
		}},
		Latency: &metav1.Duration{Duration: 20 * time.Millisecond},
		Budget:  &v1alpha1.SourceBudget{Limit: 300, Left: 270, Period: &metav1.Duration{Duration: time.Hour}},
	}
	if err := server.client.Status().Update(t.Context(), source); err != nil {
		t.Fatal(err)
	}

	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"a Canary": {
			[]string{"get", "canary"},
			"NAME | PHASE | WEIGHT | STEP | VERDICT | REVISION | AGE\nread-api | Progressing | 50 | 2/3 | Inconclusive | 6d4cf56db6 | 0s",
		},
		"a Canary, by its short name, with its message": {
			[]string{"get", "cny", "-o", "wide"},
			"NAME | PHASE | WEIGHT | STEP | VERDICT | REVISION | AGE | MESSAGE\nread-api | Progressing | 50 | 2/3 | Inconclusive | 6d4cf56db6 | 0s | step 2 of 3 bakes until 07:05",
		},
		"a MetricSource": {
			[]string{"get", "metricsource", "columns"},
			"NAME | TYPE | DEFAULT | READY | REASON | LATENCY | LEFT | AGE\ncolumns | prometheus | false | True | Answering | 20ms | 270 | 0s",
		},
		"a MetricSource, with its address and message": {
			[]string{"get", "metricsource", "columns", "-o", "wide"},
			"NAME | TYPE | DEFAULT | READY | REASON | LATENCY | LEFT | AGE | ADDRESS | MESSAGE\n" +
				"columns | prometheus | false | True | Answering | 20ms | 270 | 0s | http://prometheus.monitoring:9090 | the backend answers",
		},
		"a MetricSource, by its short name": {
			[]string{"get", "msrc", "columns", "-o", "name"},
			"metricsource.serin.dev/columns",
		},
		"everything of the category": {
			[]string{"get", "serin", "-o", "name"},
			"canary.serin.dev/read-api\nmetricsource.serin.dev/columns",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := columns(server.run(t, "", append(tc.args, "-n", namespace)...))
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("kubectl %s (-want +got):\n%s", strings.Join(tc.args, " "), diff)
			}
		})
	}
}

// TestExplain reads the text as a person does: unit, default and an example are there.
func TestExplain(t *testing.T) {
	server := needCluster(t)
	for path, wants := range map[string][]string{
		"canary":                           {"The workload stays as it is; a Canary only watches over its changes."},
		"canary.spec.steps":                {"Left out: 10, 20 ... 100, one minute of bake each.", "weight\t<integer> -required-", "percent, 1 to 100", "Left out: 1m.", "Example: 2m", "kubectl annotate --overwrite canary NAME serin.dev/approve=REVISION"},
		"canary.spec.traffic":              {"follows the number of its pods", "routes\t<[]Object>", "gateway.networking.k8s.io"},
		"canary.spec.analysis.deadline":    {"counts from the end of the bake", "Example: 15m"},
		"canary.spec.analysis.metrics":     {"Left out: an error rate", "Example: {quantile: p95"},
		"canary.spec.analysis.minRequests": {"1 to 1000000"},
		"canary.status.phase":              {"ENUM: Idle Progressing Promoting Finalizing RollingBack Succeeded Failed"},
		"metricsource.spec.delay":          {"Left out: a tenth of the Canary's interval", "Example: 30s"},
		"metricsource.spec.sigV4":          {"aws_secret_access_key of the Secret", "Example: {region: eu-central-1}", "region\t<string> -required-"},
		"metricsource.status":              {"roughly: 1, 2 or 5 and zeros", "written once an hour"},
		"metricsource.spec":                {"Example: http://prometheus.monitoring:9090", "header.NAME", "Example: {X-Scope-OrgID: shop}"},
	} {
		t.Run(path, func(t *testing.T) {
			out := server.run(t, "", "explain", "--api-version=serin.dev/v1alpha1", path)
			for _, want := range wants {
				if !strings.Contains(strings.Join(strings.Fields(out), " "), strings.Join(strings.Fields(want), " ")) {
					t.Errorf("%q is missing from\n%s", want, out)
				}
			}
		})
	}
}

func TestPolicies(t *testing.T) {
	server := needCluster(t)
	server.run(t, "", "apply", "-k", policies)
	for _, kind := range []string{"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"} {
		for _, name := range []string{"serin-one-default-source", "serin-one-canary-per-target"} {
			server.deleteAfter(t, object(t, "{apiVersion: admissionregistration.k8s.io/v1, kind: "+kind+", metadata: {name: "+name+"}}"))
		}
	}
	namespace, other := server.namespace(t), server.namespace(t)
	source := func(name, spec string) client.Object {
		return patched(t, goodSource, "{metadata: {name: "+name+"}, spec: "+spec+"}")
	}
	canary := func(namespace, name, target string) client.Object {
		return patched(t, goodCanary, "{metadata: {name: "+name+", namespace: "+namespace+"}, spec: {targetRef: {name: "+target+"}}}")
	}
	for _, o := range []client.Object{source("first", "{default: true}"), source("second", "{}"), canary(namespace, "first", "read-api")} {
		if err := server.client.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		server.deleteAfter(t, o)
	}
	// A policy and its parameters reach the API server's cache a moment after they were written.
	eventually(t, "the policies to be in force", func() bool {
		return server.client.Create(t.Context(), source("third", "{default: true}"), client.DryRunAll) != nil &&
			server.client.Create(t.Context(), canary(namespace, "second", "read-api"), client.DryRunAll) != nil
	})

	t.Run("a second default source is refused", func(t *testing.T) {
		err := server.client.Create(t.Context(), source("third", "{default: true}"), client.DryRunAll)
		assertDenied(t, err, "spec.default: MetricSource first is the default already: set its default to false first")
	})
	t.Run("a source that becomes a second default is refused", func(t *testing.T) {
		err := server.client.Patch(t.Context(), source("second", "{}"), client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"default":true}}`)), client.DryRunAll)
		assertDenied(t, err, "MetricSource first is the default already")
	})
	t.Run("another source that is no default is welcome", func(t *testing.T) {
		if err := server.client.Create(t.Context(), source("third", "{default: false}"), client.DryRunAll); err != nil {
			t.Error(err)
		}
	})
	t.Run("the default source may change", func(t *testing.T) {
		if err := server.client.Patch(t.Context(), source("first", "{}"), client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"timeout":"5s"}}`)), client.DryRunAll); err != nil {
			t.Error(err)
		}
	})
	t.Run("a second Canary of one workload is refused", func(t *testing.T) {
		err := server.client.Create(t.Context(), canary(namespace, "second", "read-api"), client.DryRunAll)
		assertDenied(t, err, "spec.targetRef: Canary first watches over read-api already: change that one, or delete it first")
	})
	t.Run("a Canary of another workload is welcome", func(t *testing.T) {
		if err := server.client.Create(t.Context(), canary(namespace, "second", "write-api"), client.DryRunAll); err != nil {
			t.Error(err)
		}
	})
	t.Run("a Canary of a workload of the same name elsewhere is welcome", func(t *testing.T) {
		if err := server.client.Create(t.Context(), canary(other, "first", "read-api"), client.DryRunAll); err != nil {
			t.Error(err)
		}
	})
}

func assertDenied(t *testing.T, err error, advice string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), advice) {
		t.Errorf("got %v, want it denied with %q", err, advice)
	}
}

func eventually(t *testing.T, what string, claim func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !claim(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
