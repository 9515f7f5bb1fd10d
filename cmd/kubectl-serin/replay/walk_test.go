package replay_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/trace"
	"github.com/serin-dev/serin/cmd/kubectl-serin/replay"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/traffic/podshare"
)

var began = time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)

// after is a time since the release began.
func after(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }

// recorded is a trace in memory.
type recorded struct {
	looks []trace.Look
	end   *trace.End
	err   error
}

func (r *recorded) Next() (trace.Look, error) {
	if len(r.looks) == 0 {
		if r.err != nil {
			return trace.Look{}, r.err
		}
		return trace.Look{}, io.EOF
	}
	next := r.looks[0]
	r.looks = r.looks[1:]
	return next, nil
}

func (r *recorded) End() *trace.End {
	if len(r.looks) > 0 {
		return nil
	}
	return r.end
}

// serve adds looks of 15 seconds, at a weight, beginning at a second.
func (r *recorded) serve(weight int32, at, looks int) *recorded {
	for range looks {
		r.looks = append(r.looks, trace.Look{Look: analysis.Look{Window: analysis.Window{From: after(at), To: after(at + 15)}, Weight: weight, Next: weight}, Looks: 1})
		at += 15
	}
	return r
}

// judge says Pass, unless it is told to say otherwise for the look that ends at a second.
type judge struct {
	says map[int]analysis.Verdict
	saw  []analysis.Look
}

func (j *judge) Look(l analysis.Look) analysis.Report {
	j.saw = append(j.saw, l)
	at := int(l.Window.To.Sub(began).Seconds())
	v, told := j.says[at]
	if !told {
		v = analysis.Pass
	}
	return analysis.Report{Verdict: v, Message: fmt.Sprintf("as of %ds", at)}
}

// plan has a step of a minute at each weight.
func plan(weights ...int32) rollout.Plan {
	p := rollout.Plan{Interval: 15 * time.Second, EvidenceDeadline: 2 * time.Minute, Capacity: podshare.Capacity}
	for _, w := range weights {
		p.Steps = append(p.Steps, rollout.Step{Weight: w, Bake: time.Minute})
	}
	return p
}

// asRecorded is a release in three steps, as the operator records it: a step ends with its bake, the next begins when pods and gateway are there.
func asRecorded() *recorded {
	r := (&recorded{}).serve(0, -60, 4).serve(10, 0, 3).serve(50, 65, 5).serve(100, 145, 3)
	r.end = &trace.End{At: after(205), Outcome: trace.Promoted}
	return r
}

// walk replays, and tells every event as "seconds reason".
func walk(t *testing.T, p rollout.Plan, j *judge, r *recorded) (replay.Result, []string) {
	t.Helper()
	result, err := replay.Walk(p, replay.Revisions{Baseline: "b", Candidate: "c"}, nil, j, r)
	if err != nil {
		t.Fatal(err)
	}
	var events []string
	for _, l := range result.Looks {
		for _, e := range l.Events {
			events = append(events, fmt.Sprintf("%d %s", int(e.At.Sub(began).Seconds()), e.Reason))
		}
	}
	return result, events
}

func expect(t *testing.T, got replay.Result, outcome replay.Outcome, at int, weight int32, message string) {
	t.Helper()
	if got.Outcome != outcome || !got.At.Equal(after(at)) || got.Weight != weight || !strings.Contains(got.Message, message) {
		t.Errorf("%s at %ds with weight %d: %s (%s), want %s at %ds with weight %d: %s",
			got.Outcome, int(got.At.Sub(began).Seconds()), got.Weight, got.Message, got.Reason, outcome, at, weight, message)
	}
}

func TestThePlanThatWasFollowedLeadsToTheSameEnd(t *testing.T) {
	j := &judge{}
	got, events := walk(t, plan(10, 50, 100), j, asRecorded())
	expect(t, got, replay.Promoted, 205, 100, "every step passed")
	if want := []string{"0 StepAdvanced", "60 StepAdvanced", "125 StepAdvanced"}; !slices.Equal(events, want) {
		t.Errorf("events %v, want %v", events, want)
	}
	if got.Elsewhere() != 0 || got.Learned != 4 || got.Ignored != 0 || got.Step != 3 || got.Steps != 3 {
		t.Errorf("%d elsewhere, %d learned, %d ignored, step %d of %d", got.Elsewhere(), got.Learned, got.Ignored, got.Step, got.Steps)
	}
	var next []int32
	for _, l := range j.saw {
		next = append(next, l.Next)
	}
	if want := []int32{0, 0, 0, 0, 50, 50, 50, 100, 100, 100, 100, 100, 100, 100, 100}; !slices.Equal(next, want) {
		t.Errorf("a pass would have brought %v, want %v", next, want)
	}
}

func TestAFailRollsBackAndTheRestIsIgnored(t *testing.T) {
	got, events := walk(t, plan(10, 50, 100), &judge{says: map[int]analysis.Verdict{95: analysis.Fail}}, asRecorded())
	expect(t, got, replay.RolledBack, 95, 50, "as of 95s")
	if got.Reason != "AnalysisFailed" || got.Step != 2 || got.Ignored != 6 || len(got.Looks) != 5 || len(events) != 2 {
		t.Errorf("%s at step %d, %d looks and %d ignored, events %v", got.Reason, got.Step, len(got.Looks), got.Ignored, events)
	}
}

func TestWithoutAVerdictTheDeadlineDecidesAsThePolicySays(t *testing.T) {
	silent := func() (*judge, *recorded) {
		j := &judge{says: map[int]analysis.Verdict{}}
		for at := 15; at <= 660; at += 15 {
			j.says[at] = analysis.Inconclusive
		}
		return j, (&recorded{}).serve(10, 0, 44)
	}
	for policy, want := range map[rollout.InconclusivePolicy]struct {
		outcome replay.Outcome
		at      int
		weight  int32
		reason  string
	}{
		// A deadline is over when more than its time has passed, which the next look finds out.
		rollout.RollBackIfInconclusive: {replay.RolledBack, 195, 10, "StepDeadlineExceeded"},
		rollout.HoldIfInconclusive:     {replay.Inconclusive, 676, 10, "Holding"},
		rollout.AdvanceIfInconclusive:  {replay.Promoted, 630, 100, "Promoting"},
	} {
		t.Run(fmt.Sprint(policy), func(t *testing.T) {
			p := plan(10, 50, 100)
			p.OnInconclusive = policy
			j, r := silent()
			got, events := walk(t, p, j, r)
			expect(t, got, want.outcome, want.at, want.weight, "")
			if got.Reason != want.reason {
				t.Errorf("reason %s, want %s; %v", got.Reason, want.reason, events)
			}
		})
	}
}

func TestTheMessageOfAMissedDeadlineSaysWhatWasMissing(t *testing.T) {
	j := &judge{says: map[int]analysis.Verdict{}}
	for at := 15; at <= 600; at += 15 {
		j.says[at] = analysis.Inconclusive
	}
	got, _ := walk(t, plan(10, 100), j, (&recorded{}).serve(10, 0, 40))
	expect(t, got, replay.RolledBack, 195, 10, "no verdict within 2m0s after the bake: as of 195s")
}

func TestAnotherPlanIsHeldAgainstWhatWasServed(t *testing.T) {
	got, events := walk(t, plan(20, 100), &judge{}, asRecorded())
	expect(t, got, replay.Promoted, 120, 100, "")
	if want := []string{"0 StepAdvanced", "60 StepAdvanced"}; !slices.Equal(events, want) {
		t.Errorf("events %v, want %v", events, want)
	}
	var planned []int32
	for _, l := range got.Looks {
		planned = append(planned, l.Planned)
	}
	if want := []int32{20, 20, 20, 100, 100, 100}; !slices.Equal(planned, want) || got.Elsewhere() != 6 || got.Ignored != 5 {
		t.Errorf("planned %v, want %v; %d elsewhere, %d ignored", planned, want, got.Elsewhere(), got.Ignored)
	}
}

func TestASlowerPlanThatTheTraceIsTooShortForIsInconclusive(t *testing.T) {
	p := plan(10, 50, 100)
	p.Steps[1].Bake = time.Hour
	got, _ := walk(t, p, &judge{}, asRecorded())
	expect(t, got, replay.Inconclusive, 206, 50, "step 2 of 3 (weight 50%) bakes for at least")
}

func TestLooksThatBeganAtAnotherWeightAreNoVerdictOnThisOne(t *testing.T) {
	// The weight rises at 60s, in the middle of a look, which then fails.
	r := (&recorded{}).serve(10, 10, 3)
	r.serve(10, 55, 20)
	p := plan(10, 100)
	p.Steps[0].Bake = 50 * time.Second
	got, _ := walk(t, p, &judge{says: map[int]analysis.Verdict{70: analysis.Fail}}, r)
	expect(t, got, replay.Promoted, 120, 100, "")
}

func TestAWeightIsThereWhenTheTraceCameToIt(t *testing.T) {
	// It was granted at 60s and served from 100s on, since pods were late: the bake counts from there. Two minutes are no lateness.
	late := (&recorded{}).serve(10, 0, 6).serve(100, 100, 8)
	got, _ := walk(t, plan(10, 100), &judge{}, late)
	expect(t, got, replay.Promoted, 160, 100, "")
	if got.Elsewhere() != 0 {
		t.Errorf("%d looks elsewhere", got.Elsewhere())
	}
	held := (&recorded{}).serve(10, 0, 12).serve(100, 180, 8)
	got, _ = walk(t, plan(10, 100), &judge{}, held)
	expect(t, got, replay.Promoted, 120, 100, "")
	if got.Elsewhere() != 4 {
		t.Errorf("%d looks elsewhere, want those from 60s to 120s", got.Elsewhere())
	}
}

func TestAnApprovalIsGivenWhenTheTraceMovedOn(t *testing.T) {
	p := plan(10, 50, 100)
	p.Steps[0].Approval = true
	p.Steps[2].Approval = true
	r := (&recorded{}).serve(10, 0, 20).serve(50, 305, 4).serve(100, 370, 4)
	r.end = &trace.End{At: after(430), Outcome: trace.Promoted}
	got, events := walk(t, p, &judge{}, r)
	expect(t, got, replay.Promoted, 430, 100, "")
	if want := []string{"0 StepAdvanced", "60 AwaitingApproval", "300 StepAdvanced", "365 StepAdvanced"}; !slices.Equal(events, want) {
		t.Errorf("events %v, want %v", events, want)
	}
	r = (&recorded{}).serve(10, 0, 20)
	r.end = &trace.End{At: after(310), Outcome: trace.RolledBack}
	got, _ = walk(t, p, &judge{}, r)
	expect(t, got, replay.Inconclusive, 316, 10, "passed and waits for approval")
}

func TestWherePodsAreTheShareTheyAreThere(t *testing.T) {
	p := plan(10, 50, 100)
	p.PodShare, p.Capacity = true, podshare.Pods
	got, _ := walk(t, p, &judge{}, asRecorded())
	expect(t, got, replay.Promoted, 205, 100, "")
}

func TestAYearWithoutALookTakesNoTime(t *testing.T) {
	p := plan(10, 100)
	p.OnInconclusive = rollout.HoldIfInconclusive
	r := (&recorded{}).serve(10, 0, 2).serve(10, 366*24*3600, 2)
	j := &judge{says: map[int]analysis.Verdict{30: analysis.Inconclusive}}
	started := time.Now()
	got, _ := walk(t, p, j, r)
	if spent := time.Since(started); got.Outcome != replay.Inconclusive || spent > 10*time.Second {
		t.Errorf("%s after %s", got.Outcome, spent)
	}
}

func TestArmsWithoutNamesAreToldApart(t *testing.T) {
	got, err := replay.Walk(plan(10, 50, 100), replay.Revisions{Baseline: "same", Candidate: "same"}, nil, &judge{}, asRecorded())
	if err != nil {
		t.Fatal(err)
	}
	expect(t, got, replay.Promoted, 205, 100, "")
}

func TestEveryTraceHasAnEnd(t *testing.T) {
	for seed := range uint64(400) {
		random := rand.New(rand.NewPCG(seed, 3))
		p := plan()
		for weight := 1 + random.Int32N(100); ; weight += 1 + random.Int32N(100-weight) {
			p.Steps = append(p.Steps, rollout.Step{Weight: weight, Bake: time.Duration(random.Int64N(2e11)), Approval: random.IntN(5) == 0})
			if weight == 100 {
				break
			}
		}
		p.OnInconclusive = rollout.InconclusivePolicy(random.IntN(3))
		p.PodShare = random.IntN(3) == 0
		r, j := &recorded{}, &judge{says: map[int]analysis.Verdict{}}
		at := 0
		for range 1 + random.IntN(30) {
			looks := 1 + random.IntN(6)
			r.serve(1+random.Int32N(100), at, looks)
			for range looks {
				at += 15
				j.says[at] = analysis.Verdict(min(random.IntN(8), 2) % 3)
				if random.IntN(30) > 0 && j.says[at] == analysis.Fail {
					j.says[at] = analysis.Pass
				}
			}
			at += random.IntN(3) * random.IntN(400)
		}
		all := len(r.looks)
		got, _ := walk(t, p, j, r)
		if len(got.Looks)+got.Ignored != all || got.Steps != len(p.Steps) || got.Step < 1 || got.Message == "" {
			t.Fatalf("seed %d: %d looks of %d and %d ignored: %+v", seed, len(got.Looks), all, got.Ignored, got)
		}
		last := began
		for _, l := range got.Looks {
			if l.Planned < 1 || l.Planned > 100 {
				t.Fatalf("seed %d: a weight of %d was planned", seed, l.Planned)
			}
			for _, e := range l.Events {
				if e.At.Before(last) || e.At.After(l.Window.To) && l.Window.To != got.Looks[len(got.Looks)-1].Window.To {
					t.Fatalf("seed %d: told at %s, after %s: %s", seed, e.At, last, e.Message)
				}
				last = e.At
			}
		}
	}
}

func TestATraceOfNothingAndABrokenOneAreErrors(t *testing.T) {
	if _, err := replay.Walk(plan(100), replay.Revisions{}, nil, &judge{}, (&recorded{}).serve(0, 0, 3)); err == nil || !strings.Contains(err.Error(), "no look at the release") {
		t.Errorf("error is %v", err)
	}
	broken := errors.New("line 7")
	for looks := range 12 {
		r := (&recorded{err: broken}).serve(0, -15, 1).serve(10, 0, looks)
		if _, err := replay.Walk(plan(10, 100), replay.Revisions{}, nil, &judge{}, r); !errors.Is(err, broken) {
			t.Errorf("after %d looks: error is %v", looks, err)
		}
	}
}

// TestAReplayGoesOnWhereTheTraceDoes begins in the middle of the second step, 30 seconds of whose minute had passed, with looks that the operator caught up with.
func TestAReplayGoesOnWhereTheTraceDoes(t *testing.T) {
	from := &trace.Resumed{At: after(35), Weight: 50, SettledAt: after(0)}
	for name, tc := range map[string]struct {
		plan    rollout.Plan
		says    map[int]analysis.Verdict
		outcome replay.Outcome
		at      int
		weight  int32
	}{
		"the bake goes on":                        {plan(10, 50, 100), nil, replay.Promoted, 125, 100},
		"the deadline follows it":                 {plan(10, 50, 100), nothingUntil(600), replay.RolledBack, 195, 50},
		"a plan without that step is a step down": {plan(10, 40, 100), nil, replay.Promoted, 125, 100},
	} {
		t.Run(name, func(t *testing.T) {
			r := (&recorded{}).serve(50, 15, 3).serve(100, 65, 5)
			if tc.says != nil {
				r = (&recorded{}).serve(50, 15, 20)
			}
			got, err := replay.Walk(tc.plan, replay.Revisions{Baseline: "b", Candidate: "c"}, from, &judge{says: tc.says}, r)
			if err != nil {
				t.Fatal(err)
			}
			expect(t, got, tc.outcome, tc.at, tc.weight, "")
		})
	}
}

// nothingUntil is a judge that has no verdict up to a second.
func nothingUntil(second int) map[int]analysis.Verdict {
	says := map[int]analysis.Verdict{}
	for at := range second {
		says[at] = analysis.Inconclusive
	}
	return says
}
