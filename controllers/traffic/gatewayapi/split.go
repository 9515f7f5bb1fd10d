package gatewayapi

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/serin-dev/serin/controllers/traffic"
)

const (
	// largestWeight and mostBackends are Gateway API's own limits.
	largestWeight = 1_000_000
	mostBackends  = 16
	// parts is how finely a weight is divided: percents are whole numbers, so 100 parts divide any weight without a remainder.
	parts = 100
)

// original is what a rule said before it was split.
type original struct {
	Rule        int   `json:"rule"`
	BackendRefs []any `json:"backendRefs"`
}

// split returns the rules as they are while percent of the requests to r.Service go to the candidate, and the originals that restore
// needs to undo that. The rules given may be as their owner wrote them, split at any weight, or a mixture after somebody edited
// them; was is what the last split returned. Nothing given is changed.
//
// Every rule is brought home first and then split. There is one path only, so that splitting twice is the same as splitting once.
func split(rules []any, r traffic.Route, percent int32, was []original) ([]any, []original, error) {
	out := restore(rules, r, was)
	var originals []original
	sends := false
	for i := range out {
		refs := backendRefs(out[i])
		if !anyRef(refs, func(ref any) bool { return pointsAt(ref, r.Service, r.Object.Namespace) }) {
			continue
		}
		parted, sent, err := splitRefs(refs, r, percent)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: spec.rules[%d]: %w", traffic.ErrUnsupported, i, err)
		}
		originals = append(originals, original{Rule: i, BackendRefs: refs})
		out[i].(map[string]any)["backendRefs"] = parted
		sends = sends || sent
	}
	service := fmt.Sprintf("Service %s port %d", r.Service.Service, r.Service.Port)
	switch {
	case len(originals) == 0:
		return nil, nil, fmt.Errorf("%w: no rule sends requests to %s; name it in spec.rules[].backendRefs of the route, or correct "+
			"spec.traffic.service of the Canary", traffic.ErrUnsupported, service)
	case !sends:
		return nil, nil, fmt.Errorf("%w: every rule gives %s weight 0; give it a weight above 0", traffic.ErrUnsupported, service)
	}
	return out, originals, nil
}

// splitRefs puts the baseline and the candidate in the place of the Service. The other backends of the rule keep their proportion to
// the two together exactly, and their weights do not depend on percent. sends is false when the Service has weight 0.
func splitRefs(refs []any, r traffic.Route, percent int32) (out []any, sends bool, err error) {
	weights, ok := smallestWeights(refs)
	if !ok {
		return nil, false, fmt.Errorf("a backend is not an object with a whole number of 0 or more as its weight")
	}
	for i, ref := range refs {
		if weights[i] > largestWeight/parts {
			return nil, false, fmt.Errorf("the weights of the backends must be divided in %d parts, and %d times %d is above Gateway API's "+
				"limit of %d; write smaller weights of the same proportion", parts, weights[i], parts, largestWeight)
		}
		if !pointsAt(ref, r.Service, r.Object.Namespace) {
			out = append(out, withWeight(ref, weights[i]*parts))
			continue
		}
		sends = sends || weights[i] > 0
		out = append(out,
			withWeight(withBackend(ref, r.Baseline), weights[i]*int64(parts-percent)),
			withWeight(withBackend(ref, r.Candidate), weights[i]*int64(percent)))
	}
	if len(out) > mostBackends {
		return nil, false, fmt.Errorf("during a release the rule needs %d backends, and Gateway API allows %d; "+
			"move some of them to a rule of their own", len(out), mostBackends)
	}
	return out, sends, nil
}

// restore returns the rules as their owner wrote them: exactly, where an original is remembered and the rule is still what was made
// from it; otherwise with the same meaning as now, the baseline's and the candidate's weights summed. Rules that hold neither
// generated Service stay as they are, since their owner has rewritten them, or never referred to the Service.
func restore(rules []any, r traffic.Route, was []original) []any {
	out := runtime.DeepCopyJSONValue(rules).([]any)
	for i := range out {
		refs := backendRefs(out[i])
		if !anyRef(refs, func(ref any) bool { return generated(ref, r) }) {
			continue
		}
		home, ok := remembered(refs, r, i, was)
		if !ok {
			home = mergeRefs(refs, r)
		}
		out[i].(map[string]any)["backendRefs"] = home
	}
	return out
}

// remembered finds the original that refs were made from. Two originals may have become the same split, so the one of the rule with
// this index goes first; the others count because somebody may have moved or copied the rule since.
func remembered(refs []any, r traffic.Route, rule int, was []original) ([]any, bool) {
	var found []any
	for _, o := range was {
		if (found == nil || o.Rule == rule) && madeFrom(refs, o.BackendRefs, r) {
			found = o.BackendRefs
		}
	}
	if found == nil {
		return nil, false
	}
	return runtime.DeepCopyJSONValue(found).([]any), true
}

// madeFrom is true when refs are the original split at some weight. The pairs in refs say which of the original's backends were split,
// not r.Service, for that may have been edited since.
func madeFrom(refs, original []any, r traffic.Route) bool {
	var merged []int64
	for _, was := range original {
		switch {
		case pair(refs, r):
			if !sameButBackend(refs[0], was) || !sameButBackend(refs[1], was) {
				return false
			}
			merged = append(merged, sumOfWeights(refs[:2]))
			refs = refs[2:]
		case len(refs) > 0 && sameButWeight(refs[0], was):
			merged = append(merged, sumOfWeights(refs[:1]))
			refs = refs[1:]
		default:
			return false
		}
	}
	weights, ok := smallestWeights(original)
	return ok && len(refs) == 0 && slices.Equal(inLowestTerms(merged), weights)
}

// mergeRefs undoes a split of which nothing is remembered: each pair becomes the Service again, with the sum of their weights, and
// all weights of the rule are then made as small as their proportion allows.
func mergeRefs(refs []any, r traffic.Route) []any {
	var out []any
	for i := 0; i < len(refs); i++ {
		switch {
		case pair(refs[i:], r):
			home := withWeight(withHome(refs[i], r), sumOfWeights(refs[i:i+2]))
			out = append(out, home)
			i++
		case generated(refs[i], r):
			out = append(out, withHome(refs[i], r))
		default:
			out = append(out, refs[i])
		}
	}
	weights, ok := smallestWeights(out)
	if !ok {
		return out
	}
	for i := range out {
		out[i] = withWeight(out[i], weights[i])
	}
	if len(out) == 1 && weights[0] == 1 {
		delete(out[0].(map[string]any), "weight")
	}
	return out
}
