package gatewayapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/controllers/traffic"
)

func FuzzSplitAndRestore(f *testing.F) {
	files, err := filepath.Glob("testdata/split/*.in.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		in, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		rules, err := yaml.YAMLToJSON(in)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(rules, uint8(20), uint8(100))
	}
	f.Fuzz(func(t *testing.T, in []byte, first, second uint8) {
		var rules []any
		if utiljson.Unmarshal(in, &rules) != nil {
			t.Skip("not a list")
		}
		r := testRoute()
		if len(shares(rules, r)) > 0 {
			t.Skip("rules that name the generated Services already are no rules at home")
		}
		before := encode(t, rules)
		held, was, err := split(rules, r, int32(first%101), nil)
		if err != nil {
			if !errors.Is(err, traffic.ErrUnsupported) {
				t.Fatalf("an error that is not ErrUnsupported: %v", err)
			}
			t.Skip(err)
		}
		again, was, err := split(held, r, int32(second%101), throughJSON(t, was))
		if err != nil {
			t.Fatalf("what could be split once can't be split again: %v", err)
		}
		if got := weight(shares(again, r)); got != int32(second%101) {
			t.Fatalf("weight %d, want %d", got, second%101)
		}
		if got := encode(t, restore(again, r, throughJSON(t, was))); got != before {
			t.Fatalf("restored:\n%s\nwant:\n%s", got, before)
		}
		if got := encode(t, rules); got != before {
			t.Fatalf("the rules given were changed to %s", got)
		}
		restore(again, r, nil)
	})
}

// throughJSON gives the originals the journey through the annotation.
func throughJSON(t *testing.T, was []original) []original {
	t.Helper()
	raw, err := json.Marshal(was)
	if err != nil {
		t.Fatal(err)
	}
	var out []original
	if err := utiljson.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(was, out) {
		t.Fatalf("the annotation does not keep the originals: %v became %v", was, out)
	}
	return out
}

// FuzzRandomRules makes rules of every valid shape from a seed, splits, edits and restores them. What FuzzSplitAndRestore finds by mutating
// text seldom gets past the shape; this does every time.
func FuzzRandomRules(f *testing.F) {
	for seed := range uint64(500) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 1))
		rules := randomRules(random)
		throughAndBack(t, rules, random.Int32N(101))

		r := testRoute()
		held, was, err := split(rules, r, random.Int32N(101), nil)
		if err != nil {
			t.Fatal(err)
		}
		edited := edit(random, held)
		for _, memory := range [][]original{was, nil} {
			home := restore(edited, r, memory)
			if left := shares(home, r); len(left) > 0 {
				t.Fatalf("restored rules still refer to the generated Services:\n%s", encode(t, home))
			}
			again, now, err := split(edited, r, 30, memory)
			if err != nil {
				// An edit may take the last reference to the Service away.
				continue
			}
			if !even(again, r, 30, now) {
				t.Fatalf("a split after an edit is not even:\n%s", encode(t, again))
			}
			if got, want := encode(t, restore(again, r, now)), encode(t, home); got != want {
				t.Fatalf("a split in between changes what is restored:\n%s\nwant:\n%s", got, want)
			}
		}
	})
}

func randomRules(random *rand.Rand) []any {
	rules := make([]any, 1+random.IntN(4))
	for i := range rules {
		rule := map[string]any{}
		if random.IntN(2) == 0 {
			rule["name"] = fmt.Sprint("rule-", i)
		}
		if random.IntN(8) > 0 {
			refs := make([]any, random.IntN(5))
			for j := range refs {
				refs[j] = randomRef(random)
			}
			rule["backendRefs"] = refs
		}
		rules[i] = rule
	}
	// At least one rule carries the split.
	sure := map[string]any{"name": "read-api", "port": int64(80)}
	if random.IntN(2) == 0 {
		sure["weight"] = 1 + random.Int64N(100)
	}
	at := rules[random.IntN(len(rules))].(map[string]any)
	at["backendRefs"] = append(backendRefs(at), sure)
	return rules
}

func randomRef(random *rand.Rand) map[string]any {
	ref := map[string]any{
		"name": []string{"read-api", "read-api", "legacy", "images"}[random.IntN(4)],
		"port": []int64{80, 80, 80, 8080}[random.IntN(4)],
	}
	for _, field := range []struct {
		key    string
		values []any
	}{
		{"weight", []any{int64(0), int64(1), int64(2), int64(10), int64(50), random.Int64N(10_001)}},
		{"group", []any{"", "", "", "example.com"}},
		{"kind", []any{"Service", "Service", "Service", "Bucket"}},
		{"namespace", []any{"shop", "shop", "elsewhere"}},
		{"filters", []any{[]any{}, []any{map[string]any{"type": "ExtensionRef"}}}},
	} {
		if random.IntN(3) == 0 {
			ref[field.key] = field.values[random.IntN(len(field.values))]
		}
	}
	return ref
}

// edit does to rules what people and tools do in the middle of a release.
func edit(random *rand.Rand, rules []any) []any {
	for range random.IntN(4) {
		rule, _ := rules[random.IntN(len(rules))].(map[string]any)
		refs := backendRefs(rule)
		if len(refs) == 0 {
			continue
		}
		i := random.IntN(len(refs))
		switch random.IntN(6) {
		case 0:
			refs[i] = withWeight(refs[i], random.Int64N(1000))
		case 1:
			rule["backendRefs"] = slices.Delete(slices.Clone(refs), i, i+1)
		case 2:
			rule["backendRefs"] = append(slices.Clone(refs), randomRef(random))
		case 3:
			j := random.IntN(len(refs))
			refs[i], refs[j] = refs[j], refs[i]
		case 4:
			rules = append(rules, map[string]any{"backendRefs": slices.Clone(refs)})
		case 5:
			random.Shuffle(len(rules), func(a, b int) { rules[a], rules[b] = rules[b], rules[a] })
		}
	}
	return rules
}
