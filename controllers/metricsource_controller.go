package controllers

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// pingInterval is how often a source is asked whether it answers. Its status is written only when the answer changes, and lastSuccess at most as often as
// successRefresh.
const (
	pingInterval   = time.Minute
	successRefresh = 10 * time.Minute
)

// MetricSourceReconciler tells, on each MetricSource, whether it answers.
type MetricSourceReconciler struct {
	Client  client.Client
	Sources *Sources
	Clock   clock.PassiveClock
}

// Reconcile asks one source for a sign of life.
func (r *MetricSourceReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	source := &v1alpha1.MetricSource{}
	if err := r.Client.Get(ctx, request.NamespacedName, source); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !source.DeletionTimestamp.IsZero() {
		r.Sources.Forget(source.UID)
		return ctrl.Result{}, nil
	}
	after := source.DeepCopy()
	r.describe(after, r.ping(ctx, source))
	if equality.Semantic.DeepEqual(source.Status, after.Status) {
		return ctrl.Result{RequeueAfter: pingInterval}, nil
	}
	err := r.Client.Status().Patch(ctx, after, client.MergeFromWithOptions(source, client.MergeFromWithOptimisticLock{}))
	if err != nil {
		return retryOnConflict(err)
	}
	return ctrl.Result{RequeueAfter: pingInterval}, nil
}

func (r *MetricSourceReconciler) ping(ctx context.Context, source *v1alpha1.MetricSource) error {
	provider, err := r.Sources.Build(ctx, source)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, source.Spec.TimeoutOrDefault())
	defer cancel()
	_, err = provider.Ping(ctx)
	return err
}

func (r *MetricSourceReconciler) describe(source *v1alpha1.MetricSource, err error) {
	ready := metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonAnswering,
		Message: "the backend answers", ObservedGeneration: source.Generation,
	}
	if err != nil {
		ready.Status, ready.Reason, ready.Message = metav1.ConditionFalse, sourceReason(err), truncated(err.Error())
	}
	meta.SetStatusCondition(&source.Status.Conditions, ready)
	source.Status.ObservedGeneration = source.Generation
	now := r.Clock.Now().UTC().Truncate(time.Second)
	if last := source.Status.LastSuccess; err == nil && (last == nil || now.Sub(last.Time) >= successRefresh) {
		source.Status.LastSuccess = &metav1.Time{Time: now}
	}
}

// SetupWithManager registers the reconciler.
func (r *MetricSourceReconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.MetricSource{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Complete(r)
}
