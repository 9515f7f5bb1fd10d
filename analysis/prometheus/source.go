package prometheus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/serin-dev/serin/analysis"
)

const (
	// lookBack is how long before a window a series' last sample may be taken; as long as Prometheus itself deems it current.
	lookBack = 5 * time.Minute
	// memory is how long before a window a target is remembered that is scraped no more.
	memory = time.Hour
	// atOnce is how many families are asked for at the same time.
	atOnce = 4
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
	answers := make([]map[unit]*count, len(p.questions))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, q := range p.questions {
		group.Go(func() (err error) {
			answers[i], err = s.answer(ctx, q, subject, w)
			return err
		})
	}
	if err := group.Wait(); err != nil {
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

// answer counts one question, with the first way to tell the arms apart that finds any series.
func (s *source) answer(ctx context.Context, q question, subject analysis.Subject, w analysis.Window) (map[unit]*count, error) {
	for _, of := range q.family.arms {
		a, err := of(subject)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", analysis.ErrRejected, err)
		}
		r, err := s.read(ctx, q, a, w)
		if err != nil {
			return nil, err
		}
		if !r.empty() {
			return r.counts(), nil
		}
	}
	return nil, nil
}

// read reads the series of a question, in as many pieces as their samples need.
func (s *source) read(ctx context.Context, q question, a arms, w analysis.Window) (*reading, error) {
	for pieces := int64(1); ; pieces *= 4 {
		var r *reading
		err := retry(ctx, func() error {
			r = newReading(q.family, a, w)
			return s.fill(ctx, r, q.expression(a), pieces)
		})
		if !errors.Is(err, errTooLarge) || pieces >= mostPieces {
			return r, err
		}
	}
}

// fill asks for the samples at the window's beginning, for those within, and for what is needed to understand series that
// appear.
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
		if err := s.client.query(ctx, selection+within, time.UnixMilli(end), r.add); err != nil {
			return err
		}
	}
	strangers := r.strangers()
	if len(strangers) == 0 {
		return nil
	}
	return s.client.query(ctx, wereUp(strangers), from, r.recognise(strangers))
}

// wereUp asks what Prometheus knows of targets: 1 for those scraped of late, 0 for those scraped some time ago, less for
// those that never answered, nothing for those it never knew.
func wereUp(targets []*scraped) string {
	jobs, instances := map[string]bool{}, map[string]bool{}
	for _, t := range targets {
		jobs[t.job], instances[t.instance] = true, true
	}
	up := selector{}.expression([]string{"up"}, []matcher{oneOf("job", quoteSet(jobs)...), oneOf("instance", quoteSet(instances)...)})
	return "last_over_time(" + up + span(lookBack) + ") == 1 or max_over_time(" + up + span(memory) + ") - 1"
}

// span is a range of time in PromQL.
func span(d time.Duration) string { return fmt.Sprintf("[%dms]", d.Milliseconds()) }
