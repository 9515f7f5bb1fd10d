package controllers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/trace"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload"
)

// +kubebuilder:rbac:groups="",resources=configmaps,verbs=create;patch

// Traces says what is kept of what the decision engine saw, to be replayed. Losing a trace is never a reason to fail.
type Traces struct {
	// Last keeps the compact trace of a Canary's last release in a ConfigMap beside it, of at most 8 KiB.
	Last bool
	// Folder gets a file with every look at every release, of at most Limit bytes; empty for none.
	Folder string
	Limit  int
}

const (
	// lastRelease ends the name of the ConfigMap, and traceKey is its only key.
	lastRelease = "-last-release"
	traceKey    = "trace"
	// compactBytes is how much of a packed trace is kept: a third more as text.
	compactBytes = 6 << 10
)

// tracer writes down one release. A nil one writes nothing.
type tracer struct {
	compact *trace.Compact
	full    *trace.Writer
	file    *os.File
}

// begin begins to write down the release of a scene, or what is left of one that was resumed. Of that, no look from before is written again: it would have to be
// persisted with every step, at the cost of one more write each. What the engine made of them is persisted anyway, and goes into the header.
func (t Traces) begin(ctx context.Context, s *scene, from *trace.Resumed) *tracer {
	w, header := &tracer{}, s.traceHeader(from)
	if t.Last {
		w.compact = trace.NewCompact(header)
	}
	if t.Folder == "" {
		return w
	}
	// Not the release's own time: after a restart of the operator, what was written before must stay.
	name := fmt.Sprintf("%s_%s_%s_%d.jsonl", s.canary.Namespace, s.canary.Name, s.state.Candidate, s.observation.Now.UnixNano())
	file, err := os.Create(filepath.Join(t.Folder, name))
	if err == nil {
		w.file = file
		w.full, err = trace.NewWriter(file, header, t.Limit)
	}
	if err != nil {
		log.FromContext(ctx).Error(err, "the full trace of this release is not written")
	}
	return w
}

func (s *scene) traceHeader(from *trace.Resumed) trace.Header {
	h := trace.Header{
		Canary: s.canary.Name, Namespace: s.canary.Namespace,
		Baseline:  trace.Revision{Name: s.state.Baseline, Pods: podsOf(s.workload.Baseline)},
		Candidate: trace.Revision{Name: s.state.Candidate, Pods: podsOf(s.workload.Candidate)},
		Policy:    s.analysis.policy, Interval: s.plan.Interval, Deadline: s.plan.EvidenceDeadline,
		OnInconclusive: string(s.canary.Spec.Analysis.OnInconclusiveOrDefault()),
		Resumed:        from,
	}
	for _, step := range s.plan.Steps {
		h.Steps = append(h.Steps, trace.Step(step))
	}
	return h
}

// podsOf is what the names of a ReplicaSet's pods begin with; empty while there is no ReplicaSet.
func podsOf(set workload.Set) string {
	if set.Name == "" {
		return ""
	}
	return set.Name + "-"
}

// note writes down a look, just as the engine gets it. After an error the rest of the trace would be misleading.
func (w *tracer) note(ctx context.Context, l analysis.Look) {
	if w == nil {
		return
	}
	if w.compact != nil {
		if err := w.compact.Look(l); err != nil {
			log.FromContext(ctx).Error(err, "the compact trace of this release is given up")
			w.compact = nil
		}
	}
	if w.full != nil {
		if err := w.full.Look(l); err != nil {
			log.FromContext(ctx).Error(err, "the full trace of this release is given up")
			w.full = nil
		}
	}
}

// closeTrace ends the trace of a release whose candidate is judged, and keeps its compact form until it is written.
func (s *scene) closeTrace(ctx context.Context, d rollout.Decision) {
	w := s.recollection.evidence.tracer
	if w == nil || s.state.Phase != rollout.Progressing || d.State.Phase == rollout.Progressing {
		return
	}
	s.recollection.evidence.tracer = nil
	end := trace.End{At: s.observation.Now, Outcome: trace.Left, Message: d.Message}
	switch {
	case d.State.Phase == rollout.Promoting:
		end.Outcome = trace.Promoted
	case d.State.Refused:
		end.Outcome = trace.RolledBack
	}
	if w.compact != nil {
		packed, err := w.compact.Pack(end, compactBytes)
		if err != nil {
			log.FromContext(ctx).Error(err, "the compact trace of this release is not kept")
		} else {
			s.recollection.unkept = trace.Text(packed)
		}
	}
	w.close(ctx, &end)
}

// close closes the file; end is nil when nobody knows how the release ended.
func (w *tracer) close(ctx context.Context, end *trace.End) {
	if w == nil || w.file == nil {
		return
	}
	var err error
	if w.full != nil && end != nil {
		err = w.full.End(*end)
	}
	if closing := w.file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		log.FromContext(ctx).Error(err, "ending the full trace of this release")
	}
}

// keepTrace writes the compact trace of the release that has ended, after everything that matters more.
func (r *CanaryReconciler) keepTrace(ctx context.Context, s *scene) {
	text := s.recollection.unkept
	if text == "" {
		return
	}
	s.recollection.unkept = ""
	owner := applymetav1.OwnerReference().WithAPIVersion(v1alpha1.GroupVersion().String()).WithKind("Canary").WithName(s.canary.Name).WithUID(s.canary.UID)
	kept := applycorev1.ConfigMap(s.canary.Name+lastRelease, s.canary.Namespace).
		WithOwnerReferences(owner).
		WithAnnotations(map[string]string{"serin.dev/ended-at": metav1.NewTime(s.observation.Now).Format(metav1.RFC3339Micro)}).
		WithData(map[string]string{traceKey: text})
	if err := r.Direct.Apply(ctx, kept, client.FieldOwner("serin"), client.ForceOwnership); err != nil {
		log.FromContext(ctx).Error(err, "the compact trace of the last release is not kept")
	}
}
