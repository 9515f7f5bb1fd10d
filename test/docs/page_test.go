package docs

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func fenced(language, text string) string { return "```" + language + "\n" + text + "\n```\n" }

func TestWhatNobodyRunsIsFound(t *testing.T) {
	for name, tc := range map[string]struct{ page, want string }{
		"a block without a language":              {fenced("", "kubectl get pods"), `page.md:1: nothing runs a block of ""`},
		"a language that nothing runs":            {fenced("bash", "true"), `page.md:1: nothing runs a block of "bash"`},
		"commands without a scene":                {"# A page\n\n" + fenced("sh", "true"), "page.md:3: nothing says what the commands need"},
		"a scene that does not exist":             {"<!-- scene: at sea -->\n", `page.md:1: there is no scene "at sea"`},
		"a namespace of its own without a name":   {"<!-- scene: own namespace -->\n", "page.md:1: there is no scene"},
		"a mark that does not exist":              {"<!-- run: never -->\n" + fenced("sh", "true"), `page.md:1: there is no mark "run"`},
		"a mark that says nothing":                {"<!-- not run -->\n" + fenced("sh", "true"), `page.md:1: the mark "not run" says nothing`},
		"a mark above a paragraph":                {"<!-- exit: 3 -->\nWords.\n" + fenced("sh", "true"), "page.md:1: a mark has to stand right above"},
		"two marks that contradict each other":    {"<!-- not run: x -->\n<!-- run by: a B -->\n" + fenced("sh", "true"), "page.md:3: it is both run and not run"},
		"a block without an end":                  {"```sh\ntrue\n", "page.md:1: the block has no end"},
		"a console of another program":            {fenced("console", "$ ls\na"), "page.md:1: a console shows"},
		"a part of an object":                     {fenced("yaml", "spec: {a: 1}"), "page.md:1: it is not a whole object"},
		"a part of an object that is not there":   {"<!-- part of: Pod spec -->\n" + fenced("yaml", "a: 1"), "page.md:2: a part belongs to a Deployment or a Canary"},
		"a part without a scene":                  {"<!-- part of: Deployment spec -->\n" + fenced("yaml", "a: 1"), "page.md:2: the object that the part belongs to"},
		"a key that is there twice":               {fenced("yaml", "kind: A\nkind: B"), "page.md:1: it is no YAML"},
		"a quote that is left open":               {"<!-- scene: none -->\n" + fenced("sh", "echo 'a"), `page.md:2: the shell does not understand what begins with "echo 'a"`},
		"a document in the shell without its end": {"<!-- scene: none -->\n" + fenced("sh", "cat <<EOF\na"), `page.md:2: the shell does not understand what begins with "cat <<EOF"`},
		"a placeholder that nobody knows":         {"<!-- scene: none -->\n" + fenced("sh", "echo <your name>"), "page.md:2: nobody knows what <your name> stands for"},
		"nothing but remarks":                     {"<!-- scene: none -->\n" + fenced("sh", "# nothing"), "page.md:2: there is no command in it"},
		"two commands that go on until stopped":   {"<!-- scene: none -->\n<!-- until stopped -->\n" + fenced("sh", "a\nb"), "page.md:3: only a single command"},
		"the status of what is no command":        {"<!-- exit: 3 -->\n" + fenced("text", "a"), "page.md:2: the mark exit is for commands that end"},
	} {
		t.Run(name, func(t *testing.T) {
			page, err := Parse("page.md", tc.page)
			for i := range page.Blocks {
				if err == nil {
					_, err = page.Blocks[i].Way()
				}
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestEachBlockHasItsWay(t *testing.T) {
	const scene = "<!-- scene: in flight -->\n"
	for name, tc := range map[string]struct {
		page string
		want Way
	}{
		"what a program says":     {fenced("text", "a"), Shown},
		"a trace":                 {fenced("jsonl", "{}"), Shown},
		"commands":                {scene + fenced("sh", "true"), Commands},
		"whole objects":           {fenced("yaml", "{apiVersion: v1, kind: A}\n---\n{apiVersion: v1, kind: B}"), Objects},
		"a part of an object":     {scene + "<!-- part of: Deployment spec -->\n" + fenced("yaml", "a: 1"), Part},
		"a file":                  {"<!-- file: a.yaml -->\n" + fenced("yaml", "a: 1"), Saved},
		"an answer":               {fenced("console", "$ kubectl serin plan --rps 1\n..."), Answers},
		"what another test runs":  {"<!-- run by: a B -->\n" + fenced("yaml", "a: 1"), Elsewhere},
		"what nobody runs":        {"<!-- not run: it would end the world -->\n" + fenced("sh", "a"), Nowhere},
		"a block in a list":       {"1. First:\n\n   " + strings.ReplaceAll(fenced("text", "a"), "\n", "\n   "), Shown},
		"a block below a comment": {scene + "<!-- until stopped -->\n" + fenced("sh", "sleep 1"), Commands},
	} {
		t.Run(name, func(t *testing.T) {
			page, err := Parse("page.md", tc.page)
			if err != nil || len(page.Blocks) != 1 {
				t.Fatalf("%d blocks, %v", len(page.Blocks), err)
			}
			if got, err := page.Blocks[0].Way(); err != nil || got != tc.want {
				t.Errorf("got %d, %v, want %d", got, err, tc.want)
			}
		})
	}
}

func TestABlockIsTakenApartWhereTheShellEndsACommand(t *testing.T) {
	const text = "# a remark\none --flag \\\n  value\n\ntwo <<'EOF'\nthree\nEOF\nfor a in 1 2; do\n  four $a\ndone # a remark\nfive <revision> | \\\n  six"
	page, err := Parse("page.md", "Words.\n\n<!-- scene: none -->\n<!-- exit: 3 -->\n"+fenced("sh", text)+"\n"+fenced("text", "seven"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := page.Blocks[0].Commands()
	if err != nil {
		t.Fatal(err)
	}
	want := []Command{
		{Text: "one --flag \\\n  value\n", At: "page.md:7", Exit: "0"},
		{Text: "two <<'EOF'\nthree\nEOF\n", At: "page.md:10", Exit: "0"},
		{Text: "for a in 1 2; do\n  four $a\ndone # a remark\n", At: "page.md:13", Exit: "0"},
		{Text: "five <revision> | \\\n  six\n", At: "page.md:16", Exit: "3"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
	if scenes, err := Parse("page.md", "<!-- scene: refused -->\n"+strings.Repeat(fenced("sh", "true"), 2)+"<!-- scene: refused -->\n"+fenced("sh", "true")); err != nil ||
		!scenes.Blocks[0].Enters || scenes.Blocks[1].Enters || !scenes.Blocks[2].Enters || scenes.Blocks[1].Scene != Refused {
		t.Errorf("the scene does not begin anew with each mark, and only there: %v, %v", scenes.Blocks, err)
	}
	if list, err := Parse("page.md", "1. Words:\n   ```yaml\n   a:\n     b: c\n   ```\n"); err != nil || list.Blocks[0].Text != "a:\n  b: c\n" {
		t.Errorf("in a list: %v, %v", list.Blocks, err)
	}
	if page.Blocks[0].Below || !page.Blocks[1].Below {
		t.Error("only the second block is right below another")
	}
}
