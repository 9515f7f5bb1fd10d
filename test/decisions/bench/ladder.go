package bench

import (
	"fmt"
	"math"

	"github.com/serin-dev/serin/test/decisions/rules"
)

// Ladder is one rule at several settings, from the most to the least sensitive, to find the one that is just safe enough. The
// settings go beyond what anybody would use, so that a ladder without a safe rung means that the rule has none worth having.
type Ladder struct {
	Name  string
	Rungs []Decider
}

// Ladders of the rivals.
func Ladders() []Ladder {
	return []Ladder{flaggers(), argos(), relatives(), mannWhitneys(), independents()}
}

// limits of rules that know no baseline: share of errors and multiple of the usual latency.
func limits() [][2]float64 {
	return [][2]float64{{0.006, 1.25}, {0.01, 1.5}, {0.02, 2}, {0.05, 3}, {0.1, 5}, {0.2, 8}, {0.5, 15}}
}

func flaggers() Ladder {
	l := Ladder{Name: "flagger"}
	for _, limit := range limits() {
		l.add(fmt.Sprintf("errors %s, p99 %.3gx", percent(limit[0]), limit[1]), func() rules.Decider {
			return &rules.Flagger{Errors: limit[0], Slower: limit[1], Threshold: 5}
		})
	}
	return l
}

func argos() Ladder {
	l := Ladder{Name: "argo"}
	for _, limit := range limits() {
		l.add(fmt.Sprintf("errors %s, p95 %.3gx", percent(limit[0]), limit[1]), func() rules.Decider {
			return &rules.Argo{Errors: limit[0], Slower: limit[1], FailureLimit: 3}
		})
	}
	return l
}

func relatives() Ladder {
	l := Ladder{Name: "relative"}
	for _, r := range []rules.Relative{
		{Slower: 1.2, Errors: 0.005, InARow: 1},
		{Slower: 1.2, Errors: 0.005, InARow: 3},
		{Slower: 1.5, Errors: 0.02, InARow: 3},
		{Slower: 2, Errors: 0.05, InARow: 3},
		{Slower: 3, Errors: 0.1, InARow: 3},
		{Slower: 4, Errors: 0.2, InARow: 4},
		{Slower: 8, Errors: 0.5, InARow: 5},
	} {
		l.add(fmt.Sprintf("p95 %.3gx, errors +%s, %d in a row", r.Slower, percent(r.Errors), r.InARow), func() rules.Decider {
			fresh := r
			return &fresh
		})
	}
	return l
}

func mannWhitneys() Ladder {
	l := Ladder{Name: "mann-whitney"}
	for _, deviate := range []float64{2.326, 2.8, 3.2, 3.6} {
		l.add(fmt.Sprintf("%.4g deviations", deviate), func() rules.Decider {
			return &rules.MannWhitney{Tolerance: 0.25, Deviate: deviate}
		})
	}
	return l
}

func independents() Ladder {
	l := Ladder{Name: "independent"}
	for _, nats := range []float64{math.Log(200), 10, 20, 40, 80, 160, 320, 1000} {
		l.add(fmt.Sprintf("%.3g nats", nats), func() rules.Decider { return &rules.Independent{Nats: nats, Worse: 1} })
	}
	return l
}

// add puts a less sensitive rung below the others. Its name is the ladder's with a number.
func (l *Ladder) add(setting string, fresh func() rules.Decider) {
	l.Rungs = append(l.Rungs, Decider{fmt.Sprintf("%s@%d", l.Name, len(l.Rungs)+1), setting, fresh})
}

// Tuned is the rung of a ladder that is just safe enough.
type Tuned struct {
	Ladder Ladder
	// Rung is nil when none is.
	Rung *Decider
	// Least is the worst false rollback of the last rung looked at: of Rung, or of the dullest.
	Least Worst
}

// tune finds the first rung whose worst false rollback the safety study does not show to be over the limit: even the lower end
// of the confidence interval would have to be. That is generous to the rivals.
func tune(l Ladder, safety Cells, limit float64) Tuned {
	t := Tuned{Ladder: l}
	for i := range l.Rungs {
		t.Least = safety.by(l.Rungs[i].Name).worst()
		if t.Least.Share.Low <= limit {
			t.Rung = &l.Rungs[i]
			break
		}
	}
	return t
}
