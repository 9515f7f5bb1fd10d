package gatewayapi

import (
	"reflect"
	"slices"

	"github.com/serin-dev/serin/controllers/traffic"
)

// This file reads and writes single entries of a rule's backendRefs. They are kept as plain JSON values all the way, so that what this
// library does not know yet (a new field, a vendor's extension) is carried along rather than lost.

// backendRefs of a rule; none when the rule is not shaped as expected.
func backendRefs(rule any) []any {
	m, _ := rule.(map[string]any)
	refs, _ := m["backendRefs"].([]any)
	return refs
}

func anyRef(refs []any, is func(any) bool) bool {
	for _, ref := range refs {
		if is(ref) {
			return true
		}
	}
	return false
}

// serviceName is the name of the Service that ref points at; empty when it points at something else or into another namespace.
func serviceName(ref any, namespace string) string {
	m, ok := ref.(map[string]any)
	if !ok || text(m, "group") != "" {
		return ""
	}
	if kind := text(m, "kind"); kind != "" && kind != "Service" {
		return ""
	}
	if ns := text(m, "namespace"); ns != "" && ns != namespace {
		return ""
	}
	return text(m, "name")
}

func text(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}

func pointsAt(ref any, b traffic.Backend, namespace string) bool {
	if serviceName(ref, namespace) != b.Service {
		return false
	}
	port, ok := ref.(map[string]any)["port"].(int64)
	return ok && port == int64(b.Port)
}

// generated is true when ref points at one of the two generated Services. The port does not matter: the Canary may name another one
// since the split was made, and a reference to a generated Service must not outlive the release.
func generated(ref any, r traffic.Route) bool {
	name := serviceName(ref, r.Object.Namespace)
	return name != "" && (name == r.Baseline.Service || name == r.Candidate.Service)
}

// pair is true when refs begin with the baseline followed by the candidate.
func pair(refs []any, r traffic.Route) bool {
	return len(refs) >= 2 &&
		serviceName(refs[0], r.Object.Namespace) == r.Baseline.Service &&
		serviceName(refs[1], r.Object.Namespace) == r.Candidate.Service
}

// withBackend is a copy of ref that points at b and keeps all else, the filters of this backend included.
func withBackend(ref any, b traffic.Backend) map[string]any {
	out := clone(ref)
	out["name"] = b.Service
	out["port"] = int64(b.Port)
	return out
}

// withHome is a copy of ref, which points at a generated Service, that points at the Service again. A port that is not the
// baseline's or the candidate's stems from an earlier state of the Canary and is kept: generated Services have the Service's ports.
func withHome(ref any, r traffic.Route) map[string]any {
	out := clone(ref)
	out["name"] = r.Service.Service
	if pointsAt(ref, r.Baseline, r.Object.Namespace) || pointsAt(ref, r.Candidate, r.Object.Namespace) {
		out["port"] = int64(r.Service.Port)
	}
	return out
}

func withWeight(ref any, weight int64) map[string]any {
	out := clone(ref)
	out["weight"] = weight
	return out
}

// clone copies the top level of ref. Deeper values are shared, and nobody here changes them.
func clone(ref any) map[string]any {
	out := map[string]any{}
	for k, v := range ref.(map[string]any) {
		out[k] = v
	}
	return out
}

// sameButBackend compares two refs apart from where they point and how much they get.
func sameButBackend(a, b any) bool { return sameBut(a, b, "name", "port", "weight") }

// sameButWeight compares two refs apart from how much they get.
func sameButWeight(a, b any) bool { return sameBut(a, b, "weight") }

func sameBut(a, b any, keys ...string) bool {
	_, ok := a.(map[string]any)
	_, okToo := b.(map[string]any)
	if !ok || !okToo {
		return false
	}
	x, y := clone(a), clone(b)
	for _, k := range keys {
		delete(x, k)
		delete(y, k)
	}
	return reflect.DeepEqual(x, y)
}

// weightOf is the weight of ref, 1 when it has none; not ok when ref is no object or the weight no whole number from 0 up.
func weightOf(ref any) (weight int64, ok bool) {
	m, ok := ref.(map[string]any)
	if !ok {
		return 0, false
	}
	v, has := m["weight"]
	if !has {
		return 1, true
	}
	weight, ok = v.(int64)
	return weight, ok && weight >= 0
}

func sumOfWeights(refs []any) int64 {
	sum := int64(0)
	for _, ref := range refs {
		if w, ok := weightOf(ref); ok {
			sum += w
		}
	}
	return sum
}

// smallestWeights are the smallest whole numbers in the proportion of the refs' weights.
func smallestWeights(refs []any) (weights []int64, ok bool) {
	for _, ref := range refs {
		w, ok := weightOf(ref)
		if !ok {
			return nil, false
		}
		weights = append(weights, w)
	}
	return inLowestTerms(weights), true
}

func inLowestTerms(weights []int64) []int64 {
	common := int64(0)
	for _, w := range weights {
		common = greatestCommonDivisor(common, w)
	}
	out := slices.Clone(weights)
	for i := range out {
		if common > 1 {
			out[i] /= common
		}
	}
	return out
}

func greatestCommonDivisor(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
