package traffic

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// +kubebuilder:rbac:groups="",resources=services,verbs=get;create;update;delete
// +kubebuilder:rbac:groups=discovery.k8s.io,resources=endpointslices,verbs=list

// Services keeps the two Services that a split route points at: copies of the user's Service, each of which selects the pods of one
// revision only. They exist only while a release is under way.
//
// Their order in a release matters. They come, and have ready endpoints, before the first SetWeight; that one is of weight 0 and has
// settled before the candidate's first pod is ready, since until then the user's Service selects it too. They go when
// the route is observed Home and Settled.
type Services struct {
	// Client reads and writes Services and lists EndpointSlices. It should read past any cache: these are a few reads in a release, and
	// a cache would watch every Service and EndpointSlice of the cluster all day.
	Client client.Client
	// Keeper, if any, becomes a second owner of the generated Services, so that they outlive an owner that is deleted dependents first. See [Own].
	Keeper *metav1.OwnerReference
}

// Revisions names the pods of the two arms by the value of their pod-template-hash label.
type Revisions struct{ Baseline, Candidate string }

// BaselineService is the name of the Service that selects the baseline's pods during a release of this Canary.
func BaselineService(canary string) string { return serviceName(canary, "-baseline") }

// CandidateService is the name of the Service that selects the candidate's pods during a release of this Canary.
func CandidateService(canary string) string { return serviceName(canary, "-candidate") }

// serviceName appends suffix. The name of a Canary may hold dots and 253 characters, that of a Service may not: such names are cut and
// get eight digits of a hash of the whole name, so that two of them stay two.
func serviceName(canary, suffix string) string {
	name := canary + suffix
	if len(validation.IsDNS1035Label(name)) == 0 {
		return name
	}
	hash := sha256.Sum256([]byte(canary))
	tail := "-" + hex.EncodeToString(hash[:4]) + suffix
	head := "c-" + strings.ReplaceAll(canary, ".", "-")
	return strings.TrimRight(head[:min(len(head), validation.DNS1035LabelMaxLength-len(tail))], "-") + tail
}

// Ensure makes the generated Services of owner, a Canary, equal to its user's Service apart from the revision they select; it writes nothing
// when they are. It answers [ErrServiceNotFound] when there is no such Service, and [ErrUnsupported], with a text that says
// what to change, when it can't be copied or something else has the name of a generated one.
func (s Services) Ensure(ctx context.Context, owner client.Object, user Backend, revisions Revisions) error {
	source, err := s.source(ctx, owner.GetNamespace(), user)
	if err != nil {
		return err
	}
	key := client.ObjectKeyFromObject(source)
	for _, arm := range []struct{ service, revision string }{
		{BaselineService(owner.GetName()), revisions.Baseline},
		{CandidateService(owner.GetName()), revisions.Candidate},
	} {
		if arm.revision == "" {
			return fmt.Errorf("copying Service %s to %s: no revision to select", key, arm.service)
		}
		if err := s.ensure(ctx, owner, wanted(source, arm.service, arm.revision)); err != nil {
			return fmt.Errorf("copying Service %s to %s: %w", key, arm.service, err)
		}
	}
	return nil
}

// Check answers what keeps Ensure from copying user's Service: [ErrServiceNotFound] or [ErrUnsupported], or another error when the cluster could not be asked.
func (s Services) Check(ctx context.Context, namespace string, user Backend) error {
	_, err := s.source(ctx, namespace, user)
	return err
}

// source is the user's Service.
func (s Services) source(ctx context.Context, namespace string, user Backend) (*corev1.Service, error) {
	key := types.NamespacedName{Namespace: namespace, Name: user.Service}
	source := &corev1.Service{}
	if err := s.Client.Get(ctx, key, source); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, fmt.Errorf("reading Service %s: %w: create it, or correct spec.traffic.service of the Canary", key, ErrServiceNotFound)
		}
		return nil, fmt.Errorf("reading Service %s: %w", key, err)
	}
	if err := copyable(source, user.Port); err != nil {
		return nil, fmt.Errorf("copying Service %s: %w", key, err)
	}
	return source, nil
}

// copyable says what keeps a Service from being copied with another selector.
func copyable(source *corev1.Service, port int32) error {
	switch {
	case source.Spec.Type == corev1.ServiceTypeExternalName:
		return fmt.Errorf("%w: it is of type ExternalName and has no pods; route to a Service that selects the workload's pods", ErrUnsupported)
	case len(source.Spec.Selector) == 0:
		return fmt.Errorf("%w: it has no selector; give it one that selects the workload's pods", ErrUnsupported)
	}
	var ports []string
	for _, p := range source.Spec.Ports {
		if p.Port == port {
			return nil
		}
		ports = append(ports, strconv.Itoa(int(p.Port)))
	}
	return fmt.Errorf("%w: it has no port %d, only %s; correct spec.traffic.service.port of the Canary", ErrUnsupported, port, strings.Join(ports, ", "))
}

// wanted is source narrowed to one revision. Its labels and annotations are left behind: those that monitors select would count every
// request twice, those of Argo CD or Helm would make the copy part of an application, and those of load balancers would order one.
func wanted(source *corev1.Service, name, revision string) *corev1.Service {
	out := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: source.Namespace, Name: name},
		Spec: corev1.ServiceSpec{
			Type:                     corev1.ServiceTypeClusterIP,
			Selector:                 maps.Clone(source.Spec.Selector),
			Ports:                    withoutNodePorts(source.Spec.Ports),
			SessionAffinity:          source.Spec.SessionAffinity,
			SessionAffinityConfig:    source.Spec.SessionAffinityConfig.DeepCopy(),
			PublishNotReadyAddresses: source.Spec.PublishNotReadyAddresses,
			InternalTrafficPolicy:    source.Spec.InternalTrafficPolicy,
			TrafficDistribution:      source.Spec.TrafficDistribution,
			IPFamilies:               slices.Clone(source.Spec.IPFamilies),
			IPFamilyPolicy:           source.Spec.IPFamilyPolicy,
		},
	}
	out.Spec.Selector[appsv1.DefaultDeploymentUniqueLabelKey] = revision
	return out
}

func withoutNodePorts(ports []corev1.ServicePort) []corev1.ServicePort {
	out := slices.Clone(ports)
	for i := range out {
		out[i].NodePort = 0
	}
	return out
}

func (s Services) ensure(ctx context.Context, owner client.Object, want *corev1.Service) error {
	live := &corev1.Service{}
	err := s.Client.Get(ctx, client.ObjectKeyFromObject(want), live)
	if apierrors.IsNotFound(err) {
		if err := s.own(owner, want); err != nil {
			return err
		}
		return s.Client.Create(ctx, want, client.FieldOwner(FieldManager))
	}
	if err != nil {
		return err
	}
	orphaned := s.orphaned(live)
	if !orphaned {
		if err := OwnedBy(owner, live, s.Client.Scheme()); err != nil {
			return err
		}
	}
	before := live.DeepCopy()
	narrow(&live.Spec, want.Spec)
	// An owner that the garbage collector took off is not put back while it is being deleted: it would be taken again.
	if !orphaned || owner.GetDeletionTimestamp() == nil {
		if err := s.own(owner, live); err != nil {
			return err
		}
	}
	if equality.Semantic.DeepEqual(before, live) {
		return nil
	}
	return s.Client.Update(ctx, live, client.FieldOwner(FieldManager))
}

// orphaned says that service was generated for this workload and lost its owner: one that is deleted dependents first, or leaves them behind as orphans, is taken
// off them long before it is gone, and they are needed until then.
func (s Services) orphaned(service *corev1.Service) bool {
	return s.Keeper != nil && metav1.GetControllerOf(service) == nil && service.DeletionTimestamp == nil &&
		service.Labels[ManagedByLabel] == ManagedBy && slices.ContainsFunc(service.OwnerReferences, s.isKeeper)
}

func (s Services) isKeeper(r metav1.OwnerReference) bool { return r.UID == s.Keeper.UID }

// own makes owner the one that controls service, and the keeper its second owner.
func (s Services) own(owner client.Object, service *corev1.Service) error {
	if err := Own(owner, service, s.Client.Scheme()); err != nil {
		return err
	}
	if s.Keeper == nil {
		return nil
	}
	if !slices.ContainsFunc(service.OwnerReferences, s.isKeeper) {
		service.OwnerReferences = append(service.OwnerReferences, *s.Keeper)
	}
	return nil
}

// narrow writes into live what matters of want. The IP families stay, for they can't be changed; so does whatever the API server has
// filled in.
func narrow(live *corev1.ServiceSpec, want corev1.ServiceSpec) {
	live.Type = want.Type
	live.Selector = want.Selector
	live.Ports = want.Ports
	live.PublishNotReadyAddresses = want.PublishNotReadyAddresses
	live.TrafficDistribution = want.TrafficDistribution
	if want.SessionAffinity != "" {
		live.SessionAffinity, live.SessionAffinityConfig = want.SessionAffinity, want.SessionAffinityConfig
	}
	if want.InternalTrafficPolicy != nil {
		live.InternalTrafficPolicy = want.InternalTrafficPolicy
	}
}

// Ready says how many endpoints behind each generated Service are ready to take requests. A route that sends requests to a Service
// without any fails them. So wait, before the first split, until the baseline has as many as ready pods, and before every weight above
// 0, until the candidate has: the endpoints follow the pods, and a Service's new selector, with a delay.
func (s Services) Ready(ctx context.Context, owner client.Object) (baseline, candidate int32, err error) {
	if baseline, err = s.ready(ctx, owner.GetNamespace(), BaselineService(owner.GetName())); err != nil {
		return 0, 0, err
	}
	candidate, err = s.ready(ctx, owner.GetNamespace(), CandidateService(owner.GetName()))
	return baseline, candidate, err
}

func (s Services) ready(ctx context.Context, namespace, service string) (int32, error) {
	var slices discoveryv1.EndpointSliceList
	if err := s.Client.List(ctx, &slices, client.InNamespace(namespace), client.MatchingLabels{discoveryv1.LabelServiceName: service}); err != nil {
		return 0, fmt.Errorf("listing the endpoints of Service %s/%s: %w", namespace, service, err)
	}
	// A pod has one endpoint in each family of addresses.
	byFamily := map[discoveryv1.AddressType]int32{}
	most := int32(0)
	for _, slice := range slices.Items {
		for _, e := range slice.Endpoints {
			// The API says that not knowing means ready.
			if e.Conditions.Ready == nil || *e.Conditions.Ready {
				byFamily[slice.AddressType]++
			}
		}
		most = max(most, byFamily[slice.AddressType])
	}
	return most, nil
}

// Remove deletes the generated Services of owner, and leaves Services of the same name alone that aren't its own. No route may point at
// them any more.
func (s Services) Remove(ctx context.Context, owner client.Object) error {
	for _, name := range []string{BaselineService(owner.GetName()), CandidateService(owner.GetName())} {
		live := &corev1.Service{}
		err := s.Client.Get(ctx, types.NamespacedName{Namespace: owner.GetNamespace(), Name: name}, live)
		if apierrors.IsNotFound(err) || err == nil && (!metav1.IsControlledBy(live, owner) && !s.orphaned(live) || live.DeletionTimestamp != nil) {
			continue
		}
		if err == nil {
			err = s.Client.Delete(ctx, live, client.Preconditions{UID: &live.UID, ResourceVersion: &live.ResourceVersion})
		}
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("removing Service %s/%s: %w", owner.GetNamespace(), name, err)
		}
	}
	return nil
}
