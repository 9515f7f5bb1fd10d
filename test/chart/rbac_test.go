package chart

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
)

// permissions lists what rules let do, a line for each verb on each resource.
func permissions(rules ...rbacv1.PolicyRule) []string {
	var list []string
	for _, rule := range rules {
		for _, verb := range rule.Verbs {
			for _, resource := range rule.Resources {
				list = append(list, fmt.Sprintf("%s %s.%s", verb, resource, strings.Join(rule.APIGroups, ",")))
			}
			for _, path := range rule.NonResourceURLs {
				list = append(list, verb+" "+path)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// granted are the permissions of the operator's account, by namespace; those in all namespaces are under the empty name.
func granted(t *testing.T, o objects) map[string][]string {
	t.Helper()
	roles := map[string][]rbacv1.PolicyRule{}
	for _, role := range all[*rbacv1.ClusterRole](o) {
		roles["/"+role.Name] = role.Rules
	}
	for _, role := range all[*rbacv1.Role](o) {
		roles[role.Namespace+"/"+role.Name] = role.Rules
	}
	rules := map[string][]rbacv1.PolicyRule{}
	bind := func(in string, to rbacv1.RoleRef, who []rbacv1.Subject) {
		if len(who) != 1 || who[0].Kind != "ServiceAccount" || who[0].Namespace != namespace {
			t.Errorf("%s is bound to %v", to.Name, who)
		}
		found, ok := roles[in+"/"+to.Name]
		if !ok {
			t.Errorf("%s in %q is bound and does not exist", to.Name, in)
		}
		rules[in] = append(rules[in], found...)
	}
	for _, binding := range all[*rbacv1.ClusterRoleBinding](o) {
		bind("", binding.RoleRef, binding.Subjects)
	}
	for _, binding := range all[*rbacv1.RoleBinding](o) {
		bind(binding.Namespace, binding.RoleRef, binding.Subjects)
	}
	list := map[string][]string{}
	for in, found := range rules {
		list[in] = permissions(found...)
	}
	return list
}

// onSources are the permissions on MetricSources, and the others.
func onSources(list []string) (sources, others []string) {
	for _, permission := range list {
		if strings.Contains(permission, "metricsources") {
			sources = append(sources, permission)
		} else {
			others = append(others, permission)
		}
	}
	return sources, others
}

func TestThePermissionsAreThoseOfKustomize(t *testing.T) {
	plain := granted(t, config(t, "rbac/role.yaml", "rbac/binding.yaml"))
	sources, releases := onSources(plain[""])
	asking := []string{"create subjectaccessreviews.authorization.k8s.io", "create tokenreviews.authentication.k8s.io"}
	for name, c := range map[string]struct {
		values string
		want   map[string][]string
	}{
		"everywhere":                      {"", plain},
		"with an account that exists":     {little, plain},
		"with metrics for some":           {"metrics: {secure: true}", map[string][]string{"": sorted(plain[""], asking), namespace: plain[namespace]}},
		"in two namespaces":               {"watchNamespaces: [shop, depot]", map[string][]string{"": sources, "shop": releases, "depot": releases, namespace: plain[namespace]}},
		"in its own namespace":            {"watchNamespaces: [serin-system]", map[string][]string{"": sources, namespace: sorted(releases, plain[namespace])}},
		"in one, with metrics for some":   {"{watchNamespaces: [shop], metrics: {secure: true}}", map[string][]string{"": sorted(sources, asking), "shop": releases, namespace: plain[namespace]}},
		"in one, with metrics turned off": {"{watchNamespaces: [shop], metrics: {enabled: false, secure: true}}", map[string][]string{"": sources, "shop": releases, namespace: plain[namespace]}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, granted(t, mustRender(t, c.values))); diff != "" {
				t.Errorf("the permissions differ (-want +got):\n%s", diff)
			}
		})
	}
}

func sorted(lists ...[]string) []string {
	joined := slices.Concat(lists...)
	slices.Sort(joined)
	return slices.Compact(joined)
}

func TestNothingIsGrantedWholesaleAndSecretsAreReadAtHomeOnly(t *testing.T) {
	for name, values := range installations() {
		t.Run(name, func(t *testing.T) {
			for in, list := range granted(t, mustRender(t, values)) {
				for _, permission := range list {
					if strings.Contains(permission, "*") || strings.Contains(permission, "escalate") || strings.Contains(permission, "impersonate") {
						t.Errorf("in %q: %s", in, permission)
					}
					if strings.Contains(permission, " secrets.") && in != namespace {
						t.Errorf("in %q: %s", in, permission)
					}
				}
			}
		})
	}
}

// TestTheTableOfPermissionsIsComplete keeps docs/security.md to config/rbac/role.yaml, both ways.
func TestTheTableOfPermissionsIsComplete(t *testing.T) {
	var documented []string
	for _, line := range strings.Split(read(t, "../../docs/security.md"), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 6 || !strings.Contains(cells[1], "`") {
			continue
		}
		documented = append(documented, strings.ReplaceAll(strings.TrimSpace(cells[1]), "`", "")+": "+strings.TrimSpace(cells[2])+" in "+strings.TrimSpace(cells[3]))
	}
	var asked []string
	for where, rules := range map[string][]rbacv1.PolicyRule{
		"all":     one[*rbacv1.ClusterRole](t, config(t, "rbac/role.yaml")).Rules,
		"its own": one[*rbacv1.Role](t, config(t, "rbac/role.yaml")).Rules,
	} {
		for _, rule := range rules {
			for _, resource := range rule.Resources {
				of := strings.TrimSuffix(resource+"."+rule.APIGroups[0], ".")
				asked = append(asked, of+": "+strings.Join(rule.Verbs, ", ")+" in "+where)
			}
		}
	}
	if diff := cmp.Diff(sorted(asked), sorted(documented)); diff != "" {
		t.Errorf("docs/security.md differs (-config/rbac/role.yaml +docs):\n%s", diff)
	}
}
