package rollout_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/controllers/rollout"
)

func TestWhenToLookAgain(t *testing.T) {
	settled := rollout.State{Phase: rollout.Progressing, Baseline: "v1", Candidate: "v2", Weight: 10, EnteredAt: now, SettledAt: ago(20 * time.Second)}
	tests := map[string]struct {
		state rollout.State
		seen  func(*rollout.Observation)
		want  time.Duration
	}{
		"at rest only the world wakes us":           {state: rollout.State{Phase: rollout.Idle, Baseline: "v2"}, want: 0},
		"a bake is looked at once an interval":      {state: settled, want: 15 * time.Second},
		"its end is not missed":                     {state: rollout.State{Phase: rollout.Progressing, Baseline: "v1", Candidate: "v2", Weight: 10, SettledAt: ago(50 * time.Second)}, want: 10 * time.Second},
		"a paused release is looked at in no hurry": {state: rollout.State{Phase: rollout.Progressing, Baseline: "v1", Candidate: "v2", Weight: 10, Passed: true, Paused: true, SettledAt: ago(time.Hour)}, want: 15 * time.Second},
		"pods are awaited closely":                  {state: rollout.State{Phase: rollout.Progressing, Baseline: "v1", Candidate: "v2", Weight: 10, Passed: true, EnteredAt: now, SettledAt: ago(time.Hour)}, want: 500 * time.Millisecond},
		"a split is awaited closely":                {state: settled, seen: func(o *rollout.Observation) { o.Split = rollout.Split{Weight: 10} }, want: 500 * time.Millisecond},
		"a rollback is watched closely":             {state: rollout.State{Phase: rollout.RollingBack, Candidate: "v2"}, want: 500 * time.Millisecond},
		"a Canary that can't go yet is watched":     {state: rollout.State{Phase: rollout.Idle, Baseline: "v2"}, seen: func(o *rollout.Observation) { o.Ending = true }, want: 500 * time.Millisecond},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			o := rollout.Observation{Now: now, Workload: serving("v2"), Split: routed(10), Report: analysis.Report{Verdict: analysis.Pass}}
			o.Workload.CandidatePods, o.Workload.CandidateAvailable = 1, 1
			if tc.seen != nil {
				tc.seen(&o)
			}
			if got := rollout.Decide(plan(), tc.state, o).RequeueAfter; got != tc.want {
				t.Errorf("after %v, want %v", got, tc.want)
			}
		})
	}
}

func TestWhenACanaryMayGo(t *testing.T) {
	tests := map[string]struct {
		state rollout.State
		seen  rollout.Observation
		plan  func(*rollout.Plan)
		want  bool
	}{
		"nothing is left":                         {state: rollout.State{Phase: rollout.Idle, Baseline: "v1"}, seen: rollout.Observation{Ending: true, Split: atHome(), Workload: serving("v1")}, want: true},
		"it stays":                                {state: rollout.State{Phase: rollout.Idle, Baseline: "v1"}, seen: rollout.Observation{Split: atHome(), Workload: serving("v1")}},
		"the route is gone":                       {state: rollout.State{Phase: rollout.Idle, Baseline: "v1"}, seen: rollout.Observation{Ending: true, Split: rollout.Split{Gone: true}, Workload: serving("v1")}, want: true},
		"the route still has a split":             {state: rollout.State{Phase: rollout.Idle, Baseline: "v1"}, seen: rollout.Observation{Ending: true, Split: routed(0), Workload: serving("v1")}},
		"there is no route":                       {state: rollout.State{Phase: rollout.Idle, Baseline: "v1"}, seen: rollout.Observation{Ending: true, Workload: serving("v1")}, plan: func(p *rollout.Plan) { p.PodShare = true }, want: true},
		"a refused candidate is empty":            {state: rollout.State{Phase: rollout.Failed, Baseline: "v1", Candidate: "v2", Refused: true}, seen: rollout.Observation{Ending: true, Split: atHome(), Workload: serving("v2")}, want: true},
		"a release is in flight":                  {state: rollout.State{Phase: rollout.Progressing, Baseline: "v1", Candidate: "v2"}, seen: rollout.Observation{Ending: true, Split: atHome(), Workload: serving("v2")}},
		"other pods of the workload do not count": {state: rollout.State{Phase: rollout.Idle, Baseline: "v1"}, seen: rollout.Observation{Ending: true, Split: atHome(), Workload: rollout.Workload{Exists: true, Wanted: "v2", CandidatePods: 3}}, want: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p := plan()
			if tc.plan != nil {
				tc.plan(&p)
			}
			if got := rollout.Decide(p, tc.state, tc.seen).Done; got != tc.want {
				t.Errorf("done %v, want %v", got, tc.want)
			}
		})
	}
}

func TestStepNumber(t *testing.T) {
	tests := map[string]struct {
		weight int32
		want   int
	}{
		"no traffic": {0, 0}, "below the first": {9, 0}, "the first": {10, 1}, "between two": {49, 1}, "the last": {100, 3}, "above": {200, 3},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := plan().StepNumber(tc.weight); got != tc.want {
				t.Errorf("step %d, want %d", got, tc.want)
			}
		})
	}
}

func TestWhatMustBePersistedAtOnce(t *testing.T) {
	s := rollout.State{
		Phase: rollout.Progressing, Baseline: "v1", Candidate: "v2", Weight: 10, Passed: true, Waived: true, Paused: true, Forced: true, ApprovedWeight: 10,
		StartedAt: now, EnteredAt: now, SettledAt: now, Reason: rollout.ReasonObserving, Acknowledged: rollout.Wishes{Promote: "v2"},
	}
	want := s
	want.Passed, want.EnteredAt, want.SettledAt, want.Reason = false, time.Time{}, time.Time{}, ""
	if diff := cmp.Diff(want, s.Significant()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, told := range []rollout.Reason{rollout.ReasonHolding, rollout.ReasonPaused, rollout.ReasonAwaitingApproval, rollout.ReasonSourceUnavailable, rollout.ReasonRouteReverted, rollout.ReasonBaselineNotReady} {
		s.Reason = told
		if s.Significant().Reason != told {
			t.Errorf("%s is forgotten in a crash, and told again after it", told)
		}
	}
	s.Phase, s.Reason = rollout.RollingBack, rollout.ReasonAnalysisFailed
	if s.Significant().Reason != rollout.ReasonAnalysisFailed {
		t.Error("a crash forgets why it was rolled back")
	}
}

// TestMemorySurvivesItsStorage wants the same decision from a memory that went through JSON, field for field.
func TestMemorySurvivesItsStorage(t *testing.T) {
	for seed := range uint64(300) {
		s := newSituation(seed, 1)
		s.saw = func(told turn) {
			text, err := json.Marshal(told.made.State)
			if err != nil {
				t.Fatal(err)
			}
			var back rollout.State
			if err := json.Unmarshal(text, &back); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(told.made.State, back); diff != "" {
				t.Fatalf("-before +after:\n%s", diff)
			}
		}
		s.endure(int(seed) * 211)
	}
}

func BenchmarkDecide(b *testing.B) {
	o := rollout.Observation{Now: now, Workload: serving("v2"), Split: routed(10), Report: analysis.Report{Message: "no worse"}}
	o.Workload.CandidatePods, o.Workload.CandidateAvailable = 1, 1
	s := rollout.State{Phase: rollout.Progressing, Baseline: "v1", Candidate: "v2", Weight: 10, SettledAt: ago(30 * time.Second)}
	p := plan()
	b.ReportAllocs()
	for b.Loop() {
		rollout.Decide(p, s, o)
	}
}

func TestTheStepAfterAWeight(t *testing.T) {
	for weight, want := range map[int32]int32{0: 10, 9: 10, 10: 50, 50: 100, 99: 100, 100: 100} {
		if got := plan().After(weight); got != want {
			t.Errorf("after %d%% comes %d%%, want %d%%", weight, got, want)
		}
	}
}
