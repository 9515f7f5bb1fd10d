package engine

import (
	"errors"
	"fmt"
	"math"

	"github.com/serin-dev/serin/analysis"
)

// cell is what one pod, or one arm where the source can't tell pods apart, showed in one look.
type cell struct {
	pod              uint32 // hash of the name, 0 for a whole arm
	events, requests float64
	// excused is how many times as many events it may have with nothing wrong, for being new or for carrying more; 1 or more.
	excused float64
	// age is how long it served when the look began, in seconds.
	age float64
}

// reading is one metric's part of a look.
type reading struct {
	// arms are the cells of the baseline and of the candidate.
	arms [2][]cell
	// latency is the sum of an arm's histograms.
	latency [2]analysis.Histogram
	// over are the candidate's requests slower than the limit, for sure.
	over float64
	// value is the interval's own number, over so many requests; NaN where there is none.
	value, requests [2]float64
	// across says that an arm's buckets do not have the boundary.
	across [2]bool
}

// read collects the observations of one metric. The error says what makes no sense; then none of them counts.
func (m *metric) read(v *view) (*reading, error) {
	r := &reading{value: [2]float64{math.NaN(), math.NaN()}}
	for i := range v.Observations {
		o := &v.Observations[i]
		if o.Metric != m.c.Name || v.learning && o.Arm != analysis.Baseline {
			continue
		}
		if err := m.validate(o); err != nil {
			return nil, err
		}
		if o.Value != nil {
			r.value[o.Arm], r.requests[o.Arm] = *o.Value, o.Requests
			continue
		}
		m.count(v, r, o)
	}
	return r, nil
}

// validate says what is wrong with an observation.
func (m *metric) validate(o *analysis.Observation) error {
	switch {
	case o.Arm != analysis.Baseline && o.Arm != analysis.Candidate:
		return fmt.Errorf("the source counted for an unknown arm (%d)", o.Arm)
	case o.Value != nil:
		return m.validateValue(o)
	case m.c.Worse != analysis.None:
		return errors.New("the source sent no value")
	case !m.c.Errors:
		if err := o.Latency.Validate(); err != nil {
			return fmt.Errorf("the source sent a histogram whose %w", err)
		}
		if o.Latency.Total() > mostRequests {
			return errors.New("the source counted more requests than a number can hold")
		}
	case !(o.Errors >= 0 && o.Errors <= o.Requests) || o.Requests > mostRequests:
		return fmt.Errorf("the source counted %v errors in %v requests", o.Errors, o.Requests)
	}
	return nil
}

func (m *metric) validateValue(o *analysis.Observation) error {
	switch {
	case m.c.Errors:
		return errors.New("the source sent a value instead of counts")
	case !(math.Abs(*o.Value) <= mostValue):
		return fmt.Errorf("the source sent %v as a value", *o.Value)
	case m.c.Worse == analysis.None && !(*o.Value >= 0):
		return fmt.Errorf("the source sent a latency of %v", *o.Value)
	case !(o.Requests >= 0) || o.Requests > mostRequests:
		return fmt.Errorf("the source counted %v requests", o.Requests)
	}
	return nil
}

// mostRequests and mostValue are the most that is believed of one look, far beyond any service.
const mostRequests, mostValue = 1e15, 1e15

// count adds an observation's counts.
func (m *metric) count(v *view, r *reading, o *analysis.Observation) {
	c := cell{events: o.Errors, requests: o.Requests, age: math.Inf(1)}
	if !m.c.Errors {
		if len(r.latency[o.Arm]) == 0 {
			r.latency[o.Arm] = o.Latency.Merge()
		} else {
			r.latency[o.Arm] = r.latency[o.Arm].Merge(o.Latency)
		}
		var ok bool
		c.requests = o.Latency.Total()
		c.events, ok = beyond(o.Latency, m.Boundary.At)
		r.across[o.Arm] = r.across[o.Arm] || !ok
		if o.Arm == analysis.Candidate && m.c.Limit > 0 {
			r.over += surely(o.Latency, m.c.Limit)
		}
	}
	if c.requests <= 0 {
		return
	}
	c.excused = 1
	if o.Pod != "" {
		c.pod = hashOf(o.Arm, o.Pod)
	}
	if since := v.since(o); !since.IsZero() && (o.Pod != "" || o.Arm == analysis.Candidate) {
		c.age = v.Window.From.Sub(since).Seconds()
	}
	r.arms[o.Arm] = append(r.arms[o.Arm], c)
}

// surely counts the durations that are greater than x without doubt.
func surely(h analysis.Histogram, x float64) (n float64) {
	for _, b := range h {
		if b.Lower >= x {
			n += b.Count
		}
	}
	return n
}

// total of cells.
func total(cells []cell) (events, requests float64) {
	for _, c := range cells {
		events += c.events
		requests += c.requests
	}
	return events, requests
}

// chargeable is the total of cells without the events that are excused. Their requests could stand for more instead, but then what
// is known least about would count most.
func chargeable(cells []cell) (events, requests float64) {
	for _, c := range cells {
		events += c.events / c.excused
		requests += c.requests
	}
	return events, requests
}

// effective is how many pods carry cells, counted by what they carry: (Σn)²/Σn². A whole arm counts as its pods.
func effective(cells []cell, pods float64) float64 {
	if len(cells) == 1 && cells[0].pod == 0 {
		return max(pods, 1)
	}
	var sum, squares float64
	for _, c := range cells {
		sum += c.requests
		squares += c.requests * c.requests
	}
	if squares == 0 {
		return 1
	}
	return sum * sum / squares
}
