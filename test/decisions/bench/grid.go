package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Grid is a table for people.
type Grid struct {
	Title, Note string
	Head        []string
	Rows        [][]string
	// Plot is the name of a picture that shows it; empty for none.
	Plot string
}

func (g *Grid) add(cells ...string) { g.Rows = append(g.Rows, cells) }

// Text writes the grid for a terminal.
func (g Grid) Text(out io.Writer) error {
	fmt.Fprintf(out, "\n%s\n%s\n\n", g.Title, g.Note)
	tab := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{g.Head}, g.Rows...) {
		fmt.Fprintln(tab, "  "+strings.Join(row, "\t"))
	}
	return tab.Flush()
}

// Markdown writes the grid for a page.
func (g Grid) Markdown(out io.Writer) error {
	_, err := fmt.Fprintf(out, "\n## %s\n\n%s\n\n", g.Title, g.Note)
	if g.Plot != "" {
		fmt.Fprintf(out, "![%s](%s)\n\n", g.Title, g.Plot)
	}
	rule := make([]string, len(g.Head))
	for i := range rule {
		rule[i] = "---"
	}
	for _, row := range append([][]string{g.Head, rule}, g.Rows...) {
		fmt.Fprintf(out, "| %s |\n", strings.Join(row, " | "))
	}
	return err
}
