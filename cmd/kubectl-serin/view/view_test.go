package view_test

import (
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-serin/view"
)

var update = flag.Bool("update", false, "write into testdata what is shown now; commit a changed screen only when you understand why it changed")

// golden compares a text with that of a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got); go test ./cmd/kubectl-serin/view -update writes it anew:\n%s", path, diff)
	}
}

func TestEveryPhaseOnOneScreen(t *testing.T) {
	for name, scene := range scenes() {
		t.Run(name, func(t *testing.T) {
			v := view.Of(scene)
			golden(t, name, v.Text(view.Style{Width: 120}, now))
			for _, width := range []int{0, 40, 80, 200} {
				plain := v.Text(view.Style{Width: width}, now)
				if strings.Contains(plain, "\x1b") || strings.Contains(plain, "%!") || !strings.HasSuffix(plain, "\n") {
					t.Errorf("at a width of %d:\n%s", width, plain)
				}
				coloured := v.Text(view.Style{Width: width, Colour: true}, now)
				if stripped := strip(coloured); stripped != plain {
					t.Errorf("with colours it says something else (-plain +coloured):\n%s", cmp.Diff(plain, stripped))
				}
			}
			if _, err := json.Marshal(v); err != nil {
				t.Error(err)
			}
		})
	}
}

// strip takes the colours away.
func strip(text string) string {
	for _, code := range []string{"0", "1", "2", "31", "32", "33"} {
		text = strings.ReplaceAll(text, "\x1b["+code+"m", "")
	}
	return text
}

func TestAScreenIsNoWiderThanItMay(t *testing.T) {
	for _, name := range []string{"at-a-step", "failed", "rolling-back", "holding"} {
		for _, width := range []int{60, 80, 120} {
			for line := range strings.Lines(view.Of(scenes()[name]).Text(view.Style{Width: width}, now)) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width && !strings.Contains(line, "status written") && !strings.Contains(line, "(Deployment") {
					t.Errorf("%s: %d of %d: %s", name, n, width, line)
				}
			}
		}
	}
}

func TestWhoeverIsNeededIsTold(t *testing.T) {
	want := map[string]view.Outcome{
		"empty-status": view.Going, "idle": view.Rest, "before-any-step": view.Going, "settling": view.Going, "at-a-step": view.Going, "without-verdict": view.Going,
		"approval": view.NeedsPerson, "paused": view.NeedsPerson, "holding": view.NeedsPerson, "forced": view.Going, "source-trouble": view.Going,
		"unjudgeable": view.NeedsPerson, "missing-route": view.NeedsPerson, "promoting": view.Going, "finalizing": view.Going, "rolling-back": view.Going,
		"rollback-delayed": view.NeedsPerson, "failed": view.Refused, "failed-at-once": view.Refused, "succeeded": view.Rest, "default-steps": view.Going,
		"many-steps": view.Going, "being-deleted": view.Going,
	}
	for name, scene := range scenes() {
		if got, why := view.OutcomeOf(scene); got != want[name] || why == "" {
			t.Errorf("%s: %d, %q", name, got, why)
		}
	}
	old := scenes()["succeeded"]
	old.Canary.Generation++
	if got, _ := view.OutcomeOf(old); got != view.Going {
		t.Error("a status that does not answer the present spec says nothing about it")
	}
}

func TestARefusalIsExplained(t *testing.T) {
	asked := view.Asked{Source: "MetricSource prometheus (prometheus at http://prometheus.monitoring:9090)", Questions: []analysis.Question{
		{Metric: "latency", Arm: analysis.Baseline, About: "p95", Text: `histogram_quantile(0.95, sum by (le) (increase({pod=~"read-api-6c8d7f9b5d-[a-z0-9]{5}"}[345s] @ 1772626180)))`},
		{Metric: "latency", Arm: analysis.Candidate, About: "p95", Text: `histogram_quantile(0.95, sum by (le) (increase({pod=~"read-api-7b5f8c9d4f-[a-z0-9]{5}"}[345s] @ 1772626180)))`},
	}}
	forbidden := view.Asked{Missing: "the MetricSources can't be read: forbidden"}
	forgotten := refused(refusal(10, ""))
	forgotten.Status.Rollout.Refused, forgotten.Status.Rollout.Phase, forgotten.Status.Phase, forgotten.Status.Conditions = false, "Idle", "Idle", nil
	for name, e := range map[string]view.Explanation{
		"explain-analysis":       view.Explain(scenes()["failed"].Canary, asked),
		"explain-pods":           view.Explain(scenes()["failed-at-once"].Canary, forbidden),
		"explain-reverted-since": view.Explain(forgotten, asked),
		"explain-good":           view.Explain(scenes()["at-a-step"].Canary, asked),
		"explain-stalled":        view.Explain(scenes()["missing-route"].Canary, asked),
		"explain-empty":          view.Explain(canary(), asked),
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, name, e.Text(view.Style{Width: 120}, now))
			if coloured := e.Text(view.Style{Width: 120, Colour: true}, now); strip(coloured) != e.Text(view.Style{Width: 120}, now) {
				t.Error("with colours it says something else")
			}
		})
	}
}

func TestListAndHistory(t *testing.T) {
	var all []v1alpha1.Canary
	for _, name := range []string{"at-a-step", "approval", "failed", "missing-route", "succeeded", "empty-status"} {
		c := *scenes()[name].Canary
		c.Name = name
		all = append(all, c)
	}
	golden(t, "list", view.ListText(view.List(all, now), true, view.Style{Width: 160}, now))
	golden(t, "history", view.HistoryText(view.History(scenes()["failed"].Canary), view.Style{Width: 120}, now))
}

// TestEveryReasonOfTheAPIHasAdvice reads the API's own list.
func TestEveryReasonOfTheAPIHasAdvice(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../../api/v1alpha1/conditions.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Reason") {
			return true
		}
		n++
		reason, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil || view.Advice(reason) == "" || view.Meaning(reason) == "" {
			t.Errorf("view/reasons.go does not tell of %s", reason)
		}
		return true
	})
	told := 0
	for _, g := range view.Reasons() {
		told += len(g.Reasons)
	}
	if n == 0 || n != told {
		t.Errorf("the API has %d reasons, and %d are told of", n, told)
	}
	if view.Advice("NoSuchReason") != "" || view.Meaning("NoSuchReason") != "" {
		t.Error("of a reason that nobody knows nothing is known")
	}
}

func TestWhatOthersWroteDoesNothingToATerminal(t *testing.T) {
	scene := scenes()["source-trouble"]
	scene.Canary.Status.Message = "bad \x1b[2J\u009b31m news\r\nfrom afar"
	if text := view.Of(scene).Text(view.Style{Width: 80}, now); strings.ContainsAny(text, "\x1b\r\u009b") {
		t.Errorf("%q", text)
	}
}
