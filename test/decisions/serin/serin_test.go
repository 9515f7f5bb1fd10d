package serin

import (
	"fmt"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/test/decisions/rules"
	"github.com/serin-dev/serin/test/decisions/world"
)

// script is an engine with a verdict for every look.
type script struct {
	verdicts func(look int) analysis.Verdict
	learned  int
	looks    int
}

func (s *script) Learn(analysis.Look) { s.learned++ }

func (s *script) Look(analysis.Look) analysis.Report {
	s.looks++
	return analysis.Report{Verdict: s.verdicts(s.looks)}
}

// ending is what becomes of a release of two steps of a minute, with a deadline of two.
func ending(t *testing.T, engine Engine) string {
	t.Helper()
	service := world.New(world.Clean(), world.Setting{Rate: 200, Interval: 15 * time.Second}, 1)
	o := New(func(analysis.Policy) Engine { return engine })
	plan := rules.Plan{{Weight: 20, Bake: time.Minute}, {Weight: 100, Bake: time.Minute}}
	o.Start(rules.Scene{Plan: plan, Interval: 15 * time.Second, Deadline: 2 * time.Minute})
	for _, look := range service.History(5 * time.Minute) {
		o.Learn(look)
	}
	weight := plan[0].Weight
	for after := 15 * time.Second; after < time.Hour; after += 15 * time.Second {
		switch act := o.Decide(service.Look(weight, plan.After(weight))); act.Kind {
		case rules.Weigh:
			weight = act.Weight
		case rules.Promote:
			return fmt.Sprintf("promoted after %s", after)
		case rules.RollBack:
			return fmt.Sprintf("rolled back at %d%% after %s", weight, after)
		case rules.GiveUp:
			return fmt.Sprintf("given up at %d%% after %s", weight, after)
		case rules.Continue:
		}
	}
	return "endless"
}

func TestVerdictsAreObeyed(t *testing.T) {
	always := func(v analysis.Verdict) func(int) analysis.Verdict { return func(int) analysis.Verdict { return v } }
	from := func(first int, v analysis.Verdict) func(int) analysis.Verdict {
		return func(look int) analysis.Verdict {
			if look >= first {
				return v
			}
			return analysis.Inconclusive
		}
	}
	for name, test := range map[string]struct {
		verdicts func(int) analysis.Verdict
		want     string
	}{
		"a pass goes on once the bake is over":   {always(analysis.Pass), "promoted after 2m0s"},
		"a fail does not wait for the bake":      {always(analysis.Fail), "rolled back at 20% after 15s"},
		"a late fail counts too":                 {from(6, analysis.Fail), "rolled back at 20% after 1m30s"},
		"a late pass goes on at once":            {from(7, analysis.Pass), "promoted after 2m45s"},
		"no verdict is given up at the deadline": {always(analysis.Inconclusive), "given up at 20% after 3m15s"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{verdicts: test.verdicts}
			if got := ending(t, s); got != test.want {
				t.Errorf("%s, want: %s", got, test.want)
			}
			if s.learned != 20 {
				t.Errorf("%d looks were learned from", s.learned)
			}
		})
	}
}
