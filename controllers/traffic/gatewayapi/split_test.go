package gatewayapi

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/controllers/traffic"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// TestSplitGolden compares the rules in testdata at 20 percent with what is written there, and shows at every percent that the way back
// leads to the very rules that came in.
func TestSplitGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/split/*.in.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no rules in testdata/split: %v", err)
	}
	for _, file := range files {
		t.Run(strings.ReplaceAll(strings.TrimSuffix(filepath.Base(file), ".in.yaml"), "-", " "), func(t *testing.T) {
			in, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			rules := rulesFrom(t, string(in))
			out, _, err := split(rules, testRoute(), 20, nil)
			if err != nil {
				t.Fatal(err)
			}
			compareGolden(t, strings.TrimSuffix(file, ".in.yaml")+".out.yaml", out)
			for percent := int32(0); percent <= 100; percent++ {
				throughAndBack(t, rules, percent)
			}
		})
	}
}

// throughAndBack splits at percent and again at another weight, and wants the properties every split has.
func throughAndBack(t *testing.T, rules []any, percent int32) {
	t.Helper()
	r := testRoute()
	before := encode(t, rules)
	first, was, err := split(rules, r, percent, nil)
	if err != nil {
		t.Fatalf("splitting at %d: %v", percent, err)
	}
	if got := weight(shares(first, r)); got != percent {
		t.Fatalf("a split at %d is read as %d", percent, got)
	}
	if !even(first, r, percent, was) {
		t.Fatalf("a split at %d is not even", percent)
	}
	second, wasNow, err := split(first, r, 100-percent, was)
	if err != nil {
		t.Fatalf("splitting at %d after %d: %v", 100-percent, percent, err)
	}
	if diff := cmp.Diff(was, wasNow); diff != "" {
		t.Fatalf("a second split remembers other originals (-first +second):\n%s", diff)
	}
	for name, held := range map[string][]any{"once": first, "twice": second} {
		if got := encode(t, restore(held, r, was)); got != before {
			t.Fatalf("split %s from %d percent and restored:\n%s\nwant:\n%s", name, percent, got, before)
		}
		if problem := disproportion(rules, held, r); problem != "" {
			t.Fatalf("split %s from %d percent: %s", name, percent, problem)
		}
	}
	if got := encode(t, rules); got != before {
		t.Fatalf("the rules given were changed to %s", got)
	}
	forgotten := restore(first, r, nil)
	if problem := disproportion(forgotten, first, r); problem != "" {
		t.Fatalf("restored from %d percent without a memory: %s", percent, problem)
	}
}

// disproportion compares the shares that the backends of each rule get at home with those in a split, by cross-multiplying.
func disproportion(home, held []any, r traffic.Route) string {
	for i := range home {
		want, got := totals(home[i], r), totals(held[i], r)
		if len(want) != len(got) {
			return fmt.Sprintf("rule %d has backends %v, want %v", i, got, want)
		}
		for a := range want {
			for b := range want {
				if want[a]*got[b] != want[b]*got[a] {
					return fmt.Sprintf("rule %d has weights %v, not in proportion to %v", i, got, want)
				}
			}
		}
	}
	return ""
}

// totals sums the weights of a rule by Service, the generated ones counting for the Service.
func totals(rule any, r traffic.Route) map[string]int64 {
	out := map[string]int64{}
	for _, ref := range backendRefs(rule) {
		weight, _ := weightOf(ref)
		key := fmt.Sprint(ref.(map[string]any)["name"], ref.(map[string]any)["namespace"], ref.(map[string]any)["kind"], ref.(map[string]any)["port"])
		if generated(ref, r) {
			key = fmt.Sprint(r.Service.Service, ref.(map[string]any)["namespace"], ref.(map[string]any)["kind"], ref.(map[string]any)["port"])
		}
		out[key] += weight
	}
	return out
}

func TestSplitRefuses(t *testing.T) {
	many := "- backendRefs:\n  - {name: read-api, port: 80}\n"
	for i := range mostBackends - 1 {
		many += fmt.Sprintf("  - {name: other-%d, port: 80}\n", i)
	}
	tests := map[string]struct{ rules, want string }{
		"rules that refer to other Services": {
			"- backendRefs: [{name: images, port: 80}]", "no rule sends requests to Service read-api port 80; name it",
		},
		"rules that refer to another port": {
			"- backendRefs: [{name: read-api, port: 81}]", "no rule sends requests to Service read-api port 80; name it",
		},
		"no rules at all": {
			"[]", "no rule sends requests to Service read-api port 80; name it",
		},
		"a Service that gets nothing": {
			"- backendRefs: [{name: read-api, port: 80, weight: 0}]", "every rule gives Service read-api port 80 weight 0; give it a weight above 0",
		},
		"weights that can't be divided": {
			"- backendRefs: [{name: read-api, port: 80, weight: 10001}, {name: other, port: 80, weight: 2}]",
			"spec.rules[0]: the weights of the backends must be divided in 100 parts, and 10001 times 100 is above Gateway API's limit of 1000000; write smaller weights",
		},
		"more backends than a rule may have": {
			many, "spec.rules[0]: during a release the rule needs 17 backends, and Gateway API allows 16; move some",
		},
		"a weight that is no number": {
			"- backendRefs: [{name: read-api, port: 80, weight: much}]", "spec.rules[0]: a backend is not an object with a whole number",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, err := split(rulesFrom(t, tc.rules), testRoute(), 20, nil)
			if !errors.Is(err, traffic.ErrUnsupported) {
				t.Fatalf("got %v, want ErrUnsupported", err)
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %q, want it to say %q", err, tc.want)
			}
		})
	}
}

func TestSplitAfterSomebodyEdited(t *testing.T) {
	const home = `
- name: api
  backendRefs: [{name: read-api, port: 80}, {name: legacy, port: 80}]
- name: app
  backendRefs: [{name: read-api, port: 80, weight: 7}]
`
	tests := map[string]struct {
		edit func(rules []any) []any
		// restored is what the rules are after the release.
		restored string
	}{
		"everything was reverted": {
			edit:     func([]any) []any { return rulesFrom(t, home) },
			restored: home,
		},
		"one rule was reverted": {
			edit:     func(rules []any) []any { return []any{rules[0], rulesFrom(t, home)[1]} },
			restored: home,
		},
		"one rule was reverted and given another weight": {
			edit: func(rules []any) []any {
				return append(rules[:1], rulesFrom(t, "- {name: app, backendRefs: [{name: read-api, port: 80, weight: 9}]}")...)
			},
			restored: `
- name: api
  backendRefs: [{name: read-api, port: 80}, {name: legacy, port: 80}]
- name: app
  backendRefs: [{name: read-api, port: 80, weight: 9}]
`,
		},
		"the rules changed places": {
			edit: func(rules []any) []any { return []any{rules[1], rules[0]} },
			restored: `
- name: app
  backendRefs: [{name: read-api, port: 80, weight: 7}]
- name: api
  backendRefs: [{name: read-api, port: 80}, {name: legacy, port: 80}]
`,
		},
		"a rule was put before the others": {
			edit: func(rules []any) []any {
				return append(rulesFrom(t, "- {name: new, backendRefs: [{name: read-api, port: 80}]}"), rules...)
			},
			restored: "\n- {name: new, backendRefs: [{name: read-api, port: 80}]}" + home,
		},
		"the share was changed by hand": {
			edit: func(rules []any) []any {
				at(rules, 0, 0)["weight"], at(rules, 0, 1)["weight"] = int64(1), int64(99)
				at(rules, 1, 0)["weight"], at(rules, 1, 1)["weight"] = int64(1), int64(99)
				return rules
			},
			restored: home,
		},
		"the proportion to another backend was changed by hand": {
			edit: func(rules []any) []any {
				at(rules, 0, 2)["weight"] = int64(300)
				return rules
			},
			restored: `
- name: api
  backendRefs: [{name: read-api, port: 80, weight: 1}, {name: legacy, port: 80, weight: 3}]
- name: app
  backendRefs: [{name: read-api, port: 80, weight: 7}]
`,
		},
		"a backend was added": {
			edit: func(rules []any) []any {
				rule := rules[1].(map[string]any)
				rule["backendRefs"] = append(backendRefs(rule), map[string]any{"name": "extra", "port": int64(80), "weight": int64(50)})
				return rules
			},
			restored: `
- name: api
  backendRefs: [{name: read-api, port: 80}, {name: legacy, port: 80}]
- name: app
  backendRefs: [{name: read-api, port: 80, weight: 2}, {name: extra, port: 80, weight: 1}]
`,
		},
		"the baseline was taken out": {
			edit: func(rules []any) []any {
				rules[1].(map[string]any)["backendRefs"] = backendRefs(rules[1])[1:]
				return rules
			},
			restored: `
- name: api
  backendRefs: [{name: read-api, port: 80}, {name: legacy, port: 80}]
- name: app
  backendRefs: [{name: read-api, port: 80}]
`,
		},
		"a field was added to a rule": {
			edit: func(rules []any) []any {
				rules[1].(map[string]any)["timeouts"] = map[string]any{"request": "1s"}
				return rules
			},
			restored: `
- name: api
  backendRefs: [{name: read-api, port: 80}, {name: legacy, port: 80}]
- name: app
  timeouts: {request: 1s}
  backendRefs: [{name: read-api, port: 80, weight: 7}]
`,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := testRoute()
			held, was, err := split(rulesFrom(t, home), r, 30, nil)
			if err != nil {
				t.Fatal(err)
			}
			edited := tc.edit(held)
			want := rulesFrom(t, tc.restored)
			if diff := cmp.Diff(want, restore(edited, r, was)); diff != "" {
				t.Errorf("released at once (-want +got):\n%s", diff)
			}
			again, was, err := split(edited, r, 40, was)
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range shares(again, r) {
				if s.candidate*60 != s.baseline*40 {
					t.Errorf("the next split gives rule %d the shares %+v, want 60 to 40", i, s)
				}
			}
			if diff := cmp.Diff(want, restore(again, r, was)); diff != "" {
				t.Errorf("released after the next split (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRestoreAfterTheCanaryNamesAnotherPort(t *testing.T) {
	const home = "- backendRefs: [{name: read-api, port: 80, weight: 3}]"
	held, was, err := split(rulesFrom(t, home), testRoute(), 30, nil)
	if err != nil {
		t.Fatal(err)
	}
	edited := testRoute()
	edited.Service.Port, edited.Baseline.Port, edited.Candidate.Port = 8080, 8080, 8080
	if diff := cmp.Diff(rulesFrom(t, home), restore(held, edited, was)); diff != "" {
		t.Errorf("with the memory (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(rulesFrom(t, "- backendRefs: [{name: read-api, port: 80}]"), restore(held, edited, nil)); diff != "" {
		t.Errorf("without the memory (-want +got):\n%s", diff)
	}
}

func TestRestoreWithoutMemory(t *testing.T) {
	tests := map[string]struct{ held, want string }{
		"a pair alone becomes the Service alone": {
			"- backendRefs: [{name: read-api-baseline, port: 80, weight: 70}, {name: read-api-candidate, port: 80, weight: 30}]",
			"- backendRefs: [{name: read-api, port: 80}]",
		},
		"a pair beside others keeps its part": {
			`- backendRefs: [{name: legacy, port: 80, weight: 200}, {name: read-api-baseline, port: 80, weight: 70},
                {name: read-api-candidate, port: 80, weight: 30}]`,
			"- backendRefs: [{name: legacy, port: 80, weight: 2}, {name: read-api, port: 80, weight: 1}]",
		},
		"a pair without requests stays without": {
			"- backendRefs: [{name: read-api-baseline, port: 80, weight: 0}, {name: read-api-candidate, port: 80, weight: 0}]",
			"- backendRefs: [{name: read-api, port: 80, weight: 0}]",
		},
		"weights that are no numbers are left alone": {
			"- backendRefs: [{name: read-api-candidate, port: 80, weight: much}]",
			"- backendRefs: [{name: read-api, port: 80, weight: much}]",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(rulesFrom(t, tc.want), restore(rulesFrom(t, tc.held), testRoute(), nil)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestWeightOfUnevenRules(t *testing.T) {
	tests := map[string]struct {
		rules string
		want  int32
		even  bool
	}{
		"the largest of several counts": {
			`- backendRefs: [{name: read-api-baseline, port: 80, weight: 90}, {name: read-api-candidate, port: 80, weight: 10}]
- backendRefs: [{name: read-api-baseline, port: 80, weight: 60}, {name: read-api-candidate, port: 80, weight: 40}]`, 40, false,
		},
		"a broken percent is rounded up": {
			"- backendRefs: [{name: read-api-baseline, port: 80, weight: 2}, {name: read-api-candidate, port: 80, weight: 1}]", 34, false,
		},
		"a rule at home beside a split one": {
			`- backendRefs: [{name: read-api-baseline, port: 80, weight: 90}, {name: read-api-candidate, port: 80, weight: 10}]
- backendRefs: [{name: read-api, port: 80}]`, 10, false,
		},
		"a rule that takes no requests does not count": {
			`- backendRefs: [{name: read-api-baseline, port: 80, weight: 0}, {name: read-api-candidate, port: 80, weight: 0}, {name: x, port: 80, weight: 100}]
- backendRefs: [{name: read-api-baseline, port: 80, weight: 90}, {name: read-api-candidate, port: 80, weight: 10}]`, 10, true,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			rules := rulesFrom(t, tc.rules)
			got := weight(shares(rules, testRoute()))
			if got != tc.want {
				t.Errorf("weight %d, want %d", got, tc.want)
			}
			if e := even(rules, testRoute(), got, nil); e != tc.even {
				t.Errorf("even %v, want %v", e, tc.even)
			}
		})
	}
}
