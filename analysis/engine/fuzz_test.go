package engine

import (
	"encoding/binary"
	"math"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// tape turns fuzzed bytes into choices; when it has run out all are 0.
type tape struct{ bytes []byte }

func (t *tape) choose(n int) int {
	if len(t.bytes) == 0 {
		return 0
	}
	b := t.bytes[0]
	t.bytes = t.bytes[1:]
	return int(b) % n
}

// number is often an odd one.
func (t *tape) number() float64 {
	odd := [...]float64{0, 1, 2, 10, 150, 1e4, 1e9, 1e300, -1, 0.5, math.NaN(), math.Inf(1), math.Inf(-1), math.SmallestNonzeroFloat64}
	if i := t.choose(200); i < len(odd) {
		return odd[i]
	}
	return float64(t.choose(256)) + float64(t.choose(256))/256
}

func (t *tape) histogram() analysis.Histogram {
	if t.choose(50) > 0 { // a layout as sources have it
		h := analysis.Histogram{{Lower: 0, Upper: 0.1}, {Lower: 0.1, Upper: 0.25}, {Lower: 0.25, Upper: 1}, {Lower: 1, Upper: math.Inf(1)}}
		for i := range h {
			h[i].Count = float64(t.choose(256) * t.choose(16))
		}
		return h
	}
	var h analysis.Histogram
	for range t.choose(6) {
		h = append(h, analysis.Bucket{Lower: t.number(), Upper: t.number(), Count: t.number()})
	}
	return h
}

func (t *tape) arm() analysis.Arm {
	if i := t.choose(100); i > 0 {
		return analysis.Arm(i % 2)
	}
	return 2
}

func (t *tape) observation() analysis.Observation {
	o := analysis.Observation{
		Metric: [...]string{"errors", "latency", "lag"}[t.choose(3)], Arm: t.arm(),
		Pod: [...]string{"", "a", "b", "c"}[t.choose(4)], Requests: t.number() * 4, Errors: t.number() / 2, Latency: t.histogram(),
	}
	if o.Metric == "lag" || t.choose(20) == 0 {
		o.Value = new(t.number())
	}
	return o
}

func (t *tape) look(now time.Time) analysis.Look {
	l := analysis.Look{
		Window: analysis.Window{From: now, To: now.Add(time.Duration(t.choose(64)-4) * time.Second)},
		Weight: int32(t.choose(130) - 10), Next: int32(t.choose(130) - 10),
	}
	for range t.choose(5) {
		l.Pods = append(l.Pods, analysis.Pod{
			Name: [...]string{"a", "b", "c"}[t.choose(3)], Arm: analysis.Arm(t.choose(3)),
			ReadySince: now.Add(-time.Duration(t.choose(256)) * time.Second),
		})
	}
	for range t.choose(12) {
		l.Observations = append(l.Observations, t.observation())
	}
	return l
}

func fuzzed() analysis.Policy {
	return analysis.Policy{MinRequests: 1, WarmUp: 10 * time.Second, Criteria: []analysis.Criterion{
		{Name: "errors", Errors: true, Relative: 0.2, Absolute: 0.001, Limit: 0.5},
		{Name: "latency", Quantile: 0.95, Relative: 0.1, Limit: 0.5},
		{Name: "lag", Worse: analysis.Higher, Relative: 0.1, Limit: 100},
	}}
}

// FuzzLooks gives an engine looks of any kind: it must not panic, must not judge a metric of which the candidate showed nothing, must not
// count in NaN, and must go on alike after a restart.
func FuzzLooks(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("the quick brown fox jumps over the lazy dog, again and again and again until something happens"))
	for seed := range byte(8) {
		b := make([]byte, 600)
		for i := range b {
			b[i] = byte(i*i)*seed + byte(i>>3)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		choices, e, now := &tape{b}, New(fuzzed()), time.Unix(1_800_000_000, 0)
		var since []analysis.Look
		shown := map[string]bool{}
		for i := 0; i < 60 && len(choices.bytes) > 0; i++ {
			l := choices.look(now)
			now = now.Add(15 * time.Second)
			if choices.choose(2) == 0 && l.Window.To.After(l.Window.From) {
				now = l.Window.To // the next look may join this one
			}
			if choices.choose(5) == 0 {
				l.Weight, l.Next = 0, 0
			}
			restarted := again(t, fuzzed(), e, since)
			for _, o := range l.Observations {
				if o.Arm == analysis.Candidate {
					shown[o.Metric] = true
				}
			}
			r := e.Look(l)
			if again := restarted.Look(l); again.Message != r.Message || again.Verdict != r.Verdict {
				t.Fatalf("after a restart %v: %s\nwithout %v: %s", again.Verdict, again.Message, r.Verdict, r.Message)
			}
			check(t, r, shown)
			since = missed(since, e, l)
		}
	})
}

func check(t *testing.T, r analysis.Report, shown map[string]bool) {
	t.Helper()
	if r.Verdict != analysis.Pass && r.Message == "" {
		t.Fatal("no message")
	}
	for _, m := range r.Results {
		if m.Verdict != analysis.Inconclusive && !shown[m.Name] {
			t.Fatalf("%s is judged without data: %v: %s", m.Name, m.Verdict, m.Message)
		}
		if math.IsNaN(m.BaselineRequests) || math.IsNaN(m.CandidateRequests) {
			t.Fatalf("%s: NaN requests", m.Name)
		}
	}
}

// FuzzRestore reads arbitrary bytes, with a checksum and a policy that fit.
func FuzzRestore(f *testing.F) {
	s, e := healthy(1, 50), New(usual())
	for range 30 {
		e.Look(s.look(10, 20))
	}
	f.Add(e.State())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = Restore(usual(), b)
		if len(b) < 13 {
			return
		}
		b = b[:len(b)-4]
		b[0] = stateVersion
		binary.LittleEndian.PutUint64(b[1:], policyHash(usual()))
		e, err := Restore(usual(), put(b, checksum(b)))
		if err != nil {
			return
		}
		s := healthy(1, 50)
		for range 3 {
			e.Look(s.look(10, 20))
		}
		e.State()
	})
}
