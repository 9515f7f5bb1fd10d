package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/serin-dev/serin/analysis/engine"
	"github.com/serin-dev/serin/analysis/trace"
)

// cut is a release of 25 times the errors without its first looks, as an operator writes it down that was restarted at the fifth look of the first step. What its
// engine remembered goes along, or not.
func cut(t *testing.T, h trace.Header, remembers bool) (plain, packed string) {
	t.Helper()
	looks := release(25)
	seen := engine.New(h.Policy)
	for _, l := range looks[:44] {
		seen.Look(l)
	}
	h.Resumed = &trace.Resumed{At: looks[44].Window.From, Why: "the operator was restarted", Weight: 10, SettledAt: looks[40].Window.From}
	if remembers {
		h.Resumed.Engine = seen.State()
	}
	return record(t, h, looks[44:]), compact(t, h, looks[44:])
}

func TestATraceFromMidReleaseIsReplayedAsTheOperatorJudgedOrSaysThatItIsNot(t *testing.T) {
	dir := folder(t)
	outcome := func(text string) string {
		for _, line := range strings.Split(text, "\n") {
			if strings.HasPrefix(line, "RolledBack at ") {
				return line
			}
		}
		return "no outcome in: " + text
	}
	whole := outcome(ask(t, dir, "", "replay", "--policy", "canary.yaml", "--trace", "bad.jsonl").out)
	plain, packed := cut(t, header(), true)
	otherwise, _ := cut(t, lax(), true)
	forgotten, _ := cut(t, header(), false)
	const knows = "Note: the trace begins in mid-release, with what the engine had seen by then.\n"
	const lost = "Note: the trace begins in mid-release, and what was seen before is not known: "
	for name, tc := range map[string]struct {
		trace, note string
		same        bool
	}{
		"its own policy takes over what was seen":          {plain, knows, true},
		"so does a compact trace":                          {packed, knows, false},
		"another policy can't, and says so":                {otherwise, lost + "the policy has changed since the engine's state was written. Verdicts may be others than with it.\n", false},
		"nothing can be taken over where nothing was kept": {forgotten, lost + "nothing of it was kept. Verdicts may be others than with it.\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(dir, "cut"), []byte(tc.trace), 0o600); err != nil {
				t.Fatal(err)
			}
			got := ask(t, dir, "", "replay", "--policy", "canary.yaml", "--trace", "cut")
			if !strings.Contains(got.out, tc.note) || !strings.Contains(got.out, "\nthe trace begins in mid-release, at 2026-03-04 12:11:05 UTC and a weight of 10%: the operator was restarted\n") {
				t.Errorf("it does not say %q: %s%s", tc.note, got.out, got.err)
			}
			if tc.same && outcome(got.out) != whole {
				t.Errorf("%s, want as with the first part: %s", outcome(got.out), whole)
			}
			if told := ask(t, dir, "", "replay", "--policy", "canary.yaml", "--trace", "cut", "-o", "json"); !strings.Contains(told.out, strings.TrimSuffix(strings.TrimPrefix(tc.note, "Note: "), ".\n")) {
				t.Errorf("JSON does not say so: %s", told.out)
			}
		})
	}
}
