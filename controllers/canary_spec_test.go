package controllers

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload"
)

func TestEveryFieldOfTheMemorySurvivesTheStatus(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		want := rollout.State{}
		fill(random, reflect.ValueOf(&want).Elem())
		status := memoryOf(want)
		// The status goes through the API server as JSON, which keeps whole seconds.
		got := stateFrom(status.DeepCopy())
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("memory changed on its way through the status (-want +got):\n%s", diff)
		}
		if got != want {
			t.Fatalf("memory is equal but not ==, which tells a change from none: %#v and %#v", want, got)
		}
	}
}

// fill sets every field to something that is not its zero value, so that a field that is forgotten in the mapping is found.
func fill(random *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1_700_000_000+random.Int64N(1_000_000), 0).UTC()))
			return
		}
		for i := range v.NumField() {
			fill(random, v.Field(i))
		}
	case reflect.String:
		v.SetString("word-" + string(rune('a'+random.IntN(26))))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32:
		v.SetInt(1 + random.Int64N(100))
	default:
		panic("no value for a " + v.Kind().String())
	}
}

func TestPlanFrom(t *testing.T) {
	seconds := func(n int) *metav1.Duration { return &metav1.Duration{Duration: time.Duration(n) * time.Second} }
	canary := &v1alpha1.Canary{Spec: v1alpha1.CanarySpec{
		Traffic: &v1alpha1.Traffic{},
		Steps:   []v1alpha1.Step{{Weight: 10, Bake: seconds(5)}, {Weight: 100, Bake: seconds(7), Approval: true}},
		Analysis: v1alpha1.Analysis{
			Interval: seconds(2), WarmUp: seconds(3), Deadline: seconds(60), OnInconclusive: v1alpha1.InconclusiveHold,
			Metrics: []v1alpha1.Metric{
				{Name: "errors", ErrorRate: &v1alpha1.ErrorRateMetric{MaxIncrease: &v1alpha1.ErrorRateIncrease{Absolute: "0.1%"}, Limit: "1%"}},
				{Name: "latency", Latency: &v1alpha1.LatencyMetric{Quantile: "p99", MaxIncrease: &v1alpha1.LatencyIncrease{Relative: "10%", Absolute: "5ms"}, Limit: "500ms"}},
			},
		},
	}}
	plan, asked, err := planFrom(canary, workload.Observation{ProgressDeadlineSeconds: 600}, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Capacity == nil || plan.PodShare {
		t.Errorf("a routed Canary needs a capacity and is no pod share: %+v", plan)
	}
	plan.Capacity = nil
	wantPlan := rollout.Plan{
		Steps:    []rollout.Step{{Weight: 10, Bake: 5 * time.Second}, {Weight: 100, Bake: 7 * time.Second, Approval: true}},
		Interval: 2 * time.Second, EvidenceDeadline: time.Minute, OnInconclusive: rollout.HoldIfInconclusive,
		ReadyDeadline: 10 * time.Minute, Drain: time.Second,
	}
	if diff := cmp.Diff(wantPlan, plan); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	wantCriteria := []analysis.Criterion{
		{Name: "errors", Errors: true, Absolute: 0.001, Limit: 0.01},
		{Name: "latency", Quantile: 0.99, Relative: 0.1, Absolute: 0.005, Limit: 0.5},
	}
	if diff := cmp.Diff(wantCriteria, asked.policy.Criteria); diff != "" {
		t.Errorf("criteria (-want +got):\n%s", diff)
	}
	if asked.policy.MinRequests != float64(v1alpha1.DefaultMinRequests) || asked.policy.WarmUp != 3*time.Second {
		t.Errorf("policy %+v, warm-up %s", asked.policy, asked.policy.WarmUp)
	}
}

func TestPlanFromNamesTheFieldItCannotRead(t *testing.T) {
	for want, metric := range map[string]v1alpha1.Metric{
		"spec.analysis.metrics[0]: errorRate.limit":              {Name: "m", ErrorRate: &v1alpha1.ErrorRateMetric{Limit: "1"}},
		"spec.analysis.metrics[0]: latency.maxIncrease.absolute": {Name: "m", Latency: &v1alpha1.LatencyMetric{MaxIncrease: &v1alpha1.LatencyIncrease{Absolute: "5"}}},
		"spec.analysis.metrics[0]: latency.quantile":             {Name: "m", Latency: &v1alpha1.LatencyMetric{Quantile: "p42"}},
		"spec.analysis.metrics[0]: write errorRate or latency":   {Name: "m"},
	} {
		canary := &v1alpha1.Canary{Spec: v1alpha1.CanarySpec{Analysis: v1alpha1.Analysis{Metrics: []v1alpha1.Metric{metric}}}}
		if _, _, err := planFrom(canary, workload.Observation{}, 0); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error is %v, want one that begins with %q", err, want)
		}
	}
}
