package workload

import (
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// parsed is the template that a manifest holds.
func parsed(t *testing.T, manifest string) template {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte("kind: Deployment\nmetadata: {name: web}\nspec: {template: "+manifest+"}"), &u.Object); err != nil {
		t.Fatal(err)
	}
	result, err := templateOf(u)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestTemplatesAreCompared(t *testing.T) {
	const base = `{metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: a, ports: [{containerPort: 80}]}]}}`
	for name, test := range map[string]struct {
		other          string
		same, restarts bool
	}{
		"the same written in another order": {
			`{spec: {containers: [{ports: [{containerPort: 80}], image: a, name: app}]}, metadata: {labels: {app: web}}}`, true, false,
		},
		"the hash label is not part of it": {
			`{metadata: {labels: {app: web, pod-template-hash: abc}}, spec: {containers: [{name: app, image: a, ports: [{containerPort: 80}]}]}}`, true, false,
		},
		"an empty map of annotations counts as none": {
			`{metadata: {annotations: {}, labels: {app: web}}, spec: {containers: [{name: app, image: a, ports: [{containerPort: 80}]}]}}`, true, false,
		},
		"a time of creation that is null counts as none": {
			`{metadata: {creationTimestamp: null, labels: {app: web}}, spec: {containers: [{name: app, image: a, ports: [{containerPort: 80}]}]}}`, true, false,
		},
		"another image": {
			`{metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: b, ports: [{containerPort: 80}]}]}}`, false, false,
		},
		"a field that no library knows": {
			`{metadata: {labels: {app: web}}, spec: {fromTheFuture: 1, containers: [{name: app, image: a, ports: [{containerPort: 80}]}]}}`, false, false,
		},
		"a field that no library knows deep inside": {
			`{metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: a, ports: [{containerPort: 80, fromTheFuture: 1}]}]}}`, false, false,
		},
		"a restart": {
			`{metadata: {annotations: {kubectl.kubernetes.io/restartedAt: now}, labels: {app: web}}, spec: {containers: [{name: app, image: a, ports: [{containerPort: 80}]}]}}`, false, true,
		},
		"a restart with another image": {
			`{metadata: {annotations: {kubectl.kubernetes.io/restartedAt: now}, labels: {app: web}}, spec: {containers: [{name: app, image: b, ports: [{containerPort: 80}]}]}}`, false, false,
		},
		"a restart with another annotation": {
			`{metadata: {annotations: {kubectl.kubernetes.io/restartedAt: now, a: b}, labels: {app: web}}, spec: {containers: [{name: app, image: a, ports: [{containerPort: 80}]}]}}`, false, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			one, other := parsed(t, base), parsed(t, test.other)
			if same := one == other; same != test.same {
				t.Errorf("same %t, want %t", same, test.same)
			}
			if one.restarts(other) != test.restarts || other.restarts(one) != test.restarts {
				t.Errorf("restarts %t and %t, want %t", one.restarts(other), other.restarts(one), test.restarts)
			}
		})
	}
}

func TestTwoRestartsOfOneTemplateRestartEachOther(t *testing.T) {
	first := parsed(t, `{metadata: {annotations: {kubectl.kubernetes.io/restartedAt: one, a: b}}, spec: {}}`)
	second := parsed(t, `{metadata: {annotations: {kubectl.kubernetes.io/restartedAt: two, a: b}}, spec: {}}`)
	if !first.restarts(second) {
		t.Error("they don't")
	}
}

func TestTemplatesAreNamed(t *testing.T) {
	free := func(string) bool { return false }
	one := parsed(t, `{metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: a}]}}`)
	name := one.name(free)
	// Another name after an upgrade would start no release, but it would surprise people in the middle of one.
	if name != "4f759bd579" {
		t.Errorf("the name is %s", name)
	}
	if !regexp.MustCompile(`^[bcdfghjklmnpqrstvwxz2456789]{10}$`).MatchString(name) {
		t.Errorf("%s does not look like a revision", name)
	}
	second := one.name(func(n string) bool { return n == name })
	if second == name || second != one.name(func(n string) bool { return n == name }) {
		t.Errorf("a name that is taken is followed by %s", second)
	}
	if other := parsed(t, `{metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: b}]}}`); other.name(free) == name {
		t.Error("another template has the same name")
	}
}

func TestCandidatesKeepTheRevisionInTheNamesOfTheirPods(t *testing.T) {
	for deployment, want := range map[string]string{
		"web":                             "web-abcdefghjk",
		strings.Repeat("a", 46):           strings.Repeat("a", 46) + "-abcdefghjk",
		strings.Repeat("a", 200):          strings.Repeat("a", 46) + "-abcdefghjk",
		strings.Repeat("a", 44) + ".-end": strings.Repeat("a", 44) + "-abcdefghjk",
	} {
		if name := candidateName(deployment, "abcdefghjk"); name != want {
			t.Errorf("the candidate of %s is named %s, want %s", deployment, name, want)
		}
	}
}

func TestACanarysNameFitsIntoALabel(t *testing.T) {
	long := strings.Repeat("c", 100)
	if v := labelValue("web"); v != "web" {
		t.Errorf("the label of web is %s", v)
	}
	if v := labelValue(long); len(v) > 63 || v == labelValue(long+"d") || v != labelValue(long) {
		t.Errorf("the label of a long name is %s", v)
	}
}
