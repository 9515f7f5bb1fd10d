package controllers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
)

func TestConditionsFollowKstatusInEveryPhase(t *testing.T) {
	tests := map[rollout.Phase]struct{ ready, reconciling, stalled bool }{
		rollout.Idle:        {ready: true},
		rollout.Progressing: {reconciling: true},
		rollout.Promoting:   {reconciling: true},
		rollout.Finalizing:  {reconciling: true},
		rollout.RollingBack: {reconciling: true},
		rollout.Succeeded:   {ready: true},
		rollout.Failed:      {stalled: true},
	}
	for phase, want := range tests {
		t.Run(string(phase), func(t *testing.T) {
			s := newScene()
			var status v1alpha1.CanaryStatus
			project(&status, s, rollout.Decision{State: rollout.State{Phase: phase, Baseline: "b", Candidate: "c"}, Message: "m"})
			if got := meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady); got != want.ready {
				t.Errorf("Ready is %v, want %v", got, want.ready)
			}
			for kind, wanted := range map[string]bool{v1alpha1.ConditionReconciling: want.reconciling, v1alpha1.ConditionStalled: want.stalled} {
				c := meta.FindStatusCondition(status.Conditions, kind)
				if (c != nil) != wanted {
					t.Errorf("%s exists: %v, want %v", kind, c != nil, wanted)
				}
				if c != nil && c.Status != metav1.ConditionTrue {
					t.Errorf("%s is %s; it may only exist while true", kind, c.Status)
				}
			}
			for _, c := range status.Conditions {
				if c.Reason == "" || c.Message == "" || c.ObservedGeneration != s.canary.Generation {
					t.Errorf("condition %s tells too little: %+v", c.Type, c)
				}
			}
		})
	}
}

func TestAProblemStallsWithoutHidingThatAReleaseIsUnderWay(t *testing.T) {
	s := newScene()
	s.problem = &problem{v1alpha1.ReasonRouteNotFound, "the route read-api is missing"}
	var status v1alpha1.CanaryStatus
	project(&status, s, rollout.Decision{State: rollout.State{Phase: rollout.Progressing, Candidate: "c"}, Message: "m"})
	stalled := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionStalled)
	if stalled == nil || stalled.Reason != v1alpha1.ReasonRouteNotFound || !strings.Contains(stalled.Message, "read-api") {
		t.Errorf("Stalled is %+v", stalled)
	}
	if !meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReconciling) {
		t.Error("Reconciling is gone while a release is under way")
	}
}

func TestAtRestACanaryIsReadyOrReconcilingOrStalledWhateverMeets(t *testing.T) {
	for _, phase := range []rollout.Phase{rollout.Idle, rollout.Succeeded, rollout.Failed} {
		for _, reason := range []rollout.Reason{"", rollout.ReasonDeploymentRolling, rollout.ReasonTargetNotFound} {
			for _, p := range []*problem{nil, {v1alpha1.ReasonRouteNotFound, "the route read-api is missing"}} {
				s := newScene()
				s.problem = p
				var status v1alpha1.CanaryStatus
				project(&status, s, rollout.Decision{State: rollout.State{Phase: phase, Baseline: "b", Reason: reason}, Message: "m"})
				var says []string
				for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
					if meta.IsStatusConditionTrue(status.Conditions, kind) {
						says = append(says, kind)
					}
				}
				if len(says) != 1 || p != nil && says[0] != v1alpha1.ConditionStalled {
					t.Errorf("in phase %s with reason %q and problem %v it says %v", phase, reason, p, says)
				}
			}
		}
	}
}

func TestHistoryKeepsTheLastTenReleases(t *testing.T) {
	s := newScene()
	s.state = rollout.State{Phase: rollout.Progressing, Candidate: "c", StartedAt: s.observation.Now}
	var status v1alpha1.CanaryStatus
	for range 12 {
		project(&status, s, rollout.Decision{State: rollout.State{Phase: rollout.RollingBack, Candidate: "c", Refused: true, Reason: rollout.ReasonAborted}, Message: "m"})
	}
	if len(status.History) != 10 || status.History[0].Outcome != v1alpha1.ReasonRolledBack || status.History[0].Reason != "Aborted" {
		t.Errorf("history is %+v", status.History)
	}
	s.state.Phase = rollout.RollingBack
	project(&status, s, rollout.Decision{State: rollout.State{Phase: rollout.Failed}})
	if len(status.History) != 10 {
		t.Error("a release was remembered twice")
	}
}

func TestAVerdictIsNotShownBesideAnotherRevision(t *testing.T) {
	for _, reason := range []rollout.Reason{rollout.ReasonReleaseStarted, rollout.ReasonReverted} {
		s := newScene()
		status := v1alpha1.CanaryStatus{Verdict: "Fail", Analysis: &v1alpha1.AnalysisStatus{Verdict: "Fail"}}
		project(&status, s, rollout.Decision{State: rollout.State{Phase: rollout.Progressing}, Event: &rollout.Event{Reason: reason}})
		if status.Verdict != "" || status.Analysis != nil {
			t.Errorf("%s leaves the last candidate's verdict: %q", reason, status.Verdict)
		}
	}
}

func TestHistoryTellsPromotedFromPassedThrough(t *testing.T) {
	for reason, want := range map[rollout.Reason]string{
		rollout.ReasonPromoted:      v1alpha1.ReasonPromoted,
		rollout.ReasonPassedThrough: v1alpha1.ReasonPassedThrough,
	} {
		s := newScene()
		s.state = rollout.State{Phase: rollout.Progressing, Candidate: "c"}
		var status v1alpha1.CanaryStatus
		project(&status, s, rollout.Decision{State: rollout.State{Phase: rollout.Finalizing}, Event: &rollout.Event{Reason: reason}})
		if len(status.History) != 1 || status.History[0].Outcome != want {
			t.Errorf("history after %s is %+v", reason, status.History)
		}
	}
}

func TestTruncatedCutsAtARune(t *testing.T) {
	long := strings.Repeat("ä", longestMessage)
	got := truncated(long)
	if len(got) > longestMessage || !utf8.ValidString(got) || !strings.HasSuffix(got, " ...") {
		t.Errorf("%d bytes, valid %v, ends %q", len(got), utf8.ValidString(got), got[len(got)-8:])
	}
	if got := truncated("short"); got != "short" {
		t.Errorf("a short message became %q", got)
	}
}

// The pure package can't import the API, so it repeats the words.
func TestEveryReasonOfADecisionIsAReasonOfTheAPI(t *testing.T) {
	known := constants(t, "../api/v1alpha1/conditions.go", "Reason")
	used := constants(t, "rollout/rollout.go", "Reason")
	if len(used) < 20 {
		t.Fatalf("found only %d reasons in package rollout", len(used))
	}
	for word := range used {
		if !known[word] {
			t.Errorf("%q is used in a decision but not listed in api/v1alpha1/conditions.go", word)
		}
	}
}

// constants are the values of the string constants in file whose names begin with prefix.
func constants(t *testing.T, file, prefix string) map[string]bool {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]bool{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, prefix) || len(spec.Values) != 1 {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			values[value] = true
		}
		return true
	})
	return values
}

func newScene() *scene {
	return &scene{
		canary:       &v1alpha1.Canary{ObjectMeta: metav1.ObjectMeta{Name: "read-api", Namespace: "demo", Generation: 3}},
		recollection: &recollection{},
		plan:         rollout.Plan{Steps: []rollout.Step{{Weight: 10}, {Weight: 100}}},
		observation:  rollout.Observation{Now: time.Unix(1_700_000_000, 0).UTC(), Report: analysis.Report{}},
	}
}
