package engine

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// TestInputsThatMakeNoSenseAreInconclusive changes one observation of otherwise healthy looks.
func TestInputsThatMakeNoSenseAreInconclusive(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, c := range map[string]struct {
		spoil func(o *analysis.Observation)
		says  string
	}{
		"errors are no number":         {func(o *analysis.Observation) { o.Errors = nan }, "the source counted NaN errors"},
		"errors are negative":          {func(o *analysis.Observation) { o.Errors = -1 }, "the source counted -1 errors"},
		"more errors than requests":    {func(o *analysis.Observation) { o.Errors = o.Requests + 1 }, "errors in"},
		"requests are infinite":        {func(o *analysis.Observation) { o.Requests = inf }, "errors in +Inf requests"},
		"an arm that does not exist":   {func(o *analysis.Observation) { o.Arm = 7 }, "an unknown arm (7)"},
		"a value instead of counts":    {func(o *analysis.Observation) { o.Value = new(0.1) }, "a value instead of counts"},
		"requests that are no numbers": {func(o *analysis.Observation) { o.Requests = nan }, "errors in NaN requests"},
	} {
		t.Run(name, func(t *testing.T) { spoiled(t, "errors", c.spoil, c.says) })
	}
	bucket := func(b analysis.Bucket) func(*analysis.Observation) {
		return func(o *analysis.Observation) { o.Latency = analysis.Histogram{b} }
	}
	for name, c := range map[string]struct {
		spoil func(o *analysis.Observation)
		says  string
	}{
		"a bucket counts a negative number": {bucket(analysis.Bucket{Lower: 0, Upper: 1, Count: -1}), "counts -1"},
		"a bucket counts no number":         {bucket(analysis.Bucket{Lower: 0, Upper: 1, Count: nan}), "counts NaN"},
		"a bucket holds nothing":            {bucket(analysis.Bucket{Lower: 1, Upper: 1, Count: 1}), "holds nothing"},
		"a latency that is no number":       {func(o *analysis.Observation) { o.Value = new(nan) }, "sent NaN as a value"},
		"a latency that is negative":        {func(o *analysis.Observation) { o.Value = new(-1.0) }, "a latency of -1"},
	} {
		t.Run(name, func(t *testing.T) { spoiled(t, "latency", c.spoil, c.says) })
	}
}

func spoiled(t *testing.T, metric string, spoil func(*analysis.Observation), says string) {
	t.Helper()
	s, e := healthy(1, 100), New(usual())
	s.learn(e)
	for range 8 {
		e.Look(s.look(10, 20))
	}
	l := s.look(10, 20)
	for i := range l.Observations {
		if o := &l.Observations[i]; o.Metric == metric && o.Arm == analysis.Candidate {
			spoil(o)
			break
		}
	}
	r := e.Look(l)
	if r.Verdict != analysis.Inconclusive || !strings.Contains(r.Message, says) {
		t.Errorf("got %v: %s; want Inconclusive with %q", r.Verdict, r.Message, says)
	}
	if r = e.Look(s.look(10, 20)); r.Verdict == analysis.Fail || strings.Contains(r.Message, says) {
		t.Errorf("one bad look is not forgotten: %v: %s", r.Verdict, r.Message)
	}
}

func TestSilenceIsNoEvidence(t *testing.T) {
	for name, arms := range map[string][]analysis.Arm{
		"of both arms":     {analysis.Baseline, analysis.Candidate},
		"of the baseline":  {analysis.Baseline},
		"of the candidate": {analysis.Candidate},
	} {
		t.Run(name, func(t *testing.T) {
			s, e := healthy(2, 100), New(usual())
			s.learn(e)
			for i := range 60 {
				l := s.look(10, 20)
				var heard []analysis.Observation
				for _, o := range l.Observations {
					silent := false
					for _, a := range arms {
						silent = silent || o.Arm == a
					}
					if !silent {
						heard = append(heard, o)
					}
				}
				l.Observations = heard
				if r := e.Look(l); r.Verdict != analysis.Inconclusive || r.Message == "" {
					t.Fatalf("look %d: %v: %s", i, r.Verdict, r.Message)
				}
			}
		})
	}
}

func TestASilentLookChangesNothing(t *testing.T) {
	heard, interrupted := New(usual()), New(usual())
	s := healthy(9, 100)
	for range 20 {
		l := s.look(20, 30)
		a := heard.Look(l)
		b := interrupted.Look(l)
		if a.Message != b.Message {
			t.Fatalf("%s\n%s", a.Message, b.Message)
		}
		silent := analysis.Look{Window: l.Window, Weight: 20, Next: 30}
		interrupted.Look(silent)
	}
}

func TestALookWithoutLengthIsInconclusive(t *testing.T) {
	s, e := healthy(1, 100), New(usual())
	l := s.look(10, 20)
	l.Window.To = l.Window.From
	if r := e.Look(l); r.Verdict != analysis.Inconclusive {
		t.Errorf("got %v", r.Verdict)
	}
}

func TestWithoutMetricsThereIsNothingToJudge(t *testing.T) {
	s, e := healthy(1, 100), New(analysis.Policy{})
	if r := e.Look(s.look(10, 20)); r.Verdict != analysis.Inconclusive || r.Message != "nothing to judge: there is no metric" {
		t.Errorf("got %v: %s", r.Verdict, r.Message)
	}
}

func TestAQuantileBeyondTheLastBucketIsInconclusive(t *testing.T) {
	s, e := healthy(1, 100), New(usual())
	s.bounds = []float64{0.01, 0.05, 0.1}
	s.learn(e)
	for range 40 {
		r := e.Look(s.look(10, 20))
		if l := r.Results[1]; l.Verdict != analysis.Inconclusive || !strings.Contains(l.Message, "beyond the last finite bucket") {
			t.Fatalf("got %v: %s", l.Verdict, l.Message)
		}
	}
}

func TestArmsWithOtherBucketsCantBeCompared(t *testing.T) {
	s, e := healthy(1, 100), New(usual())
	s.learn(e)
	for range 20 {
		l := s.look(10, 20)
		for i := range l.Observations {
			if o := &l.Observations[i]; o.Arm == analysis.Candidate && o.Metric == "latency" {
				o.Latency = analysis.Histogram{{Lower: 0, Upper: 0.2, Count: 140}, {Lower: 0.2, Upper: 1, Count: 10}}
			}
		}
		r := e.Look(l)
		if r.Results[1].Verdict != analysis.Inconclusive || !strings.Contains(r.Message, "different histogram buckets") {
			t.Fatalf("got %v: %s", r.Verdict, r.Message)
		}
	}
}

// TestFinerBucketsOfOneArmDoNoHarm splits the candidate's buckets: what counts are the boundaries that both have.
func TestFinerBucketsOfOneArmDoNoHarm(t *testing.T) {
	s, e := healthy(1, 100), New(usual())
	s.learn(e)
	var r analysis.Report
	for range 12 {
		l := s.look(10, 20)
		for i := range l.Observations {
			if o := &l.Observations[i]; o.Arm == analysis.Candidate && o.Metric == "latency" {
				var fine analysis.Histogram
				for _, b := range o.Latency {
					middle := (b.Lower + b.Upper) / 2
					if math.IsInf(b.Upper, 1) {
						middle = 2 * b.Lower
					}
					fine = append(fine, analysis.Bucket{Lower: b.Lower, Upper: middle, Count: b.Count},
						analysis.Bucket{Lower: middle, Upper: b.Upper})
				}
				o.Latency = fine
			}
		}
		r = e.Look(l)
	}
	if r.Results[1].Verdict != analysis.Pass {
		t.Errorf("got %v: %s", r.Results[1].Verdict, r.Results[1].Message)
	}
}

func TestQuantilesAreJudgedAsSharesOfRequests(t *testing.T) {
	for _, q := range []float64{0.5, 0.9, 0.95, 0.99} {
		for name, slower := range map[string]float64{"alike": 1, "twice as slow": 2} {
			s := healthy(4, 400)
			s.slower[1] = slower
			p := usual()
			p.Criteria = []analysis.Criterion{{Name: "latency", Quantile: q, Relative: 0.1}}
			e := New(p)
			s.learn(e)
			want := analysis.Pass
			if slower > 1 {
				want = analysis.Fail
			}
			if end := s.release(e, nil); end.verdict != want {
				t.Errorf("p%v, %s: %v after %v: %s", q*100, name, end.verdict, end.after, end.report.Message)
			}
		}
	}
}

func TestPodsComeAndGo(t *testing.T) {
	s, e := healthy(6, 200), New(usual())
	s.learn(e)
	end := s.release(e, func(after time.Duration, _ int32) {
		s.pods = [2]int{5 + int(after.Minutes())%7, 3 + int(after.Seconds())%5}
	})
	if end.verdict != analysis.Pass {
		t.Errorf("%v after %v: %s", end.verdict, end.after, end.report.Message)
	}
}

// TestPodsThatKubernetesDoesNotKnowOfWarmUpToo leaves the pods out of the looks.
func TestPodsThatKubernetesDoesNotKnowOfWarmUpToo(t *testing.T) {
	s, e := healthy(6, 200), New(usual())
	for i := range 4 {
		l := s.look(10, 20)
		l.Pods = nil
		r := e.Look(l)
		counted := r.Results[0].CandidateRequests
		if warm := i >= 2; warm != (counted > 0) {
			t.Errorf("look %d: %v requests of the candidate counted", i, counted)
		}
	}
}

func TestNoVerdictBeforeTheLeastNumberOfRequests(t *testing.T) {
	p := usual()
	p.MinRequests = 1e6
	s, e := healthy(1, 100), New(p)
	s.learn(e)
	s.errors[1] = 1
	for range 30 {
		if r := e.Look(s.look(10, 20)); r.Verdict != analysis.Inconclusive || !strings.Contains(r.Message, "1,000,000 requests needed") {
			t.Fatalf("got %v: %s", r.Verdict, r.Message)
		}
	}
}

func TestALimitIsJudgedByTheCandidateAlone(t *testing.T) {
	for name, c := range map[string]struct {
		criterion analysis.Criterion
		both      func(*service)
		want      analysis.Verdict
	}{
		"errors below":  {analysis.Criterion{Name: "errors", Errors: true, Limit: 0.01}, func(*service) {}, analysis.Pass},
		"errors above":  {analysis.Criterion{Name: "errors", Errors: true, Limit: 0.01}, func(s *service) { s.errors = [2]float64{0.03, 0.03} }, analysis.Fail},
		"latency below": {analysis.Criterion{Name: "latency", Quantile: 0.95, Limit: 0.5}, func(*service) {}, analysis.Pass},
		"latency above": {analysis.Criterion{Name: "latency", Quantile: 0.95, Limit: 0.5}, func(s *service) { s.slower = [2]float64{3, 3} }, analysis.Fail},
	} {
		t.Run(name, func(t *testing.T) {
			s := healthy(8, 200)
			c.both(s)
			p := usual()
			p.Criteria = []analysis.Criterion{c.criterion}
			if end := s.release(New(p), nil); end.verdict != c.want {
				t.Errorf("%v after %v: %s", end.verdict, end.after, end.report.Message)
			}
		})
	}
}

func TestPlainValuesHaveADirection(t *testing.T) {
	for name, c := range map[string]struct {
		worse    analysis.Direction
		shift    float64
		want     analysis.Verdict
		relative float64
	}{
		"a lag that grows":          {analysis.Higher, 60, analysis.Fail, 0.1},
		"a lag that shrinks":        {analysis.Higher, -60, analysis.Pass, 0.1},
		"a share that shrinks":      {analysis.Lower, -60, analysis.Fail, 0.1},
		"a share that grows":        {analysis.Lower, 60, analysis.Pass, 0.1},
		"a lag that stays the same": {analysis.Higher, 0, analysis.Pass, 0.1},
	} {
		t.Run(name, func(t *testing.T) {
			s := healthy(8, 200)
			e := New(analysis.Policy{WarmUp: 30 * time.Second, Criteria: []analysis.Criterion{{Name: "value", Worse: c.worse, Relative: c.relative}}})
			verdict := analysis.Inconclusive
			for range 60 {
				l := s.look(50, 60)
				l.Observations = []analysis.Observation{
					{Metric: "value", Arm: analysis.Baseline, Value: new(200 + 5*s.rng.NormFloat64())},
					{Metric: "value", Arm: analysis.Candidate, Value: new(200 + c.shift + 5*s.rng.NormFloat64())},
				}
				if verdict = e.Look(l).Verdict; verdict == analysis.Fail {
					break
				}
			}
			if verdict != c.want {
				t.Errorf("got %v", verdict)
			}
		})
	}
}
