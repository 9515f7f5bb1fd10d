package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/serin-dev/serin/analysis"
)

// strict is a policy by a queue's lag alone, otherwise the advice where a trace has only that.
const (
	strict = `
apiVersion: serin.dev/v1alpha1
kind: Canary
metadata: {name: worker}
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: worker}
  steps: [{weight: 10, bake: 2m}, {weight: 50, bake: 2m}, {weight: 100, bake: 1m}]
  analysis:
    metrics:
    - name: lag
      value: {query: 'max(lag{$arm})', worse: Higher, maxChange: {relative: 20%, absolute: "500"}}
`
	otherwise = "the trace counts lag (value): name the metrics as the trace does"
)

// TestAReleaseJudgedByAValueIsReplayed has a candidate that falls behind, under the policy that let it pass and a stricter one.
func TestAReleaseJudgedByAValueIsReplayed(t *testing.T) {
	dir := folder(t)
	h := header()
	h.Policy.Criteria = []analysis.Criterion{{Name: "lag", Worse: analysis.Higher, Absolute: 1e6}}
	looks := release(1)
	for i := range looks {
		l := &looks[i]
		l.Observations = []analysis.Observation{
			{Metric: "lag", Arm: analysis.Baseline, Window: l.Window, Value: new(12000 + 100*float64(i%3))},
			{Metric: "lag", Arm: analysis.Candidate, Window: l.Window, Value: new(31000 + 100*float64(i%5))},
		}
		if l.Weight == 0 {
			l.Observations = l.Observations[:1]
		}
	}
	for name, text := range map[string]string{"lag.jsonl": record(t, h, looks), "lag.trace": compact(t, h, looks), "strict.yaml": strict} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		args []string
		code int
		says []string
	}{
		"its own policy":                 {[]string{"--trace", "lag.jsonl"}, exitFine, []string{"LAG (baseline, candidate)", "12,100, 31,200", "\nPromoted at "}},
		"a stricter policy":              {[]string{"--trace", "lag.jsonl", "--policy", "strict.yaml"}, exitRolledBack, []string{"\nRolledBack at ", "lag 31,", " vs 12,", "allowed +2,4"}},
		"a stricter policy, compact":     {[]string{"--trace", "lag.trace", "--policy", "strict.yaml"}, exitRolledBack, []string{"\nRolledBack at ", "the trace is a compact one"}},
		"a policy by other metrics":      {[]string{"--trace", "lag.jsonl", "--policy", "canary.yaml"}, exitBadInput, []string{otherwise}},
		"a trace without the value":      {[]string{"--trace", "good.jsonl", "--policy", "strict.yaml"}, exitBadInput, []string{"spec.analysis.metrics[0] is lag (value), and the trace counts errors (errorRate)"}},
		"its own policy, to be computed": {[]string{"--trace", "lag.jsonl", "-o", "json"}, exitFine, []string{`"unit": "number"`}},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, dir, "", append([]string{"replay"}, test.args...)...)
			for _, says := range test.says {
				if got.code != test.code || !strings.Contains(got.out+got.err, says) {
					t.Errorf("exit code %d, want %d with %q: %s%s", got.code, test.code, says, got.out, got.err)
				}
			}
		})
	}
	var told replayJSON
	if err := json.Unmarshal([]byte(ask(t, dir, "", "replay", "--trace", "lag.jsonl", "-o", "json").out), &told); err != nil {
		t.Fatal(err)
	}
	if m := told.Looks[0].Metrics[0]; m.Baseline == nil || *m.Baseline != 12100 || m.Unit != "number" {
		t.Errorf("the first look is told as %+v", m)
	}
}
