package controllers

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/traffic"
	"github.com/serin-dev/serin/controllers/workload"
	"github.com/serin-dev/serin/notify"
)

// +kubebuilder:rbac:groups=serin.dev,resources=canaries,verbs=get;list;watch;patch;update
// +kubebuilder:rbac:groups=serin.dev,resources=canaries/status;metricsources/status,verbs=patch;update
// +kubebuilder:rbac:groups=serin.dev,resources=canaries/finalizers,verbs=update
// +kubebuilder:rbac:groups=serin.dev,resources=metricsources,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups="",namespace=serin-system,resources=secrets,verbs=get;list;watch
// +kubebuilder:rbac:groups="",namespace=serin-system,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=serin-system,resources=leases,verbs=get;create;update

// CanaryReconciler carries every Canary through its releases.
type CanaryReconciler struct {
	// Client reads Canaries and MetricSources from the cache.
	Client client.Client
	// Direct reads what must not be stale and is not worth a watch: routes and Services.
	Direct    client.Client
	Recorder  events.EventRecorder
	Clock     clock.PassiveClock
	Workloads *workload.Deployments
	Routers   traffic.Registry
	// Generator keeps the routes that Serin makes.
	Generator traffic.Generator
	Sources   *Sources
	// Drain is how long a split must have been settled at 0 before the candidate's pods go.
	Drain time.Duration
	// Answered wakes a Canary whose source has answered; nil when nobody listens.
	Answered chan event.GenericEvent
	// Lag is how long a data plane may take to serve what it has acknowledged; a split counts as settled only after that.
	Lag     time.Duration
	Traces  Traces
	Metrics *CanaryMetrics
	// Notifier passes on what is told, without waiting; nil when nobody is told.
	Notifier *notify.Notifier
	// Workers is how many Canaries are reconciled at the same time.
	Workers int

	recall recall
}

// Reconcile observes the world of one Canary, decides, records the decision, and acts on it.
func (r *CanaryReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	canary := &v1alpha1.Canary{}
	if err := r.Client.Get(ctx, request.NamespacedName, canary); err != nil {
		if apierrors.IsNotFound(err) {
			r.recall.forget(ctx, request.NamespacedName)
			r.Metrics.forget(request.NamespacedName)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if r.recall.outdated(canary) {
		return ctrl.Result{RequeueAfter: lostRaceRetry}, nil
	}
	scene, decision, err := r.decide(ctx, canary)
	if err != nil {
		return ctrl.Result{}, err
	}
	if err := r.record(ctx, scene, decision); err != nil {
		return retryOnConflict(err)
	}
	r.tellAll(ctx, scene, decision)
	r.Metrics.tell(scene, decision)
	scene.closeTrace(ctx, decision)
	if err := r.act(ctx, scene, decision); err != nil {
		return retryOnConflict(err)
	}
	r.keepTrace(ctx, scene)
	next := scene.lookAgain(decision)
	scene.recollection.expect(scene.observation.Now, next)
	return ctrl.Result{RequeueAfter: next}, nil
}

// decide observes and decides. What is not read anew in every pass may be late, so that it is good for one decision only: that everything stays as it is.
func (r *CanaryReconciler) decide(ctx context.Context, canary *v1alpha1.Canary) (*scene, rollout.Decision, error) {
	s, err := r.observe(ctx, canary, false)
	if err != nil {
		return nil, rollout.Decision{}, err
	}
	d := rollout.Decide(s.plan, s.state, s.observation)
	if s.recalled && (d.Event != nil || d.State.Significant() != s.state.Significant()) {
		if s, err = r.observe(ctx, canary, true); err != nil {
			return nil, rollout.Decision{}, err
		}
		d = rollout.Decide(s.plan, s.state, s.observation)
	}
	return s, s.advise(d), nil
}

// lostRaceRetry is the pause before looking again after somebody else, or this process itself, wrote first: the write that won is on its way to the cache.
const lostRaceRetry = 50 * time.Millisecond

// retryOnConflict turns a lost race into another look: it is no failure, and no reason to back off.
func retryOnConflict(err error) (ctrl.Result, error) {
	if apierrors.IsConflict(err) {
		return ctrl.Result{RequeueAfter: lostRaceRetry}, nil
	}
	return ctrl.Result{}, err
}
