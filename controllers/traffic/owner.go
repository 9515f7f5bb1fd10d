package traffic

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

// Objects that Serin makes carry this label.
const (
	ManagedByLabel = "app.kubernetes.io/managed-by"
	ManagedBy      = "serin"
)

// Own marks obj, which is about to be created or updated, as made by Serin and controlled by owner, so that it goes when owner goes. The
// kind of owner is looked up in scheme, unless owner is unstructured. The reference does not block the deletion of
// owner: that would need the right to change the owner's finalizers, and nothing waits for these objects.
func Own(owner, obj client.Object, scheme *runtime.Scheme) error {
	labels := obj.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[ManagedByLabel] = ManagedBy
	obj.SetLabels(labels)
	return controllerutil.SetControllerReference(owner, obj, scheme, controllerutil.WithBlockOwnerDeletion(false))
}

// OwnedBy is nil when owner controls obj, which has the name that owner's own object would have. Otherwise the error says what to do: it
// matches [ErrNameTaken] when somebody else's object is in the way, and not when waiting helps, because obj is being deleted or
// belonged to an earlier owner of the same name and will be.
func OwnedBy(owner, obj client.Object, scheme *runtime.Scheme) error {
	kind, err := apiutil.GVKForObject(owner, scheme)
	if err != nil {
		return fmt.Errorf("finding the kind of %s: %w", owner.GetName(), err)
	}
	if metav1.IsControlledBy(obj, owner) {
		if obj.GetDeletionTimestamp() != nil {
			return fmt.Errorf("%s is being deleted; it is made anew when it is gone", obj.GetName())
		}
		return nil
	}
	ref := metav1.GetControllerOf(obj)
	if ref != nil && ref.Kind == kind.Kind && ref.Name == owner.GetName() {
		return fmt.Errorf("%s belongs to an earlier %s of the name %s; it is made anew when it is gone", obj.GetName(), kind.Kind, owner.GetName())
	}
	taken, err := apiutil.GVKForObject(obj, scheme)
	if err != nil {
		return fmt.Errorf("finding the kind of %s: %w", obj.GetName(), err)
	}
	return fmt.Errorf("%w: the %s %s exists and does not belong to %s %s; delete or rename it, or rename the %s",
		ErrNameTaken, taken.Kind, obj.GetName(), kind.Kind, owner.GetName(), kind.Kind)
}
