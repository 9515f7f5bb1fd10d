package gatewayapi

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/serin-dev/serin/controllers/traffic"
)

// otherRoute is the same route for another Canary.
func otherRoute() traffic.Route {
	r := testRoute()
	r.Service = traffic.Backend{Service: "write-api", Port: 80}
	r.Baseline = traffic.Backend{Service: "write-api-baseline", Port: 80}
	r.Candidate = traffic.Backend{Service: "write-api-candidate", Port: 80}
	return r
}

func TestTwoCanariesShareARoute(t *testing.T) {
	tests := map[string]struct{ rules, after string }{
		"each with rules of its own": {
			rules: "[{name: read, backendRefs: [{name: read-api, port: 80}]}, {name: write, backendRefs: [{name: write-api, port: 80, weight: 7}]}]",
		},
		"both in one rule": {
			rules: "[{backendRefs: [{name: read-api, port: 80, weight: 30}, {name: write-api, port: 80, weight: 60}, {name: images, port: 80, weight: 10}]}]",
			// Weights are exact only where nobody else wrote in the rule; the proportion always is.
			after: "[{backendRefs: [{name: read-api, port: 80, weight: 3}, {name: write-api, port: 80, weight: 6}, {name: images, port: 80, weight: 1}]}]",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if tc.after == "" {
				tc.after = tc.rules
			}
			c := fakeClient(t, "HTTPRoute")
			route := routeFrom(t, "spec: {parentRefs: [{name: public}], rules: "+tc.rules+"}")
			if err := c.Create(t.Context(), route); err != nil {
				t.Fatal(err)
			}
			router, read, write := routerOf("HTTPRoute", c), testRoute(), otherRoute()
			get := func() *unstructured.Unstructured {
				t.Helper()
				live, err := router.get(t.Context(), read.Object)
				if err != nil {
					t.Fatal(err)
				}
				return live
			}
			before := managersOf(get())
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			// both says what each of the two sees, and that each finds nothing to do after the other.
			both := func(wantRead, wantWrite traffic.Split) {
				t.Helper()
				for range 2 {
					for _, arm := range []struct {
						r    traffic.Route
						want traffic.Split
					}{{read, wantRead}, {write, wantWrite}} {
						acknowledge(t, c, router.kind, read.Object)
						got, err := router.Observe(t.Context(), arm.r)
						must(err)
						arm.want.Even, arm.want.Settled = true, true
						if diff := cmp.Diff(arm.want, got); diff != "" {
							t.Errorf("%s (-want +got):\n%s", arm.r.Service.Service, diff)
						}
						rules := rulesOf(get())
						if !arm.want.Home {
							must(router.SetWeight(t.Context(), arm.r, arm.want.Weight))
						}
						if diff := cmp.Diff(rules, rulesOf(get())); diff != "" {
							t.Errorf("%s changes the rules after the other (-before +after):\n%s", arm.r.Service.Service, diff)
						}
					}
				}
				settled := get().GetResourceVersion()
				if !wantRead.Home {
					must(router.SetWeight(t.Context(), read, wantRead.Weight))
				}
				if !wantWrite.Home {
					must(router.SetWeight(t.Context(), write, wantWrite.Weight))
				}
				if now := get().GetResourceVersion(); now != settled {
					t.Errorf("the two go on writing after each other")
				}
			}
			must(router.SetWeight(t.Context(), read, 10))
			both(traffic.Split{Weight: 10}, traffic.Split{Home: true, Alike: true})
			must(router.SetWeight(t.Context(), write, 33))
			both(traffic.Split{Weight: 10}, traffic.Split{Weight: 33})
			must(router.SetWeight(t.Context(), read, 55))
			must(router.SetWeight(t.Context(), write, 100))
			both(traffic.Split{Weight: 55}, traffic.Split{Weight: 100})
			must(router.Release(t.Context(), read))
			both(traffic.Split{Home: true, Alike: true}, traffic.Split{Weight: 100})
			must(router.SetWeight(t.Context(), read, 1))
			both(traffic.Split{Weight: 1}, traffic.Split{Weight: 100})
			must(router.Release(t.Context(), write))
			both(traffic.Split{Weight: 1}, traffic.Split{Home: true, Alike: true})
			must(router.Release(t.Context(), read))

			after := get()
			if diff := cmp.Diff(rulesFrom(t, tc.after), rulesOf(after)); diff != "" {
				t.Errorf("rules at the end (-want +got):\n%s", diff)
			}
			if len(after.GetAnnotations()) > 0 {
				t.Errorf("annotations at the end: %v", after.GetAnnotations())
			}
			if diff := cmp.Diff(before, managersOf(after)); diff != "" {
				t.Errorf("managers (-before +after):\n%s", diff)
			}
		})
	}
}

// FuzzTwoCanaries lets two Canaries split and release random rules in random order. At the end every share is what it was, and no rule
// refers to a generated Service.
func FuzzTwoCanaries(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 2))
		home := randomRules(random)
		for _, rule := range home {
			for _, ref := range backendRefs(rule) {
				ref := ref.(map[string]any)
				if ref["name"] == "legacy" && random.IntN(2) == 0 {
					ref["name"] = "write-api"
				}
				if weight, ok := ref["weight"].(int64); ok {
					// Two Canaries in one rule multiply their weights, so they must be smaller.
					ref["weight"] = weight % 50
				}
			}
		}
		routes := []traffic.Route{testRoute(), otherRoute()}
		rules, was := home, map[int][]original{}
		for range 8 {
			i := random.IntN(2)
			if random.IntN(4) == 0 {
				rules = restore(rules, routes[i], was[i])
				delete(was, i)
				continue
			}
			percent := random.Int32N(101)
			next, originals, err := split(rules, routes[i], percent, was[i])
			if err != nil {
				continue
			}
			rules, was[i] = next, originals
			if got := weight(shares(rules, routes[i])); got != percent {
				t.Fatalf("weight %d, want %d", got, percent)
			}
			if other := 1 - i; was[other] != nil && !even(rules, routes[other], weight(shares(rules, routes[other])), was[other]) {
				t.Fatalf("what one wrote looks like an edit to the other:\n%s", encode(t, rules))
			}
		}
		for i, r := range routes {
			rules = restore(rules, r, was[i])
		}
		for _, r := range routes {
			if left := shares(rules, r); len(left) > 0 {
				t.Fatalf("left over: %s", encode(t, rules))
			}
		}
		if problem := disproportion(home, rules, testRoute()); problem != "" {
			t.Fatal(problem)
		}
	})
}
