package controllers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/traffic"
)

// splitter is what carries the split of one Canary: its routes, or the pods themselves.
type splitter interface {
	// observe answers an error only when the cluster could not be asked. problem is what a person has to mend, if anything.
	observe(ctx context.Context) (split rollout.Split, problem *problem, err error)
	// assert brings the split to the level desired.
	assert(ctx context.Context, d rollout.Desired, baseline, candidate string) error
}

// splitterFor chooses what carries the split.
func (r *CanaryReconciler) splitterFor(s *scene) splitter {
	spec := s.canary.Spec.Traffic
	if spec == nil {
		return pods{scene: s}
	}
	return &routes{scene: s, bound: r.bind(s.canary, spec), services: traffic.Services{Client: r.Direct, Keeper: keeperOf(s)}, generated: r.Generator, lag: r.Lag}
}

// pods are the split of a workload without a route: the share follows their number.
type pods struct{ scene *scene }

func (p pods) observe(context.Context) (rollout.Split, *problem, error) {
	candidate := p.scene.workload.Candidate
	weight := p.scene.state.Weight
	need := p.scene.plan.Capacity(p.scene.workload.Replicas, weight)
	split := rollout.Split{Home: candidate.Pods == 0 || p.scene.observation.Workload.Adopted}
	if candidate.Available >= need && (need > 0 || candidate.Pods == 0) {
		split.Weight, split.Settled = weight, true
		return split, nil, nil
	}
	split.Message = fmt.Sprintf("%d of %d pods available", min(candidate.Available, need), need)
	return split, nil, nil
}

func (pods) assert(context.Context, rollout.Desired, string, string) error { return nil }

// routes carry the split by their backends.
type routes struct {
	scene     *scene
	bound     []boundRoute
	services  traffic.Services
	generated traffic.Generator
	// lag is how long a data plane may take to serve what it has acknowledged.
	lag time.Duration
	// uncopyable is true when the Service can't be copied, which was told as a problem.
	uncopyable bool
}

// keeperOf is the Deployment, as a second owner of the generated Services: a Canary that is deleted with its dependents first must not take them away while routes
// still point at them.
func keeperOf(s *scene) *metav1.OwnerReference {
	if !s.workload.Exists {
		return nil
	}
	return &metav1.OwnerReference{APIVersion: "apps/v1", Kind: "Deployment", Name: s.canary.Spec.TargetRef.Name, UID: s.workload.UID}
}

// boundRoute is one route and the router that speaks its kind; nil when this installation has none.
type boundRoute struct {
	kind   schema.GroupKind
	route  traffic.Route
	router traffic.Router
}

func (r *CanaryReconciler) bind(c *v1alpha1.Canary, t *v1alpha1.Traffic) []boundRoute {
	references := t.Routes
	if t.Gateway != nil {
		references = []v1alpha1.RouteReference{generatedRoute(c)}
	}
	baseline, candidate := armServices(c)
	bound := make([]boundRoute, 0, len(references))
	for _, ref := range references {
		b := boundRoute{
			kind: schema.GroupKind{Group: ref.Group, Kind: ref.Kind},
			route: traffic.Route{
				Object:    types.NamespacedName{Namespace: c.Namespace, Name: ref.Name},
				Service:   traffic.Backend{Service: t.Service.Name, Port: t.Service.Port},
				Baseline:  baseline,
				Candidate: candidate,
			},
		}
		if factory, ok := r.Routers[b.kind]; ok {
			b.router = factory(r.Direct)
		}
		bound = append(bound, b)
	}
	return bound
}

// armServices are the generated Services of a Canary.
func armServices(c *v1alpha1.Canary) (baseline, candidate traffic.Backend) {
	port := c.Spec.Traffic.Service.Port
	return traffic.Backend{Service: traffic.BaselineService(c.Name), Port: port}, traffic.Backend{Service: traffic.CandidateService(c.Name), Port: port}
}

// observe says what the routes carry, and what keeps them or the Service from carrying more.
func (r *routes) observe(ctx context.Context) (rollout.Split, *problem, error) {
	split, found, err := r.observeAll(ctx)
	if err != nil {
		return split, nil, err
	}
	uncopyable, err := r.checkService(ctx)
	if err != nil {
		return split, nil, err
	}
	r.uncopyable = uncopyable != nil
	for _, p := range []*problem{uncopyable, r.scene.recollection.taken} {
		if p != nil {
			found = p
			split.Settled = split.Settled && r.scene.state.Phase != rollout.Progressing
			split.Message = strings.TrimPrefix(split.Message+"; "+p.message, "; ")
		}
	}
	r.scene.recollection.serve(&split, r.scene.observation.Now, r.lag)
	return split, found, nil
}

// observeAll joins what the routes say: the split is as far as the least settled of them, and as high as the highest.
func (r *routes) observeAll(ctx context.Context) (rollout.Split, *problem, error) {
	joined := rollout.Split{Home: true, Gone: true, Alike: true, Settled: true}
	atHome := 0
	var found *problem
	var waiting []string
	for _, b := range r.bound {
		split, p, err := b.observe(ctx)
		if err != nil {
			return rollout.Split{}, nil, err
		}
		if p != nil {
			if !generates(r.scene.canary) || p.reason != v1alpha1.ReasonRouteNotFound {
				found = p
			}
			waiting = append(waiting, p.message)
			// A route that is missing, or is as its owner wrote it and can't carry a split, keeps the candidate from getting more, but not from losing what it has.
			joined.Settled = joined.Settled && r.scene.state.Phase != rollout.Progressing
			if p.reason != v1alpha1.ReasonRouteUnsupported || split.Home {
				continue
			}
		}
		join(&joined, split)
		if split.Home {
			atHome++
		}
		if split.Message != "" {
			waiting = append(waiting, split.Message)
		}
	}
	if !joined.Home && atHome > 0 {
		joined.Settled = false
		waiting = append(waiting, fmt.Sprintf("%d of %d routes do not carry the split", atHome, len(r.bound)))
	}
	joined.Message = strings.Join(waiting, "; ")
	return joined, found, nil
}

// checkService tells early that the Service can't be copied: not only when its copies are needed, which read it once more. As long as it is well, it is looked at
// now and then.
func (r *routes) checkService(ctx context.Context) (*problem, error) {
	e, now, generation := r.scene.recollection, r.scene.observation.Now, r.scene.canary.Generation
	if e.copyableGeneration == generation && now.Sub(e.copyable) < silentRetry {
		return nil, nil
	}
	err := r.services.Check(ctx, r.scene.canary.Namespace, r.user())
	e.copyable, e.copyableGeneration = time.Time{}, generation
	switch {
	case err == nil:
		e.copyable = now
		return nil, nil
	case errors.Is(err, traffic.ErrServiceNotFound):
		return &problem{v1alpha1.ReasonServiceNotFound, err.Error()}, nil
	case errors.Is(err, traffic.ErrUnsupported):
		return &problem{v1alpha1.ReasonSpecInvalid, err.Error()}, nil
	}
	return nil, err
}

// user is the user's own Service.
func (r *routes) user() traffic.Backend {
	service := r.scene.canary.Spec.Traffic.Service
	return traffic.Backend{Service: service.Name, Port: service.Port}
}

// join adds what one route says.
func join(joined *rollout.Split, split traffic.Split) {
	joined.Gone = false
	joined.Home = joined.Home && split.Home
	joined.Alike = joined.Alike && split.Alike
	joined.Settled = joined.Settled && split.Settled
	joined.Weight = max(joined.Weight, split.Weight)
}

func (b boundRoute) observe(ctx context.Context) (traffic.Split, *problem, error) {
	if b.router == nil {
		return traffic.Split{}, &problem{
			v1alpha1.ReasonRouteKindUnknown,
			fmt.Sprintf("spec.traffic.routes names a %s, and this installation has no router for that kind; name an HTTPRoute of gateway.networking.k8s.io, or leave traffic out", b.kind),
		}, nil
	}
	split, err := b.router.Observe(ctx, b.route)
	switch {
	case errors.Is(err, traffic.ErrRouteNotFound):
		return split, &problem{v1alpha1.ReasonRouteNotFound, err.Error()}, nil
	case errors.Is(err, traffic.ErrUnsupported):
		return split, &problem{v1alpha1.ReasonRouteUnsupported, err.Error()}, nil
	}
	return split, nil, err
}

// assert writes the split into every route, or gives every route back to its owner and then takes the generated Services away.
func (r *routes) assert(ctx context.Context, d rollout.Desired, baseline, candidate string) error {
	r.scene.recollection.taken = nil
	if err := r.generate(ctx); err != nil {
		return r.untold(err)
	}
	if !d.Split {
		return r.giveBack(ctx)
	}
	r.scene.recollection.homeward = time.Time{}
	var serviced error
	if !r.uncopyable {
		serviced = r.services.Ensure(ctx, r.scene.canary, r.user(), traffic.Revisions{Baseline: baseline, Candidate: candidate})
	}
	untold := r.untold(serviced)
	if (r.uncopyable || serviced != nil) && r.raises(d.Weight) {
		return untold
	}
	// Whatever is wrong with the Services must not keep the candidate from losing what it has.
	return errors.Join(untold, r.setWeight(ctx, d.Weight))
}

// untold is what is left of an error of making things, but for what the next pass tells as a problem: that the Service is no longer as it has to be, or that something
// else has a name that Serin needs. To look for the latter beforehand would cost reads all day long, for something that hardly ever happens.
func (r *routes) untold(err error) error {
	switch {
	case errors.Is(err, traffic.ErrNameTaken):
		r.scene.recollection.taken = &problem{v1alpha1.ReasonNameTaken, err.Error()}
	case errors.Is(err, traffic.ErrServiceNotFound), errors.Is(err, traffic.ErrUnsupported):
		r.scene.recollection.copyable = time.Time{}
	default:
		return err
	}
	return nil
}

// raises says that a weight gives the candidate requests that it has not, or is the first that the routes carry.
func (r *routes) raises(weight int32) bool {
	now := r.scene.observation.Split
	return now.Home || weight > now.Weight
}

// setWeight writes a weight into every route, once requests find pods behind what it names.
func (r *routes) setWeight(ctx context.Context, weight int32) error {
	if ready, err := r.endpointsReady(ctx, weight); err != nil || !ready {
		return err
	}
	if r.raises(weight) {
		if err := r.overtaken(ctx); err != nil {
			return err
		}
	}
	for _, b := range r.bound {
		if b.router == nil {
			continue
		}
		err := b.router.SetWeight(ctx, b.route, weight)
		if errors.Is(err, traffic.ErrUnsupported) && weight == 0 {
			// It can carry no split any more, not even one of 0; what it can always do is to go home.
			err = b.router.Release(ctx, b.route)
		}
		if err := ignoreGone(err); err != nil {
			return err
		}
	}
	return nil
}

// overtaken is a conflict when somebody else has written to the Canary since this pass recorded its decision. A process that was suspended since then, and is no
// leader any more, must not raise a weight that the next one has taken back.
func (r *routes) overtaken(ctx context.Context) error {
	latest, canary := &v1alpha1.Canary{}, r.scene.canary
	if err := r.services.Client.Get(ctx, client.ObjectKeyFromObject(canary), latest); err != nil {
		return fmt.Errorf("reading the Canary again: %w", err)
	}
	if latest.ResourceVersion == canary.ResourceVersion {
		return nil
	}
	return apierrors.NewConflict(schema.GroupResource{Group: v1alpha1.Group, Resource: "canaries"}, canary.Name, errors.New("somebody else has written to it"))
}

// endpointsReady says that requests find pods behind the generated Services once the route points at them. Endpoints follow pods with a delay, and a
// gateway fails what it is to send to a Service without any.
func (r *routes) endpointsReady(ctx context.Context, weight int32) (bool, error) {
	now, facts, remembered := r.scene.observation.Split, r.scene.workload, r.scene.recollection
	if !r.raises(weight) {
		remembered.readySince = time.Time{}
		return true, nil
	}
	baseline, candidate, err := r.services.Ready(ctx, r.scene.canary)
	if err != nil {
		return false, err
	}
	there := !now.Home || baseline >= facts.Baseline.Ready
	there = there && (weight == 0 || candidate >= min(r.scene.plan.Capacity(facts.Replicas, weight), facts.Candidate.Ready))
	switch {
	case !there:
		remembered.readySince = time.Time{}
		return false, nil
	case remembered.readySince.IsZero():
		// A gateway that hears of the route before it hears of the Service answers 500.
		remembered.readySince = r.scene.observation.Now
	}
	return r.scene.observation.Now.Sub(remembered.readySince) >= r.lag, nil
}

// giveBack gives the routes back a while after the pods of the other arm have gone: a gateway learns of endpoints with a delay too, and the user's Service selected
// them.
func (r *routes) giveBack(ctx context.Context) error {
	split, remembered, now := r.scene.observation.Split, r.scene.recollection, r.scene.observation.Now
	r.scene.lingering = !split.Gone && (!split.Home || !split.Settled)
	if !split.Home && !split.Gone {
		if remembered.homeward.IsZero() {
			remembered.homeward = now
		}
		if now.Sub(remembered.homeward) < r.lag {
			return nil
		}
	}
	for _, b := range r.bound {
		if b.router == nil {
			continue
		}
		if err := b.router.Release(ctx, b.route); err != nil {
			return err
		}
	}
	// A data plane may still send requests to the generated Services until it has taken in the route as it was.
	if r.scene.lingering {
		return nil
	}
	return r.services.Remove(ctx, r.scene.canary)
}

// ignoreGone drops the errors that observe has told as a problem already.
func ignoreGone(err error) error {
	if errors.Is(err, traffic.ErrRouteNotFound) || errors.Is(err, traffic.ErrUnsupported) {
		return nil
	}
	return err
}

// advise adds to the news that somebody wrote the route back how Argo CD is told to leave it alone.
func (s *scene) advise(d rollout.Decision) rollout.Decision {
	if d.Event == nil || d.Event.Reason != rollout.ReasonRouteReverted || s.canary.Spec.Traffic == nil || len(s.canary.Spec.Traffic.Routes) == 0 {
		return d
	}
	route := s.canary.Spec.Traffic.Routes[0]
	told := *d.Event
	told.Message += fmt.Sprintf(". If Argo CD did it, its Application needs ignoreDifferences: [{group: %s, kind: %s, name: %s, jqPathExpressions: ['.spec.rules[].backendRefs']}] "+
		"and syncOptions: [ApplyOutOfSyncOnly=true]", route.Group, route.Kind, route.Name)
	d.Event, d.Message = &told, told.Message
	return d
}
