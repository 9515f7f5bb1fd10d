package analysis

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMergeOfObservations(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	look := func(arm Arm, pod string, from, to int, requests float64) Observation {
		return Observation{
			Metric: "m", Arm: arm, Pod: pod, Window: Window{at(from), at(to)}, Requests: requests, Errors: 1,
			Latency: Histogram{{0, 1, requests}},
		}
	}
	obs := []Observation{
		look(Candidate, "x", 10, 20, 5), look(Baseline, "a", 0, 10, 100), look(Candidate, "x", 0, 10, 7), look(Candidate, "y", 0, 10, 1),
	}
	sum := look(Candidate, "x", 0, 20, 12)
	sum.Errors = 2
	want := []Observation{sum, obs[1], obs[3]}
	if diff := cmp.Diff(want, Merge(obs)); diff != "" {
		t.Error(diff)
	}
	if obs[0].Latency[0].Count != 5 {
		t.Error("Merge changed its input")
	}
	if diff := cmp.Diff(Judge(usual(), obs), Judge(usual(), Merge(obs)), cmp.Comparer(sameFloat)); diff != "" {
		t.Errorf("merging changed the verdict: %s", diff)
	}
}
