package e2e

import (
	"bytes"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/serin-dev/serin/test/docs"
)

// root is the folder of the repository, in which the commands of its documentation run.
const root = "../.."

// documented runs the only command of docs/operate.md that begins with the first of these words and has the others, and answers what it printed. What the page
// shows is what these journeys try.
func (a *app) documented(words ...string) string {
	a.Helper()
	out, err := a.tryDocumented(words...)
	a.do("running what docs/operate.md shows", err)
	return out
}

// tryDocumented is for commands that are to fail.
func (a *app) tryDocumented(words ...string) (string, error) {
	a.Helper()
	found := slices.DeleteFunc(a.shownCommands(), func(command string) bool {
		missing := slices.ContainsFunc(words[1:], func(word string) bool { return !strings.Contains(command, word) })
		return missing || !strings.HasPrefix(command, words[0])
	})
	if len(found) != 1 {
		a.Fatalf("docs/operate.md shows %d commands with %q, not 1: %q", len(found), words, found)
	}
	began := time.Now()
	command := exec.CommandContext(a.Context(), "bash", "-c", found[0])
	command.Dir = root
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	err := command.Run()
	a.Logf("%s (%s)", found[0], since(began))
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", found[0], err, out.String())
	}
	return out.String(), err
}

// shownCommands are those that docs/operate.md leaves to these journeys.
func (a *app) shownCommands() (commands []string) {
	a.Helper()
	pages, err := docs.Read(root)
	a.do("reading the documentation", err)
	for _, page := range pages {
		for i := range page.Blocks {
			b := &page.Blocks[i]
			if page.Path != "docs/operate.md" || !strings.HasPrefix(b.RunBy, "test/e2e ") {
				continue
			}
			found, err := b.Commands()
			a.do("reading docs/operate.md", err)
			for _, c := range found {
				commands = append(commands, strings.TrimSpace(c.Text))
			}
		}
	}
	slices.Sort(commands)
	return slices.Compact(commands)
}
