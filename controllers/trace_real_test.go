package controllers

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/analysis/trace"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// tracedReleases are written down: the last one in a ConfigMap that goes with the Canary, and each in a file.
func tracedReleases(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	folder := t.TempDir()
	s.reconciler.Traces = Traces{Last: true, Folder: folder, Limit: 1 << 20}
	s.step()
	s.push("v2")
	s.untilPhase(rollout.Succeeded)
	kept := s.keptTrace()
	same(t, "the end of the compact trace", string(kept.end), string(trace.Promoted))
	s.push("v3")
	s.untilWeight(10)
	s.source.errs(400)
	s.untilPhase(rollout.Failed)
	kept = s.keptTrace()
	same(t, "the end of the next compact trace", string(kept.end), string(trace.RolledBack))
	if !strings.HasPrefix(s.named(kept.why), "revision v3 was refused") || s.named(kept.candidate) != "v3" {
		t.Errorf("it tells of %s: %s", kept.candidate, kept.why)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.jsonl"))
	s.must(err)
	if len(files) != 2 {
		t.Fatalf("%d files for two releases: %v", len(files), files)
	}
	for _, name := range files {
		file, err := os.Open(name)
		s.must(err)
		full := readTrace(t, file)
		s.must(file.Close())
		if full.looks < 5 || full.learned == 0 || full.end == "" {
			t.Errorf("%s has %d looks, %d of them before the release, and ends %q", name, full.looks, full.learned, full.end)
		}
	}
}

// readBack is what a trace tells.
type readBack struct {
	candidate      string
	looks, learned int
	end            trace.Outcome
	why            string
}

func (s *stage) keptTrace() readBack {
	s.t.Helper()
	kept := &corev1.ConfigMap{}
	s.must(s.cluster.Client.Get(s.t.Context(), types.NamespacedName{Namespace: s.ns, Name: "web" + lastRelease}, kept))
	if len(kept.OwnerReferences) != 1 || kept.OwnerReferences[0].UID != s.canary().UID {
		s.t.Errorf("it belongs to %v", kept.OwnerReferences)
	}
	if n := len(kept.Data[traceKey]); n > 8<<10 {
		s.t.Errorf("it has %d bytes", n)
	}
	return readTrace(s.t, strings.NewReader(kept.Data[traceKey]))
}

func readTrace(t *testing.T, in io.Reader) readBack {
	t.Helper()
	r, err := trace.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	found := readBack{candidate: r.Header().Candidate.Name}
	for {
		l, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		found.looks++
		if l.Weight == 0 {
			found.learned++
		}
	}
	if end := r.End(); end != nil {
		found.end, found.why = end.Outcome, end.Message
	}
	return found
}
