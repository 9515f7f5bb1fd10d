package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/test/docs"
)

const (
	// shop is the namespace that pages talk of.
	shop = "shop"
	// oneCommand may take this long; a page that waits for a release takes the longest.
	oneCommand = 3 * time.Minute
)

// reader walks pages from top to bottom and does what they say.
type reader struct {
	scenery

	shell *shell
	// next is a scene that the page asked for, and nothing has needed yet.
	next docs.Scene
	// said is what the commands of the last block said.
	said string
	ran  int
	// empty is a namespace in which nothing stands in the way of the objects that pages show.
	empty string
}

// newReader is one whose commands work in a namespace. Names on pages are what they are, so that it may be left from a run that was kept.
func newReader(t *testing.T, c *cluster, namespace string) *reader {
	t.Helper()
	a := &app{T: t, cluster: c, ns: namespace, exempt: map[string]string{}}
	old := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	a.do("deleting what was kept", client.IgnoreNotFound(c.Delete(t.Context(), old)))
	a.do("waiting for it to go", poll(t.Context(), long, func() error {
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(old), old); !apierrors.IsNotFound(err) {
			return fmt.Errorf("the namespace %s is still there: %w", namespace, err)
		}
		return nil
	}))
	a.begin()
	s, err := newShell(t.Context(), t.TempDir(), namespace)
	a.do("making a home", err)
	t.Cleanup(s.close)
	return &reader{scenery: scenery{app: a}, shell: s}
}

// read does what a page says.
func (r *reader) read(page docs.Page, files map[string]string) {
	r.Helper()
	began := time.Now()
	for name, text := range files {
		r.save(name, text)
	}
	before := r.ran
	for i := range page.Blocks {
		b := &page.Blocks[i]
		way, err := b.Way()
		r.do("reading", err)
		if b.Enters {
			r.next = b.Scene
		}
		switch way {
		case docs.Saved:
			r.save(b.File, b.Text)
		case docs.Objects:
			r.taken(b)
		case docs.Part:
			r.enter()
			r.merged(b)
		case docs.Commands:
			r.enter()
			r.follow(b)
		case docs.Answers, docs.Elsewhere, docs.Nowhere:
		case docs.Shown:
			if err := docs.Same(b.Text, r.said); b.Below && r.said != "" && err != nil {
				r.Errorf("%s:%d: %v; all of it:\n%s", b.Page, b.Line, err, r.said)
			}
		}
		if way != docs.Commands {
			r.said = ""
		}
	}
	if r.ran > before {
		r.Logf("%s: %d commands in %s", page.Path, r.ran-before, since(began))
	}
}

func (r *reader) save(name, text string) {
	r.Helper()
	file := filepath.Join(r.shell.folder, name)
	r.do("making its folder", os.MkdirAll(filepath.Dir(file), 0o700))
	r.do("saving "+name, os.WriteFile(file, []byte(text), 0o600))
}

func (r *reader) enter() {
	r.Helper()
	if r.next != "" {
		r.set(r.next)
		r.next = ""
	}
}

// follow runs the commands of a block. One that fails ends the page: those after it mean nothing any more.
func (r *reader) follow(b *docs.Block) {
	r.Helper()
	commands, err := b.Commands()
	r.do("reading", err)
	r.said = ""
	for _, c := range commands {
		c.Text = r.filled(c.Text)
		said, err := r.shell.run(r.Context(), c, oneCommand)
		r.ran++
		r.said += said
		if err != nil {
			r.Fatalf("%s: %v\n$ %s%s", c.At, err, c.Text, said)
		}
		if err := r.settled(); err != nil {
			r.Fatalf("%s: after $ %s%v\n%s", c.At, c.Text, err, said)
		}
	}
}

// filled puts in what differs from cluster to cluster.
func (r *reader) filled(text string) string {
	status := see(r.app, func(w *world) v1alpha1.CanaryStatus { return w.canary().Status })
	baseline := ""
	if status.Rollout != nil {
		baseline = status.Rollout.Baseline
	}
	gateway := strings.TrimSuffix(strings.TrimPrefix(r.cluster.gateway(), "http://"), "/")
	return strings.NewReplacer("<revision>", status.Revision, "7b5f8c9d4f", status.Revision, "6c8d7f9b5d", baseline, "<gateway>", gateway, "<secret>", "example").Replace(text)
}

// taken has the API server take the objects of a block, as if they were applied in a namespace of their own.
func (r *reader) taken(b *docs.Block) {
	r.Helper()
	objects, err := b.Objects()
	r.do("reading", err)
	if r.empty == "" {
		r.empty = r.ns + "-objects-" + run
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: r.empty}}
		r.do("making a namespace", r.cluster.Create(r.Context(), namespace))
		r.atEnd = append(r.atEnd, func() error { return r.cluster.Delete(cleanUp(r.T), namespace) })
	}
	for _, fields := range objects {
		object := &unstructured.Unstructured{Object: fields}
		if object.GetNamespace() != "" {
			object.SetNamespace(r.empty)
		}
		raw, err := json.Marshal(object)
		r.do("encoding", err)
		_, err = r.cluster.kubectlWith(r.Context(), string(raw), "--namespace", r.empty, "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-")
		if err != nil {
			r.Errorf("%s:%d: %v", b.Page, b.Line, err)
		}
	}
}

// merged has the API server take a part of an object together with the rest, which is the scene's.
func (r *reader) merged(b *docs.Block) {
	r.Helper()
	kind, path, _ := strings.Cut(b.PartOf, " ")
	object, how := client.Object(see(r.app, (*world).deployment).DeepCopy()), types.StrategicMergePatchType
	if kind == "Canary" {
		object, how = see(r.app, (*world).canary).DeepCopy(), types.MergePatchType
	}
	var patch any
	r.do("reading", yaml.Unmarshal([]byte(b.Text), &patch))
	keys := strings.Split(path, ".")
	for i := range keys {
		patch = map[string]any{keys[len(keys)-1-i]: patch}
	}
	raw, err := json.Marshal(patch)
	r.do("encoding", err)
	if err := r.cluster.Patch(r.Context(), object, client.RawPatch(how, raw), client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict)); err != nil {
		r.Errorf("%s:%d: %v", b.Page, b.Line, err)
	}
}
