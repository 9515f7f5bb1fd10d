package main

import (
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/trace"
	"github.com/serin-dev/serin/test/docs"
)

var update = flag.Bool("update", false, "write into the pages what the commands answer now; commit a changed answer only when you understand why it changed")

// blocks finds the fenced blocks of a language in a page.
func blocks(language string) *regexp.Regexp {
	return regexp.MustCompile("(?ms)^```" + language + "\n(.*?)^```$")
}

// page is docs/traces.md.
func page(t *testing.T) (path, text string) {
	t.Helper()
	path, err := filepath.Abs("../../docs/traces.md")
	if err != nil {
		t.Fatal(err)
	}
	read, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, string(read)
}

// TestTheDocumentationShowsWhatIsPrinted runs every command on a console of every page, with the files that the page shows. Canaries among those have to be sound.
func TestTheDocumentationShowsWhatIsPrinted(t *testing.T) {
	root, err := filepath.Abs("../..") // the commands run elsewhere
	if err != nil {
		t.Fatal(err)
	}
	pages, err := docs.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, page := range pages {
		if !blocks("console").MatchString(page.Text) {
			continue
		}
		t.Run(page.Path, func(t *testing.T) {
			dir := folder(t)
			savePolicies(t, dir, page)
			given := blocks("console").ReplaceAllStringFunc(page.Text, func(block string) string {
				ran++
				return asked(t, dir, block)
			})
			given = blocks("jsonl").ReplaceAllLiteralString(given, "```jsonl\n"+small(t)+"```")
			if *update {
				if err := os.WriteFile(filepath.Join(root, page.Path), []byte(given), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(page.Text, given); diff != "" {
				t.Errorf("%s (-written +given); go test ./cmd/kubectl-serin -update writes it anew:\n%s", page.Path, diff)
			}
		})
	}
	if ran < 3 {
		t.Errorf("the pages show only %d commands", ran)
	}
}

// TestEveryCommandInASentenceIsOne looks for the subcommands that pages name.
func TestEveryCommandInASentenceIsOne(t *testing.T) {
	pages, err := docs.Read("../..")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, page := range pages {
		for _, named := range regexp.MustCompile("`kubectl serin ([a-z-]+)").FindAllStringSubmatch(page.Text, -1) {
			found++
			if command, _, err := newRoot(streams{}).Find(named[1:]); err != nil || command.Name() != named[1] {
				t.Errorf("%s: there is no `kubectl serin %s`", page.Path, named[1])
			}
		}
	}
	if found < 5 {
		t.Errorf("the pages name only %d subcommands", found)
	}
}

// savePolicies writes the Canaries that a page names as files, once lint has nothing against them.
func savePolicies(t *testing.T, dir string, page docs.Page) {
	t.Helper()
	for _, b := range page.Blocks {
		if b.File == "" || b.Language != "yaml" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, b.File), []byte(b.Text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := ask(t, dir, "", "lint", b.File); got.code != 0 || !strings.Contains(got.out, " 0 with errors or warnings") {
			t.Errorf("%s: lint %s: %s%s", b.At(0), b.File, got.out, got.err)
		}
	}
}

// asked is a block of a console with what its command answers now.
func asked(t *testing.T, dir, block string) string {
	t.Helper()
	command, _, _ := strings.Cut(strings.TrimPrefix(block, "```console\n"), "\n")
	line, found := strings.CutPrefix(command, "$ kubectl serin ")
	if !found {
		t.Errorf("no command of this plugin: %s", command)
		return block
	}
	got := ask(t, dir, "", strings.Fields(line)...)
	if got.err != "" {
		t.Errorf("%s: %s", command, got.err)
	}
	return "```console\n" + command + "\n" + got.out + "```"
}

// small is the trace that the page shows: one pod of each arm and two looks.
func small(t *testing.T) string {
	t.Helper()
	looks := release(1)[39:42]
	for i := range looks {
		l := &looks[i]
		kept := l.Observations[:0]
		for _, o := range l.Observations {
			if strings.HasSuffix(o.Pod, "4kz7x") || strings.HasSuffix(o.Pod, "h5xnb") {
				kept = append(kept, o)
			}
		}
		l.Observations = kept
		l.Pods = []analysis.Pod{l.Pods[0], l.Pods[len(l.Pods)-1]}[:min(1+i, 2)]
	}
	return record(t, header(), looks)
}

func TestTheTraceInTheDocumentationIsOne(t *testing.T) {
	_, written := page(t)
	r, err := trace.NewReader(strings.NewReader(blocks("jsonl").FindStringSubmatch(written)[1]))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for ; ; n++ {
		if _, err = r.Next(); err != nil {
			break
		}
	}
	if !errors.Is(err, io.EOF) || n != 3 || r.End() == nil {
		t.Errorf("%d looks, %v, end %v", n, err, r.End())
	}
}

// TestEveryFieldIsDocumented writes a trace that has all of them.
func TestEveryFieldIsDocumented(t *testing.T) {
	_, written := page(t)
	h := header()
	h.ArmTotals, h.Steps[0].Approval = true, true
	h.Resumed = &trace.Resumed{At: began, Why: "the operator was restarted", Weight: 10, SettledAt: began, Engine: []byte("state")}
	h.Policy.Criteria = append(h.Policy.Criteria, analysis.Criterion{Name: "lag", Worse: analysis.Higher, Limit: 1})
	looks := release(20)[40:41]
	value := 1.5
	looks[0].Observations[0].Value = &value
	looks[0].Observations[1].Latency[0].Lower = 0.001
	lines := strings.Split(strings.TrimSpace(record(t, h, looks)), "\n")
	for _, line := range lines {
		var fields any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		for _, name := range names(fields) {
			if !strings.Contains(written, "`"+name+"`") {
				t.Errorf("docs/traces.md does not tell of the field %s", name)
			}
		}
	}
	if !strings.Contains(written, "`looks`") {
		t.Error("docs/traces.md does not tell of the field looks")
	}
}

// names are the fields of a value and of all it holds.
func names(value any) []string {
	var all []string
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			all = append(append(all, name), names(inner)...)
		}
	case []any:
		for _, inner := range v {
			all = append(all, names(inner)...)
		}
	}
	return all
}
