// Package forecast says how long a regression takes to show: the engine itself judges releases that are made up, of a service whose pods
// are alike. What a real service adds (pods that differ, incidents, drift) makes it take longer, never the false rollbacks more frequent.
//
// Chance has a fixed seed, so that the same question has the same answer.
package forecast

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/engine"
)

// Service is what serves now.
type Service struct {
	// RPS are its requests per second; ErrorRate is a fraction, and P95 in seconds.
	RPS, ErrorRate, P95 float64
	Pods                int
}

// Regression of a candidate, as factors: 1 is none.
type Regression struct{ Errors, Latency float64 }

// Question is about one regression at one weight.
type Question struct {
	Policy     analysis.Policy
	Interval   time.Duration
	Service    Service
	Weight     int32
	Regression Regression
	// Most is the longest time of interest.
	Most time.Duration
}

const (
	// releases are made up for one answer.
	releases = 9
	// learnLooks are judged before each.
	learnLooks = 40
	// sigma of the logarithm of a duration: the p95 is 2.7 times the median, as in many a service.
	sigma = 0.6
	// p95Score is the 95% quantile of the normal distribution.
	p95Score = 1.6448536269514722
)

// Until is the time within which half of the releases are rolled back; false when it is more than Most.
func (q Question) Until() (time.Duration, bool) {
	times := make([]time.Duration, releases)
	for i := range times {
		times[i] = q.release(rand.New(rand.NewPCG(uint64(i), 1)))
	}
	slices.Sort(times)
	median := times[releases/2]
	return median, median <= q.Most
}

// Tolerated says that the policy has nothing against the regression, so that no time shows it.
func (q Question) Tolerated() bool {
	for _, c := range q.Policy.Criteria {
		value, factor := q.Service.P95, q.Regression.Latency
		switch {
		case c.Errors:
			value, factor = q.Service.ErrorRate, q.Regression.Errors
		case c.Worse != analysis.None:
			continue
		case c.Quantile != 0.95 && factor > 1:
			return false // other quantiles of the service are not known
		}
		compared := c.Relative > 0 || c.Absolute > 0
		if compared && beyond(value*(factor-1), max(c.Relative*value, c.Absolute)) || c.Limit > 0 && beyond(value*factor, c.Limit) {
			return false
		}
	}
	return true
}

// beyond says that v is greater than most by more than the rounding of decimals.
func beyond(v, most float64) bool { return v > most*(1+1e-9) }

// release is the time until one release is rolled back; more than Most when it is not.
func (q Question) release(random *rand.Rand) time.Duration {
	e := engine.New(q.Policy)
	w := world{q, random, time.Unix(0, 0).UTC()}
	for range learnLooks {
		e.Learn(w.look(0))
	}
	began := w.now
	for w.now.Sub(began) < q.Most {
		if e.Look(w.look(q.Weight)).Verdict == analysis.Fail {
			return w.now.Sub(began)
		}
	}
	return math.MaxInt64
}

// world is a service, as a source tells of it.
type world struct {
	Question
	random *rand.Rand
	now    time.Time
}

// look is the next interval, at a weight.
func (w *world) look(weight int32) analysis.Look {
	began := time.Unix(0, 0).UTC().Add(learnLooks * w.Interval)
	l := analysis.Look{Window: analysis.Window{From: w.now, To: w.now.Add(w.Interval)}, Weight: weight, Next: weight}
	w.now = l.Window.To
	requests := w.Service.RPS * w.Interval.Seconds()
	share := float64(weight) / 100
	candidates := int(math.Ceil(share * float64(w.Service.Pods)))
	w.serve(&l, analysis.Baseline, w.Service.Pods, requests*(1-share), Regression{1, 1}, began.Add(-24*time.Hour))
	w.serve(&l, analysis.Candidate, candidates, requests*share, w.Regression, began)
	return l
}

// serve lets an arm's pods serve their share of requests.
func (w *world) serve(l *analysis.Look, arm analysis.Arm, pods int, requests float64, worse Regression, since time.Time) {
	for i := range pods {
		name := strconv.Itoa(i)
		l.Pods = append(l.Pods, analysis.Pod{Name: name, Arm: arm, ReadySince: since})
		served := w.latencies(requests/float64(pods), worse.Latency)
		n := served.Total()
		failed := min(w.poisson(n*min(w.Service.ErrorRate*worse.Errors, 1)), n)
		if n == 0 {
			continue
		}
		for _, c := range w.Policy.Criteria {
			o := analysis.Observation{Metric: c.Name, Arm: arm, Pod: name, Window: l.Window, Requests: n}
			switch {
			case c.Errors:
				o.Errors = failed
			case c.Worse == analysis.None:
				o.Latency = served
			default:
				continue
			}
			l.Observations = append(l.Observations, o)
		}
	}
}

// latencies are the durations of about n requests, in the buckets that client libraries of Prometheus have by default.
func (w *world) latencies(n, slower float64) analysis.Histogram {
	median := w.Service.P95 / math.Exp(sigma*p95Score) * slower
	bounds := [...]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, math.Inf(1)}
	h := make(analysis.Histogram, 0, len(bounds))
	lower, below := 0.0, 0.0
	for _, upper := range bounds {
		reached := (1 + math.Erf(math.Log(upper/median)/sigma/math.Sqrt2)) / 2
		h = append(h, analysis.Bucket{Lower: lower, Upper: upper, Count: w.poisson(n * (reached - below))})
		lower, below = upper, reached
	}
	return h
}

// poisson draws a count with a mean.
func (w *world) poisson(mean float64) float64 {
	if mean > 50 {
		return math.Round(max(mean+math.Sqrt(mean)*w.random.NormFloat64(), 0))
	}
	// The waits between events are exponential: their sum passes the mean after as many events as there are.
	n := 0.0
	for waited := w.random.ExpFloat64(); waited < mean; n++ {
		waited += w.random.ExpFloat64()
	}
	return n
}
