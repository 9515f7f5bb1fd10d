package gatewayapi

import (
	"reflect"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/serin-dev/serin/controllers/traffic"
)

// share is how one rule divides the requests that belong to the Service: parts of a whole of baseline + candidate.
type share struct{ baseline, candidate int64 }

// shares lists the rules that hold a generated Service.
func shares(rules []any, r traffic.Route) []share {
	var out []share
	for _, rule := range rules {
		var s share
		refs := backendRefs(rule)
		if !anyRef(refs, func(ref any) bool { return generated(ref, r) }) {
			continue
		}
		for _, ref := range refs {
			weight, _ := weightOf(ref)
			switch serviceName(ref, r.Object.Namespace) {
			case r.Baseline.Service:
				s.baseline += weight
			case r.Candidate.Service:
				s.candidate += weight
			}
		}
		out = append(out, s)
	}
	return out
}

// weight is the candidate's largest share in percent, rounded up so that it is never reported below what it is.
func weight(all []share) int32 {
	largest := int64(0)
	for _, s := range all {
		if whole := s.baseline + s.candidate; whole > 0 {
			largest = max(largest, (s.candidate*100+whole-1)/whole)
		}
	}
	return int32(largest)
}

// even is true when setting the weight once more would leave the rules as they are. Rules that can't be split are not even.
func even(rules []any, r traffic.Route, percent int32, was []original) bool {
	again, _, err := split(rules, r, percent, was)
	return err == nil && sameDivision(again, rules)
}

// sameDivision is true when the two divide requests alike: they are equal apart from a factor common to all weights of a rule. Where two
// Canaries share a rule, each scales the weights its own way, and neither may take the other's way for an edit.
func sameDivision(a, b []any) bool {
	return reflect.DeepEqual(reduced(a), reduced(b))
}

// reduced are the rules with the smallest weights of the same proportion.
func reduced(rules []any) []any {
	out := runtime.DeepCopyJSONValue(rules).([]any)
	for _, rule := range out {
		refs := backendRefs(rule)
		weights, ok := smallestWeights(refs)
		if !ok {
			continue
		}
		for i := range refs {
			refs[i] = withWeight(refs[i], weights[i])
		}
	}
	return out
}
