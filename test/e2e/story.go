package e2e

import (
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// story tells what happened, a line for each write that changed something worth reading.
func (j *journal) story() string {
	var b strings.Builder
	last := map[string]string{}
	w := newWorld()
	for _, e := range j.history() {
		w.apply(e)
		line := line(w, e)
		who := fmt.Sprintf("%T %s", e.object, e.object.GetName())
		if line == "" || last[who] == line {
			continue
		}
		last[who] = line
		fmt.Fprintf(&b, "%s %8d %s\n", e.at.Format("15:04:05.000"), e.revision, line)
	}
	return b.String()
}

func line(w *world, e entry) string {
	gone := ""
	if e.deleted {
		gone = " GONE"
	}
	switch o := e.object.(type) {
	case *v1alpha1.Canary:
		return canaryLine(o) + gone
	case *appsv1.Deployment:
		return fmt.Sprintf("deployment %s template=%s replicas=%d paused=%t available=%d updated=%d%s", o.Name, versionOf(o.Spec.Template.Spec),
			*o.Spec.Replicas, o.Spec.Paused, o.Status.AvailableReplicas, o.Status.UpdatedReplicas, gone)
	case *appsv1.ReplicaSet:
		owner := "nobody"
		if c := metav1.GetControllerOf(o); c != nil {
			owner = c.Kind
		}
		return fmt.Sprintf("replicaset %s version=%s owner=%s wants=%d available=%d%s", o.Name, versionOf(o.Spec.Template.Spec), owner,
			*o.Spec.Replicas, o.Status.AvailableReplicas, gone)
	case *corev1.Pod:
		return fmt.Sprintf("pod %s version=%s %s serves=%t%s%s", o.Name, versionOf(o.Spec), o.Status.Phase, serves(o), leaving(o), gone)
	case *gatewayv1.HTTPRoute:
		return fmt.Sprintf("route %s split=%v%s", o.Name, w.split(), gone)
	case *discoveryv1.EndpointSlice:
		service := o.Labels[discoveryv1.LabelServiceName]
		return fmt.Sprintf("endpoints of %s: %d%s", service, w.endpoints(service), gone)
	case *corev1.Service:
		return fmt.Sprintf("service %s selects %v%s", o.Name, o.Spec.Selector, gone)
	case *eventsv1.Event:
		if o.Regarding.Kind == "Canary" {
			return fmt.Sprintf("event %s %s: %s", o.Type, o.Reason, o.Note)
		}
	}
	return ""
}

func canaryLine(c *v1alpha1.Canary) string {
	conditions := make([]string, 0, len(c.Status.Conditions))
	for _, condition := range c.Status.Conditions {
		conditions = append(conditions, fmt.Sprintf("%s=%s(%s)", condition.Type, condition.Status, condition.Reason))
	}
	return fmt.Sprintf("canary %s weight=%d step=%s verdict=%s revision=%s%s %v: %s", c.Status.Phase, c.Status.Weight, c.Status.Step, c.Status.Verdict,
		c.Status.Revision, leaving(c), conditions, c.Status.Message)
}

func leaving(o client.Object) string {
	if o.GetDeletionTimestamp() != nil {
		return " leaving"
	}
	return ""
}

// since is how long ago something was, for people.
func since(t time.Time) string { return time.Since(t).Round(100 * time.Millisecond).String() }
