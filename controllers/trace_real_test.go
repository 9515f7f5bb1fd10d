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

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/engine"
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

// restartedTraces are written down by an operator that was restarted in mid-release, on evidence that neither half of the release would have had alone. Whoever
// replays them must come to the operator's verdict.
func restartedTraces(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	traces := Traces{Last: true, Folder: t.TempDir(), Limit: 1 << 20}
	s.reconciler.Traces = traces
	s.step()
	s.push("v2")
	s.untilWeight(50)
	s.source.errs(50)
	s.until("the status to hold evidence of the step", func() bool {
		e := s.canary().Status.Rollout.Evidence
		return s.canary().Status.Weight == 50 && e != nil && e.UpTo.After(s.remembered().state.SettledAt)
	})
	s.start()
	s.reconciler.Traces = traces
	s.untilPhase(rollout.Failed)

	said := s.canary().Status.Analysis.Message
	kept := &corev1.ConfigMap{}
	s.must(c.Client.Get(t.Context(), types.NamespacedName{Namespace: s.ns, Name: "web" + lastRelease}, kept))
	same(t, "the compact trace", rejudged(t, strings.NewReader(kept.Data[traceKey])), said)
	files, err := filepath.Glob(filepath.Join(traces.Folder, "*.jsonl"))
	s.must(err)
	if len(files) != 2 {
		t.Fatalf("%d files for a release and a restart: %v", len(files), files)
	}
	file, err := os.Open(files[1]) // named by time
	s.must(err)
	defer file.Close()
	same(t, "the full trace", rejudged(t, file), said)
}

// rejudged is what the engine says at the end of a trace that begins in mid-release, once it has what it remembered by then. It fails the test when that makes no
// difference.
func rejudged(t *testing.T, in io.Reader) string {
	t.Helper()
	r, err := trace.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	from := r.Header().Resumed
	if from == nil || from.Weight != 50 || from.SettledAt.IsZero() {
		t.Fatalf("the trace does not say that it begins in mid-release: %+v", from)
	}
	judge, err := engine.Restore(r.Header().Policy, from.Engine)
	if err != nil {
		t.Fatal(err)
	}
	var with, without analysis.Report
	anew := engine.New(r.Header().Policy)
	for {
		l, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		with, without = judge.Look(l.Look), anew.Look(l.Look)
	}
	if with.Verdict != analysis.Fail || without.Verdict == analysis.Fail {
		t.Errorf("with the memory it says %q, without %q", with.Message, without.Message)
	}
	return with.Message
}
