package bench

import (
	"slices"
	"time"

	"gonum.org/v1/gonum/mathext"

	"github.com/serin-dev/serin/test/decisions/rules"
)

// Outcomes of many runs of one cell.
type Outcomes struct {
	Runs, RolledBack, Promoted, GivenUp int
	// Rollback and Promotion are how long those took.
	Rollback, Promotion Times
	// Bad is the mean number of bad requests too many, over all runs.
	Bad float64
	// Reasons of rollbacks and of giving up, of the first runs.
	Reasons []string
}

// Times of the runs that ended alike; zero when none did.
type Times struct{ Median, P90 time.Duration }

func summarize(runs []Outcome) Outcomes {
	const kept = 3
	sum := Outcomes{Runs: len(runs)}
	var rollbacks, promotions []time.Duration
	for _, o := range runs {
		sum.Bad += o.Bad / float64(len(runs))
		switch o.End {
		case rules.RollBack:
			sum.RolledBack++
			rollbacks = append(rollbacks, o.After)
		case rules.Promote:
			sum.Promoted++
			promotions = append(promotions, o.After)
		default:
			sum.GivenUp++
		}
		if o.End != rules.Promote && o.Why != "" && len(sum.Reasons) < kept {
			sum.Reasons = append(sum.Reasons, o.Why)
		}
	}
	sum.Rollback, sum.Promotion = times(rollbacks), times(promotions)
	return sum
}

func times(took []time.Duration) Times {
	if len(took) == 0 {
		return Times{}
	}
	slices.Sort(took)
	return Times{Median: took[len(took)/2], P90: took[len(took)*9/10]}
}

// Share of n runs with its 95% confidence interval.
type Share struct{ Estimate, Low, High float64 }

// ShareOf is the exact interval of a binomial share (Clopper and Pearson 1934, The use of confidence or fiducial limits).
func ShareOf(k, n int) Share {
	const tail = 0.025
	if n == 0 {
		return Share{High: 1}
	}
	x, m := float64(k), float64(n)
	s := Share{Estimate: x / m, High: 1}
	if k > 0 {
		s.Low = mathext.InvRegIncBeta(x, m-x+1, tail)
	}
	if k < n {
		s.High = mathext.InvRegIncBeta(x+1, m-x, 1-tail)
	}
	return s
}

// AtLeast is the probability of k or more hits in n runs when each hits with probability p.
func AtLeast(k, n int, p float64) float64 {
	if k <= 0 {
		return 1
	}
	return mathext.RegIncBeta(float64(k), float64(n-k+1), p)
}

// FalseRollbacks of a harmless cell.
func (o Outcomes) FalseRollbacks() Share { return ShareOf(o.RolledBack, o.Runs) }
