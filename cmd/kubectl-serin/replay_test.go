package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestTheExitCodeIsTheOutcome(t *testing.T) {
	dir := folder(t)
	for name, tc := range map[string]struct {
		policy, trace string
		code          int
		want          string
	}{
		"what was promoted is promoted":           {"canary.yaml", "good.jsonl", exitFine, "\nPromoted at 2026-03-04 12:15:15, step 3 of 3 (weight 100%): every step passed\nRecorded: Promoted at 2026-03-04 12:15:16"},
		"what should not have been is not":        {"canary.yaml", "bad.jsonl", exitRolledBack, "\nRolledBack at 2026-03-04 12:1"},
		"a slower plan than the trace has no end": {"slow.yaml", "good.jsonl", exitInconclusive, "\nInconclusive at 2026-03-04 12:15:31, where the trace ends: step 1 of 2 (weight 5%) bakes for at least"},
		"another weight than planned is told":     {"slow.yaml", "good.jsonl", exitInconclusive, "Note: from 2026-03-04 12:10:20 on, 20 of 20 looks were served at another weight than this policy would have granted"},
		"the rest of a trace is ignored":          {"canary.yaml", "bad.jsonl", exitRolledBack, " looks after the decision are ignored."},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, dir, "", "replay", "--policy", tc.policy, "--trace", tc.trace)
			if got.code != tc.code || got.err != "" || !strings.Contains(got.out, tc.want) {
				t.Errorf("exit code %d, want %d with %q: %s%s", got.code, tc.code, tc.want, got.out, got.err)
			}
		})
	}
}

func TestAReplayUnderItsOwnPolicyNeedsNoFile(t *testing.T) {
	dir := folder(t)
	with, without := ask(t, dir, "", "replay", "--trace", "good.jsonl", "--policy", "canary.yaml"), ask(t, dir, "", "replay", "--trace", "good.jsonl")
	if strings.ReplaceAll(with.out, "canary.yaml", "its own policy") != without.out {
		t.Errorf("with the policy in a file:\n%s\nwith the recorded one:\n%s", with.out, without.out)
	}
}

func TestACompactTraceLeadsToTheSameEndAndIsToldToBeOne(t *testing.T) {
	dir := folder(t)
	for name, code := range map[string]int{"good.trace": exitFine, "bad.trace": exitRolledBack} {
		got := ask(t, dir, "", "replay", "--policy", "canary.yaml", "--trace", name)
		if got.code != code || !strings.Contains(got.out, "Note: the trace is a compact one;") {
			t.Errorf("%s: exit code %d, want %d: %s%s", name, got.code, code, got.out, got.err)
		}
	}
}

func TestJSONSaysWhatTheTextSays(t *testing.T) {
	dir := folder(t)
	text := ask(t, dir, "", "replay", "--policy", "canary.yaml", "--trace", "bad.jsonl")
	got := ask(t, dir, "", "replay", "--policy", "canary.yaml", "--trace", "bad.jsonl", "-o", "json")
	var told replayJSON
	d := json.NewDecoder(strings.NewReader(got.out))
	d.DisallowUnknownFields()
	if err := d.Decode(&told); err != nil || got.code != text.code {
		t.Fatalf("exit code %d, %v: %s", got.code, err, got.out)
	}
	if !strings.Contains(text.out, told.Outcome+" at 2026-03-04 12:") || !strings.Contains(text.out, told.Message) || told.Recorded == nil || told.Recorded.Outcome != "Promoted" {
		t.Errorf("%+v", told)
	}
	for _, n := range told.Notes {
		if !strings.Contains(text.out, n) {
			t.Errorf("the text lacks %q", n)
		}
	}
	for _, l := range told.Looks {
		at, err := time.Parse(time.RFC3339, l.To)
		if err != nil {
			t.Fatal(err)
		}
		row := regexp.MustCompile(fmt.Sprintf(`(?m)^%s  %d%% .* %s$`, at.Format(shortMoment), l.Weight, l.Verdict))
		if !row.MatchString(text.out) || len(l.Metrics) != 2 || l.Metrics[0].Unit != "fraction" || l.Metrics[1].Unit != "seconds" {
			t.Errorf("the text has no row %s, or it has other metrics: %+v", row, l)
		}
	}
}

func TestTraceOrPolicyMayComeFromStandardInput(t *testing.T) {
	dir := folder(t)
	want := ask(t, dir, "", "replay", "--trace", "bad.jsonl", "--policy", "canary.yaml")
	text, err := os.ReadFile("bad.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, dir, string(text), "replay", "--trace", "-", "--policy", "canary.yaml"); got != want {
		t.Errorf("%+v", got)
	}
	if got := ask(t, dir, canary, "replay", "--trace", "bad.jsonl", "--policy", "-"); got.code != want.code {
		t.Errorf("%+v", got)
	}
}

func TestReplayIsDeterministic(t *testing.T) {
	dir := folder(t)
	args := []string{"replay", "--trace", "bad.jsonl", "--policy", "slow.yaml", "-o", "json"}
	if a, b := ask(t, dir, "", args...), ask(t, dir, "", args...); a != b {
		t.Error("two replays of the same trace differ")
	}
}

func TestBadInputIsToldWithWhatToWriteInstead(t *testing.T) {
	dir := folder(t)
	for name, text := range map[string]string{
		"empty.yaml":     "kind: Service\n",
		"two.yaml":       canary + "---\n" + slow,
		"typo.yaml":      strings.Replace(canary, "bake: 2m", "bakes: 2m", 1),
		"broken.yaml":    "kind: [",
		"later.yaml":     strings.Replace(slow, "v1alpha1", "v1", 1),
		"falling.yaml":   strings.Replace(canary, "weight: 50", "weight: 5", 1),
		"short.yaml":     strings.Replace(canary, "weight: 100", "weight: 90", 1),
		"negative.yaml":  strings.Replace(canary, "bake: 1m", "bake: -1m", 1),
		"interval.yaml":  strings.Replace(canary, "  analysis:\n", "  analysis:\n    interval: 0s\n", 1),
		"deadline.yaml":  strings.Replace(canary, "  analysis:\n", "  analysis:\n    deadline: -1m\n", 1),
		"percent.yaml":   strings.Replace(canary, "absolute: 0.1%", "absolute: 0.1", 1),
		"metric.yaml":    strings.Replace(canary, "name: errors", "name: failures", 1),
		"unending.jsonl": "{\"serinTrace\":7}\n",
		"nothing.jsonl":  "",
		"lost.jsonl":     strings.Replace(record(t, header(), nil), `"onInconclusive":"RollBack"`, `"onInconclusive":"Wait"`, 1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	policy := func(name string) []string { return []string{"replay", "--trace", "good.jsonl", "--policy", name} }
	for want, args := range map[string][]string{
		"--trace is missing: write the file with the trace":                                                                        {"replay"},
		"--trace: open nowhere.jsonl: no such file or directory":                                                                   {"replay", "--trace", "nowhere.jsonl"},
		"--trace canary.yaml: line 1: this is no trace: the first line of one begins with":                                         {"replay", "--trace", "canary.yaml"},
		"--trace nothing.jsonl: the trace is empty":                                                                                {"replay", "--trace", "nothing.jsonl"},
		"--trace unending.jsonl: line 1: serinTrace: the trace has version 7":                                                      {"replay", "--trace", "unending.jsonl"},
		`the policy in the trace can't be followed: onInconclusive: "Wait": write RollBack, Hold or Advance; write one with`:       {"replay", "--trace", "lost.jsonl"},
		"--policy and --trace are both -":                                                                                          {"replay", "--trace", "-", "--policy", "-"},
		`--output is "yaml": write text or json`:                                                                                   {"replay", "--trace", "good.jsonl", "-o", "yaml"},
		"unknown flag: --traces":                                                                                                   {"replay", "--traces", "x"},
		"--policy: open nowhere.yaml: no such file or directory":                                                                   policy("nowhere.yaml"),
		"--policy empty.yaml: there is no Canary: write a file with an object of kind Canary, apiVersion serin.dev/v1alpha1":       policy("empty.yaml"),
		"--policy two.yaml: there are two Canaries, read-api and read-api: write a file with one":                                  policy("two.yaml"),
		`--policy typo.yaml: error unmarshaling JSON: while decoding JSON: json: unknown field "bakes"`:                            policy("typo.yaml"),
		"--policy broken.yaml: error converting YAML to JSON: yaml: line 1":                                                        policy("broken.yaml"),
		"--policy later.yaml: apiVersion is serin.dev/v1: this kubectl-serin reads serin.dev/v1alpha1":                             policy("later.yaml"),
		"--policy falling.yaml: Canary read-api: spec.steps[1].weight is 5 after 10: weights rise":                                 policy("falling.yaml"),
		"--policy short.yaml: Canary read-api: spec.steps must end with weight 100: add {weight: 100}":                             policy("short.yaml"),
		"--policy negative.yaml: Canary read-api: spec.steps[2].bake is -1m0s: write a time of 0s or more":                         policy("negative.yaml"),
		"--policy interval.yaml: Canary read-api: spec.analysis.interval is 0s: write a time from 1s to 10m":                       policy("interval.yaml"),
		"--policy deadline.yaml: Canary read-api: spec.analysis.deadline is -1m0s: write a time from 1m":                           policy("deadline.yaml"),
		"--policy percent.yaml: Canary read-api: spec.analysis.metrics[0]: errorRate.maxIncrease.absolute: ":                       policy("percent.yaml"),
		"--policy metric.yaml: spec.analysis.metrics[0] is failures (errorRate), and the trace counts errors (errorRate), latency": policy("metric.yaml"),
	} {
		got := ask(t, dir, "", args...)
		if got.code != exitBadInput || got.out != "" || !strings.HasPrefix(got.err, "kubectl serin replay: "+want) {
			t.Errorf("%v: exit code %d: %s, want %s", args, got.code, got.err, want)
		}
	}
}
