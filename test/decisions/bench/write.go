package bench

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// page is the name of the report's file.
const page = "decisions.md"

// Text prints the report for a terminal.
func (r Report) Text(out io.Writer) error {
	for _, g := range r.Grids() {
		if err := g.Text(out); err != nil {
			return fmt.Errorf("printing %s: %w", g.Title, err)
		}
	}
	return nil
}

// Write puts the report into a folder: a page of Markdown and its pictures.
func (r Report) Write(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	plots, err := r.Plots()
	if err != nil {
		return err
	}
	for name, draw := range plots {
		if err := write(filepath.Join(folder, name), draw); err != nil {
			return err
		}
	}
	return write(filepath.Join(folder, page), r.markdown)
}

func (r Report) markdown(out io.Writer) error {
	fmt.Fprintf(out, "# How well releases are decided\n\nWritten by `make bench-decisions` (%s form, seed %d) with %s.\n", r.Form.Name, r.Form.Safety.Seed, r.Version)
	for _, g := range r.Grids() {
		if err := g.Markdown(out); err != nil {
			return err
		}
	}
	return nil
}

// write makes a file.
func write(path string, content func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := content(file); err != nil {
		_ = file.Close()
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return file.Close()
}
