// Package traffictest holds what every router must do, as a suite of tests, and a router in memory for the tests of those who call one.
package traffictest

import (
	"encoding/json"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/controllers/traffic"
)

// Setup is one route as a person would have written it, and what the suite has to know about its kind. To test much, the route has
// several rules that send requests to the Service, rules that don't, and fields that the router does not know.
type Setup struct {
	// Client reaches the API server that holds the route.
	Client client.Client
	// New makes the router under test.
	New traffic.Factory
	// Kind and Route name the route and the Services.
	Kind  schema.GroupVersionKind
	Route traffic.Route
	// Shares reads the weights of baseline and candidate in every rule that carries a split.
	Shares func(route *unstructured.Unstructured) []Share
	// Foreign returns those parts of the route that no split may touch.
	Foreign func(route *unstructured.Unstructured) any
	// Acknowledge reports the route as it is now as accepted, as the data plane would. It is nil for a kind whose data plane reports
	// nothing; the router then calls every split settled, and its documentation says so.
	Acknowledge func(t *testing.T)
}

// Share holds the weights of one rule.
type Share struct{ Baseline, Candidate int64 }

// Run tests that a router keeps the promises of [traffic.Router]. It calls setup once for each of them, and wants a new route every time.
func Run(t *testing.T, setup func(t *testing.T) Setup) {
	t.Helper()
	cases := []struct {
		name string
		run  func(t *testing.T, s suite)
	}{
		{"a route at rest is home", atRest},
		{"what is set is observed, and shares sum to the whole", setAndObserve},
		{"a second set writes nothing", secondSet},
		{"a weight that is no percentage is refused", noPercentage},
		{"foreign rules and fields survive byte for byte", foreignSurvives},
		{"a route that does not exist", missingRoute},
		{"a route that does not refer to the Service", missingBackend},
		{"a conflict surfaces", conflict},
		{"a split has not settled before it is acknowledged", acknowledged},
		{"release restores the original", release},
		{"release at rest writes nothing", releaseAtRest},
		{"release stopped at any write goes on", releaseStopped},
		{"a reverted route is seen and split again", reverted},
		{"a reverted route is released", revertedAndReleased},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := suite{Setup: setup(t)}
			s.recorder = &recorder{Client: s.Client}
			s.router = s.New(s.recorder)
			c.run(t, s)
		})
	}
}

type suite struct {
	Setup
	recorder *recorder
	router   traffic.Router
}

func (s suite) get(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	route := &unstructured.Unstructured{}
	route.SetGroupVersionKind(s.Kind)
	if err := s.Client.Get(t.Context(), s.Route.Object, route); err != nil {
		t.Fatal(err)
	}
	return route
}

func (s suite) set(t *testing.T, percent int32) {
	t.Helper()
	if err := s.router.SetWeight(t.Context(), s.Route, percent); err != nil {
		t.Fatalf("setting weight %d: %v", percent, err)
	}
}

func (s suite) observe(t *testing.T) traffic.Split {
	t.Helper()
	split, err := s.router.Observe(t.Context(), s.Route)
	if err != nil {
		t.Fatalf("observing: %v", err)
	}
	return split
}

func (s suite) release(t *testing.T) {
	t.Helper()
	if err := s.router.Release(t.Context(), s.Route); err != nil {
		t.Fatalf("releasing: %v", err)
	}
}

func (s suite) acknowledge(t *testing.T) {
	t.Helper()
	if s.Acknowledge != nil {
		s.Acknowledge(t)
	}
}

// revert writes the spec of an earlier state, as a person or Argo CD would, and leaves the rest of the route alone.
func (s suite) revert(t *testing.T, to *unstructured.Unstructured) {
	t.Helper()
	route := s.get(t)
	route.Object["spec"] = to.DeepCopy().Object["spec"]
	if err := s.Client.Update(t.Context(), route, client.FieldOwner("somebody")); err != nil {
		t.Fatal(err)
	}
}

// written is the route without what the API server and the data plane say about it.
func written(t *testing.T, route *unstructured.Unstructured) string {
	t.Helper()
	route = route.DeepCopy()
	for _, field := range []string{"managedFields", "resourceVersion", "generation"} {
		unstructured.RemoveNestedField(route.Object, "metadata", field)
	}
	unstructured.RemoveNestedField(route.Object, "status")
	return text(t, route.Object)
}

func text(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
