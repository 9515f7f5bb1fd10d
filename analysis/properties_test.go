package analysis

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// cases draws evidence of all sorts: arms of any size, healthy, worse and better, in one layout.
func cases(t *testing.T, n int, property func(t *testing.T, baseline, candidate tally)) {
	t.Helper()
	for seed := range n {
		rng := rand.New(rand.NewPCG(uint64(seed), 4))
		draw := func() tally {
			a := healthy(math.Exp(rng.Float64() * 6))
			a.errors = math.Exp(-8 * rng.Float64())
			a.slower = math.Exp(rng.Float64()*4 - 1)
			var sum tally
			for range 1 + rng.IntN(30) {
				sum = sum.add(a.second(rng))
			}
			return sum
		}
		property(t, draw(), draw())
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}

func scaled(t tally, factor float64) tally {
	out := tally{requests: t.requests * factor, errors: t.errors * factor, latency: slices.Clone(t.latency)}
	for i := range out.latency {
		out.latency[i].Count *= factor
	}
	return out
}

// worsened fails more requests and moves slow ones further.
func worsened(t tally) tally {
	out := scaled(t, 1)
	out.errors = min(out.requests, out.errors+math.Ceil(out.requests/100))
	last := len(out.latency) - 1
	for i := last - 1; i >= 0; i-- {
		move := math.Ceil(out.latency[i].Count / 10)
		out.latency[i].Count -= move
		out.latency[i+1].Count += move
	}
	return out
}

func TestAWorseCandidateNeverTurnsAFailIntoAPass(t *testing.T) {
	p := usual()
	p.Criteria[0].Limit, p.Criteria[1].Limit = 0.2, 1
	cases(t, 500, func(t *testing.T, b, c tally) {
		before, after := Judge(p, observe(b, c)), Judge(p, observe(b, worsened(c)))
		for i := range before.Results {
			if got := after.Results[i]; before.Results[i].Verdict == Fail && got.Verdict != Fail && !math.IsNaN(got.Candidate) {
				t.Errorf("failed:          %s\nworse, but %v: %s", before.Results[i].Message, got.Verdict, got.Message)
			}
			if got := after.Results[i]; before.Results[i].Verdict != Pass && got.Verdict == Pass {
				t.Errorf("no pass:         %s\nworse, but pass: %s", before.Results[i].Message, got.Message)
			}
		}
	})
}

func TestMoreOfTheSameEvidenceNeverTakesAFailBack(t *testing.T) {
	cases(t, 500, func(t *testing.T, b, c tally) {
		before, after := Judge(usual(), observe(b, c)), Judge(usual(), observe(scaled(b, 3), scaled(c, 3)))
		for i := range before.Results {
			if before.Results[i].Verdict == Fail && after.Results[i].Verdict != Fail {
				t.Errorf("failed:       %s\nthree times: %s", before.Results[i].Message, after.Results[i].Message)
			}
		}
	})
}

func TestArmsAreTreatedAlike(t *testing.T) {
	cases(t, 500, func(t *testing.T, b, c tally) {
		there, back := Judge(usual(), observe(b, c)), Judge(usual(), observe(c, b))
		for i := range there.Results {
			x, y := there.Results[i], back.Results[i]
			if math.IsNaN(x.Difference) || math.IsNaN(y.Difference) {
				continue
			}
			if x.Difference != -y.Difference || x.Low != -y.High || x.High != -y.Low {
				t.Errorf("%s: %v [%v, %v], but the other way round %v [%v, %v]", x.Name, x.Difference, x.Low, x.High, y.Difference, y.Low, y.High)
			}
		}
	})
}

func TestUnitsDoNotMatter(t *testing.T) {
	const factor = 8 // a power of two, so that nothing is rounded
	inSeconds, inEighths := usual(), usual()
	inEighths.Criteria[1].Absolute *= factor
	cases(t, 300, func(t *testing.T, b, c tally) {
		stretch := func(x tally) tally {
			out := scaled(x, 1)
			for i := range out.latency {
				out.latency[i].Lower *= factor
				out.latency[i].Upper *= factor
			}
			return out
		}
		want, got := Judge(inSeconds, observe(b, c)).Results[1], Judge(inEighths, observe(stretch(b), stretch(c))).Results[1]
		if want.Verdict != got.Verdict || math.Abs(got.Candidate/factor-want.Candidate) > 1e-9 {
			t.Errorf("%s\nstretched: %s", want.Message, got.Message)
		}
	})
}

func TestHowEvidenceIsDividedDoesNotMatter(t *testing.T) {
	cases(t, 100, func(t *testing.T, b, c tally) {
		whole := observe(b, c)
		var parts []Observation
		for _, o := range whole {
			for _, pod := range []string{"a", "b", "c", "d"} {
				piece := o
				piece.Pod, piece.Requests, piece.Errors = pod, o.Requests/4, o.Errors/4
				piece.Latency = scaled(tally{latency: o.Latency}, 0.25).latency
				parts = append(parts, piece)
			}
		}
		slices.Reverse(parts)
		if diff := cmp.Diff(Judge(usual(), whole), Judge(usual(), parts), cmp.Comparer(sameFloat)); diff != "" {
			t.Errorf("whole and divided differ:\n%s", diff)
		}
	})
}

func sameFloat(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

func TestJudgeLeavesItsInputAlone(t *testing.T) {
	cases(t, 20, func(t *testing.T, b, c tally) {
		obs := append(observe(b, c), observe(c, b)...)
		kept := observe(scaled(b, 1), scaled(c, 1))
		kept = append(kept, observe(scaled(c, 1), scaled(b, 1))...)
		Judge(usual(), obs)
		if !reflect.DeepEqual(obs, kept) {
			t.Error("Judge changed its observations")
		}
	})
}

// FuzzJudge feeds numbers of all kinds: none may panic, and none that makes no sense may pass.
func FuzzJudge(f *testing.F) {
	f.Add(1000.0, 1.0, 1000.0, 1.0, 0.0, 0.1, 900.0, 0.1, 1.0, 100.0, 50.0, 0.1, 0.001, 0.0)
	f.Add(math.NaN(), -1.0, math.Inf(1), 1.0, 1.0, 0.1, 5.0, 0.1, 0.0, math.NaN(), 0.0, 0.0, 0.0, 1.0)
	f.Add(0.0, 0.0, 0.0, 0.0, 0.0, math.Inf(1), 1e308, 0.1, 0.2, 1e308, -5.0, -0.1, math.Inf(1), 0.0)
	f.Add(1e300, 1e299, 1e300, 1e299, 1e-300, 1e300, 1e300, 1e300, math.Inf(1), 1e300, 1e300, 1e-300, 1e300, 1e300)
	f.Fuzz(func(t *testing.T, bn, bx, cn, cx, lower1, upper1, count1, lower2, upper2, count2, least, relative, absolute, limit float64) {
		h := Histogram{{lower1, upper1, count1}, {lower2, upper2, count2}}
		p := Policy{MinRequests: least, Criteria: []Criterion{
			{Name: "errors", Errors: true, Relative: relative, Absolute: absolute, Limit: limit},
			{Name: "latency", Quantile: 0.95, Relative: relative, Absolute: absolute, Limit: limit},
		}}
		r := Judge(p, append(errorsOf(bx, bn, cx, cn), latencyOf(Histogram{{0, 1, 100}}, h)...))
		errors, latency := r.Results[0], r.Results[1]
		if sane := cx >= 0 && cx <= cn && cn > 0 && !math.IsInf(cn, 1); errors.Verdict == Pass && !sane {
			t.Errorf("%v errors in %v requests pass: %s", cx, cn, errors.Message)
		}
		if latency.Verdict == Pass && h.Validate() != nil {
			t.Errorf("%v passes: %s", h, latency.Message)
		}
		for _, x := range r.Results {
			if x.Verdict != Inconclusive && !(x.CandidateRequests >= least) && least >= 1 {
				t.Errorf("judged on %v requests, of %v needed", x.CandidateRequests, least)
			}
			if x.Message == "" {
				t.Error("a result says nothing")
			}
		}
	})
}
