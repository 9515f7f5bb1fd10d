package view_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/trace"
	"github.com/serin-dev/serin/cmd/kubectl-serin/view"
)

func TestValuesAreReadBackAsTheyWereWritten(t *testing.T) {
	for text, want := range map[string]float64{
		"0.21%": 0.0021, "93ms": 0.093, "1.2s": 1.2, "12,345": 12345, "0": 0, "-3": -3, "0.9531": 0.9531,
		"": math.NaN(), "-": math.NaN(), "fast": math.NaN(), "+Inf": math.NaN(), "%": math.NaN(),
	} {
		if got := view.Number(text); math.Abs(got-want) > 1e-12 || math.IsNaN(got) != math.IsNaN(want) {
			t.Errorf("%q is %v and not %v", text, got, want)
		}
	}
}

func FuzzNumber(f *testing.F) {
	for _, text := range []string{"0.21%", "93ms", "1e400", "--1", "1,2,3ms"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if v := view.Number(text); math.IsInf(v, 0) && !strings.ContainsAny(text, "eE0123456789") {
			t.Errorf("%q is %v", text, v)
		}
	})
}

// recorded is the trace of a release: one look before it, and two of it.
func recorded(t testing.TB) string {
	t.Helper()
	c := trace.NewCompact(trace.Header{
		Canary: "read-api", Namespace: "shop", Baseline: trace.Revision{Name: baseline}, Candidate: trace.Revision{Name: candidate},
		Steps: []trace.Step{{Weight: 10, Bake: time.Minute}, {Weight: 100}}, Interval: 15 * time.Second, Deadline: time.Minute, OnInconclusive: "RollBack",
		Policy: analysis.Policy{FalseRollbackRate: 0.01, Criteria: []analysis.Criterion{{Name: "errors", Errors: true, Absolute: 0.01}, {Name: "latency", Quantile: 0.5, Limit: 1}}},
	})
	for i, weight := range []int32{0, 10, 10} {
		w := analysis.Window{From: now.Add(time.Duration(i) * time.Minute), To: now.Add(time.Duration(i)*time.Minute + time.Minute)}
		l := analysis.Look{Window: w, Weight: weight, Next: weight}
		for arm := range 2 {
			if arm == 1 && weight == 0 {
				continue
			}
			l.Observations = append(l.Observations,
				analysis.Observation{Metric: "errors", Arm: analysis.Arm(arm), Window: w, Requests: 100, Errors: float64(arm * i)},
				analysis.Observation{Metric: "latency", Arm: analysis.Arm(arm), Window: w, Requests: 100, Latency: analysis.Histogram{{Lower: 0, Upper: 0.1, Count: 100}, {Lower: 0.1, Upper: math.Inf(1)}}})
		}
		if err := c.Look(l); err != nil {
			t.Fatal(err)
		}
	}
	packed, err := c.Pack(trace.End{At: now, Outcome: trace.RolledBack, Message: "worse"}, 8<<10)
	if err != nil {
		t.Fatal(err)
	}
	return trace.Text(packed)
}

func TestATraceBringsTheLooksOfItsRelease(t *testing.T) {
	looks, err := view.FromTrace(strings.NewReader(recorded(t)), candidate)
	if err != nil || len(looks) != 2 {
		t.Fatalf("%d looks, %v", len(looks), err)
	}
	for i, l := range looks {
		if e := l.Values["errors"]; e.Baseline != 0 || math.Abs(e.Candidate-float64(i+1)/100) > 1e-9 {
			t.Errorf("look %d: errors %+v", i, e)
		}
		if p := l.Values["latency"]; math.Abs(p.Baseline-0.05) > 1e-9 || math.Abs(p.Candidate-0.05) > 1e-9 {
			t.Errorf("look %d: latency %+v", i, p)
		}
	}
	if looks, err := view.FromTrace(strings.NewReader(recorded(t)), "another"); err != nil || looks != nil {
		t.Errorf("a trace of another revision: %v, %v", looks, err)
	}
	if _, err := view.FromTrace(strings.NewReader("nonsense"), candidate); err == nil {
		t.Error("what is no trace is told of")
	}
}

func FuzzFromTrace(f *testing.F) {
	f.Add(recorded(f))
	f.Add(`{"serinTrace":1}`)
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := view.FromTrace(strings.NewReader(text), candidate); errors.Is(err, errors.ErrUnsupported) {
			t.Error(err)
		}
	})
}
