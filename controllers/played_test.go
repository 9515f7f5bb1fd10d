package controllers

import (
	"context"
	"fmt"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/analysistest"
	"github.com/serin-dev/serin/controllers/traffic/gatewayapi"
)

// gateway plays the data plane: it acknowledges the route before every pass, unless it is deaf.
type gateway struct {
	t      *testing.T
	client client.Client
	route  types.NamespacedName
	deaf   bool
}

func (g *gateway) kind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: gatewayapi.Group, Version: "v1", Kind: "HTTPRoute"}
}

// manifest is the route as its owner wrote it.
func (g *gateway) manifest() *unstructured.Unstructured {
	route := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{
		"parentRefs": []any{map[string]any{"name": "public"}},
		"rules":      []any{map[string]any{"backendRefs": []any{backend("web", 1)}}},
	}}}
	route.SetGroupVersionKind(g.kind())
	route.SetNamespace(g.route.Namespace)
	route.SetName(g.route.Name)
	return route
}

func backend(service string, weight int64) map[string]any {
	return map[string]any{"group": "", "kind": "Service", "name": service, "port": int64(80), "weight": weight}
}

func (g *gateway) live() *unstructured.Unstructured {
	g.t.Helper()
	route := &unstructured.Unstructured{}
	route.SetGroupVersionKind(g.kind())
	err := g.client.Get(g.t.Context(), g.route, route)
	if client.IgnoreNotFound(err) != nil {
		g.t.Fatal(err)
	}
	return route
}

// acknowledge reports on the route as it is, if that was not reported yet.
func (g *gateway) acknowledge() {
	g.t.Helper()
	route := g.live()
	reports, _, _ := unstructured.NestedSlice(route.Object, "status", "parents")
	if g.deaf || route.GetUID() == "" || len(reports) > 0 && acknowledged(reports[0]) == route.GetGeneration() {
		return
	}
	report := gatewayv1.RouteParentStatus{ParentRef: gatewayv1.ParentReference{Name: "public"}, ControllerName: "example.com/gateway"}
	for _, condition := range []string{"Accepted", "ResolvedRefs"} {
		report.Conditions = append(report.Conditions, metav1.Condition{
			Type: condition, Status: metav1.ConditionTrue, Reason: condition,
			ObservedGeneration: route.GetGeneration(), LastTransitionTime: metav1.Now().Rfc3339Copy(),
		})
	}
	status, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&gatewayv1.RouteStatus{Parents: []gatewayv1.RouteParentStatus{report}})
	if err != nil {
		g.t.Fatal(err)
	}
	route.Object["status"] = status
	if err := g.client.Status().Update(g.t.Context(), route); err != nil {
		g.t.Fatal(err)
	}
}

// acknowledged is the generation that a report is about.
func acknowledged(report any) int64 {
	m, _ := report.(map[string]any)
	conditions, _, _ := unstructured.NestedSlice(m, "conditions")
	if len(conditions) == 0 {
		return 0
	}
	condition, _ := conditions[0].(map[string]any)
	generation, _ := condition["observedGeneration"].(int64)
	return generation
}

// split is what a route says: home, or its weights by Service.
func split(route *unstructured.Unstructured) string {
	rules, _, _ := unstructured.NestedSlice(route.Object, "spec", "rules")
	text := ""
	for _, rule := range rules {
		refs, _, _ := unstructured.NestedSlice(rule.(map[string]any), "backendRefs")
		for _, ref := range refs {
			m, _ := ref.(map[string]any)
			text += fmt.Sprintf("%v:%v ", m["name"], m["weight"])
		}
	}
	if text == "web:1 " {
		return "home"
	}
	return text
}

// share is the candidate's weight in a route.
func share(route *unstructured.Unstructured) int64 {
	rules, _, _ := unstructured.NestedSlice(route.Object, "spec", "rules")
	most := int64(0)
	for _, rule := range rules {
		refs, _, _ := unstructured.NestedSlice(rule.(map[string]any), "backendRefs")
		for _, ref := range refs {
			if m, _ := ref.(map[string]any); m["name"] == "web-candidate" {
				weight, _ := m["weight"].(int64)
				most = max(most, weight)
			}
		}
	}
	return most
}

// playedSource plays a metrics backend. It answers what its Fake is told, or does not answer at all while it is silent.
type playedSource struct {
	*analysistest.Fake
	mu      sync.Mutex
	silence chan struct{}
	check   func(analysis.Subject) error
}

// refuse makes the source refuse what it is asked about some subjects; nil refuses nothing.
func (s *playedSource) refuse(check func(analysis.Subject) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.check = check
}

// Check says whether a subject is refused.
func (s *playedSource) Check(subject analysis.Subject, _ []analysis.Query) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.check == nil {
		return nil
	}
	return s.check(subject)
}

// newSource is a source that finds nothing wrong.
func newSource(t *testing.T) *playedSource {
	s := &playedSource{Fake: &analysistest.Fake{}}
	s.errs(2)
	t.Cleanup(s.speak)
	return s
}

// errs makes every look find that many errors in 2000 requests to the candidate; the baseline has 2.
func (s *playedSource) errs(candidate float64) {
	s.Answer(func(_ analysis.Subject, queries []analysis.Query, w analysis.Window) ([]analysis.Observation, error) {
		var found []analysis.Observation
		for _, q := range queries {
			found = append(found,
				analysis.Observation{Metric: q.Metric, Arm: analysis.Baseline, Window: w, Requests: 2000, Errors: 2},
				analysis.Observation{Metric: q.Metric, Arm: analysis.Candidate, Window: w, Requests: 2000, Errors: candidate})
		}
		return found, nil
	})
}

// hush makes every look hang until the source speaks again.
func (s *playedSource) hush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silence = make(chan struct{})
}

func (s *playedSource) speak() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.silence != nil {
		close(s.silence)
		s.silence = nil
	}
}

func (s *playedSource) isSilent() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.silence != nil
}

// Count waits for the end of the silence.
func (s *playedSource) Count(ctx context.Context, subject analysis.Subject, queries []analysis.Query, ws []analysis.Window) ([]analysis.Observation, error) {
	s.mu.Lock()
	silence := s.silence
	s.mu.Unlock()
	if err := s.Check(subject, queries); err != nil {
		return nil, err
	}
	if silence != nil {
		select {
		case <-silence:
		case <-ctx.Done():
		}
	}
	return s.Fake.Count(ctx, subject, queries, ws)
}

// recorder keeps the events.
type recorder struct {
	mu    sync.Mutex
	lines []told
}

// told is one event: about what, and the line that people read.
type told struct{ about, line string }

// Eventf keeps one event.
func (r *recorder) Eventf(about, _ runtime.Object, kind, reason, _, note string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	named := "Canary"
	if reference, ok := about.(*corev1.ObjectReference); ok {
		named = reference.Kind
	}
	r.lines = append(r.lines, told{named, kind + " " + reason + ": " + fmt.Sprintf(note, args...)})
}

// about are the events on objects of a kind, in order.
func (r *recorder) about(kind string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var lines []string
	for _, l := range r.lines {
		if l.about == kind {
			lines = append(lines, l.line)
		}
	}
	return lines
}

func kindOf(c client.Client, o client.Object) string {
	kind, err := apiutil.GVKForObject(o, c.Scheme())
	if err != nil {
		return err.Error()
	}
	return kind.Kind
}
