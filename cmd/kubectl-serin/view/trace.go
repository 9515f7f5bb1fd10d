package view

import (
	"errors"
	"io"
	"math"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/trace"
)

// mostLooks of a trace are drawn; one in a ConfigMap has far fewer.
const mostLooks = 2000

// FromTrace reads the looks of a recorded release. Those of another revision, and those before the release, are none of it.
func FromTrace(in io.Reader, revision string) ([]Look, error) {
	r, err := trace.NewReader(in)
	if err != nil {
		return nil, err
	}
	h := r.Header()
	if h.Candidate.Name != revision {
		return nil, nil
	}
	var looks []Look
	for range mostLooks {
		l, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return looks, err
		}
		if l.Weight == 0 {
			continue
		}
		look := Look{At: l.Window.To, Values: map[string]Pair{}}
		for _, c := range h.Policy.Criteria {
			look.Values[c.Name] = Pair{armValue(l.Observations, c, analysis.Baseline), armValue(l.Observations, c, analysis.Candidate)}
		}
		looks = append(looks, look)
	}
	return looks, nil
}

// armValue is what a look showed of one arm: the error rate, the quantile or the value of all its pods.
func armValue(all []analysis.Observation, c analysis.Criterion, arm analysis.Arm) float64 {
	var requests, failed, values, weights float64
	var latency analysis.Histogram
	for _, o := range all {
		if o.Metric != c.Name || o.Arm != arm {
			continue
		}
		requests, failed, latency = requests+o.Requests, failed+o.Errors, latency.Merge(o.Latency)
		if o.Value != nil {
			weight := max(o.Requests, 1)
			values, weights = values+*o.Value*weight, weights+weight
		}
	}
	switch {
	case weights > 0:
		return values / weights
	case c.Errors && requests > 0:
		return failed / requests
	case c.Quantile > 0:
		return quantile(latency, c.Quantile)
	}
	return math.NaN()
}

// quantile of a histogram, evenly spread within its bucket; NaN without any count.
func quantile(h analysis.Histogram, q float64) float64 {
	wanted := q * h.Total()
	if !(wanted > 0) {
		return math.NaN()
	}
	for _, b := range h {
		if b.Count >= wanted {
			if math.IsInf(b.Upper, 1) {
				return b.Lower
			}
			return b.Lower + (b.Upper-b.Lower)*wanted/b.Count
		}
		wanted -= b.Count
	}
	return h[len(h)-1].Lower
}
