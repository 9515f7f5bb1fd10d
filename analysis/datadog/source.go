package datadog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV2"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/httpsource"
)

const (
	// healthKept is how long what an answer showed of the backend is told again, instead of asking.
	healthKept = 15 * time.Second
	// heartbeat is a metric of every Agent.
	heartbeat = "max:datadog.agent.running{*}"
)

// source counts with one organisation. What it holds between calls is the rate limit, how late points are, and what is being asked: never
// what was counted. It may be used concurrently.
type source struct {
	client   *client
	preset   string
	budget   *budget
	lateness *lateness
	flights  *flights

	mu sync.Mutex
	// answered is when the backend last did, with skew as it then was.
	answered time.Time
	skew     time.Duration
}

// New makes a source. c.Address is the base URL of the site's API; an empty c.Preset is apm.
func New(c analysis.Config) (analysis.Provider, error) {
	preset := c.Preset
	if preset == "" {
		preset = defaultPreset
	}
	if _, err := findPreset(preset); err != nil {
		return nil, fmt.Errorf("preset: %w", err)
	}
	client, err := newClient(c)
	if err != nil {
		return nil, err
	}
	return &source{
		client: client, preset: preset, budget: newBudget(), lateness: newLateness(), flights: &flights{all: map[string]*flight{}},
	}, nil
}

// Check reads the queries, and tries to tell the arms apart.
func (s *source) Check(subject analysis.Subject, qs []analysis.Query) error {
	if _, err := s.plan(subject, qs); err != nil {
		return fmt.Errorf("%w: %w", analysis.ErrRejected, err)
	}
	return nil
}

// Delay is how long before now a window should end, so that all of its buckets are complete: the last one may reach beyond
// the window, and points come late.
func (s *source) Delay() time.Duration { return s.lateness.ofWindows() }

// Ping asks for a metric of Datadog's own, unless something was answered a moment ago.
func (s *source) Ping(ctx context.Context) (analysis.Health, error) {
	if ctx.Err() != nil {
		return analysis.Health{}, context.Cause(ctx)
	}
	if now := time.Now(); now.Sub(s.lastAnswered()) > healthKept {
		p := &plan{known: map[string]int{}}
		p.place(metricsQuery(heartbeat, ""))
		to := now.UnixMilli() / bucket.Milliseconds() * bucket.Milliseconds()
		if _, err := s.ask(ctx, heartbeat, p, span{from: to - time.Minute.Milliseconds(), to: to, step: bucket.Milliseconds()}); err != nil {
			return s.health(), err
		}
	}
	return s.health(), nil
}

func (s *source) lastAnswered() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answered
}

func (s *source) health() analysis.Health {
	s.mu.Lock()
	defer s.mu.Unlock()
	return analysis.Health{Skew: s.skew, Budget: s.budget.health(time.Now())}
}

// Count answers every query with one request; see [analysis.Provider].
func (s *source) Count(ctx context.Context, subject analysis.Subject, qs []analysis.Query, ws []analysis.Window) ([]analysis.Observation, error) {
	p, err := s.plan(subject, qs)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", analysis.ErrRejected, err)
	}
	if ws, err = httpsource.InOrder(ws); err != nil || len(ws) == 0 || len(p.questions) == 0 {
		return nil, err
	}
	step, now := p.rollUp(ws), time.Now()
	whole := spanOf(ws, step)
	if ws, err = whole.complete(ws, s.lateness.of(step), now); err != nil {
		return nil, err
	}
	asked := spanOf(ws, step)
	if asked.from >= asked.to {
		return nil, nil // no bucket begins in windows that short
	}
	if now.Sub(asked.end()) < 2*mostDelay {
		asked = asked.around(now) // not to be counted: what is on its way shows how late points are
	}
	a, err := s.ask(ctx, subject.Namespace+"/"+subject.Baseline.ReplicaSet+"/"+subject.Candidate.ReplicaSet, p, asked)
	if err != nil {
		return nil, err
	}
	s.lateness.learn(p, a, asked, now)
	var out []analysis.Observation
	for _, w := range ws {
		for i, q := range qs {
			found, err := a.observe(q, p.parts[i], w, asked)
			if err != nil {
				return nil, fmt.Errorf("%s: metric %s: %w", s.client.Address, q.Metric, err)
			}
			out = append(out, found...)
		}
	}
	return out, nil
}

// ask sends one request for a caller, or shares that of another.
func (s *source) ask(ctx context.Context, caller string, p *plan, within span) (*answer, error) {
	request := p.request(within)
	key, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", analysis.ErrRejected, err)
	}
	data, err := s.flights.join(ctx, string(key), func(ctx context.Context) (data *datadogV2.TimeseriesResponseAttributes, err error) {
		err = s.client.Retry(ctx, func() error {
			data, err = s.once(ctx, caller, request)
			return err
		})
		if why := (*httpsource.Failure)(nil); errors.As(err, &why) && why.Throttled() {
			return nil, s.budget.refuse(why.After, time.Now())
		}
		return data, err
	})
	if err != nil {
		return nil, err
	}
	a, err := read(data, p.questions)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.client.Address, err)
	}
	return a, nil
}

// once asks once, if the budget allows it.
func (s *source) once(ctx context.Context, caller string, request datadogV2.TimeseriesFormulaQueryRequest) (*datadogV2.TimeseriesResponseAttributes, error) {
	if err := s.budget.take(caller, time.Now()); err != nil {
		return nil, err
	}
	data, with, err := s.client.query(ctx, request)
	if with != nil {
		s.budget.hear(with)
		s.hear(with, err == nil)
	}
	return data, err
}

// hear takes in the backend's clock, and that it answered.
func (s *source) hear(t *tidings, good bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if good {
		s.answered = t.received
	}
	if ahead, known := httpsource.Skew(t.header, t.sent, t.received); known {
		s.skew = ahead
	}
}
