package engine

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// cut makes n short looks of one: the counts of the last make up for what does not divide.
func cut(l analysis.Look, n int) []analysis.Look {
	each := l.Window.To.Sub(l.Window.From) / time.Duration(n)
	looks := make([]analysis.Look, n)
	for i := range looks {
		from := l.Window.From.Add(time.Duration(i) * each)
		looks[i] = l
		looks[i].Window = analysis.Window{From: from, To: from.Add(each)}
		part := func(x float64) float64 {
			if i < n-1 {
				return math.Floor(x / float64(n))
			}
			return x - float64(n-1)*math.Floor(x/float64(n))
		}
		looks[i].Observations = nil
		for _, o := range l.Observations {
			o.Window, o.Requests, o.Errors = looks[i].Window, part(o.Requests), part(o.Errors)
			o.Latency = o.Latency.Merge()
			for k := range o.Latency {
				o.Latency[k].Count = part(o.Latency[k].Count)
			}
			looks[i].Observations = append(looks[i].Observations, o)
		}
	}
	return looks
}

// again restores an engine from another's state, and lets it take in the looks that are not in there yet.
func again(t *testing.T, p analysis.Policy, e *Engine, since []analysis.Look) *Engine {
	t.Helper()
	restored, err := Restore(p, e.State())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range since {
		restored.Look(l)
	}
	return restored
}

// missed adds a look to those that are not in an engine's state, or forgets them all when they are.
func missed(since []analysis.Look, e *Engine, l analysis.Look) []analysis.Look {
	if e.Open() == 0 {
		return nil
	}
	if e.Open() == length(l) {
		return []analysis.Look{l}
	}
	return append(since, l)
}

func TestShortLooksComeToWhatOneLookSays(t *testing.T) {
	for _, n := range []int{2, 3, 15} {
		for name, change := range map[string]func(*service){
			"pods":                    func(*service) {},
			"arms only":               func(s *service) { s.whole = true },
			"one number per interval": func(s *service) { s.scalar = true },
			"a regression":            func(s *service) { s.errors[1] = 0.01 },
		} {
			t.Run(fmt.Sprintf("%s, cut in %d", name, n), func(t *testing.T) {
				s := healthy(3, 300)
				change(s)
				whole, often := New(usual()), New(usual())
				for range 40 {
					l := s.look(0, 0)
					whole.Learn(l)
					for _, short := range cut(l, n) {
						often.Learn(short)
					}
				}
				for i := range 60 {
					l := s.look(int32(10+10*(i/8)), int32(20+10*(i/8)))
					a, b := whole.Look(l), analysis.Report{}
					for _, short := range cut(l, n) {
						b = often.Look(short)
					}
					if a.Message != b.Message || fmt.Sprint(a.Results) != fmt.Sprint(b.Results) {
						t.Fatalf("look %d: whole\n%s\ncut\n%s", i, a.Message, b.Message)
					}
				}
				if !bytes.Equal(whole.State(), often.State()) {
					t.Error("the states differ")
				}
			})
		}
	}
}

func TestAGroupOfLooksEnds(t *testing.T) {
	begin := time.Unix(1_800_000_000, 0)
	at := func(from, to int, weight int32) analysis.Look {
		w := analysis.Window{From: begin.Add(time.Duration(from) * time.Second), To: begin.Add(time.Duration(to) * time.Second)}
		return analysis.Look{Window: w, Weight: weight, Next: weight + 10, Pods: []analysis.Pod{{Name: "a", Arm: analysis.Candidate, ReadySince: begin}}, Observations: []analysis.Observation{
			{Metric: "errors", Arm: analysis.Candidate, Pod: "a", Requests: 10}, {Metric: "errors", Arm: analysis.Baseline, Pod: "b", Requests: 90},
		}}
	}
	nonsense := at(45, 50, 10)
	nonsense.Observations[0].Errors = 11
	for name, test := range map[string]struct {
		look analysis.Look
		open time.Duration
	}{
		"not before it is long enough":               {at(45, 50, 10), 10 * time.Second},
		"when it is long enough":                     {at(45, 55, 10), 0},
		"when the weight changes":                    {at(45, 50, 20), 5 * time.Second},
		"where something is missing":                 {at(46, 51, 10), 5 * time.Second},
		"at a look that makes no sense":              {nonsense, 0},
		"at a long look":                             {at(45, 105, 10), 0},
		"at a look back":                             {at(30, 35, 10), 5 * time.Second},
		"not at a look without length":               {at(45, 45, 10), 5 * time.Second},
		"not where nothing at all was answered for":  {analysis.Look{Window: at(45, 50, 10).Window, Weight: 10, Next: 20}, 10 * time.Second},
		"at a look at the baseline before a release": {at(45, 50, 0), 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			e := New(usual())
			e.Look(at(0, 40, 10))
			e.Look(at(40, 45, 10))
			before := e.Open()
			if e.Look(test.look); before != 5*time.Second || e.Open() != test.open {
				t.Errorf("open are %s, and then %s, want %s", before, e.Open(), test.open)
			}
		})
	}
	t.Run("before a pod gets warm", func(t *testing.T) {
		e := New(usual())
		for from := 0; from < 60; from += 7 {
			if e.Look(at(from, from+7, 10)); e.Open() == 0 {
				continue
			}
			if warm := 30; e.open.Window.From.Before(begin.Add(time.Duration(warm)*time.Second)) && !e.open.Window.To.Before(begin.Add(time.Duration(warm+7)*time.Second)) {
				t.Errorf("the group from %s to %s holds requests from before and after a pod was warm", e.open.Window.From.Sub(begin), e.open.Window.To.Sub(begin))
			}
		}
	})
}

func TestALookThatMakesNoSenseIsToldHoweverShort(t *testing.T) {
	s, e := healthy(1, 3000), New(usual())
	s.learn(e)
	for range 20 {
		e.Look(s.look(10, 20))
	}
	for i, l := range cut(s.look(10, 20), 3) {
		if i == 1 {
			l.Observations[0].Errors = l.Observations[0].Requests + 1 // hidden, were it added to what the pod had before
		}
		if r := e.Look(l); (r.Verdict == analysis.Pass) == (i == 1) {
			t.Errorf("look %d: %s: %s", i, r.Verdict, r.Message)
		}
	}
}

func TestSilenceHoldsFromTheFirstShortLookOn(t *testing.T) {
	s, e := healthy(1, 3000), New(usual())
	s.learn(e)
	for range 20 {
		e.Look(s.look(10, 20))
	}
	looks := cut(s.look(10, 20), 3)
	if r := e.Look(looks[0]); r.Verdict != analysis.Pass {
		t.Fatalf("%s: %s", r.Verdict, r.Message)
	}
	looks[1].Observations = nil
	if r := e.Look(looks[1]); r.Verdict != analysis.Inconclusive {
		t.Errorf("a silent look passes: %s", r.Message)
	}
}
