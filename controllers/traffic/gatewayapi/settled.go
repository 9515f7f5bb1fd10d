package gatewayapi

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// parentsOf reads spec.parentRefs.
func parentsOf(route *unstructured.Unstructured) ([]gatewayv1.ParentReference, error) {
	spec, _, _ := unstructured.NestedMap(route.Object, "spec")
	var common gatewayv1.CommonRouteSpec
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(spec, &common); err != nil {
		return nil, fmt.Errorf("reading spec.parentRefs: %w", err)
	}
	return common.ParentRefs, nil
}

// waitsFor names the first of the parents that has not acknowledged the route as it is now, and what it says; empty when all have.
// Reports about parents that the route no longer names count for nothing: their controllers may be gone, and with them whoever
// would remove the report.
func waitsFor(route *unstructured.Unstructured, parents []gatewayv1.ParentReference) (string, error) {
	raw, _, _ := unstructured.NestedMap(route.Object, "status")
	var status gatewayv1.RouteStatus
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &status); err != nil {
		return "", fmt.Errorf("reading status.parents: %w", err)
	}
	for _, parent := range parents {
		reported := false
		for _, report := range status.Parents {
			if !sameParent(parent, report.ParentRef, route.GetNamespace()) {
				continue
			}
			reported = true
			if message := missing(report.Conditions, route.GetGeneration()); message != "" {
				return fmt.Sprintf("%s (%s) %s", describe(parent), report.ControllerName, message), nil
			}
		}
		if !reported {
			return fmt.Sprintf("%s has not reported on the route yet: does the Gateway exist, and does a controller serve it?",
				describe(parent)), nil
		}
	}
	return "", nil
}

// missing says what conditions lack to be an acknowledgement of generation.
func missing(conditions []metav1.Condition, generation int64) string {
	for _, kind := range []gatewayv1.RouteConditionType{gatewayv1.RouteConditionAccepted, gatewayv1.RouteConditionResolvedRefs} {
		c := meta.FindStatusCondition(conditions, string(kind))
		switch {
		case c == nil:
			return fmt.Sprintf("has not said %s yet", kind)
		case c.ObservedGeneration < generation:
			return fmt.Sprintf("has acknowledged generation %d of the route, and it is at %d", c.ObservedGeneration, generation)
		case c.Status != metav1.ConditionTrue:
			return strings.TrimSuffix(fmt.Sprintf("says %s=%s (%s): %s", kind, c.Status, c.Reason, c.Message), ": ")
		}
	}
	return ""
}

func sameParent(a, b gatewayv1.ParentReference, namespace string) bool {
	return or(a.Group, gatewayv1.GroupName) == or(b.Group, gatewayv1.GroupName) &&
		or(a.Kind, "Gateway") == or(b.Kind, "Gateway") &&
		or(a.Namespace, gatewayv1.Namespace(namespace)) == or(b.Namespace, gatewayv1.Namespace(namespace)) &&
		a.Name == b.Name &&
		or(a.SectionName, "") == or(b.SectionName, "") &&
		or(a.Port, 0) == or(b.Port, 0)
}

// describe names a parent as people write it.
func describe(p gatewayv1.ParentReference) string {
	name := string(p.Name)
	if p.Namespace != nil {
		name = string(*p.Namespace) + "/" + name
	}
	if p.SectionName != nil {
		name += ", section " + string(*p.SectionName)
	}
	return fmt.Sprintf("%s %s", or(p.Kind, "Gateway"), name)
}

func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
