package gatewayapi

import (
	"encoding/json"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/serin-dev/serin/controllers/traffic"
)

// RestoreAnnotation holds, on a route that carries a split, what is needed to undo it. At rest there is none.
const RestoreAnnotation = "serin.dev/restore"

// memory is the content of the annotation.
type memory struct {
	// Splits holds the originals of the rules that were split. It is keyed by the baseline's Service, as the rules of one route may
	// belong to several Canaries, each in a release of its own.
	Splits map[string][]original `json:"splits,omitempty"`
	// Owners are the entries of managedFields that held spec.rules, reduced to that one field.
	Owners []metav1.ManagedFieldsEntry `json:"owners,omitempty"`
}

// recall reads the memory. trace says whether there is an annotation to undo for r: one that holds r's originals, or nobody's. An annotation
// that somebody has broken counts as lost: restoring is then done from the rules alone.
func recall(route *unstructured.Unstructured, r traffic.Route) (m memory, trace bool) {
	value, found := route.GetAnnotations()[RestoreAnnotation]
	// This decoder keeps whole numbers whole, where encoding/json would turn ports and weights into floats.
	if !found || utiljson.Unmarshal([]byte(value), &m) != nil {
		return memory{}, found
	}
	_, trace = m.Splits[r.Baseline.Service]
	return m, trace || len(m.Splits) == 0
}

func (m memory) originals(r traffic.Route) []original { return m.Splits[r.Baseline.Service] }

// with is m with r's originals replaced.
func (m memory) with(r traffic.Route, originals []original) memory {
	out := m.without(r)
	out.Splits[r.Baseline.Service] = originals
	return out
}

// without is m without r's originals.
func (m memory) without(r traffic.Route) memory {
	splits := map[string][]original{}
	for baseline, originals := range m.Splits {
		if baseline != r.Baseline.Service {
			splits[baseline] = originals
		}
	}
	return memory{Splits: splits, Owners: m.Owners}
}

func remember(route *unstructured.Unstructured, m memory) error {
	value, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encoding the annotation %s: %w", RestoreAnnotation, err)
	}
	annotations := route.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[RestoreAnnotation] = string(value)
	route.SetAnnotations(annotations)
	return nil
}

func forget(route *unstructured.Unstructured) {
	annotations := route.GetAnnotations()
	delete(annotations, RestoreAnnotation)
	if len(annotations) == 0 {
		annotations = nil
	}
	route.SetAnnotations(annotations)
}

// The rest of this file is about who owns spec.rules in managedFields, and why that has to be put back by hand.
//
// spec.rules is one atomic field: whoever changes a weight becomes the owner of all rules, and the API server strikes them from
// the entry of whoever owned them before. Writing the old rules back does not write the old owner back. The next
// `kubectl apply --server-side` of a changed manifest would then fail with a conflict with "serin", long after the release,
// and a rule deleted from a manifest would stay in the cluster. Applying our change server-side instead would not help: the
// rules have the same one owner, and giving up an applied field deletes it.
//
// So the entries are remembered before the first split and put back by Release in a write of its own: the write that changes the
// rules back always leaves them to the writer, while a write that changes managedFields and not the rules is taken as it is.
//
// In between, Serin stays the owner on record, on purpose. It is the truth; a server-side apply that would undo the split says
// so instead of doing it by accident; and Argo CD's ignoreDifferences can name the manager, which leaves the rules alone
// during a release and compares them at all other times.

// ownersOf picks the entries that own spec.rules, reduced to that.
func ownersOf(entries []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	var out []metav1.ManagedFieldsEntry
	for _, e := range entries {
		rules, ok := fieldsOf(e).spec()["f:rules"]
		if !ok {
			continue
		}
		// The time is left out: it changes with every write of that manager, whatever it wrote.
		e.Time = nil
		e.FieldsV1 = fields{"f:spec": map[string]any{"f:rules": rules}}.encode()
		out = append(out, e)
	}
	return out
}

// rightfulOwners are the owners that spec.rules would have had no split been made.
func rightfulOwners(route *unstructured.Unstructured, m memory) []metav1.ManagedFieldsEntry {
	owners := ownersOf(route.GetManagedFields())
	if route.GetLabels()[traffic.ManagedByLabel] == traffic.ManagedBy {
		// A generated route is ours at rest too.
		return owners
	}
	// Somebody who wrote the rules during the release owns them now, as they would have without us.
	owners = slices.DeleteFunc(owners, func(e metav1.ManagedFieldsEntry) bool { return e.Manager == traffic.FieldManager })
	if len(owners) > 0 {
		return owners
	}
	return m.Owners
}

// giveBack returns entries with spec.rules owned by owners and no longer by us.
func giveBack(entries, owners []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	var out []metav1.ManagedFieldsEntry
	for _, e := range entries {
		if e.Manager == traffic.FieldManager && e.Subresource == "" {
			f := fieldsOf(e)
			f.dropRules()
			e.FieldsV1 = f.encode()
			if len(f) == 0 {
				continue
			}
		}
		out = append(out, e)
	}
	for _, owner := range owners {
		i := slices.IndexFunc(out, func(e metav1.ManagedFieldsEntry) bool {
			return e.Manager == owner.Manager && e.Operation == owner.Operation &&
				e.APIVersion == owner.APIVersion && e.Subresource == owner.Subresource
		})
		if i < 0 {
			out = append(out, owner)
			continue
		}
		f := fieldsOf(out[i])
		spec := f.spec()
		if spec == nil {
			spec = map[string]any{}
			f["f:spec"] = spec
		}
		spec["f:rules"] = fieldsOf(owner).spec()["f:rules"]
		out[i].FieldsV1 = f.encode()
	}
	return out
}

// fields is the tree of an entry of managedFields.
type fields map[string]any

func fieldsOf(e metav1.ManagedFieldsEntry) fields {
	out := fields{}
	if e.FieldsV1 == nil || json.Unmarshal(e.FieldsV1.GetRawBytes(), &out) != nil {
		return fields{}
	}
	return out
}

func (f fields) spec() map[string]any {
	spec, _ := f["f:spec"].(map[string]any)
	return spec
}

func (f fields) dropRules() {
	spec := f.spec()
	delete(spec, "f:rules")
	if len(spec) == 0 {
		delete(f, "f:spec")
	}
}

func (f fields) encode() *metav1.FieldsV1 {
	// Trees of maps always encode.
	raw, _ := json.Marshal(map[string]any(f))
	return metav1.NewFieldsV1(string(raw))
}
