package docs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Page is one file of Markdown.
type Page struct {
	// Path is its place below the repository's root.
	Path, Text string
	Blocks     []Block
}

// Block is what stands between two fences.
type Block struct {
	Page string
	// Line is that of the opening fence.
	Line           int
	Language, Text string
	// Below says that nothing but empty lines is between this block and the one before it.
	Below bool
	// Scene is what the block needs; Enters says that it is the first block below the mark, so that the scene begins anew.
	Scene  Scene
	Enters bool
	Marks
}

// Marks are what the comments right above a block say.
type Marks struct {
	// File is the name under which a page's commands find the block.
	File string
	// PartOf is the kind of object, and the path in it, that the block belongs to.
	PartOf string
	// RunBy is the folder and the function of the test that runs the block, and NotRun why none does.
	RunBy, NotRun string
	// Exit is the status that the last command ends with.
	Exit string
	// UntilStopped says that the command does not end by itself.
	UntilStopped bool
}

// Scene is how the app is that a page's commands are about: read-api in the namespace shop, which is the namespace of the context.
type Scene string

const (
	// Nothing is needed but a cluster with Serin.
	Nothing Scene = "none"
	// AtRest means that one version serves, under a Canary, and a release is over.
	AtRest Scene = "at rest"
	// InFlight means that a good version stays at the first step, for long.
	InFlight Scene = "in flight"
	// AwaitingApproval means that a good version passed the first step, which asks a person.
	AwaitingApproval Scene = "awaiting approval"
	// OnItsWay means that a good version goes up the steps within seconds, and is promoted.
	OnItsWay Scene = "on its way"
	// Refused means that a version that answers with errors was refused.
	Refused Scene = "refused"
	// ownNamespace is followed by the name of a namespace that the page's commands make, and work in.
	ownNamespace = "own namespace "
)

// OwnNamespace is the namespace that the page makes for itself, if it does.
func (s Scene) OwnNamespace() (string, bool) { return strings.CutPrefix(string(s), ownNamespace) }

func (s Scene) known() bool {
	name, own := s.OwnNamespace()
	return own && name != "" || slices.Contains([]Scene{Nothing, AtRest, InFlight, AwaitingApproval, OnItsWay, Refused}, s)
}

// At is the place of the n-th line of a block, from 0.
func (b *Block) At(n int) string { return fmt.Sprintf("%s:%d", b.Page, b.Line+1+n) }

// Read reads all pages below the repository's root: those on top, and whatever is in docs, charts and config.
func Read(root string) ([]Page, error) {
	files, err := filepath.Glob(filepath.Join(root, "*.md"))
	if err != nil {
		return nil, err
	}
	for _, folder := range []string{"docs", "charts", "config"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && filepath.Ext(path) == ".md" {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	var pages []Page
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		path, err := filepath.Rel(root, file)
		if err != nil {
			return nil, err
		}
		page, err := Parse(filepath.ToSlash(path), string(text))
		if err != nil {
			return nil, err
		}
		pages = append(pages, page)
	}
	return pages, nil
}

// comment is a mark; other comments have no colon, or are longer than a line.
var comment = regexp.MustCompile(`^\s*<!-- ([a-z ]+?)(?:: (.*\S))? -->$`)

// Parse finds the blocks of a page.
func Parse(path, text string) (Page, error) {
	page := Page{Path: path, Text: text}
	scene, marks, indent := Scene(""), Marks{}, ""
	marked, below, enters := 0, false, false
	var open *Block
	for i, line := range strings.Split(text, "\n") {
		bare := strings.TrimSpace(line)
		fence := strings.HasPrefix(bare, "```")
		said := comment.FindStringSubmatch(line)
		switch {
		case open != nil && bare == "```":
			page.Blocks = append(page.Blocks, *open)
			open, below = nil, true
		case open != nil:
			open.Text += strings.TrimPrefix(line, indent) + "\n"
		case fence:
			indent, _, _ = strings.Cut(line, "`")
			open = &Block{Page: path, Line: i + 1, Language: strings.TrimPrefix(bare, "```"), Below: below, Scene: scene, Enters: enters, Marks: marks}
			marks, marked, enters = Marks{}, 0, false
		case len(said) > 0 && said[1] == "scene":
			enters = true
			if scene = Scene(said[2]); !scene.known() {
				return page, fmt.Errorf("%s:%d: there is no scene %q: write one of those in test/docs/page.go", path, i+1, scene)
			}
		case len(said) > 0:
			if err := marks.add(said[1], said[2]); err != nil {
				return page, fmt.Errorf("%s:%d: %w", path, i+1, err)
			}
			marked, below = i+1, false
		case marked > 0:
			return page, fmt.Errorf("%s:%d: a mark has to stand right above the block that it is about", path, marked)
		case bare != "":
			below = false
		}
	}
	if open != nil {
		return page, fmt.Errorf("%s:%d: the block has no end: write ``` below it", path, open.Line)
	}
	return page, nil
}

func (m *Marks) add(name, value string) error {
	field := map[string]*string{"file": &m.File, "part of": &m.PartOf, "run by": &m.RunBy, "not run": &m.NotRun, "exit": &m.Exit}[name]
	switch {
	case name == "until stopped" && value == "":
		m.UntilStopped = true
	case field == nil:
		return fmt.Errorf("there is no mark %q: test/docs/doc.go has those that there are", name)
	case value == "":
		return fmt.Errorf("the mark %q says nothing: test/docs/doc.go shows what it has to", name)
	default:
		*field = value
	}
	return nil
}
