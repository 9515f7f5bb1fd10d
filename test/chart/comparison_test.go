package chart

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestTheComparisonOfPermissionsIsCounted keeps what docs/security.md says of Serin, beside others, to what the chart grants as it is installed by default.
func TestTheComparisonOfPermissionsIsCounted(t *testing.T) {
	list := granted(t, mustRender(t, ""))
	cluster, home := list[""], list[namespace]
	if len(list) != 2 {
		t.Errorf("permissions are granted in %d places, and the table has two", len(list))
	}
	page := read(t, "../../docs/security.md")
	for label, got := range map[string]string{
		"permissions for the whole cluster":   strconv.Itoa(len(cluster)),
		"of these, such that write":           strconv.Itoa(writing(cluster)),
		"kinds in them":                       strconv.Itoa(subjects(cluster)),
		"permissions in its own namespace":    strconv.Itoa(len(home)),
		"Secrets of all namespaces":           orNone(verbs(cluster, "secrets.")),
		"Deployments":                         orNone(verbs(cluster, "deployments.apps")),
		"pods":                                orNone(verbs(cluster, "pods.")),
		"evict pods, or run commands in them": orNone(append(verbs(cluster, "pods/eviction."), verbs(cluster, "pods/exec.")...)),
		"verbs or kinds given wholesale":      orNone(slices.DeleteFunc(slices.Clone(cluster), func(p string) bool { return !strings.Contains(p, "*") })),
	} {
		if row := "| " + label + " | " + got + " | "; !strings.Contains(page, "\n"+row) {
			t.Errorf("docs/security.md has no row that begins with %q", row)
		}
	}
}

// verbs are those on one kind, which is written with its group.
func verbs(permissions []string, kind string) []string {
	var found []string
	for _, permission := range permissions {
		if verb, of, _ := strings.Cut(permission, " "); of == kind {
			found = append(found, verb)
		}
	}
	return found
}

func writing(permissions []string) int {
	reading := 0
	for _, permission := range permissions {
		if verb, _, _ := strings.Cut(permission, " "); slices.Contains([]string{"get", "list", "watch"}, verb) {
			reading++
		}
	}
	return len(permissions) - reading
}

func subjects(permissions []string) int {
	all := map[string]bool{}
	for _, permission := range permissions {
		_, kind, _ := strings.Cut(permission, " ")
		all[kind] = true
	}
	return len(all)
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}
