package docs

import (
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Way is how a block is run.
type Way int

const (
	// Shown is no more than read: what a program said.
	Shown Way = iota
	// Commands are run by the journey.
	Commands
	// Objects are taken by the API server, in the journey.
	Objects
	// Part is merged into an object of the scene, which the API server takes, in the journey.
	Part
	// Saved is a file for the commands below it.
	Saved
	// Answers are what the plugin says without a cluster; its own tests run it.
	Answers
	// Elsewhere is run by the test that the block names.
	Elsewhere
	// Nowhere is run by nobody.
	Nowhere
)

// Way says how the block is run, or what has to be written for it to be.
func (b *Block) Way() (Way, error) {
	way, err := b.way()
	if err != nil {
		return Shown, fmt.Errorf("%s:%d: %w", b.Page, b.Line, err)
	}
	return way, nil
}

func (b *Block) way() (Way, error) {
	switch {
	case b.RunBy != "" && b.NotRun != "":
		return 0, errors.New("it is both run and not run: leave one of the marks out")
	case b.RunBy != "":
		return Elsewhere, nil
	case b.NotRun != "":
		return Nowhere, nil
	case b.Exit != "" && (b.Language != "sh" || b.UntilStopped):
		return 0, errors.New("the mark exit is for commands that end: write it above a block of sh")
	case b.File != "":
		return Saved, nil
	}
	switch b.Language {
	case "text", "jsonl":
		return Shown, nil
	case "sh":
		return Commands, b.soundCommands()
	case "yaml":
		return b.wayOfYAML()
	case "console":
		if !regexp.MustCompile(`^\$ kubectl serin (plan|replay) `).MatchString(b.Text) {
			return 0, errors.New("a console shows $ kubectl serin plan or replay with its very answer: write other commands as sh, and what they say as text below")
		}
		return Answers, nil
	default:
		return 0, fmt.Errorf("nothing runs a block of %q: write sh, yaml, console, text or jsonl", b.Language)
	}
}

func (b *Block) wayOfYAML() (Way, error) {
	objects, err := b.Objects()
	whole := err == nil && !slices.ContainsFunc(objects, func(o map[string]any) bool { return o["apiVersion"] == nil || o["kind"] == nil })
	switch {
	case err != nil:
		return 0, err
	case b.PartOf != "":
		if kind, _, found := strings.Cut(b.PartOf, " "); !found || kind != "Deployment" && kind != "Canary" {
			return 0, errors.New("a part belongs to a Deployment or a Canary of the scene: write <!-- part of: Deployment spec.template --> with the path of it")
		}
		if b.Scene == "" || b.Scene == Nothing {
			return 0, errors.New("the object that the part belongs to is the scene's: write <!-- scene: at rest --> above")
		}
		return Part, nil
	case !whole:
		return 0, errors.New("it is not a whole object: complete it, or write <!-- part of: Deployment PATH --> or <!-- run by: FOLDER TEST --> right above it")
	}
	return Objects, nil
}

// Objects are those of a block of YAML.
func (b *Block) Objects() ([]map[string]any, error) {
	var all []map[string]any
	for _, document := range regexp.MustCompile(`(?m)^---$`).Split(b.Text, -1) {
		object := map[string]any{}
		if err := yaml.UnmarshalStrict([]byte(document), &object); err != nil {
			return nil, fmt.Errorf("it is no YAML: %w", err)
		}
		if len(object) > 0 {
			all = append(all, object)
		}
	}
	return all, nil
}

// placeholder is what stands for something that differs from cluster to cluster.
var placeholder = regexp.MustCompile(`<[A-Za-z][a-z ]*>`)

func (b *Block) soundCommands() error {
	if b.Scene == "" {
		return errors.New("nothing says what the commands need: write <!-- scene: none --> above the first of the page, or another scene of test/docs/page.go")
	}
	for _, found := range placeholder.FindAllString(b.Text, -1) {
		if !slices.Contains([]string{"<revision>", "<gateway>", "<secret>"}, found) {
			return fmt.Errorf("nobody knows what %s stands for: write the name that the documentation uses, or one of <revision>, <gateway> and <secret>", found)
		}
	}
	commands, err := b.Commands()
	if b.UntilStopped && len(commands) != 1 {
		return errors.New("only a single command can go on until it is stopped: give it a block of its own")
	}
	return err
}

// Command is one of a block of sh, which may have several lines.
type Command struct {
	Text string
	// At is where its first line is.
	At string
	// Exit is the status that it has to end with.
	Exit string
	// UntilStopped says that it does not end by itself.
	UntilStopped bool
}

// Commands takes a block apart. The shell itself says where a command ends.
func (b *Block) Commands() ([]Command, error) {
	var all []Command
	text, first := "", 0
	for i, line := range strings.Split(strings.TrimSuffix(b.Text, "\n"), "\n") {
		if text == "" {
			first = i
			if bare := strings.TrimSpace(line); bare == "" || strings.HasPrefix(bare, "#") {
				continue
			}
		}
		text += line + "\n"
		if complete(text) {
			all = append(all, Command{Text: text, At: b.At(first), Exit: "0", UntilStopped: b.UntilStopped})
			text = ""
		}
	}
	switch {
	case text != "":
		return nil, fmt.Errorf("the shell does not understand what begins with %q", strings.TrimSpace(strings.SplitN(text, "\n", 2)[0]))
	case len(all) == 0:
		return nil, errors.New("there is no command in it")
	case b.Exit != "":
		all[len(all)-1].Exit = b.Exit
	}
	return all, nil
}

// complete says that text is one or more whole commands. The shell only warns of a document whose end is missing, and takes a last \ for nothing.
func complete(text string) bool {
	command := exec.Command("bash", "-n", "-c", placeholder.ReplaceAllString(text, "placeholder")) // < would mean a file
	said, err := command.CombinedOutput()
	return err == nil && len(said) == 0 && !strings.HasSuffix(text, "\\\n")
}

// Told says how many blocks of the pages are run in which way, and names those that are not, with the reasons.
func Told(pages []Page) string {
	count, reasons := map[Way]int{}, ""
	for _, page := range pages {
		for i := range page.Blocks {
			b := &page.Blocks[i]
			way, err := b.Way()
			if err != nil {
				continue
			}
			count[way]++
			if way == Nowhere {
				reasons += fmt.Sprintf("\n  %s:%d: %s", b.Page, b.Line, b.NotRun)
			}
		}
	}
	return fmt.Sprintf("Documentation: %d pages; run are %d blocks of commands, %d of objects, %d parts of objects, %d files, %d answers, and %d by other tests; %d are not:%s",
		len(pages), count[Commands], count[Objects], count[Part], count[Saved], count[Answers], count[Elsewhere], count[Nowhere], reasons)
}
