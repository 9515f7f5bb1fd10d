// Package bench runs releases by the thousand: every world, traffic, regression and rule, and what came of it.
package bench

import (
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/test/decisions/rules"
	"github.com/serin-dev/serin/test/decisions/world"
)

// Outcome of one release.
type Outcome struct {
	// End is Promote, RollBack or GiveUp.
	End rules.Kind
	// After is how long it took.
	After time.Duration
	// Weight at the end.
	Weight int32
	// Bad is how many requests too many were bad, those of a worse version that was promoted until the horizon included.
	Bad float64
	// Served is how many requests the candidate served before the end.
	Served float64
	// Why the rule ended it.
	Why string
}

// Decider is a rule with a name, made anew for each release.
type Decider struct {
	Name, About string
	New         func() rules.Decider
}

// Policy is what the benchmark's releases are held to: the defaults of a Canary.
func Policy() analysis.Policy {
	return analysis.Policy{MinRequests: 50, WarmUp: 30 * time.Second, Criteria: []analysis.Criterion{
		{Name: world.Errors, Errors: true, Relative: 0.25, Absolute: 0.001},
		{Name: world.Latency, Quantile: 0.95, Relative: 0.10, Absolute: 0.005},
	}}
}

// stage is what the releases of one seed share: the service up to the release, and what was told of it.
type stage struct {
	service *world.Release
	history []analysis.Look
	scene   rules.Scene
	horizon time.Duration
}

// begin is a release with a regression, before its first look.
func (s *stage) begin(worse world.Regression) *trail {
	return &trail{service: s.service.Fork(worse), on: map[int32]*trail{}}
}

// release lets a rule decide a release. What is not over at the horizon is given up.
func (s *stage) release(t *trail, d rules.Decider) Outcome {
	d.Start(s.scene)
	for _, look := range s.history {
		d.Learn(look)
	}
	o := Outcome{End: rules.GiveUp, Weight: s.scene.Plan[0].Weight}
	for o.After < s.horizon {
		t = t.step(o.Weight, s.scene.Plan.After(o.Weight))
		o.After += s.scene.Interval
		act := d.Decide(t.look)
		if act.Kind == rules.Weigh {
			o.Weight = act.Weight
		} else if act.Kind != rules.Continue {
			o.End, o.Why = act.Kind, act.Why
			break
		}
	}
	harm := t.service.Harm()
	o.Bad, o.Served = harm.Bad(), harm.Requests
	if o.End == rules.Promote {
		o.Bad += t.service.HarmAt100() * (s.horizon - o.After).Seconds()
	}
	return o
}
