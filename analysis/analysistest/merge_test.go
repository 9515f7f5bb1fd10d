package analysistest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/analysis"
)

func TestMergeOfObservations(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	look := func(arm analysis.Arm, pod string, from, to int, requests float64) analysis.Observation {
		return analysis.Observation{
			Metric: "m", Arm: arm, Pod: pod, Window: analysis.Window{From: at(from), To: at(to)}, Requests: requests, Errors: 1,
			Latency: analysis.Histogram{{Lower: 0, Upper: 1, Count: requests}},
		}
	}
	obs := []analysis.Observation{
		look(analysis.Candidate, "x", 10, 20, 5), look(analysis.Baseline, "a", 0, 10, 100), look(analysis.Candidate, "x", 0, 10, 7), look(analysis.Candidate, "y", 0, 10, 1),
	}
	sum := look(analysis.Candidate, "x", 0, 20, 12)
	sum.Errors = 2
	want := []analysis.Observation{sum, obs[1], obs[3]}
	if diff := cmp.Diff(want, Merge(obs)); diff != "" {
		t.Error(diff)
	}
	if obs[0].Latency[0].Count != 5 {
		t.Error("Merge changed its input")
	}
}
