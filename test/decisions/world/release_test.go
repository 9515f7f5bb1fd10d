package world

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/analysis"
)

const interval = 15 * time.Second

// watch lets a release go through some weights, so many looks each.
func watch(r *Release, looks int, weights ...int32) []analysis.Look {
	var seen []analysis.Look
	for _, w := range weights {
		for range looks {
			seen = append(seen, r.Look(w, min(100, w+10)))
		}
	}
	return seen
}

// sum adds up one arm.
func sum(looks []analysis.Look, arm analysis.Arm) (requests, errors float64, latency analysis.Histogram) {
	for _, l := range looks {
		for _, o := range l.Observations {
			switch {
			case o.Arm != arm:
			case o.Metric == Errors:
				requests += o.Requests
				errors += o.Errors
			default:
				latency = latency.Merge(o.Latency)
			}
		}
	}
	return requests, errors, latency
}

func TestACleanWorldIsWhatItSays(t *testing.T) {
	r := New(Clean(), Setting{Rate: 200, Interval: interval}, 1)
	requests, errors, latency := sum(r.History(2*time.Hour), analysis.Baseline)
	// What happened between the last scrapes and the end is not yet seen.
	near(t, "the number of requests", requests, 200*7200, math.Sqrt(200*7200)+200*15/5)
	near(t, "the share of errors", errors/requests, 0.002, math.Sqrt(0.002/requests))
	usualErrors, p95, p99 := r.Usual()
	if usualErrors != 0.002 {
		t.Errorf("people know of %g errors", usualErrors)
	}
	near(t, "the p95", Quantile(0.95, latency), p95, 0.005)
	near(t, "the p99", Quantile(0.99, latency), p99, 0.01)
	above := 0.0
	for _, b := range latency {
		if b.Lower >= 0.25 {
			above += b.Count
		}
	}
	near(t, "the share of slow requests", above/requests, 1-r.latency.whole.at(math.Log(0.25)), 0.0003)
}

func TestHistoryIsTheBaselineAloneUpToTheRelease(t *testing.T) {
	r := New(Clean(), Setting{Rate: 50, Interval: interval}, 1)
	history := r.History(30 * time.Minute)
	if len(history) != 120 {
		t.Fatalf("%d looks", len(history))
	}
	if got := history[0].Window.From; !got.Equal(Began().Add(-30 * time.Minute)) {
		t.Errorf("it begins at %s", got)
	}
	release := r.Fork(None())
	for i, look := range append(history, release.Look(10, 20)) {
		if i > 0 && !look.Window.From.Equal(history[i-1].Window.To) || look.Window.To.Sub(look.Window.From) != interval {
			t.Errorf("look %d has the window %v", i, look.Window)
		}
		for _, o := range look.Observations {
			if i < 120 && (o.Arm != analysis.Baseline || look.Weight != 0) {
				t.Fatalf("look %d knows %s at weight %d", i, o.Pod, look.Weight)
			}
		}
	}
	if !history[119].Window.To.Equal(Began()) {
		t.Errorf("it ends at %s", history[119].Window.To)
	}
}

func TestEveryWorldTellsWhatASourceMayTell(t *testing.T) {
	for _, w := range Worlds() {
		t.Run(w.Name, func(t *testing.T) {
			for _, rate := range []float64{1, 300} {
				r := New(w, Setting{Rate: rate, Interval: interval}, 7)
				looks := append(r.History(10*time.Minute), watch(r.Fork(None()), 8, 10, 50, 100)...)
				for _, look := range looks {
					checkLook(t, w, look)
				}
				if requests, _, _ := sum(looks, analysis.Baseline); requests == 0 {
					t.Error("the source told nothing")
				}
			}
		})
	}
}

// checkLook fails when a look is not as [analysis.Provider] demands.
func checkLook(t *testing.T, w World, look analysis.Look) {
	t.Helper()
	for _, o := range look.Observations {
		if !(o.Requests > 0) || !(o.Errors >= 0) || o.Errors > o.Requests || o.Window != look.Window {
			t.Fatalf("%+v", o)
		}
		if known := slices.ContainsFunc(look.Pods, func(p analysis.Pod) bool { return p.Name == o.Pod && p.Arm == o.Arm }); known == (o.Pod == "") {
			t.Fatalf("pod %q is not what Kubernetes knows", o.Pod)
		}
		if arms := w.Source.ArmOnly || w.Source.Scalar; arms != (o.Pod == "") {
			t.Fatalf("pod %q from a source that knows arms only: %v", o.Pod, arms)
		}
		if o.Metric != Latency {
			continue
		}
		if err := o.Latency.Validate(); err != nil {
			t.Fatal(err)
		}
		if scalar := o.Value != nil; scalar != w.Source.Scalar || scalar == (o.Latency != nil) || !scalar && o.Latency.Total() != o.Requests {
			t.Fatalf("%+v", o)
		}
	}
	ordered := slices.IsSortedFunc(look.Observations, func(a, b analysis.Observation) int {
		return cmpAll([2]string{a.Metric, b.Metric}, [2]string{string(rune('0' + a.Arm)), string(rune('0' + b.Arm))}, [2]string{a.Pod, b.Pod})
	})
	if !ordered {
		t.Error("the observations are not in order")
	}
}

func cmpAll(pairs ...[2]string) int {
	for _, p := range pairs {
		if p[0] != p[1] {
			if p[0] < p[1] {
				return -1
			}
			return 1
		}
	}
	return 0
}

func TestEqualSeedsGiveEqualReleases(t *testing.T) {
	all := Worlds()[slices.IndexFunc(Worlds(), func(w World) bool { return w.Name == "all" })]
	see := func(seed uint64) []analysis.Look {
		r := New(all, Setting{Rate: 100, Interval: interval}, seed)
		return append(r.History(10*time.Minute), watch(r.Fork(None()), 4, 10, 50)...)
	}
	if diff := cmp.Diff(see(1), see(1)); diff != "" {
		t.Error(diff)
	}
	if cmp.Equal(see(1), see(2)) {
		t.Error("another seed changes nothing")
	}
}

func TestForksShareThePastAndNothingElse(t *testing.T) {
	r := New(Clean(), Setting{Rate: 100, Interval: interval}, 3)
	r.History(10 * time.Minute)
	first := watch(r.Fork(None()), 10, 10, 50)
	watch(r.Fork(Regression{Errors: 1}), 10, 100)
	if diff := cmp.Diff(first, watch(r.Fork(None()), 10, 10, 50)); diff != "" {
		t.Errorf("another fork left its mark:\n%s", diff)
	}
}

func TestACloneGoesOnAsTheOriginalDoes(t *testing.T) {
	r := New(Clean(), Setting{Rate: 100, Interval: interval}, 3)
	watch(r, 5, 10)
	clone := r.Clone()
	watch(clone.Clone(), 5, 80)
	if diff := cmp.Diff(watch(r, 10, 10, 50), watch(clone, 10, 10, 50)); diff != "" {
		t.Error(diff)
	}
}

func TestASilentSourceTellsNothing(t *testing.T) {
	for _, look := range watch(New(Silent(), Setting{Rate: 100, Interval: interval}, 3), 10, 0, 50) {
		if len(look.Observations) > 0 || len(look.Pods) == 0 {
			t.Fatalf("%+v", look)
		}
	}
}

func TestTheCandidateHasPodsByItsWeight(t *testing.T) {
	for _, test := range []struct {
		replicas int
		weight   int32
		want     int
	}{{10, 1, 1}, {10, 10, 1}, {10, 11, 2}, {10, 90, 9}, {10, 100, 10}, {2, 10, 1}, {2, 51, 2}, {50, 10, 5}} {
		w := Clean()
		w.Service.Replicas = test.replicas
		look := New(w, Setting{Rate: 100, Interval: interval}, 1).Look(test.weight, 100)
		got := 0
		for _, p := range look.Pods {
			if p.Arm == analysis.Candidate {
				got++
				if !p.ReadySince.Equal(look.Window.From) {
					t.Errorf("a pod is ready since %s, want %s", p.ReadySince, look.Window.From)
				}
			}
		}
		if got != test.want || len(look.Pods) != test.want+test.replicas {
			t.Errorf("%d%% of %d replicas are %d pods, want %d", test.weight, test.replicas, got, test.want)
		}
	}
}

func TestAtFullWeightTheBaselineRunsWithoutRequests(t *testing.T) {
	looks := watch(New(Clean(), Setting{Rate: 500, Interval: interval}, 1), 4, 50, 100)
	last := looks[len(looks)-1:]
	if requests, _, _ := sum(last, analysis.Baseline); requests != 0 {
		t.Errorf("%g requests", requests)
	}
	if len(last[0].Pods) != 20 {
		t.Errorf("%d pods", len(last[0].Pods))
	}
	if requests, _, _ := sum(looks[:4], analysis.Candidate); math.Abs(requests/(500*60*0.5)-1) > 0.2 {
		t.Errorf("%g requests at half of the weight", requests)
	}
}
