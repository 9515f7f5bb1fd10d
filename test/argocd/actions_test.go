package argocd

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
)

// actionTests is the format in which Argo CD keeps what is expected of actions.
type actionTests struct {
	DiscoveryTests []struct {
		InputPath string      `json:"inputPath"`
		Result    []available `json:"result"`
	} `json:"discoveryTests"`
	ActionTests []struct {
		Action               string `json:"action"`
		InputPath            string `json:"inputPath"`
		ExpectedOutputPath   string `json:"expectedOutputPath"`
		ExpectedErrorMessage string `json:"expectedErrorMessage"`
	} `json:"actionTests"`
}

type available struct {
	Name        string `json:"name"`
	Disabled    bool   `json:"disabled"`
	DisplayName string `json:"displayName"`
}

// discover answers the actions of a Canary, by name.
func discover(t *testing.T, canary any) []available {
	t.Helper()
	found, err := run(t, script(t, "Canary/actions/discovery.lua"), plain(t, canary))
	if err != nil {
		t.Fatal(err)
	}
	var all []available
	for name, one := range found {
		a := available{}
		raw, err := json.Marshal(one)
		if err == nil {
			err = json.Unmarshal(raw, &a)
		}
		if err != nil {
			t.Fatal(err)
		}
		a.Name = name
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b available) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// act answers the annotations that an action leaves. It may change nothing else, for Argo CD would write that as well.
func act(t *testing.T, action string, canary any) (map[string]string, error) {
	t.Helper()
	before := plain(t, canary)
	after, err := run(t, script(t, "Canary/actions/"+action+"/action.lua"), before)
	if err != nil {
		return nil, err
	}
	annotations := map[string]string{}
	for key, value := range after["metadata"].(object)["annotations"].(object) {
		annotations[key] = value.(string)
	}
	for _, o := range []object{before, after} {
		delete(o["metadata"].(object), "annotations")
	}
	if diff := cmp.Diff(leveled(before), leveled(after)); diff != "" {
		t.Errorf("%s changes more than annotations:\n%s", action, diff)
	}
	return annotations, nil
}

// leveled takes an empty list for an empty map: Lua knows only one of them, and Argo CD puts that right.
func leveled(x any) any {
	switch x := x.(type) {
	case object:
		for key, value := range x {
			x[key] = leveled(value)
		}
	case []any:
		if len(x) == 0 {
			return object{}
		}
		for i, value := range x {
			x[i] = leveled(value)
		}
	}
	return x
}

func TestActionsOnRealObjects(t *testing.T) {
	tests := read[actionTests](t, "Canary", "actions", "action_test.yaml")
	for _, test := range tests.DiscoveryTests {
		t.Run("discovery/"+test.InputPath, func(t *testing.T) {
			want := slices.Clone(test.Result)
			slices.SortFunc(want, func(a, b available) int { return strings.Compare(a.Name, b.Name) })
			if diff := cmp.Diff(want, discover(t, read[object](t, "Canary", "actions", test.InputPath))); diff != "" {
				t.Errorf("wanted -, got +:\n%s", diff)
			}
		})
	}
	for _, test := range tests.ActionTests {
		t.Run(test.Action+"/"+test.InputPath, func(t *testing.T) {
			got, err := act(t, test.Action, read[object](t, "Canary", "actions", test.InputPath))
			if test.ExpectedErrorMessage != "" {
				if err == nil || !strings.Contains(err.Error(), test.ExpectedErrorMessage) {
					t.Errorf("it says %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := read[v1alpha1.Canary](t, "Canary", "actions", test.ExpectedOutputPath).Annotations
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("wanted -, got +:\n%s", diff)
			}
		})
	}
}

// offered says which actions make sense.
func offered(s state, action string) bool {
	climbing := s.phase == v1alpha1.PhaseProgressing
	return map[string]bool{
		"promote": climbing,
		"abort":   climbing || s.phase == v1alpha1.PhasePromoting,
		"approve": climbing && s.reason == v1alpha1.ReasonAwaitingApproval,
		"pause":   climbing && !s.paused,
		"resume":  climbing && s.paused,
		"retry":   s.phase == v1alpha1.PhaseFailed,
	}[action]
}

// Argo CD shows what is disabled, and runs it all the same when it is asked to.
func TestInEveryStateAnActionIsOfferedAndDoneOrNeither(t *testing.T) {
	for _, s := range everyState(t) {
		if s.late || s.unseen || s.obstructed {
			continue // what a person wishes does not depend on that
		}
		actions := discover(t, s.canary())
		if len(actions) != 6 {
			t.Fatalf("there are %v", actions)
		}
		for _, a := range actions {
			annotations, err := act(t, a.Name, s.canary())
			if offers := offered(s, a.Name); a.Disabled == offers || (err == nil) != offers {
				t.Errorf("%s: %s is disabled: %t, and answers %v", s, a.Name, a.Disabled, err)
			}
			if err == nil && annotations["serin.dev/"+a.Name] != candidate {
				t.Errorf("%s: %s leaves %v", s, a.Name, annotations)
			}
		}
	}
}

// now is when everything happens.
var now = time.Unix(1_700_000_000, 0).UTC()

// reconcile lets the operator decide once about the annotations of a Canary whose release is in the state given, and answers the memory after it.
func reconcile(s rollout.State, annotations map[string]string) rollout.State {
	plan := rollout.Plan{
		Steps:    []rollout.Step{{Weight: 10, Approval: true, Bake: time.Hour}, {Weight: 100}},
		Interval: time.Second, EvidenceDeadline: time.Hour, ReadyDeadline: time.Hour,
		Capacity: func(replicas, _ int32) int32 { return replicas },
	}
	seen := rollout.Observation{
		Now: now,
		Workload: rollout.Workload{
			Exists: true, Paused: true, Replicas: 4, Wanted: candidate, Serving: baseline,
			BaselineAvailable: 4, MinAvailable: 3, CandidatePods: 4, CandidateAvailable: 4,
		},
		Split: rollout.Split{Weight: 10, Settled: true},
		Wishes: rollout.Wishes{
			Promote: annotations[v1alpha1.AnnotationPromote], Abort: annotations[v1alpha1.AnnotationAbort], Approve: annotations[v1alpha1.AnnotationApprove],
			Pause: annotations[v1alpha1.AnnotationPause], Resume: annotations[v1alpha1.AnnotationResume], Retry: annotations[v1alpha1.AnnotationRetry],
		},
	}
	if s.Phase == rollout.Failed {
		seen.Workload.CandidatePods, seen.Workload.CandidateAvailable = 0, 0
	}
	return rollout.Decide(plan, s, seen).State
}

// remembered writes a memory into a Canary's status, as far as the actions read it.
func remembered(c *v1alpha1.Canary, s rollout.State) {
	done := map[string]string{
		"promote": s.Acknowledged.Promote, "abort": s.Acknowledged.Abort, "approve": s.Acknowledged.Approve,
		"pause": s.Acknowledged.Pause, "resume": s.Acknowledged.Resume, "retry": s.Acknowledged.Retry,
	}
	c.Status.Phase = v1alpha1.Phase(s.Phase)
	c.Status.Rollout = &v1alpha1.RolloutStatus{Baseline: s.Baseline, Candidate: s.Candidate, Paused: s.Paused, Reason: string(s.Reason), Acknowledged: done}
}

// TestTheOperatorObeysEachActionAgainAndAgain runs an action, lets the operator decide, brings the release back to where the action is possible, and so on.
func TestTheOperatorObeysEachActionAgainAndAgain(t *testing.T) {
	climbing := rollout.State{Phase: rollout.Progressing, Baseline: baseline, Candidate: candidate, Weight: 10, EnteredAt: now, SettledAt: now, Reason: rollout.ReasonObserving}
	paused, awaiting, failed := climbing, climbing, climbing
	paused.Paused = true
	awaiting.Reason = rollout.ReasonAwaitingApproval
	failed.Phase, failed.Refused, failed.Weight = rollout.Failed, true, 0
	for action, test := range map[string]struct {
		from   rollout.State
		obeyed func(rollout.State) bool
	}{
		"promote": {climbing, func(s rollout.State) bool { return s.Forced }},
		"abort":   {climbing, func(s rollout.State) bool { return s.Phase == rollout.RollingBack && s.Refused }},
		"approve": {awaiting, func(s rollout.State) bool { return s.ApprovedWeight == 10 }},
		"pause":   {climbing, func(s rollout.State) bool { return s.Paused }},
		"resume":  {paused, func(s rollout.State) bool { return !s.Paused }},
		"retry":   {failed, func(s rollout.State) bool { return s.Phase == rollout.Progressing }},
	} {
		t.Run(action, func(t *testing.T) {
			c := state{phase: v1alpha1.PhaseProgressing, reason: v1alpha1.ReasonObserving}.canary()
			s := test.from
			for n, version := range []string{"100", "200", "300", "400"} {
				remembered(c, s)
				c.ResourceVersion = version
				annotations, err := act(t, action, c)
				if err != nil {
					t.Fatal(err)
				}
				if meant, ok := v1alpha1.ParseVerb(annotations["serin.dev/"+action]); !ok || meant != candidate {
					t.Errorf("it means %q", meant)
				}
				if done := reconcile(s, c.Annotations); n > 0 && test.obeyed(done) {
					t.Fatal("the operator does it again without being asked")
				}
				c.Annotations = annotations
				done := reconcile(s, annotations)
				if !test.obeyed(done) {
					t.Fatalf("time %d: the operator does not obey %v: %+v", n+1, annotations, done)
				}
				acknowledged := done.Acknowledged
				s = test.from
				s.Acknowledged = acknowledged
			}
		})
	}
}

func TestASecondClickBeforeTheOperatorHasLookedIsTheSameWish(t *testing.T) {
	c := state{phase: v1alpha1.PhaseFailed, reason: v1alpha1.ReasonAnalysisFailed}.canary()
	first, err := act(t, "retry", c)
	if err != nil {
		t.Fatal(err)
	}
	c.Annotations, c.ResourceVersion = first, "4712"
	if second, err := act(t, "retry", c); err != nil || !cmp.Equal(first, second) {
		t.Errorf("first %v, then %v, %v", first, second, err)
	}
}
