package controllers

import (
	"context"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// The slowest retry is short, since traffic may be on a candidate while the API server is away.
const (
	fastestRetry = 100 * time.Millisecond
	slowestRetry = 10 * time.Second
)

// SetupWithManager registers the reconciler and what wakes it.
func (r *CanaryReconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.Canary{}).
		// Only that they change is watched; what they are is read when it is needed, and then from the API server.
		WatchesMetadata(&appsv1.Deployment{}, handler.EnqueueRequestsFromMapFunc(r.canariesOf)).
		WatchesMetadata(&appsv1.ReplicaSet{}, handler.EnqueueRequestsFromMapFunc(canaryOwning)).
		Watches(&v1alpha1.MetricSource{}, handler.EnqueueRequestsFromMapFunc(r.canariesAsking), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WatchesRawSource(source.Channel(r.Answered, &handler.EnqueueRequestForObject{})).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: r.Workers,
			RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](fastestRetry, slowestRetry),
		}).
		Complete(r)
}

// canariesOf are the Canaries that watch over a Deployment.
func (r *CanaryReconciler) canariesOf(ctx context.Context, deployment client.Object) []reconcile.Request {
	return r.requests(ctx, func(c *v1alpha1.Canary) bool { return c.Spec.TargetRef.Name == deployment.GetName() }, client.InNamespace(deployment.GetNamespace()))
}

// canariesAsking are the Canaries that take their evidence from a source.
func (r *CanaryReconciler) canariesAsking(ctx context.Context, object client.Object) []reconcile.Request {
	metricSource, ok := object.(*v1alpha1.MetricSource)
	if !ok {
		return nil
	}
	return r.requests(ctx, func(c *v1alpha1.Canary) bool {
		name := c.Spec.Analysis.Source
		return name == metricSource.Name || name == "" && metricSource.Spec.Default
	})
}

func (r *CanaryReconciler) requests(ctx context.Context, wanted func(*v1alpha1.Canary) bool, options ...client.ListOption) []reconcile.Request {
	list := &v1alpha1.CanaryList{}
	if err := r.Client.List(ctx, list, options...); err != nil {
		log.FromContext(ctx).Error(err, "listing Canaries to wake")
		return nil
	}
	var requests []reconcile.Request
	for i := range list.Items {
		if wanted(&list.Items[i]) {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
		}
	}
	return requests
}

// canaryOwning is the Canary that controls a ReplicaSet.
func canaryOwning(_ context.Context, set client.Object) []reconcile.Request {
	owner := metav1.GetControllerOf(set)
	if owner == nil || owner.Kind != "Canary" || owner.APIVersion != v1alpha1.GroupVersion().String() {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: set.GetNamespace(), Name: owner.Name}}}
}
