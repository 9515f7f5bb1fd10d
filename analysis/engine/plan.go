package engine

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// Traffic is what a release would be judged by.
type Traffic struct {
	// Rate is the requests per second of both arms together.
	Rate float64
	// Weight is the candidate's share, 1 to 99.
	Weight int32
	// Interval is the time between two looks; 0 is 15 seconds.
	Interval time.Duration
	// CandidatePods and BaselinePods serve; 0 means so many that their differences do not matter.
	CandidatePods, BaselinePods int
	// Latency is the baseline's distribution. Without it a log-normal one is assumed whose p95 is 2.5 times its median.
	Latency analysis.Histogram
}

// Regression is what a release might bring, to one metric.
type Regression struct {
	Metric string
	// Baseline and Candidate are error rates as fractions; of latency, Candidate is the slowdown as a fraction (0.2 is 20%).
	Baseline, Candidate float64
}

// Forecast is how long a release with a regression goes on at one weight until it is rolled back, warm-up included.
type Forecast struct {
	// Never says that the regression is too small for this engine, policy and number of pods, whatever the traffic. The times are
	// 0 then.
	Never bool
	// Half and Most are when half of such releases and nine of ten are rolled back.
	Half, Most time.Duration
}

const (
	usualInterval = 15 * time.Second
	// usualSigma of log-normal durations puts the p95 at 2.5 times the median.
	usualSigma = 0.557
)

// Plan forecasts how long it takes until a regression shows, from the mathematics by which it is judged, on a baseline whose
// counts scatter as is assumed before anything was learned. A look brings evidence at the rate of the Kullback-Leibler divergence
// between the true split of events and the tolerated one; the sum must reach what a rollback needs.
func Plan(p analysis.Policy, t Traffic, r Regression) (Forecast, error) {
	m, err := planned(p, r)
	if err != nil {
		return Forecast{}, err
	}
	if !(t.Rate > 0) || math.IsInf(t.Rate, 0) || t.Weight < 1 || t.Weight > 99 {
		return Forecast{}, fmt.Errorf("%v requests a second at a weight of %d can't be planned with", t.Rate, t.Weight)
	}
	share, tolerated, worse, err := m.shares(t, r)
	if err != nil {
		return Forecast{}, err
	}
	w := float64(t.Weight) / 100
	second := against(t.Rate*w*worse, t.Rate*w, t.Rate*(1-w)*tolerated, t.Rate*(1-w))
	second.Spread = second.Info * float32(inverse(t.CandidatePods)+inverse(t.BaselinePods))
	if !(worse > tolerated) || share <= 0 {
		return Forecast{Never: true}, nil
	}
	needed := m.proof + math.Log(1/firstOnset) + math.Log(ratios/2.0)
	root := (1.81 + math.Sqrt(3.28+4*needed)) / 2
	half, ok := m.until(second, needed)
	most, sure := m.until(second, root*root)
	if !ok {
		return Forecast{Never: true}, nil
	}
	if !sure {
		most = math.Inf(1)
	}
	return Forecast{Half: m.rounded(t, needed, half), Most: m.rounded(t, needed, most)}, nil
}

// planned is the metric that a regression is of.
func planned(p analysis.Policy, r Regression) (*metric, error) {
	for _, m := range New(p).metrics {
		if m.c.Name != r.Metric {
			continue
		}
		if !compares(m.c) || m.c.Worse != analysis.None {
			return nil, fmt.Errorf("%s is not compared by counts", r.Metric)
		}
		return m, nil
	}
	return nil, fmt.Errorf("the policy has no metric %q", r.Metric)
}

// shares are the baseline's share of events, the tolerated one and the regression's.
func (m *metric) shares(t Traffic, r Regression) (share, tolerated, worse float64, err error) {
	if m.c.Errors {
		if !(r.Baseline >= 0 && r.Candidate >= 0 && r.Baseline <= 1 && r.Candidate <= 1) {
			return 0, 0, 0, errors.New("error rates are fractions from 0 to 1")
		}
		return max(r.Baseline, math.SmallestNonzeroFloat32), m.allow(r.Baseline, 1, m.part()), r.Candidate, nil
	}
	if !(r.Candidate >= 0) || math.IsInf(r.Candidate, 0) {
		return 0, 0, 0, errors.New("a slowdown is a fraction of the quantile, 0 or more")
	}
	if m.Boundary = logNormal(m.c.Quantile); len(t.Latency) > 0 {
		if err := t.Latency.Validate(); err != nil {
			return 0, 0, 0, fmt.Errorf("a histogram whose %w", err)
		}
		if m.Boundary = choose(t.Latency, m.c.Quantile, m.tolerated(t.Latency)); m.Boundary.At == 0 {
			return 0, 0, 0, errors.New("the histogram has no boundary near the quantile")
		}
	}
	share = m.Boundary.Share
	return share, m.allow(share, 1, m.part()), min(share*m.Boundary.grown(r.Candidate), 1), nil
}

// logNormal is a boundary at the quantile of log-normal durations.
func logNormal(quantile float64) boundary {
	score := math.Erfinv(2*quantile - 1)
	b := boundary{At: 1, Quantile: 1, Share: 1 - quantile}
	for i, d := range slowdowns() {
		b.Growth[i] = float32((1 - math.Erf(score-math.Log1p(d)/usualSigma/math.Sqrt2)) / 2 / b.Share)
	}
	return b
}

// until is the number of seconds until so many nats, and whether they are ever reached: with more requests the scatter between
// pods remains.
func (m *metric) until(second span, nats float64) (seconds float64, ok bool) {
	tau := m.Dispersion.prior.pods
	lasting := tau*tau*float64(second.Spread) + armVariance*float64(second.Info)
	rate := second.surprise() - nats*lasting
	if !(rate > 0) {
		return 0, false
	}
	return nats * m.Dispersion.prior.look / rate, true
}

// rounded is the time of the look that decides: a look tells only so much, and warm-up is not counted.
func (m *metric) rounded(t Traffic, nats, seconds float64) time.Duration {
	interval := t.Interval
	if interval <= 0 {
		interval = usualInterval
	}
	groups := math.Ceil(nats/lookNats) - 1 // and then one look more
	looks := max(math.Ceil(seconds/interval.Seconds()), groups*math.Ceil(groupLength.Seconds()/interval.Seconds())+1)
	const century = 100 * 365 * 24 * time.Hour
	if looks*interval.Seconds()+m.warmUp > century.Seconds() {
		return century
	}
	return time.Duration(looks)*interval + time.Duration(m.warmUp*float64(time.Second))
}

func inverse(pods int) float64 {
	if pods <= 0 {
		return 0
	}
	return 1 / float64(pods)
}
