package workload

import (
	"encoding/json"
	"fmt"
	"hash/fnv"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/rand"
)

// restartedAt is the annotation by which kubectl rollout restart changes a template and nothing else.
const restartedAt = "kubectl.kubernetes.io/restartedAt"

// template is a pod template as the API server stores it, in a form that compares by ==. It is read without Go types, so that fields this library has never
// heard of count like all others, and so that an upgrade of the library changes no comparison. The hash label, which differs by design, is left out.
type template struct {
	// exact is the canonical JSON; unrestarted is the same without the restart annotation.
	exact, unrestarted string
}

// templateOf reads spec.template of a Deployment or ReplicaSet.
func templateOf(object *unstructured.Unstructured) (template, error) {
	content, found, err := unstructured.NestedMap(object.Object, "spec", "template")
	if err != nil {
		return template{}, err
	}
	if !found {
		return template{}, fmt.Errorf("%s %s has no template", object.GetKind(), object.GetName())
	}
	// Some servers store the time that a template never has as null, some leave it out.
	unstructured.RemoveNestedField(content, "metadata", "creationTimestamp")
	unstructured.RemoveNestedField(content, "metadata", "labels", appsv1.DefaultDeploymentUniqueLabelKey)
	exact, err := canonical(content)
	if err != nil {
		return template{}, err
	}
	unstructured.RemoveNestedField(content, "metadata", "annotations", restartedAt)
	unrestarted, err := canonical(content)
	return template{exact: exact, unrestarted: unrestarted}, err
}

// canonical is the JSON of a template with sorted keys and without spaces. A map of labels or annotations that has become empty counts as absent: that is how the API
// server stores it.
func canonical(content map[string]any) (string, error) {
	for _, field := range []string{"labels", "annotations"} {
		if m, found, _ := unstructured.NestedMap(content, "metadata", field); found && len(m) == 0 {
			unstructured.RemoveNestedField(content, "metadata", field)
		}
	}
	b, err := json.Marshal(content)
	return string(b), err
}

// restarts says that t and other differ by a restart and nothing else.
func (t template) restarts(other template) bool {
	return t.exact != other.exact && t.unrestarted == other.unrestarted
}

// name makes up a revision for a template that no ReplicaSet has yet. It names, it never identifies: whether two templates are the same is found by comparing them.
// taken answers for names that are in use by other templates.
func (t template) name(taken func(string) bool) string {
	for n := 0; ; n++ {
		h := fnv.New32a()
		fmt.Fprint(h, t.exact)
		if n > 0 {
			fmt.Fprint(h, n)
		}
		if name := rand.SafeEncodeString(fmt.Sprintf("%010d", h.Sum32())); !taken(name) {
			return name
		}
	}
}

// labelled is the template of the Deployment with the hash label that revision stands for, as a ReplicaSet holds it.
func labelled(deployment *unstructured.Unstructured, revision string) (map[string]any, error) {
	content, _, err := unstructured.NestedMap(deployment.Object, "spec", "template")
	if err != nil {
		return nil, err
	}
	content = runtime.DeepCopyJSON(content)
	return content, unstructured.SetNestedField(content, revision, "metadata", "labels", appsv1.DefaultDeploymentUniqueLabelKey)
}
