package lint

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/plan"
)

// Finding is something wrong, or worth a look.
type Finding struct {
	File string `json:"file"`
	// Object is its kind and name; empty when the file could not be read that far.
	Object string `json:"object,omitempty"`
	// Field is where; empty for all of the object.
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
	// Warning says that it would be accepted, and may still not be what was meant.
	Warning bool `json:"warning,omitempty"`
}

// Linter checks files, and what they say together.
type Linter struct {
	kinds    map[string]kind
	sources  Sources
	canaries []canaryIn
	found    []sourceIn
	findings []Finding
	// Objects counts what was checked.
	Objects int
}

type canaryIn struct {
	at     Finding
	canary *v1alpha1.Canary
}

type sourceIn struct {
	at     Finding
	source *v1alpha1.MetricSource
}

// Sources says of each type of MetricSource what is wrong with one, and why queries can't be asked of it.
type Sources map[string]struct {
	Check   func(*v1alpha1.MetricSource) error
	Queries func(preset string, c *v1alpha1.Canary, asked plan.Plan) error
}

// New makes a linter of the CustomResourceDefinitions under bases/.
func New(crds fs.FS, sources Sources) (*Linter, error) {
	kinds, err := kindsIn(crds)
	return &Linter{kinds: kinds, sources: sources}, err
}

// File checks the objects of a file. Those of other kinds are none of ours.
func (l *Linter) File(name string, text []byte) {
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			l.add(Finding{File: name, Message: err.Error()})
			return
		}
		l.document(name, document)
	}
}

func (l *Linter) add(f Finding) { l.findings = append(l.findings, f) }

// document checks one document of a file, which may be a List.
func (l *Linter) document(file string, text []byte) {
	asJSON, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		// Templates and other things that are no plain YAML are told of only where they say that they are ours.
		l.add(Finding{File: file, Message: "this is no YAML: " + err.Error()})
		return
	}
	var object map[string]any
	if err := json.Unmarshal(asJSON, &object); err != nil {
		if string(bytes.TrimSpace(asJSON)) != "null" {
			l.add(Finding{File: file, Message: "this is no object of Kubernetes: write apiVersion, kind and metadata"})
		}
		return
	}
	if items, ok := object["items"].([]any); ok && strings.HasSuffix(word(object["kind"]), "List") {
		for _, item := range items {
			if each, ok := item.(map[string]any); ok {
				l.object(file, each)
			}
		}
		return
	}
	l.object(file, object)
}

// word is a value that should be text; empty when it is none.
func word(v any) string {
	s, _ := v.(string)
	return s
}

// object checks one object.
func (l *Linter) object(file string, object map[string]any) {
	group, _, _ := strings.Cut(word(object["apiVersion"]), "/")
	name := word(object["kind"])
	k, known := l.kinds[name]
	if group != v1alpha1.Group {
		return
	}
	l.Objects++
	metadata, _ := object["metadata"].(map[string]any)
	at := Finding{File: file, Object: strings.TrimSpace(name + " " + word(orEmpty(metadata)["name"]))}
	tell := func(field, message string) {
		l.add(Finding{File: at.File, Object: at.Object, Field: field, Message: message})
	}
	switch {
	case !known:
		tell("kind", fmt.Sprintf("there is no kind %q in %s: write %s", name, v1alpha1.Group, strings.Join(slices.Sorted(maps.Keys(l.kinds)), " or ")))
		return
	case word(object["apiVersion"]) != k.apiVersion:
		tell("apiVersion", fmt.Sprintf("is %v: this kubectl-serin knows %s", object["apiVersion"], k.apiVersion))
		return
	}
	unknown, errs := k.check(object)
	for _, path := range unknown {
		tell(path, fmt.Sprintf("unknown field %q", path))
	}
	for _, err := range errs {
		tell(err.Field, err.ErrorBody())
	}
	if len(errs) == 0 {
		l.meaning(at, name, object)
	}
}

// meaning reads an object that a cluster would take.
func (l *Linter) meaning(at Finding, kind string, object map[string]any) {
	var err error
	switch kind {
	case "Canary":
		c := &v1alpha1.Canary{}
		if err = runtime.DefaultUnstructuredConverter.FromUnstructured(object, c); err == nil {
			l.canaries = append(l.canaries, canaryIn{at, c})
		}
	case "MetricSource":
		m := &v1alpha1.MetricSource{}
		if err = runtime.DefaultUnstructuredConverter.FromUnstructured(object, m); err == nil {
			l.found = append(l.found, sourceIn{at, m})
		}
	}
	if err != nil {
		at.Message = err.Error()
		l.add(at)
	}
}

// Findings says all that was found, by file and object, those of the objects together included.
func (l *Linter) Findings() []Finding {
	l.together()
	slices.SortStableFunc(l.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Object, b.Object))
	})
	return l.findings
}
