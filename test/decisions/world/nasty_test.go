package world

import (
	"math"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// long is a release with a history to be measured.
func long(change func(*World), rate float64) *Release {
	w := Clean()
	change(&w)
	return New(w, Setting{Rate: rate, Interval: interval}, 11)
}

// dispersion is the variance of the errors of one pod in one look over what it were if requests were independent.
func dispersion(looks []analysis.Look) float64 {
	requests, errors, n := 0.0, 0.0, 0.0
	for _, l := range looks {
		for _, o := range l.Observations {
			if o.Metric == Errors {
				requests, errors, n = requests+o.Requests, errors+o.Errors, n+1
			}
		}
	}
	share, squares := errors/requests, 0.0
	for _, l := range looks {
		for _, o := range l.Observations {
			if o.Metric == Errors {
				squares += (o.Errors - share*o.Requests) * (o.Errors - share*o.Requests) / (o.Requests * share * (1 - share))
			}
		}
	}
	return squares / n
}

func TestErrorsAreDispersedWhereTheyShouldBe(t *testing.T) {
	for name, test := range map[string]struct {
		change   func(*World)
		from, to float64
	}{
		"a clean world has independent errors":      {func(*World) {}, 0.95, 1.05},
		"clumped errors are not":                    {func(w *World) { w.Pods.Clumped = 0.3 }, 1.5, 4},
		"pods that differ make errors differ":       {func(w *World) { w.Pods.Errors = 1 }, 1.2, 8},
		"storms dwarf everything else":              {func(w *World) { w.Storms = Storms{PerHour: 30, Requests: 3} }, 5, 500},
		"incidents do too":                          {func(w *World) { w.Bursts = Bursts{PerHour: 8, Errors: 0.15, Latency: 3} }, 5, 500},
		"so do error episodes of a pod":             {func(w *World) { w.Episodes = Episodes{2, 0.02, 90} }, 1.5, 500},
		"a shared drift of the error rate is small": {func(w *World) { w.Shared = Shared{Errors: 0.5, Memory: 300} }, 1.02, 3},
	} {
		t.Run(name, func(t *testing.T) {
			if got := dispersion(long(test.change, 300).History(4 * time.Hour)); got < test.from || got > test.to {
				t.Errorf("the dispersion is %.2f, want %g to %g", got, test.from, test.to)
			}
		})
	}
}

func TestFactorsOnTheErrorsLeaveTheirMean(t *testing.T) {
	const rate, of = 1000, 6 * time.Hour
	for name, change := range map[string]func(*World){
		"clumped":   func(w *World) { w.Pods.Clumped = 0.3 },
		"wandering": func(w *World) { w.Pods.WanderErrors = 0.4 },
	} {
		t.Run(name, func(t *testing.T) {
			requests, errors, _ := sum(long(change, rate).History(of), analysis.Baseline)
			near(t, "the share of errors", errors/requests, 0.002, 0.00004)
		})
	}
}

// ratio of the candidate's p95 to the baseline's, over some looks.
func ratio(looks []analysis.Look) float64 {
	_, _, baseline := sum(looks, analysis.Baseline)
	_, _, candidate := sum(looks, analysis.Candidate)
	return Quantile(0.95, candidate) / Quantile(0.95, baseline)
}

func TestNewPodsWarmUp(t *testing.T) {
	looks := watch(long(func(w *World) {
		w.Cold, w.Source.Bounds = Cold{Latency: 1.5, Errors: 0.005, Seconds: 25}, Finer()
	}, 2000), 40, 10)
	if got := ratio(looks[:2]); got < 1.6 {
		t.Errorf("cold pods are slower by %.2f only", got)
	}
	if got := ratio(looks[20:]); math.Abs(got-1) > 0.1 {
		t.Errorf("warm pods are slower by %.2f", got)
	}
}

func TestARestartBringsTheColdBack(t *testing.T) {
	r := long(func(w *World) { w.Cold, w.Source.Restarts = Cold{Latency: 1, Seconds: 25}, 60 }, 10)
	r.History(10 * time.Minute)
	for _, p := range r.Look(0, 0).Pods {
		if age := Began().Sub(p.ReadySince); age > 9*time.Minute {
			t.Errorf("%s restarts every minute and is %s old", p.Name, age)
		}
	}
}

func TestAMissedScrapeLosesNothing(t *testing.T) {
	const rate = 200
	looks := long(func(w *World) { w.Source.Missed = 0.5 }, rate).History(4 * time.Hour)
	requests, _, _ := sum(looks, analysis.Baseline)
	near(t, "the number of requests", requests, rate*4*3600, math.Sqrt(rate*4*3600)+rate*30)
	told := 0
	for _, l := range looks {
		told += len(l.Observations)
	}
	near(t, "the share of scrapes", float64(told)/float64(2*10*len(looks)), 0.5, 0.01)
}

func TestARestartLosesWhatWasNotYetScraped(t *testing.T) {
	const rate = 200
	requests, _, _ := sum(long(func(w *World) { w.Source.Restarts = 30 }, rate).History(4*time.Hour), analysis.Baseline)
	// Each pod loses a scrape interval's half, and a tick, 30 times an hour.
	if lost := 1 - requests/(rate*4*3600); lost < 0.04 || lost > 0.12 {
		t.Errorf("%.3f of the requests are lost", lost)
	}
}

func TestIncidentsHitBothArmsAtOnce(t *testing.T) {
	looks := watch(long(func(w *World) { w.Bursts = Bursts{PerHour: 8, Errors: 0.3, Latency: 2} }, 1000), 400, 50)
	together, alone := 0, 0
	for i := range looks {
		cn, cx, _ := sum(looks[i:i+1], analysis.Candidate)
		bn, bx, _ := sum(looks[i:i+1], analysis.Baseline)
		if candidate, baseline := cx/cn > 0.04, bx/bn > 0.04; candidate && baseline {
			together++
		} else if candidate != baseline {
			alone++
		}
	}
	if together < 10 || alone > together/5 {
		t.Errorf("%d looks show an incident on both arms, %d on one", together, alone)
	}
}

func TestRetriesAddRequests(t *testing.T) {
	const rate = 200
	requests, _, _ := sum(long(func(w *World) { w.Service.Errors, w.Service.Retries = 0.2, 1 }, rate).History(time.Hour), analysis.Baseline)
	near(t, "the factor on the requests", requests/(rate*3600), 1.25, 0.005)
}

func TestOneNodeInFiveIsSlow(t *testing.T) {
	slow := 0
	for seed := range uint64(200) {
		w := Clean()
		w.Pods.SlowNodes = 1.25
		for _, p := range New(w, Setting{Rate: 1, Interval: interval}, seed).arms[analysis.Baseline].pods {
			if p.latency > 0 {
				slow++
			}
		}
	}
	near(t, "the share of slow pods", float64(slow)/2000, 0.2, 0.009)
}

func TestABusyPodIsSlowerWhereLoadMatters(t *testing.T) {
	// At 90% two candidate pods carry nine times the load of two baseline pods.
	looks := watch(long(func(w *World) {
		w.Service.Replicas, w.Service.Elasticity, w.Source.Bounds = 2, 0.15, Finer()
	}, 2000), 40, 90)
	near(t, "the ratio of the p95s", ratio(looks), math.Pow(9, 0.15), 0.03)
}

func TestAScalarSourceTellsTheP95(t *testing.T) {
	r := long(func(w *World) { w.Source.Scalar = true }, 1000)
	mean, n := 0.0, 0.0
	for _, l := range r.History(time.Hour) {
		for _, o := range l.Observations {
			if o.Metric == Latency {
				mean, n = mean+*o.Value, n+1
			}
		}
	}
	near(t, "the mean p95", mean/n, 0.3, 0.001)
}

func TestASparseHistogramLeavesOutEmptyBuckets(t *testing.T) {
	for _, o := range long(func(w *World) { w.Source.Bounds, w.Source.Sparse = Native(), true }, 20).Look(10, 20).Observations {
		for _, b := range o.Latency {
			if b.Count == 0 {
				t.Fatalf("%+v", o.Latency)
			}
		}
	}
}
