package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/serin-dev/serin/config/rbac"
)

// permission is one verb on one resource, in a namespace or, where that is empty, in all of them.
type permission struct{ verb, group, resource, subresource, namespace string }

func (p permission) String() string {
	name := strings.TrimSuffix(p.resource+"/"+p.subresource, "/")
	if p.group != "" {
		name += "." + p.group
	}
	if p.namespace == "" {
		return p.verb + " " + name + " in all namespaces"
	}
	return p.verb + " " + name + " in " + p.namespace
}

// permissions asks the API server for each permission whether this account has it.
func (i Installation) permissions(ctx context.Context) []finding {
	const about = "permissions"
	needed, err := i.needed(rbac.Roles)
	if err != nil {
		return []finding{fail(about, "%v", err)}
	}
	var found []finding
	for _, p := range needed {
		review, err := i.Cluster.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
				Verb: p.verb, Group: p.group, Resource: p.resource, Subresource: p.subresource, Namespace: p.namespace,
			}},
		}, metav1.CreateOptions{})
		switch {
		case err != nil:
			return append(found, fail(about, "asking whether this account may %s: %v", p, err))
		case !review.Status.Allowed:
			found = append(found, fail(about, "this account may not %s", p))
		}
	}
	if len(found) == 0 {
		found = append(found, finding{fine, about, fmt.Sprintf("all %d are granted", len(needed))})
	}
	return found
}

// needed lists the permissions of roles where this installation needs them.
func (i Installation) needed(roles []byte) ([]permission, error) {
	acts := i.Watched
	if len(acts) == 0 {
		acts = []string{""}
	}
	var all []permission
	documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(roles), len(roles))
	for {
		role := &rbacv1.ClusterRole{} // what a Role and a ClusterRole have in common is all that is read
		switch err := documents.Decode(role); {
		case errors.Is(err, io.EOF):
			return append(all, i.forMetrics()...), nil
		case err != nil:
			return nil, fmt.Errorf("reading the rules of this build: %w", err)
		}
		for _, rule := range role.Rules {
			for _, resource := range rule.Resources {
				where := acts
				switch {
				case role.Kind == "Role":
					where = []string{i.Namespace}
				case strings.HasPrefix(resource, "metricsources"): // they belong to no namespace
					where = []string{""}
				}
				all = append(all, each(rule, resource, where)...)
			}
		}
	}
}

// each is every verb of a rule on one of its resources.
func each(rule rbacv1.PolicyRule, name string, where []string) (all []permission) {
	resource, subresource, _ := strings.Cut(name, "/")
	for _, namespace := range where {
		for _, group := range rule.APIGroups {
			for _, verb := range rule.Verbs {
				all = append(all, permission{verb, group, resource, subresource, namespace})
			}
		}
	}
	return all
}

// forMetrics are the permissions that it takes to ask who wants to read the metrics.
func (i Installation) forMetrics() []permission {
	if !i.SecureMetrics {
		return nil
	}
	return []permission{
		{verb: "create", group: "authentication.k8s.io", resource: "tokenreviews"},
		{verb: "create", group: "authorization.k8s.io", resource: "subjectaccessreviews"},
	}
}
