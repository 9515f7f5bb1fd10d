package trace_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/analysistest"
	"github.com/serin-dev/serin/analysis/engine"
	"github.com/serin-dev/serin/analysis/trace"
)

var promoted = trace.End{At: began.Add(40 * time.Minute), Outcome: trace.Promoted}

// pack is a compact trace of looks as text, of so many bytes at most before they are text.
func pack(t *testing.T, looks []analysis.Look, limit int) string {
	t.Helper()
	c := trace.NewCompact(header())
	for _, l := range looks {
		if err := c.Look(l); err != nil {
			t.Fatal(err)
		}
	}
	packed, err := c.Pack(promoted, limit)
	if err != nil {
		t.Fatal(err)
	}
	if len(packed) > limit {
		t.Fatalf("%d bytes, more than the limit of %d", len(packed), limit)
	}
	return trace.Text(packed)
}

// byArm adds up what was counted of each metric and arm.
func byArm(looks []analysis.Look) []analysis.Observation {
	var all []analysis.Observation
	for _, l := range looks {
		for _, o := range l.Observations {
			o.Pod = ""
			all = append(all, o)
		}
	}
	return analysistest.Merge(all)
}

// TestTheSizeOfACompactRelease is where docs/traces.md has its numbers from: ten steps of a minute, ten pods, a look every 15 seconds,
// and half an hour of looks before the release.
func TestTheSizeOfACompactRelease(t *testing.T) {
	const promise = 8 << 10
	for _, rps := range []float64{10, 100, 1000} {
		looks := traffic(rand.New(rand.NewPCG(1, 2)), rps, 1)
		whole := pack(t, looks, plenty)
		packed := pack(t, looks, promise*3/4)
		r, got := mustRead(t, packed)
		t.Logf("%4.0f requests a second: %7d bytes in full, %5d compact as text with all %d looks, %5d with %d", rps, len(write(t, header(), looks)), len(whole), len(looks), len(packed), len(got))
		if len(packed) > promise {
			t.Errorf("%d bytes, more than the %d promised", len(packed), promise)
		}
		if len(got) < 40+8 {
			t.Errorf("%d looks are left, fewer than the 40 of the release and 8 before it", len(got))
		}
		if e := r.End(); e == nil || *e != promoted || !r.Header().ArmTotals {
			t.Errorf("end %+v, header %+v", e, r.Header())
		}
	}
}

func TestJoiningLooksLosesNoCount(t *testing.T) {
	looks := traffic(rand.New(rand.NewPCG(1, 2)), 100, 3)
	for _, limit := range []int{plenty, 6000, 3000, 2000} {
		_, got := mustRead(t, pack(t, looks, limit))
		if diff := cmp.Diff(byArm(looks), byArm(plain(got))); diff != "" {
			t.Errorf("%d bytes (-seen +compact):\n%s", limit, diff)
		}
		n, at := 0, looks[0].Window.From
		for _, l := range got {
			if !l.Window.From.Equal(at) {
				t.Errorf("%d bytes: a look begins at %s, and the one before it ended at %s", limit, l.Window.From, at)
			}
			n, at = n+l.Looks, l.Window.To
		}
		if n != len(looks) {
			t.Errorf("%d bytes: the lines are made of %d looks, want %d", limit, n, len(looks))
		}
	}
}

func TestTheNewestLooksAreJoinedLast(t *testing.T) {
	looks := traffic(rand.New(rand.NewPCG(1, 2)), 100, 3)
	_, got := mustRead(t, pack(t, looks, 4000))
	if len(got) > 60 {
		t.Fatalf("%d looks: nothing had to be joined", len(got))
	}
	for _, l := range got[len(got)-8:] {
		if l.Looks != 1 {
			t.Errorf("the look at %s is made of %d", l.Window.From, l.Looks)
		}
	}
}

func TestAReleaseOfDaysIsKeptInBoundedMemory(t *testing.T) {
	c := trace.NewCompact(header())
	l := traffic(rand.New(rand.NewPCG(1, 2)), 10, 1)[120]
	for range 20_000 {
		if err := c.Look(l); err != nil {
			t.Fatal(err)
		}
		l.Window = analysis.Window{From: l.Window.To, To: l.Window.To.Add(interval)}
	}
	packed, err := c.Pack(promoted, plenty)
	if err != nil {
		t.Fatal(err)
	}
	r, got := mustRead(t, trace.Text(packed))
	if len(got) > 256 || got[len(got)-1].Looks != 1 || r.End() == nil {
		t.Errorf("%d looks, the last made of %d", len(got), got[len(got)-1].Looks)
	}
}

func TestValuesAreAveragedByRequestsOrElseByTime(t *testing.T) {
	for name, test := range map[string]struct {
		requests [2]float64
		want     float64
	}{
		"over 1 and 2 requests": {[2]float64{1, 2}, (0*1 + 1*2) / 3.0},
		"over no requests":      {[2]float64{}, 0.5},
	} {
		first := joinedValue(t, test.requests)
		if o := first.Observations[0]; first.Looks != 2 || o.Requests != test.requests[0]+test.requests[1] || *o.Value != test.want {
			t.Errorf("two looks of 0 and 1 %s are %+v with the value %v", name, first, *o.Value)
		}
	}
}

// joinedValue is the first of ten looks, of the values from 0 up and over as many requests in turn, which have to be made fewer.
func joinedValue(t *testing.T, requests [2]float64) trace.Look {
	t.Helper()
	c := trace.NewCompact(header())
	at := began
	for i := range 10 {
		l := analysis.Look{Weight: 10, Next: 20, Window: analysis.Window{From: at, To: at.Add(interval)}}
		l.Observations = []analysis.Observation{{Metric: "lag", Arm: analysis.Candidate, Requests: requests[i%2], Value: new(float64(i)), Window: l.Window}}
		at = l.Window.To
		if err := c.Look(l); err != nil {
			t.Fatal(err)
		}
	}
	packed, err := c.Pack(promoted, plenty)
	if err != nil {
		t.Fatal(err)
	}
	if packed, err = c.Pack(promoted, len(packed)-1); err != nil {
		t.Fatal(err)
	}
	_, got := mustRead(t, trace.Text(packed))
	return got[0]
}

func TestAReleaseThatCannotBeMadeSmallEnoughIsTold(t *testing.T) {
	c := trace.NewCompact(header())
	if _, err := c.Pack(promoted, 100); !errors.Is(err, trace.ErrLimit) {
		t.Errorf("error is %v", err)
	}
}

func TestACompactTraceTellsArmsAsASourceWithoutPodsDoes(t *testing.T) {
	looks := traffic(rand.New(rand.NewPCG(8, 9)), 100, 10)
	_, got := mustRead(t, pack(t, looks, plenty))
	seen, replayed := engine.New(header().Policy), engine.New(header().Policy)
	for i, l := range looks {
		l.Observations = byArm([]analysis.Look{l})
		want, have := seen.Look(l), replayed.Look(got[i].Look)
		if diff := cmp.Diff(want, have, cmpopts.EquateNaNs()); diff != "" {
			t.Fatalf("look %d (-arms +compact):\n%s", i, diff)
		}
	}
	if !slices.ContainsFunc(got, func(l trace.Look) bool { return len(l.Pods) == 20 }) || strings.Contains(pack(t, looks, plenty), "{") {
		t.Error("the pods are not told, or the text is none")
	}
}
