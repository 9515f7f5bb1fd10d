package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// argoNamespace is where Argo CD keeps its Applications and settings.
const argoNamespace = "argocd"

// gitOps is an app that Argo CD keeps as a Git repository says, with self-heal: whatever differs is put back.
type gitOps struct {
	*app
	repository string

	mu        sync.Mutex
	sightings []sighting
	commits   []commit
	broken    error
}

// commit is one push, and when it was made.
type commit struct {
	at   time.Time
	hash string
}

// sighting is what the Application said at a moment.
type sighting struct {
	at                     time.Time
	sync, revision, health string
	// canary and message are the health of the Canary, operation when the last sync began and outcome how it went.
	canary, message, operation, outcome string
	resources, different                []string
}

// newGitOps makes the repository with the files given, and an Application of it, and waits until all of it is there and healthy.
func newGitOps(t *testing.T, c *cluster, short string, options []string, ignore []any, files func(*gitOps) map[string]string) *gitOps {
	t.Helper()
	g := &gitOps{app: newNamespace(t, c, short), repository: t.TempDir()}
	g.do("teaching Argo CD the kinds of Serin", teachArgoCD(t.Context(), c))
	g.git("init", "--quiet", "--initial-branch=main")
	g.commit("the first version", files(g))
	application := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
		"metadata": map[string]any{"name": g.ns, "namespace": argoNamespace},
		"spec": map[string]any{
			"project": "default", "ignoreDifferences": ignore,
			"source":      map[string]any{"repoURL": "file://" + g.repository, "targetRevision": "main", "path": "."},
			"destination": map[string]any{"server": "https://kubernetes.default.svc", "namespace": g.ns},
			"syncPolicy":  map[string]any{"automated": map[string]any{"prune": true, "selfHeal": true}, "syncOptions": asAny(options)},
		},
	}}
	g.do("making the Application", c.Create(t.Context(), application))
	// Before the namespace goes, nobody must put back what is in it.
	g.atEnd = append(g.atEnd, func() error { return client.IgnoreNotFound(c.Delete(cleanUp(t), application)) })
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	go g.follow(ctx)
	g.sees("everything to be Synced and Healthy", long, func(s sighting) bool { return g.settled(s, "Healthy") })
	g.do("waiting for the gate to know the Canary", poll(t.Context(), patience, func() error { return g.gateWorks(true) }))
	return g
}

// teachArgoCD applies the patch as the documentation says.
func teachArgoCD(ctx context.Context, c *cluster) error {
	_, err := c.kubectl(ctx, "--namespace", argoNamespace, "patch", "configmap", "argocd-cm", "--patch-file", "../../config/argocd/argocd-cm.yaml")
	return err
}

func asAny(list []string) []any {
	out := make([]any, 0, len(list))
	for _, s := range list {
		out = append(out, s)
	}
	return out
}

// git runs it in the repository.
func (g *gitOps) git(args ...string) string {
	g.Helper()
	command := exec.CommandContext(g.Context(), "git", args...)
	command.Dir = g.repository
	command.Env = append(os.Environ(), "GIT_AUTHOR_NAME=e2e", "GIT_AUTHOR_EMAIL=e2e@example.com", "GIT_COMMITTER_NAME=e2e", "GIT_COMMITTER_EMAIL=e2e@example.com")
	out, err := command.CombinedOutput()
	if err != nil {
		g.Fatalf("git %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit writes files and pushes them. Argo CD is told, as a webhook would.
func (g *gitOps) commit(message string, files map[string]string) {
	g.Helper()
	for name, content := range files {
		g.do("writing "+name, os.WriteFile(filepath.Join(g.repository, name), []byte(content), 0o600))
	}
	g.git("add", "--all")
	g.git("commit", "--quiet", "--message", message)
	g.pushed()
}

// revert takes the last commit back by another.
func (g *gitOps) revert() {
	g.Helper()
	g.git("revert", "--no-edit", "HEAD")
	g.pushed()
}

func (g *gitOps) pushed() {
	g.Helper()
	g.mu.Lock()
	g.commits = append(g.commits, commit{time.Now(), g.git("rev-parse", "HEAD")})
	g.mu.Unlock()
	g.do("telling Argo CD of a commit", client.IgnoreNotFound(g.patchApplication(`{"metadata":{"annotations":{"argocd.argoproj.io/refresh":"normal"}}}`)))
}

// configure sets the sync options.
func (g *gitOps) configure(options []string) {
	g.Helper()
	g.do("changing the sync options", g.patchApplication(`{"spec":{"syncPolicy":{"syncOptions":["`+strings.Join(options, `","`)+`"]}}}`))
}

func (g *gitOps) patchApplication(patch string) error {
	application := &unstructured.Unstructured{}
	application.SetAPIVersion("argoproj.io/v1alpha1")
	application.SetKind("Application")
	application.SetNamespace(argoNamespace)
	application.SetName(g.ns)
	return g.cluster.Patch(g.Context(), application, client.RawPatch(types.MergePatchType, []byte(patch)))
}

// appFile is the user's Deployment and Service in a version.
func (g *gitOps) appFile(v version) string {
	g.Helper()
	manifest := g.manifestOf("app.yaml", v.name)
	const next = "        - {name: DEMO_ALLOW_BEHAVIOUR"
	for name, value := range v.environment {
		manifest = strings.Replace(manifest, next, fmt.Sprintf("        - {name: %s, value: %q}\n%s", name, value, next), 1)
	}
	return manifest
}

// canaryFile is the Canary as a file: what a user writes, and nothing that the API server adds.
func (g *gitOps) canaryFile(changes ...func(*v1alpha1.Canary)) string {
	g.Helper()
	c := g.canary(changes...)
	raw, err := yaml.Marshal(map[string]any{
		"apiVersion": c.APIVersion, "kind": c.Kind, "metadata": map[string]any{"name": c.Name, "namespace": c.Namespace}, "spec": c.Spec,
	})
	g.do("writing the Canary", err)
	return string(raw)
}

// follow watches the Application until ctx ends.
func (g *gitOps) follow(ctx context.Context) {
	list := &unstructured.UnstructuredList{}
	list.SetAPIVersion("argoproj.io/v1alpha1")
	list.SetKind("ApplicationList")
	for ctx.Err() == nil {
		w, err := g.cluster.Watch(ctx, list, client.InNamespace(argoNamespace), client.MatchingFields{"metadata.name": g.ns})
		if err != nil {
			g.mu.Lock()
			g.broken = err
			g.mu.Unlock()
			return
		}
		for event := range w.ResultChan() {
			if application, ok := event.Object.(*unstructured.Unstructured); ok {
				g.note(sightingOf(application))
				continue
			}
			g.mu.Lock()
			g.broken = apierrors.FromObject(event.Object)
			g.mu.Unlock()
			return
		}
		w.Stop()
	}
}

func (g *gitOps) note(s sighting) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sightings = append(g.sightings, s)
}

func sightingOf(application *unstructured.Unstructured) sighting {
	text := func(fields ...string) string {
		s, _, _ := unstructured.NestedString(application.Object, fields...)
		return s
	}
	s := sighting{
		at: time.Now(), sync: text("status", "sync", "status"), revision: text("status", "sync", "revision"), health: text("status", "health", "status"),
		operation: text("status", "operationState", "startedAt"), outcome: text("status", "operationState", "phase"),
	}
	resources, _, _ := unstructured.NestedSlice(application.Object, "status", "resources")
	for _, r := range resources {
		resource, _ := r.(map[string]any)
		kind, _ := resource["kind"].(string)
		name, _ := resource["name"].(string)
		s.resources = append(s.resources, kind+"/"+name)
		if resource["status"] != "Synced" {
			s.different = append(s.different, kind+"/"+name)
		}
		if kind == "Canary" {
			s.canary, _, _ = unstructured.NestedString(resource, "health", "status")
			s.message, _, _ = unstructured.NestedString(resource, "health", "message")
		}
	}
	return s
}

// sees waits until the Application is as wanted.
func (g *gitOps) sees(what string, within time.Duration, wanted func(sighting) bool) sighting {
	g.Helper()
	var last sighting
	err := poll(g.Context(), within, func() error {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.broken != nil {
			return g.broken
		}
		if len(g.sightings) > 0 {
			last = g.sightings[len(g.sightings)-1]
		}
		if !wanted(last) {
			return fmt.Errorf("it is %+v", last)
		}
		return nil
	})
	if err != nil {
		g.Fatalf("waiting for %s: %v\n%s", what, err, g.journal.story())
	}
	return last
}

// settled says that the last commit is synced, and that health is as given.
func (g *gitOps) settled(s sighting, health string) bool {
	return s.sync == "Synced" && s.revision == g.commits[len(g.commits)-1].hash && s.health == health && s.outcome == "Succeeded"
}

// lag is how long Argo CD may go by what its watches told it before its own sync: on a busy machine it finds a difference that is gone, and heals nothing.
const lag = 3 * time.Second

// disturbance is what Argo CD did of the last commit, and what it found after that was synced.
type disturbance struct {
	// syncs are all of them, late those that began when the first was over, and lag as well.
	syncs, late int
	outOfSync   time.Duration
	different   []string
}

// sinceCommit reads it from every version of the Application that there was.
func (g *gitOps) sinceCommit() disturbance {
	g.mu.Lock()
	defer g.mu.Unlock()
	last := g.commits[len(g.commits)-1]
	var out disturbance
	var over time.Time
	begun := map[string]bool{}
	for i, s := range g.sightings {
		began, err := time.Parse(time.RFC3339, s.operation)
		if err != nil || began.Before(last.at.Truncate(time.Second)) || s.revision != last.hash {
			continue
		}
		if over.IsZero() && s.outcome == "Succeeded" && s.sync == "Synced" {
			over = s.at.Add(lag)
		}
		if !begun[s.operation] {
			begun[s.operation] = true
			out.syncs++
			if !over.IsZero() && s.at.After(over) {
				out.late++
			}
		}
		until := time.Now()
		if i+1 < len(g.sightings) {
			until = g.sightings[i+1].at
		}
		if s.sync != "Synced" && !over.IsZero() && until.After(over) {
			out.outOfSync += until.Sub(over) - max(0, s.at.Sub(over))
			out.different = append(out.different, s.different...)
		}
	}
	return out
}
