package controllers

import (
	"testing"
	"time"

	"github.com/serin-dev/serin/controllers/rollout"
)

func TestASplitSettlesOnlyAfterTheGatewayHadTimeToServeIt(t *testing.T) {
	const lag = 2 * time.Second
	start := time.Unix(1_700_000_000, 0).UTC()
	var e recollection
	at := func(seconds int, split rollout.Split) bool {
		e.serve(&split, start.Add(time.Duration(seconds)*time.Second), lag)
		return split.Settled
	}
	acknowledged := func(weight int32) rollout.Split { return rollout.Split{Weight: weight, Settled: true} }

	for _, look := range []struct {
		why   string
		after int
		split rollout.Split
		want  bool
	}{
		{"a split that was there before this process began is old enough", 0, acknowledged(10), true},
		{"a weight that was just acknowledged is not served yet", 1, acknowledged(20), false},
		{"nor a second later", 2, acknowledged(20), false},
		{"but after the lag", 3, acknowledged(20), true},
		{"what is not acknowledged is not settled, however old", 9, rollout.Split{Weight: 20}, false},
		{"and once acknowledged again it waits again", 10, acknowledged(20), false},
		{"until the lag is over", 12, acknowledged(20), true},
		{"going home is a change like any other", 13, rollout.Split{Home: true, Settled: true}, false},
		{"and is served after the lag", 15, rollout.Split{Home: true, Settled: true}, true},
	} {
		if got := at(look.after, look.split); got != look.want {
			t.Errorf("%s: settled is %v, want %v", look.why, got, look.want)
		}
	}
}
