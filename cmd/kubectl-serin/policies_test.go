package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTheDocumentationShowsWhatIsPrintedOfItsPolicies runs every command of docs/policies.md on the policies that the page shows, which have to be sound.
func TestTheDocumentationShowsWhatIsPrintedOfItsPolicies(t *testing.T) {
	path, err := filepath.Abs("../../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := regexp.MustCompile("(?ms)^<!-- file: (\\S+) -->\n```yaml\n(.*?)^```$").FindAllStringSubmatch(string(written), -1)
	for _, file := range files {
		if err := os.WriteFile(filepath.Join(dir, file[1]), []byte(file[2]), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := ask(t, dir, "", "lint", file[1]); got.code != 0 || !strings.Contains(got.out, " 0 with errors or warnings") {
			t.Errorf("lint %s: %s%s", file[1], got.out, got.err)
		}
	}
	ran := 0
	given := blocks("console").ReplaceAllStringFunc(string(written), func(block string) string {
		command, _, _ := strings.Cut(strings.TrimPrefix(block, "```console\n"), "\n")
		got := ask(t, dir, "", strings.Fields(strings.TrimPrefix(command, "$ kubectl serin "))...)
		if got.err != "" {
			t.Errorf("%s: %s", command, got.err)
		}
		ran++
		return "```console\n" + command + "\n" + got.out + "```"
	})
	if len(files) < 4 || ran < len(files) {
		t.Fatalf("the page shows %d policies and %d commands", len(files), ran)
	}
	if *update {
		if err := os.WriteFile(path, []byte(given), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(written), given); diff != "" {
		t.Errorf("docs/policies.md (-written +given); go test ./cmd/kubectl-serin -update writes it anew:\n%s", diff)
	}
}
