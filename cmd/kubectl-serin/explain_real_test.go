package main

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// worse is how the operator tells of a refusal by the evidence.
func worse(s *v1alpha1.CanaryStatus) {
	refusedBecause("revision " + candidateRevision + " was refused at step 1 of 3 (weight 10%): errors 5.8% vs 0.21% on the baseline (+5.6 points; between +0.24 and +11.3; allowed +0.1) of 600 requests. " +
		"The traffic goes back to baseline " + baselineRevision + ". Push a fix, revert, or try again with serin.dev/retry=" + candidateRevision)(s)
	since, until := metav1.NewTime(time.Unix(1772626000, 0)), metav1.NewTime(time.Unix(1772626295, 0))
	s.Analysis = &v1alpha1.AnalysisStatus{Since: &since, Until: &until, Verdict: "Fail", Metrics: []v1alpha1.MetricStatus{
		{Name: "errors", Verdict: "Fail", Baseline: "0.21%", Candidate: "5.8%", Difference: "+5.6 points (+0.24 to +11.3)", Limit: "0.31%", BaselineRequests: 5400, CandidateRequests: 600},
	}}
}

func explained(t *testing.T, s *stage) {
	ns := s.namespace(t)
	source := &v1alpha1.MetricSource{ObjectMeta: metav1.ObjectMeta{Name: ns}, Spec: v1alpha1.MetricSourceSpec{Type: "prometheus", Address: "http://prometheus.monitoring:9090", Preset: "classic"}}
	if err := s.client.Create(t.Context(), source); err != nil {
		t.Fatal(err)
	}
	c := s.canary(t, ns, "read-api", v1alpha1.PhaseProgressing, worse)
	before := c.DeepCopy()
	c.Spec.Analysis.Source = ns
	if err := s.client.Patch(t.Context(), c, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	s.deployment(t, c)
	got := s.ask(t, "explain", "read-api", "-n", ns)
	for _, want := range []string{
		"was refused at step 1 of 3 (weight 10%)", "errors 5.8% vs 0.21%", "kubectl serin retry read-api -n " + ns, "prometheus at http://prometheus.monitoring:9090",
		`sum by (code, status, status_code) (increase({__name__="http_requests_total",`, `namespace="` + ns + `",pod=~"read-api-` + candidateRevision + `-[a-z0-9]{5}"}[295s] @ 1772626295))`,
		`pod=~"read-api-` + baselineRevision + `-[a-z0-9]{5}"`, "histogram_quantile(0.95",
	} {
		if !strings.Contains(got.out, want) {
			t.Errorf("it lacks %s", want)
		}
	}
	if t.Failed() || got.code != exitFine || testing.Verbose() {
		t.Logf("%d\n%s\n%s", got.code, got.out, got.err)
	}
	if status := s.ask(t, "status", "read-api", "-n", ns); testing.Verbose() {
		t.Logf("\n%s", status.out)
	}
}

func explainedWithoutSource(t *testing.T, s *stage) {
	ns := s.namespace(t)
	c := s.canary(t, ns, "read-api", v1alpha1.PhaseProgressing, worse)
	before := c.DeepCopy()
	c.Spec.Analysis.Source = "nowhere"
	if err := s.client.Patch(t.Context(), c, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	if got := s.ask(t, "explain", "read-api", "-n", ns); got.code != exitFine || !strings.Contains(got.out, "errors 5.8%") || !strings.Contains(got.out, "the MetricSource nowhere can't be read") {
		t.Errorf("%+v", got)
	}
}

func noCluster(t *testing.T, s *stage) {
	nobody := writeKubeconfig(t, "http://127.0.0.1:1")
	for _, args := range []string{"list", "status read-api", "status read-api --wait", "status read-api --watch", "abort read-api"} {
		if got := s.askVia(t, nobody, strings.Fields(args)...); got.code != exitFailed || !strings.Contains(got.err, "the cluster can't be asked") {
			t.Errorf("%s: %+v", args, got)
		}
	}
	if got := s.askVia(t, "/no/such/file", "list"); got.code == exitFine {
		t.Errorf("%+v", got)
	}
}

// noSerin asks for a kind that the API server does not have.
func noSerin(t *testing.T, s *stage) {
	kind := schema.GroupVersionKind{Group: "serin.example", Version: "v1", Kind: "Canary"}
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(kind, meta.RESTScopeNamespace)
	other, err := client.New(s.config, client.Options{Mapper: mapper})
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{namespace: "default"}
	one, all := &unstructured.Unstructured{}, &unstructured.UnstructuredList{}
	one.SetGroupVersionKind(kind)
	all.SetGroupVersionKind(kind.GroupVersion().WithKind("CanaryList"))
	for _, err := range []error{
		other.List(t.Context(), all),
		other.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "read-api"}, one),
	} {
		if text := c.refusal("the Canary read-api", err).Error(); !strings.Contains(text, "Serin is not installed there") {
			t.Errorf("%v: %s", err, text)
		}
	}
}
