package argocd

import (
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// verdict is what Flux and helm --wait make of an object.
func verdict(t *testing.T, obj map[string]any) *status.Result {
	t.Helper()
	result, err := status.Compute(&unstructured.Unstructured{Object: obj})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// wantedVerdict allows both for what is told of a release under way that a person has to mend: it moves, and it stands still.
func wantedVerdict(s state) []status.Status {
	switch {
	case s.late:
		return []status.Status{status.InProgressStatus}
	case s.inFlight() && s.obstructed:
		return []status.Status{status.InProgressStatus, status.FailedStatus}
	case s.obstructed, s.phase == v1alpha1.PhaseFailed:
		return []status.Status{status.FailedStatus}
	case s.inFlight(), s.rolling():
		return []status.Status{status.InProgressStatus}
	}
	return []status.Status{status.CurrentStatus}
}

func TestKstatusInEveryPhaseForEveryReason(t *testing.T) {
	for _, s := range everyState(t) {
		obj, err := runtime.DefaultUnstructuredConverter.ToUnstructured(s.canary())
		if err != nil {
			t.Fatal(err)
		}
		got := verdict(t, obj)
		found := false
		for _, want := range wantedVerdict(s) {
			found = found || got.Status == want
		}
		if !found {
			t.Errorf("%s: it is %s, wanted %s", s, got.Status, wantedVerdict(s))
		}
		if got.Status == status.FailedStatus && got.Message != mend {
			t.Errorf("%s: the failure is told as %q", s, got.Message)
		}
	}
}

// TestKstatusOfRealObjects compares the two: what Argo CD shows as Healthy is Current, and what is Degraded has failed.
func TestKstatusOfRealObjects(t *testing.T) {
	for _, kind := range []string{"Canary", "MetricSource"} {
		for _, test := range read[healthTests](t, kind, "health_test.yaml").Tests {
			t.Run(kind+"/"+test.InputPath, func(t *testing.T) {
				obj := &unstructured.Unstructured{}
				raw, err := yaml.YAMLToJSON([]byte(script(t, kind+"/"+test.InputPath)))
				if err == nil {
					err = obj.UnmarshalJSON(raw)
				}
				if err != nil {
					t.Fatal(err)
				}
				got := verdict(t, obj.Object).Status
				if test.HealthStatus.Status == "Healthy" && got != status.CurrentStatus {
					t.Errorf("healthy, and %s", got)
				}
				if test.HealthStatus.Status == "Degraded" && kind == "Canary" && got != status.FailedStatus {
					t.Errorf("degraded, and %s", got)
				}
			})
		}
	}
}

// TestKstatusWaitsForAHeldDeployment: between a push and the operator's first look the Canary is Current by its last release. The Deployment is not, for the gate
// paused it in the very write.
func TestKstatusWaitsForAHeldDeployment(t *testing.T) {
	held := &unstructured.Unstructured{}
	err := yaml.Unmarshal([]byte(`{apiVersion: apps/v1, kind: Deployment, metadata: {name: read-api, namespace: shop, generation: 2},
spec: {paused: true, replicas: 4}, status: {observedGeneration: 2, replicas: 4, readyReplicas: 4, availableReplicas: 4,
conditions: [{type: Available, status: "True"}, {type: Progressing, status: Unknown, reason: DeploymentPaused}]}}`), &held)
	if err != nil {
		t.Fatal(err)
	}
	if got := verdict(t, held.Object); got.Status != status.InProgressStatus {
		t.Errorf("it is %s: %s", got.Status, got.Message)
	}
}
