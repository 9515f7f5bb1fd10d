package e2e

import (
	"cmp"
	"reflect"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// world is what a namespace holds at one moment. Its objects must not be changed.
type world struct {
	objects map[identity]client.Object
}

type identity struct {
	kind reflect.Type
	name string
}

func newWorld() *world { return &world{objects: map[identity]client.Object{}} }

func (w *world) apply(e entry) {
	id := identity{reflect.TypeOf(e.object), e.object.GetName()}
	if e.deleted {
		delete(w.objects, id)
		return
	}
	w.objects[id] = e.object
}

// get is the object of that kind and name, or nil.
func get[T client.Object](w *world, name string) T {
	o, _ := w.objects[identity{reflect.TypeFor[T](), name}].(T)
	return o
}

// all are the objects of a kind, by name.
func all[T client.Object](w *world) []T {
	var out []T
	for _, o := range w.objects {
		if o, ok := o.(T); ok {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b T) int { return cmp.Compare(a.GetName(), b.GetName()) })
	return out
}

// canary is the only one of a namespace; an empty one where there is none, so that conditions on it read plainly.
func (w *world) canary() *v1alpha1.Canary {
	if c := get[*v1alpha1.Canary](w, appName); c != nil {
		return c
	}
	return &v1alpha1.Canary{}
}

func (w *world) phase() v1alpha1.Phase { return w.canary().Status.Phase }

func (w *world) weight() int32 { return w.canary().Status.Weight }

func (w *world) deployment() *appsv1.Deployment {
	if d := get[*appsv1.Deployment](w, appName); d != nil {
		return d
	}
	return &appsv1.Deployment{}
}

func (w *world) route() *gatewayv1.HTTPRoute {
	return get[*gatewayv1.HTTPRoute](w, appName)
}

// pods are those of a version, those that are leaving included.
func (w *world) pods(version string) []*corev1.Pod {
	return slices.DeleteFunc(all[*corev1.Pod](w), func(p *corev1.Pod) bool { return versionOf(p.Spec) != version })
}

// available counts the pods of a version that serve and stay.
func (w *world) available(version string) int {
	n := 0
	for _, p := range w.pods(version) {
		if serves(p) {
			n++
		}
	}
	return n
}

func serves(p *corev1.Pod) bool {
	if p.DeletionTimestamp != nil {
		return false
	}
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// versionOf is what pods of a template call themselves in their answers.
func versionOf(spec corev1.PodSpec) string {
	for _, e := range spec.Containers[0].Env {
		if e.Name == versionVariable {
			return e.Value
		}
	}
	return ""
}

// replicaSet is the one of a version, or nil.
func (w *world) replicaSet(version string) *appsv1.ReplicaSet {
	for _, rs := range all[*appsv1.ReplicaSet](w) {
		if versionOf(rs.Spec.Template.Spec) == version {
			return rs
		}
	}
	return nil
}

// revision is the name of a version's ReplicaSet in statuses and verbs.
func (w *world) revision(version string) string {
	if rs := w.replicaSet(version); rs != nil {
		return rs.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
	}
	return ""
}

// shipsBy says that the Deployment itself wants pods of a version.
func (w *world) shipsBy(version string) *appsv1.ReplicaSet {
	for _, rs := range all[*appsv1.ReplicaSet](w) {
		owner := metav1.GetControllerOf(rs)
		if versionOf(rs.Spec.Template.Spec) == version && owner != nil && owner.Kind == "Deployment" && *rs.Spec.Replicas > 0 {
			return rs
		}
	}
	return nil
}

// events are those about an object's kind with a reason.
func (w *world) events(kind, reason string) []*eventsv1.Event {
	return slices.DeleteFunc(all[*eventsv1.Event](w), func(e *eventsv1.Event) bool {
		return e.Regarding.Kind != kind || e.Reason != reason
	})
}

// told says that both Canary and Deployment have an event with a reason.
func (w *world) told(reason string) bool {
	return len(w.events("Canary", reason)) > 0 && len(w.events("Deployment", reason)) > 0
}

// endpoints counts the pods that a Service sends requests to.
func (w *world) endpoints(service string) int {
	ready := map[types.UID]bool{}
	for _, slice := range all[*discoveryv1.EndpointSlice](w) {
		if slice.Labels[discoveryv1.LabelServiceName] != service {
			continue
		}
		for _, e := range slice.Endpoints {
			if e.TargetRef != nil && (e.Conditions.Ready == nil || *e.Conditions.Ready) {
				ready[e.TargetRef.UID] = true
			}
		}
	}
	return len(ready)
}

// share is the part of a route's requests, in percent, that goes to Services.
type share struct {
	service string
	percent int32
}

// split is where the only rule of the route sends requests to.
func (w *world) split() []share {
	route := w.route()
	if route == nil || len(route.Spec.Rules) == 0 {
		return nil
	}
	refs := route.Spec.Rules[0].BackendRefs
	total := int32(0)
	for _, ref := range refs {
		total += weightOf(ref)
	}
	var out []share
	for _, ref := range refs {
		if weight := weightOf(ref); weight > 0 {
			out = append(out, share{string(ref.Name), weight * 100 / total})
		}
	}
	return out
}

func weightOf(ref gatewayv1.HTTPBackendRef) int32 {
	if ref.Weight == nil {
		return 1
	}
	return *ref.Weight
}

// routed is the candidate's share by the route, in percent.
func (w *world) routed() int32 {
	for _, s := range w.split() {
		if s.service == appName+"-candidate" {
			return s.percent
		}
	}
	return 0
}
