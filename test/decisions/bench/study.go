package bench

import (
	"context"
	"fmt"
	"hash/fnv"
	"runtime"
	"sync"
	"time"

	"github.com/serin-dev/serin/test/decisions/rules"
	"github.com/serin-dev/serin/test/decisions/world"
)

// Study is a set of cells: each world with each traffic, regression and rule.
type Study struct {
	Worlds      []world.World
	Rates       []float64
	Regressions []world.Regression
	Deciders    []Decider
	// Runs per cell. All rules and regressions of a cell's world and traffic meet the same services, so that they differ by
	// what they do and not by luck.
	Runs int
	Seed uint64
	Plan rules.Plan
	// Interval between looks, History before the release, Deadline of a step beyond its bake.
	Interval, History, Deadline time.Duration
	// Horizon is the longest that a release takes, and until when a missed regression is charged for.
	Horizon time.Duration
}

// Defaults of a study: ten steps of a minute and a look every 15 seconds, as a Canary has them.
func Defaults() Study {
	return Study{
		Seed: 1, Plan: rules.Tenths(time.Minute), Interval: 15 * time.Second,
		History: 30 * time.Minute, Deadline: 15 * time.Minute, Horizon: time.Hour,
	}
}

// Cell is what became of the runs in one world, with one traffic, regression and rule.
type Cell struct {
	World      string
	Rate       float64
	Regression world.Regression
	Decider    string
	Outcomes
}

// Run runs the study and yields each cell when it is done, in order. Equal studies yield equal cells on any number of processors.
func (s Study) Run(ctx context.Context, yield func(Cell)) error {
	for _, w := range s.Worlds {
		for _, rate := range s.Rates {
			outcomes := s.group(ctx, w, rate)
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("%s at %g requests a second: %w", w.Name, rate, err)
			}
			for i, regression := range s.Regressions {
				for j, d := range s.Deciders {
					yield(Cell{w.Name, rate, regression, d.Name, summarize(outcomes[i][j])})
				}
			}
		}
	}
	return nil
}

// group runs all regressions and rules in one world with one traffic: by regression, rule and run.
func (s Study) group(ctx context.Context, w world.World, rate float64) [][][]Outcome {
	outcomes := make([][][]Outcome, len(s.Regressions))
	for i := range outcomes {
		outcomes[i] = make([][]Outcome, len(s.Deciders))
		for j := range outcomes[i] {
			outcomes[i][j] = make([]Outcome, s.Runs)
		}
	}
	runs := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for run := range runs {
				st := s.stage(w, rate, run)
				for i, regression := range s.Regressions {
					begun := st.begin(regression)
					for j, d := range s.Deciders {
						outcomes[i][j][run] = st.release(begun, d.New())
					}
				}
			}
		})
	}
	for run := 0; run < s.Runs && ctx.Err() == nil; run++ {
		runs <- run
	}
	close(runs)
	workers.Wait()
	return outcomes
}

// stage sets up one run.
func (s Study) stage(w world.World, rate float64, run int) *stage {
	service := world.New(w, world.Setting{Rate: rate, Interval: s.Interval}, s.seed(w.Name, rate, run))
	errors, p95, p99 := service.Usual()
	return &stage{
		service: service, history: service.History(s.History), horizon: s.Horizon,
		scene: rules.Scene{
			Policy: Policy(), Plan: s.Plan, Interval: s.Interval, Deadline: s.Deadline,
			Usual: rules.Usual{Errors: errors, P95: p95, P99: p99},
		},
	}
}

// seed of one run, so that cells have nothing to do with each other.
func (s Study) seed(name string, rate float64, run int) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d/%s/%g/%d", s.Seed, name, rate, run)
	return h.Sum64()
}
