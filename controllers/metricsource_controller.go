package controllers

import (
	"context"
	"errors"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
)

const (
	// pingInterval is how often a source is asked whether it answers. One that is throttled is left alone for as long as it says, up to longestSilence.
	pingInterval   = time.Minute
	longestSilence = 10 * time.Minute
	// pingGrace is what a ping gets beyond the timeout of a request, so that the source can say itself that it was in vain.
	pingGrace = time.Second
)

// MetricSourceReconciler tells, on each MetricSource, whether it answers and how.
type MetricSourceReconciler struct {
	Client  client.Client
	Sources *Sources
	Clock   clock.PassiveClock

	mu sync.Mutex
	// answered is when each source last answered, by name. The status knows it to the hour only.
	answered map[string]time.Time
}

// pulse is what one question to a source showed.
type pulse struct {
	err    error
	health analysis.Health
	// took is how long the answer took, at when it came, and answered when the last one came.
	took         time.Duration
	at, answered time.Time
}

// Reconcile asks one source for a sign of life.
func (r *MetricSourceReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	source := &v1alpha1.MetricSource{}
	if err := r.Client.Get(ctx, request.NamespacedName, source); err != nil {
		if client.IgnoreNotFound(err) == nil {
			r.forget(request.Name)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !source.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	seen, err := r.look(ctx, source)
	if err != nil {
		return ctrl.Result{}, err
	}
	again := ctrl.Result{RequeueAfter: pingInterval}
	var throttled *analysis.ThrottledError
	if errors.As(seen.err, &throttled) {
		again.RequeueAfter = min(max(pingInterval, throttled.After), longestSilence)
	}
	after := source.DeepCopy()
	seen.describe(after)
	if !worthWriting(source.Status, after.Status) {
		return again, nil
	}
	if err := r.Client.Status().Patch(ctx, after, client.MergeFromWithOptions(source, client.MergeFromWithOptimisticLock{})); err != nil {
		return retryOnConflict(client.IgnoreNotFound(err))
	}
	return again, nil
}

// look asks a source. An error means that the cluster could not be asked how to.
func (r *MetricSourceReconciler) look(ctx context.Context, source *v1alpha1.MetricSource) (pulse, error) {
	var seen pulse
	provider, err := r.Sources.Build(ctx, source)
	switch {
	case err != nil && configReason(err) == "":
		return seen, err
	case err != nil:
		seen.err = err
	default:
		ctx, cancel := context.WithTimeout(ctx, source.Spec.TimeoutOrDefault()+pingGrace)
		defer cancel()
		begun := r.Clock.Now()
		seen.health, seen.err = provider.Ping(ctx)
		seen.took = r.Clock.Since(begun)
	}
	seen.at = r.Clock.Now().UTC().Truncate(time.Second)
	if seen.err == nil {
		r.Sources.heard(source.Name, seen.health)
	}
	r.Sources.Metrics.heard(source.Name, seen.health, seen.err == nil)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answered == nil {
		r.answered = map[string]time.Time{}
	}
	if seen.err == nil {
		r.answered[source.Name] = seen.at
	}
	seen.answered = r.answered[source.Name]
	return seen, nil
}

func (r *MetricSourceReconciler) forget(name string) {
	r.Sources.Forget(name)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.answered, name)
}

// SetupWithManager registers the reconciler and what wakes it.
func (r *MetricSourceReconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.MetricSource{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.sourcesWith), builder.WithPredicates(predicate.ResourceVersionChangedPredicate{})).
		Complete(r)
}

// sourcesWith are the sources that take their credentials from a Secret.
func (r *MetricSourceReconciler) sourcesWith(ctx context.Context, secret client.Object) []reconcile.Request {
	if secret.GetNamespace() != r.Sources.Namespace {
		return nil
	}
	list := &v1alpha1.MetricSourceList{}
	if err := r.Client.List(ctx, list); err != nil {
		log.FromContext(ctx).Error(err, "listing the MetricSources to wake")
		return nil
	}
	var requests []reconcile.Request
	for i := range list.Items {
		if ref := list.Items[i].Spec.SecretRef; ref != nil && ref.Name == secret.GetName() {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
		}
	}
	return requests
}
