package bench

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/test/decisions/rules"
	"github.com/serin-dev/serin/test/decisions/world"
)

// named finds rules.
func named(names ...string) []Decider {
	var found []Decider
	for _, d := range Deciders() {
		for _, n := range names {
			if d.Name == n {
				found = append(found, d)
			}
		}
	}
	return found
}

func cells(t *testing.T, s Study) Cells {
	t.Helper()
	var all Cells
	if err := s.Run(t.Context(), func(c Cell) { all = append(all, c) }); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAStudyIsTheSameOnAnyNumberOfProcessors(t *testing.T) {
	s := small([]float64{20}, world.None(), world.Regression{Name: "bad", Errors: 0.1})
	s.Worlds, s.Deciders, s.Runs = pick("all"), named(Name, "argo-tuned", "independent"), 8
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	alone := cells(t, s)
	runtime.GOMAXPROCS(4)
	if diff := cmp.Diff(alone, cells(t, s)); diff != "" {
		t.Error(diff)
	}
	s.Seed++
	if cmp.Equal(alone, cells(t, s)) {
		t.Error("another seed changes nothing")
	}
}

func TestARuleFaresTheSameAloneAndBesideOthers(t *testing.T) {
	s := small([]float64{100}, world.Regressions()[2])
	s.Runs, s.Deciders = 6, named("relative")
	alone := cells(t, s)
	s.Deciders = named("flagger-tuned", "relative")
	if diff := cmp.Diff(alone, cells(t, s).by("relative")); diff != "" {
		t.Error(diff)
	}
}

// scripted answers in a fixed way.
type scripted struct{ actions map[int]rules.Action }

func (*scripted) Start(rules.Scene)   {}
func (*scripted) Learn(analysis.Look) {}
func (s *scripted) Decide(look analysis.Look) rules.Action {
	return s.actions[int(look.Window.To.Sub(world.Began())/(15*time.Second))]
}

// decided is what comes of one release of an hour with a hundred requests a second, all of which fail on the candidate.
func decided(actions map[int]rules.Action) Outcome {
	s := small([]float64{100})
	s.History = 0
	st := s.stage(world.Clean(), 100, 0)
	return st.release(st.begin(world.Regression{Errors: 1}), &scripted{actions})
}

func TestAReleaseIsChargedWithWhatItCost(t *testing.T) {
	for name, test := range map[string]struct {
		actions map[int]rules.Action
		end     rules.Kind
		after   time.Duration
		bad     float64
	}{
		"rolled back after a minute at 10%":         {map[int]rules.Action{4: {Kind: rules.RollBack}}, rules.RollBack, time.Minute, 600},
		"given up after a minute at 10%":            {map[int]rules.Action{4: {Kind: rules.GiveUp}}, rules.GiveUp, time.Minute, 600},
		"promoted after a minute at 10%":            {map[int]rules.Action{4: {Kind: rules.Promote}}, rules.Promote, time.Minute, 600 + 59*6000},
		"rolled back after a minute each at 10, 50": {map[int]rules.Action{4: {Kind: rules.Weigh, Weight: 50}, 8: {Kind: rules.RollBack}}, rules.RollBack, 2 * time.Minute, 3600},
		"never ended": {nil, rules.GiveUp, time.Hour, 36_000},
	} {
		t.Run(name, func(t *testing.T) {
			o := decided(test.actions)
			if o.End != test.end || o.After != test.after || math.Abs(o.Bad/test.bad-1) > 0.01 {
				t.Errorf("%+v", o)
			}
		})
	}
}

func TestSharesHaveExactIntervals(t *testing.T) {
	// Brown, Cai and DasGupta 2001, Interval estimation for a binomial proportion, and the rule of three.
	for _, test := range []struct {
		k, n      int
		low, high float64
	}{{0, 100, 0, 0.0362}, {5, 10, 0.1871, 0.8129}, {100, 100, 0.9638, 1}, {0, 0, 0, 1}} {
		if s := ShareOf(test.k, test.n); math.Abs(s.Low-test.low) > 1e-4 || math.Abs(s.High-test.high) > 1e-4 {
			t.Errorf("%d of %d: %+v", test.k, test.n, s)
		}
	}
	if got := AtLeast(2, 3, 0.5); math.Abs(got-0.5) > 1e-12 {
		t.Errorf("two or three of three coins: %g", got)
	}
	if AtLeast(0, 10, 0.01) != 1 {
		t.Error("none or more is certain")
	}
}

func TestALadderStopsAtTheFirstSafeRungOfEachMetric(t *testing.T) {
	l := Ladder{Name: "rule", Errors: [rungs]float64{1, 2, 3}, Latency: [rungs]float64{10, 20, 30}}
	var safety Cells
	for i := range rungs {
		for metric, rolledBack := range map[string][rungs]int{"errors": {50, 2, 0}, "latency": {99, 99, 98, 97, 50, 20, 10, 9}} {
			cell := Cell{Decider: l.rung(metric, i), Regression: world.None()}
			safety = append(safety, cell)
			safety[len(safety)-1].Outcomes = Outcomes{Runs: 100}
			cell.Outcomes = Outcomes{Runs: 100, RolledBack: rolledBack[i]}
			safety = append(safety, cell)
		}
	}
	found := tune(l, safety, Limit)
	if found.Errors != 2 || !math.IsInf(found.Latency, 1) || setting(found.Latency) != "none is safe" {
		t.Errorf("%+v", found)
	}
}

func TestPromisesAreBrokenByRulesThatMakeNone(t *testing.T) {
	for name, want := range map[string][]string{
		"independent": {"cold-start, 100 rps, none: ", "silent at 1e+02 rps: "},
		"relative-x3": {"errors-50% at 100 rps: ", "silent at 1e+02 rps: "},
		"argo":        {"both-failing: ", "no-success at 1000 rps: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broken, err := Promises(t.Context(), named(name)[0], 6)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range want {
				if !strings.Contains(strings.Join(broken, "\n"), w) {
					t.Errorf("%q is not among:\n%s", w, strings.Join(broken, "\n"))
				}
			}
		})
	}
}

func TestAReportIsWrittenWithItsPictures(t *testing.T) {
	f := Quick()
	f.Safety.Worlds, f.Safety.Rates, f.Safety.Runs = pick("clean", "all"), []float64{50}, 2
	f.Power.Regressions, f.Power.Rates, f.Power.Runs = world.Regressions()[:4], []float64{50}, 2
	for i := range f.Blind {
		f.Blind[i].Runs = 2
	}
	report, err := f.Run(t.Context(), "version v1.2.3", func(Cell) {})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := report.Write(folder); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(folder, "decisions.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"v1.2.3", "## False rollbacks", "| serin |", "| without-cap |", "](false-rollbacks.svg)", "](bad-requests-all-50rps.svg)"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("%q is not on the page:\n%s", want, page)
		}
	}
	pictures, err := filepath.Glob(filepath.Join(folder, "*.svg"))
	if err != nil || len(pictures) != 3 {
		t.Errorf("pictures: %v, %v", pictures, err)
	}
	var text bytes.Buffer
	if err := report.Text(&text); err != nil || !strings.Contains(text.String(), "flagger-tuned") {
		t.Errorf("%v\n%s", err, &text)
	}
}

func TestEveryRuleHasItsOwnName(t *testing.T) {
	known := map[string]bool{}
	all := Deciders()
	for _, l := range Ladders() {
		all = append(all, tune(l, nil, Limit).decider())
	}
	for _, d := range all {
		if known[d.Name] || d.About == "" {
			t.Errorf("%s: %q", d.Name, d.About)
		}
		known[d.Name] = true
	}
}
