package workload

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Version is another one as soon as anything that Observe reads was heard to have changed, but for the pods of a candidate that are not ready. It asks the cache alone,
// so it may be late: it says when to look again, never that nothing has changed. Empty when there is nothing to be heard.
func (d *Deployments) Version(ctx context.Context, t Target) (string, error) {
	if d.Heard == nil {
		return "", nil
	}
	deployment := &metav1.PartialObjectMetadata{}
	deployment.SetGroupVersionKind(appsv1.SchemeGroupVersion.WithKind("Deployment"))
	if err := d.Heard.Get(ctx, t.Deployment, deployment); err != nil {
		return "", client.IgnoreNotFound(err)
	}
	sets := &metav1.PartialObjectMetadataList{}
	sets.SetGroupVersionKind(appsv1.SchemeGroupVersion.WithKind("ReplicaSetList"))
	if err := d.Heard.List(ctx, sets, client.InNamespace(t.Deployment.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return "", fmt.Errorf("listing what was heard of ReplicaSets: %w", err)
	}
	versions := []string{string(deployment.UID) + "/" + deployment.ResourceVersion}
	for i := range sets.Items {
		if s := &sets.Items[i]; concerns(s, deployment.UID, t.Owner) {
			versions = append(versions, string(s.UID)+"/"+s.ResourceVersion)
		}
	}
	slices.Sort(versions)
	return strings.Join(versions, " "), nil
}

// concerns says that a ReplicaSet is the Deployment's or in the Canary's hands. One that nobody owns the Deployment adopts in a moment, which is heard of, too.
func concerns(set *metav1.PartialObjectMetadata, deployment types.UID, canary metav1.OwnerReference) bool {
	return set.Labels[labelCanary] == labelValue(canary.Name) || slices.ContainsFunc(set.OwnerReferences, func(r metav1.OwnerReference) bool {
		return r.UID == deployment || r.UID == canary.UID
	})
}
