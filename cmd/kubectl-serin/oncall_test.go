package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/cmd/kubectl-serin/view"
)

// onCallPage is docs/oncall.md.
func onCallPage(t *testing.T) (path, text string) {
	t.Helper()
	path = filepath.Join("..", "..", "docs", "oncall.md")
	read, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, string(read)
}

// reasonTables are the last part of the page.
func reasonTables() string {
	var b strings.Builder
	for _, g := range view.Reasons() {
		fmt.Fprintf(&b, "### %s\n\n| reason | what it means | what to do |\n|---|---|---|\n", g.Heading)
		for _, r := range g.Reasons {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.Name, r.Means, r.Do)
		}
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// TestTheDocumentationShowsWhatIsPrintedOnCall holds the page's tables and screens against those of the plugin.
func TestTheDocumentationShowsWhatIsPrintedOnCall(t *testing.T) {
	path, written := onCallPage(t)
	const before = "The same words are in conditions, events, `status.rollout.reason` and the history.\n\n"
	head, _, found := strings.Cut(written, before)
	if !found {
		t.Fatalf("%s lacks: %s", path, before)
	}
	screens := []string{"explain-analysis", "approval"}
	given := blocks("text").ReplaceAllStringFunc(head, func(string) string {
		if len(screens) == 0 {
			t.Fatal("the page shows a screen that nothing prints")
		}
		text, err := os.ReadFile(filepath.Join("view", "testdata", screens[0]+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		screens = screens[1:]
		return "```text\n" + string(text) + "```"
	}) + before + reasonTables()
	if len(screens) > 0 {
		t.Errorf("the page lacks the screens %v", screens)
	}
	if *update {
		if err := os.WriteFile(path, []byte(given), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(written, given); diff != "" {
		t.Errorf("%s (-written +given); go test ./cmd/kubectl-serin -update writes it anew:\n%s", path, diff)
	}
}

// TestEveryCommandOfThePageIsOne reads each with the real command tree.
func TestEveryCommandOfThePageIsOne(t *testing.T) {
	_, written := onCallPage(t)
	ran := map[string]bool{}
	for _, block := range blocks("sh").FindAllStringSubmatch(written, -1) {
		for line := range strings.Lines(block[1]) {
			words, found := strings.CutPrefix(strings.TrimSpace(line), "kubectl serin ")
			if !found {
				t.Errorf("no command of this plugin: %s", line)
				continue
			}
			words, _, _ = strings.Cut(words, " > ")
			command, rest, err := newRoot(streams{}).Find(strings.Fields(words))
			if err == nil {
				err = command.ParseFlags(rest)
			}
			if err == nil {
				err = command.ValidateArgs(command.Flags().Args())
			}
			if err != nil || !command.Runnable() {
				t.Errorf("%s: %v", line, err)
				continue
			}
			ran[command.Name()] = true
		}
	}
	for _, c := range newRoot(streams{}).Commands() {
		if name := c.Name(); !ran[name] && name != "replay" && name != "version" {
			t.Errorf("the page does not show %s", name)
		}
	}
}

func TestEveryExitCodeIsOnThePage(t *testing.T) {
	_, written := onCallPage(t)
	for code := exitFine; code <= exitNotNow; code++ {
		if !strings.Contains(written, fmt.Sprintf("\n| %d | ", code)) {
			t.Errorf("exit code %d is not on the page", code)
		}
	}
}

func TestEveryExampleOfTheHelpIsACommand(t *testing.T) {
	for _, c := range newRoot(streams{}).Commands() {
		for line := range strings.Lines(c.Example) {
			_, words, found := strings.Cut(line, "kubectl serin ")
			if !found {
				t.Errorf("%s: %s", c.Name(), line)
				continue
			}
			words, _, _ = strings.Cut(words, " >")
			words, _, _ = strings.Cut(words, " #")
			command, rest, err := newRoot(streams{}).Find(strings.Fields(words))
			if err == nil {
				err = command.ParseFlags(rest)
			}
			if err == nil {
				err = command.ValidateArgs(command.Flags().Args())
			}
			if err != nil || command.Name() != c.Name() {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
}
