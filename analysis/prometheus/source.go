package prometheus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/serin-dev/serin/analysis"
)

const (
	// lookBack is how long before a window a series' last sample may be taken; as long as Prometheus itself deems it current.
	lookBack = 5 * time.Minute
	// memory is how long before a window a target is remembered that is scraped no more.
	memory = time.Hour
	// mostPieces is into how many pieces a window is divided at most when its samples do not fit one answer.
	mostPieces = 16
)

// source counts with one server. It holds nothing between calls and may be used concurrently.
type source struct {
	client *client
	preset string
}

// New makes a source. c.Address is the base URL of the API, without /api/v1; an empty c.Preset is opentelemetry.
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
	return &source{client: client, preset: preset}, nil
}

// Ping asks for a constant.
func (s *source) Ping(ctx context.Context) error {
	return retry(ctx, func() error {
		return s.client.query(ctx, "vector(1)", time.Time{}, func(*series) error { return nil })
	})
}

// Count answers every query; see [analysis.Provider]. Queries on one preset share their requests. A sample that the server
// takes in only after the window it belongs to was asked for is not seen: let a window end a little before now.
func (s *source) Count(ctx context.Context, subject analysis.Subject, qs []analysis.Query, w analysis.Window) ([]analysis.Observation, error) {
	p, err := s.plan(qs)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", analysis.ErrRejected, err)
	}
	if !w.To.After(w.From) {
		return nil, nil
	}
	answers, err := s.answer(ctx, p.questions, subject, w)
	if err != nil {
		return nil, err
	}
	var out []analysis.Observation
	for i, q := range qs {
		counts := p.parts[i].compose(q, answers)
		if q.Errors && q.Custom == nil {
			if err := p.questions[p.parts[i].requests].family.untold(counts); err != nil {
				return nil, err
			}
		}
		out = append(out, observations(counts, q, w)...)
	}
	return out, nil
}

// answer counts every question.
func (s *source) answer(ctx context.Context, qs []question, subject analysis.Subject, w analysis.Window) ([]map[unit]*count, error) {
	ts := targets{}
	readings := make([]*reading, len(qs))
	for i, q := range qs {
		var err error
		if readings[i], err = s.search(ctx, q, subject, w, ts); err != nil {
			return nil, err
		}
	}
	if strangers := ts.strangers(); len(strangers) > 0 {
		err := retry(ctx, func() error { return s.client.query(ctx, wereUp(strangers), w.From, recognise(strangers)) })
		if err != nil {
			return nil, err
		}
	}
	counts := make([]map[unit]*count, len(qs))
	for i, r := range readings {
		counts[i] = r.counts()
	}
	return counts, nil
}

// search reads a question's series, by the first way to tell the arms apart that finds any.
func (s *source) search(ctx context.Context, q question, subject analysis.Subject, w analysis.Window, ts targets) (*reading, error) {
	var r *reading
	for _, of := range q.family.arms {
		a, err := of(subject)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", analysis.ErrRejected, err)
		}
		if r, err = s.read(ctx, q, a, w, ts); err != nil || !r.empty() {
			return r, err
		}
	}
	return r, nil
}

// errTooManySamples means that the samples of a part of the window do not fit one answer, which those of a smaller part may.
var errTooManySamples = errors.New("too many samples")

// read reads the series of a question, in as many pieces as their samples need.
func (s *source) read(ctx context.Context, q question, a arms, w analysis.Window, ts targets) (*reading, error) {
	for pieces := int64(1); ; pieces *= 4 {
		var r *reading
		err := retry(ctx, func() error {
			r = newReading(q.family, a, w, ts)
			return s.fill(ctx, r, q.expression(a), pieces)
		})
		if !errors.Is(err, errTooManySamples) || pieces >= mostPieces {
			return r, err
		}
	}
}

// fill asks for the samples at the window's beginning and for those within.
func (s *source) fill(ctx context.Context, r *reading, selection string, pieces int64) error {
	from, length := time.UnixMilli(r.from), r.to-r.from
	if err := s.client.query(ctx, "last_over_time("+selection+span(lookBack)+")", from, r.begin); err != nil {
		return err
	}
	for i := range pieces {
		begin, end := r.from+length*i/pieces, r.from+length*(i+1)/pieces
		if begin == end {
			continue
		}
		within := span(time.Duration(end-begin) * time.Millisecond)
		if err := s.client.query(ctx, selection+within, time.UnixMilli(end), r.add); errors.Is(err, errTooLarge) {
			return fmt.Errorf("%w: %w", errTooManySamples, err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// span is a range of time in PromQL.
func span(d time.Duration) string { return fmt.Sprintf("[%dms]", d.Milliseconds()) }
