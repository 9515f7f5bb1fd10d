package probe

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// definitions looks whether the API server serves the kinds of this build, at its version.
func (i Installation) definitions(context.Context) []finding {
	const about = "definitions"
	version := v1alpha1.GroupVersion().String()
	list, err := i.Cluster.Discovery().ServerResourcesForGroupVersion(version)
	if apierrors.IsNotFound(err) {
		return []finding{fail(about, "the API server does not serve %s: install the CustomResourceDefinitions of this version", version)}
	}
	if err != nil {
		return []finding{fail(about, "asking what is served as %s: %v", version, err)}
	}
	var missing []string
	for _, name := range []string{"canaries", "canaries/status", "metricsources", "metricsources/status"} {
		if !slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool { return r.Name == name }) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return []finding{fail(about, "%s has no %s: install the CustomResourceDefinitions of this version", version, strings.Join(missing, ", "))}
	}
	return []finding{{fine, about, "Canary and MetricSource are served as " + version}}
}

// gateName is what config/gate/gate.yaml calls the policy and its binding.
const gateName = "gate.serin.dev"

// gate looks for the policy and for what puts it in force.
func (i Installation) gate(ctx context.Context) []finding {
	const about = "gate"
	if !i.Gate {
		return []finding{{warning, about, "turned off; a new template begins to roll for a moment before it is paused"}}
	}
	policies := i.Cluster.AdmissionregistrationV1()
	_, err := policies.MutatingAdmissionPolicies().Get(ctx, gateName, metav1.GetOptions{})
	if err != nil {
		return []finding{fail(about, "the MutatingAdmissionPolicy %s: %s", gateName, absent(err))}
	}
	binding, err := policies.MutatingAdmissionPolicyBindings().Get(ctx, gateName, metav1.GetOptions{})
	if err != nil {
		return []finding{fail(about, "the MutatingAdmissionPolicyBinding %s: %s", gateName, absent(err))}
	}
	if binding.Spec.PolicyName != gateName {
		return []finding{fail(about, "the MutatingAdmissionPolicyBinding %s puts %s in force, not %s", gateName, binding.Spec.PolicyName, gateName)}
	}
	return []finding{{fine, about, "the policy is there and in force"}}
}

func absent(err error) string {
	switch {
	case apierrors.IsNotFound(err):
		return "it is not there; install it, or turn the gate off where Kubernetes is older than 1.36"
	case apierrors.IsForbidden(err):
		return "it may not be read; let this account get it"
	}
	return err.Error()
}

// glance is how often the lease is read. The operator renews it every two seconds.
const glance = 500 * time.Millisecond

// lease waits until somebody has renewed it before our eyes. Its times are only compared with each other: clocks differ.
func (i Installation) lease(ctx context.Context) []finding {
	const about = "lease"
	if i.Lease == "" {
		return []finding{{warning, about, "without leader election a second operator would act too"}}
	}
	ctx, cancel := context.WithTimeout(ctx, i.Patience)
	defer cancel()
	tick := time.NewTicker(glance)
	defer tick.Stop()
	var first *coordinationv1.Lease
	says := "it could not be read"
	for {
		now, err := i.Cluster.CoordinationV1().Leases(i.Namespace).Get(ctx, i.Lease, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			says = "it does not exist: no operator has ever acted"
		case err != nil && ctx.Err() == nil:
			says = err.Error()
		case err == nil && renewed(first, now):
			return []finding{{fine, about, holder(now) + " holds it and renews it"}}
		case err == nil && holder(now) == "":
			first, says = nil, "nobody holds it: no operator runs"
		case err == nil && (first == nil || holder(first) != holder(now)):
			first, says = now, fmt.Sprintf("%s holds it and does not renew it", holder(now))
		}
		select {
		case <-ctx.Done():
			return []finding{fail(about, "%s %s after %s: %s", i.Namespace, i.Lease, i.Patience, says)}
		case <-tick.C:
		}
	}
}

func holder(l *coordinationv1.Lease) string {
	if l.Spec.HolderIdentity == nil {
		return ""
	}
	return *l.Spec.HolderIdentity
}

// renewed says that the holder of before wrote now, at another time.
func renewed(before, now *coordinationv1.Lease) bool {
	return before != nil && holder(now) != "" && holder(before) == holder(now) && !before.Spec.RenewTime.Equal(now.Spec.RenewTime)
}

// sources looks at what the operator says of them. None is how every installation begins.
func (i Installation) sources(ctx context.Context) []finding {
	const about = "sources"
	list := &v1alpha1.MetricSourceList{}
	if err := i.Client.List(ctx, list); err != nil {
		return []finding{fail(about, "listing MetricSources: %v", err)}
	}
	if len(list.Items) == 0 {
		return []finding{{warning, about, "there is no MetricSource yet; without one a release is held"}}
	}
	var found []finding
	for n := range list.Items {
		source := &list.Items[n]
		name := "source " + source.Name
		switch ready := meta.FindStatusCondition(source.Status.Conditions, v1alpha1.ConditionReady); {
		case ready == nil:
			found = append(found, fail(name, "the operator has not said anything of it"))
		case ready.Status != metav1.ConditionTrue:
			found = append(found, fail(name, "%s: %s", ready.Reason, ready.Message))
		default:
			found = append(found, finding{fine, name, "it answers"})
		}
	}
	return found
}
