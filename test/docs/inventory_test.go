package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	root = "../.."
	// left is how many blocks may be run by nobody. Each has its reason beside it.
	left = 6
)

// TestEveryBlockIsRun walks all pages. How blocks are run, and what a page may say about that, is in doc.go.
func TestEveryBlockIsRun(t *testing.T) {
	pages, err := Read(root)
	if err != nil {
		t.Fatal(err)
	}
	count := map[Way]int{}
	for _, page := range pages {
		for i := range page.Blocks {
			b := &page.Blocks[i]
			way, err := b.Way()
			if err != nil {
				t.Error(err)
				continue
			}
			count[way]++
			if way == Elsewhere {
				elsewhere(t, b)
			}
			if way == Nowhere {
				t.Logf("%s:%d is not run: %s", b.Page, b.Line, b.NotRun)
			}
		}
	}
	t.Logf("%d pages: %d blocks of commands, %d of objects, %d parts, %d files, %d answers, %d run by other tests, %d not run",
		len(pages), count[Commands], count[Objects], count[Part], count[Saved], count[Answers], count[Elsewhere], count[Nowhere])
	if count[Nowhere] > left {
		t.Errorf("%d blocks are run by nobody, more than %d: find a way to run one", count[Nowhere], left)
	}
	if count[Commands] == 0 || count[Objects] == 0 || count[Answers] == 0 {
		t.Error("some way runs nothing at all: the pages were not read as they are")
	}
}

// TestNoCommandHidesInASentence finds those that are written out between words. One that people are to run belongs into a block, where it is run; what a sentence
// names by a word or three, or with NAMES to fill in, is no more than its name. Notes on decisions tell of commands and do not give them.
func TestNoCommandHidesInASentence(t *testing.T) {
	pages, err := Read(root)
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	run := ""
	for _, page := range pages {
		for _, b := range page.Blocks {
			run += b.Text
		}
	}
	found := 0
	for _, page := range pages {
		if strings.HasPrefix(page.Path, "docs/design/") {
			continue
		}
		prose := regexp.MustCompile("(?s)\n *```.*?\n *```\n").ReplaceAllString(page.Text, "\n")
		for _, match := range regexp.MustCompile("`((?:kubectl|helm|make|argocd|curl) [^`]*)`").FindAllStringSubmatch(prose, -1) {
			found++
			words := strings.Fields(match[1])
			target := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(words[1]) + `:`)
			switch {
			case words[0] == "make" && !target.Match(makefile):
				t.Errorf("%s: there is no target for `%s`", page.Path, match[1])
			case words[0] != "make" && len(words) > 3 && !regexp.MustCompile(` [A-Z]+( |$)`).MatchString(match[1]) && !strings.Contains(run, match[1]):
				t.Errorf("%s: `%s` is run by nobody: give it a block of its own", page.Path, match[1])
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d commands were found in all sentences: the pages were not read as they are", found)
	}
}

// elsewhere looks whether the function that a block names exists, in a file that names the page.
func elsewhere(t *testing.T, b *Block) {
	t.Helper()
	folder, function, _ := strings.Cut(b.RunBy, " ")
	files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^func (\([^)]*\) )?` + regexp.QuoteMeta(function) + `\(`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if declared.Match(text) {
			if !strings.Contains(string(text), b.Page) {
				t.Errorf("%s:%d: %s has %s, but does not name %s: does it run the block?", b.Page, b.Line, file, function, b.Page)
			}
			return
		}
	}
	t.Errorf("%s:%d: no file of %q declares %q: write <!-- run by: FOLDER FUNCTION --> with those of the test that runs the block", b.Page, b.Line, folder, function)
}
