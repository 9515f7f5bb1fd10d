// Package story tells the demo: a good version is promoted, two bad ones are refused, and a revert makes all well again, under
// constant load. Every claim it makes is compared with what the cluster says.
package story

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/hack/demo/load"
	"github.com/serin-dev/serin/hack/demo/view"
)

// Typist runs kubectl.
type Typist interface {
	Output(ctx context.Context, args ...string) (string, error)
}

// Story is told once.
type Story struct {
	Cluster   Cluster
	Patience  Patience
	Terminal  *view.Terminal
	Kubectl   Typist
	Load      *load.Generator // running
	Root      string          // of the repository
	Manifests string          // from there
	Canary    string          // its manifest, from there too

	serving string // the version that has all the traffic between two acts
	refusal string // what kubectl describe said about the last refusal
	revised string // the revision of serving
}

// act is one release.
type act struct {
	version, title, prose string
	want                  string // outcome
}

func acts() []act {
	return []act{
		{
			version: "v2", title: "a good version", want: v1alpha1.ReasonPromoted,
			prose: "A developer pushes a new template, as on any day. Only its version differs; Serin has to find that out.",
		},
		{
			version: "v3", title: "a slow version: p95 half as long again", want: v1alpha1.ReasonRolledBack,
			prose: "Half of all answers are as fast as ever, one in twenty takes half as long again. No alert fires at such a change.",
		},
		{
			version: "v4", title: "a broken version: 2% of requests fail", want: v1alpha1.ReasonRolledBack,
			prose: "The refused v3 is still the Deployment's template. A new push starts a new release, from the first step.",
		},
	}
}

// Tell tells all of it. An error means that something went otherwise than it should.
func (s *Story) Tell(ctx context.Context) error {
	s.serving = "v1"
	if err := s.watchOver(ctx); err != nil {
		return err
	}
	for i, a := range acts() {
		s.Terminal.Heading("%d · %s, %s", i+1, a.version, a.title)
		if err := s.release(ctx, a); err != nil {
			return fmt.Errorf("%s: %w", a.version, err)
		}
	}
	s.Terminal.Heading("%d · The revert", len(acts())+1)
	return s.revert(ctx)
}

// watchOver puts a Canary over the running app, which must not notice.
func (s *Story) watchOver(ctx context.Context) error {
	s.Terminal.Heading("A Canary over it")
	before, err := s.podsOf(ctx)
	if err != nil {
		return err
	}
	s.Terminal.Say("Beside the Deployment goes this, and nothing else changes:")
	text, err := os.ReadFile(filepath.Join(s.Root, s.Canary))
	if err != nil {
		return err
	}
	s.Terminal.Output(string(text))
	if err := s.typed(ctx, "apply", "--filename", s.Canary); err != nil {
		return err
	}
	calm, err := s.Cluster.Calm(ctx, s.Patience, "", func(Look) {})
	if err != nil {
		return err
	}
	if !slices.Equal(before, names(calm.Baseline)) {
		return fmt.Errorf("the Canary changed the pods: %v before, %v after", before, names(calm.Baseline))
	}
	s.Terminal.Good("Serin watches: %s. No pod was touched.", calm.Canary.Status.Message)
	return nil
}

// podsOf are the names of the app's pods while no Canary exists.
func (s *Story) podsOf(ctx context.Context) ([]string, error) {
	out, err := s.Kubectl.Output(ctx, "--namespace", s.Cluster.Key.Namespace, "get", "pods", "--output", "jsonpath={.items[*].metadata.name}")
	list := strings.Fields(out)
	slices.Sort(list)
	return list, err
}

// release pushes a version, watches Serin decide, and looks whether the decision was the right one.
func (s *Story) release(ctx context.Context, a act) error {
	s.Terminal.Say("%s", a.prose)
	before, err := s.Cluster.Look(ctx)
	if err != nil {
		return err
	}
	p := push{title: a.version + ", " + a.title, baseline: s.serving, candidate: a.version, at: time.Now()}
	if err := s.push(ctx, a.version); err != nil {
		return err
	}
	var machine unrest
	r, err := s.Cluster.Follow(ctx, s.Patience, before, func(l Look, noticed bool) {
		recent := s.Load.Recent(view.CallerSpan)
		machine.see(recent[p.baseline])
		s.Terminal.Show(frame(p, l, noticed, s.Load.Summary(), recent, time.Now()))
	})
	s.Terminal.Rest()
	if err != nil {
		return err
	}
	if r.Outcome != a.want {
		return fmt.Errorf("the outcome should be %s and is %s: %s%s", a.want, r.Outcome, r.Message, machine.String())
	}
	s.Terminal.Good("%s: %s after %.0f s, having had %d%% of the traffic at most.", a.version, r.Outcome, r.Took.Seconds(), r.Reached)
	if a.want == v1alpha1.ReasonPromoted {
		return s.promoted(ctx, a, r)
	}
	return s.refused(ctx, before, r)
}

// push changes the Deployment's template.
func (s *Story) push(ctx context.Context, version string) error {
	d := s.Cluster.Key
	return s.typed(ctx, "--namespace", d.Namespace, "patch", "deployment", d.Name, "--patch-file", s.Manifests+"/versions/"+version+".yaml")
}

// revert pushes the template of the version that serves, and waits until it is as if nothing had happened.
func (s *Story) revert(ctx context.Context) error {
	s.Terminal.Say("The Deployment still holds the refused template, paused: the cluster is as Git says, and the Canary says why it is not served. " +
		"Somebody reverts the commit.")
	before, err := s.Cluster.Look(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := s.push(ctx, s.serving); err != nil {
		return err
	}
	after, err := s.Cluster.Calm(ctx, s.Patience, s.revised, func(Look) {})
	if err != nil {
		return err
	}
	if !slices.Equal(uids(before.Baseline), uids(after.Baseline)) {
		return fmt.Errorf("the revert changed the pods: %v before, %v after", names(before.Baseline), names(after.Baseline))
	}
	s.Terminal.Good("Healthy %.0f s later, with the same pods as before v3 and v4: %s.", time.Since(began).Seconds(), after.Canary.Status.Message)
	return s.shown(ctx, "--namespace", s.Cluster.Key.Namespace, "get", "canary,deployment", s.Cluster.Key.Name)
}

// typed runs kubectl and shows the command, as a person would have typed it.
func (s *Story) typed(ctx context.Context, args ...string) error {
	s.Terminal.Command("kubectl " + strings.Join(args, " "))
	_, err := s.Kubectl.Output(ctx, args...)
	return err
}

// shown shows the output as well.
func (s *Story) shown(ctx context.Context, args ...string) error {
	s.Terminal.Command("kubectl " + strings.Join(args, " "))
	out, err := s.Kubectl.Output(ctx, args...)
	s.Terminal.Output(out)
	return err
}
