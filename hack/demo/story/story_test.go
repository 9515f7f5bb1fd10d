package story

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/hack/demo/load"
	"github.com/serin-dev/serin/hack/demo/view"
)

var update = flag.Bool("update", false, "write the golden files anew")

// asItShould are the outcomes that the story expects.
func asItShould() map[string]string {
	return map[string]string{"v2": v1alpha1.ReasonPromoted, "v3": v1alpha1.ReasonRolledBack, "v4": v1alpha1.ReasonRolledBack}
}

func newStory(t *testing.T, p *puppet, out *bytes.Buffer) *Story {
	t.Helper()
	generator, err := load.New(load.Config{URL: "http://localhost", Rate: 1})
	if err != nil {
		t.Fatal(err)
	}
	return &Story{
		Cluster: p.cluster, Patience: DefaultPatience(), Terminal: view.NewPlain(out), Kubectl: p, Load: generator,
		Root: "../../..", Manifests: "hack/demo/manifests", Canary: "hack/demo/manifests/serin/canary.yaml",
	}
}

func TestStory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := newPuppet(t, nil)
		p.outcomes = asItShould()
		p.meddle = func(version string) {
			if version == "v4" { // v2 is known by then: pushing it once more is a revert
				p.outcomes["v2"] = v1alpha1.ReasonReverted
			}
		}
		s := newStory(t, p, &out)
		if err := s.Tell(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Refusal(t.Context()); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", "story.golden")
		if *update {
			if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), out.String()); diff != "" {
			t.Errorf("-want +got (go test ./story -update accepts):\n%s", diff)
		}
	})
}

// TestStoryFindsLies lets the cluster do something else than the story claims.
func TestStoryFindsLies(t *testing.T) {
	for name, test := range map[string]struct {
		outcomes map[string]string
		meddle   func(p *puppet, version string)
		want     string
	}{
		"a good version is refused": {outcomes: map[string]string{"v2": v1alpha1.ReasonRolledBack}, want: "v2: the outcome should be Promoted and is RolledBack: revision rev-v2 is RolledBack"},
		"a bad version is promoted": {outcomes: map[string]string{"v2": v1alpha1.ReasonPromoted, "v3": v1alpha1.ReasonPromoted}, want: "v3: the outcome should be RolledBack and is Promoted"},
		"nobody notices a version":  {outcomes: map[string]string{}, want: "v2: serin did not notice the new template within 1m0s; last seen: phase \"Idle\""},
		"the promoted pods are new ones": {
			outcomes: asItShould(), want: "v2: the pods that serve now are not the ones that were judged",
			meddle: func(p *puppet, version string) {
				if version == "v2" {
					p.pods("v2b", "deployment", 1)
				}
			},
		},
		"the baseline loses a pod": {
			outcomes: asItShould(), want: "v3: the baseline's pods changed",
			meddle: func(p *puppet, version string) {
				if version == "v3" {
					p.removePods("v2")
				}
			},
		},
		"the refused template would roll": {
			outcomes: asItShould(), want: "v3: the Deployment is not paused",
			meddle: func(p *puppet, version string) {
				if version == "v3" {
					p.pause(false)
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				p := newPuppet(t, nil)
				p.outcomes = test.outcomes
				if test.meddle != nil {
					p.meddle = func(version string) { test.meddle(p, version) }
				}
				err := newStory(t, p, &out).Tell(t.Context())
				if err == nil || !strings.HasPrefix(err.Error(), test.want) {
					t.Errorf("got %v, want %s", err, test.want)
				}
			})
		})
	}
}

func TestStoryFindsACanaryThatTouchesPods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := newPuppet(t, nil)
		p.pods("v0", "deployment", 1)
		err := newStory(t, p, &out).Tell(t.Context())
		if err == nil || !strings.HasPrefix(err.Error(), "the Canary changed the pods") {
			t.Error(err)
		}
	})
}

func TestAccount(t *testing.T) {
	clean := load.Summary{ElapsedSeconds: 300}
	clean.Requests.Counts = load.Counts{Total: 45000, OK: 44980, Injected: 20}
	clean.Requests.ByVersion = map[string]*load.Version{"v2": {Counts: load.Counts{Total: 44000}}, "v4": {Counts: load.Counts{Total: 1000, Injected: 20}}}
	clean.WebSockets.Wanted, clean.WebSockets.CleanDisconnects = 3, 2
	for name, test := range map[string]struct {
		change func(*load.Summary)
		want   string // of the error
	}{
		"clean": {func(*load.Summary) {}, ""},
		"a gateway's 502": {func(s *load.Summary) {
			s.Requests.FailedByPlatform = 1
			s.Requests.Samples = []load.Sample{{Outcome: "failedByPlatform", Status: 502, Body: "Bad Gateway"}}
		}, "the platform or Serin failed 1 requests and 0 WebSockets:\n    00:00:00.000 failedByPlatform: status 502"},
		"an answer that nobody asked for": {func(s *load.Summary) { s.Requests.Unexpected = 2 }, "the platform or Serin failed 2 requests"},
		"a broken WebSocket":              {func(s *load.Summary) { s.WebSockets.UncleanDisconnects = 1 }, "the platform or Serin failed 0 requests and 1 WebSockets"},
		"a failed dial":                   {func(s *load.Summary) { s.WebSockets.FailedDials = 1 }, "the platform or Serin failed 0 requests and 1 WebSockets"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			total := clean
			test.change(&total)
			err := (&Story{Terminal: view.NewPlain(&out)}).Account(total)
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want)):
				t.Errorf("got %v, want %s", err, test.want)
			}
			if want := "injected by the demo itself          20   2.0% of the 1000 requests that v4 answered"; !strings.Contains(out.String(), want) {
				t.Errorf("%q is not in\n%s", want, out.String())
			}
		})
	}
}

func TestComparisonShowsWhatIsMissing(t *testing.T) {
	p := newPuppet(t, nil)
	p.watch()
	l, err := p.cluster.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := comparison(l.Baseline[:2], slices.Clone(l.Baseline[1:3]))
	want := `judged under all the traffic (UID)           the Deployment's own now (UID)
read-api-v1-0  uid-of-read-a                 -
read-api-v1-1  uid-of-read-a                 read-api-v1-1  uid-of-read-a
-                                            read-api-v1-2  uid-of-read-a
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
