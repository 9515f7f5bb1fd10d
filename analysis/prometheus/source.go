package prometheus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/httpsource"
)

const (
	// lookBack is how long before a window a series' last sample may be taken; as long as Prometheus itself deems it current.
	lookBack = 5 * time.Minute
	// memory is how long before a window a target is remembered that is scraped no more.
	memory = time.Hour
	// mostPieces is into how many pieces a window is divided at most when its samples do not fit one answer.
	mostPieces = 16
)

// source counts with one server. It holds nothing of what it counted between calls, and may be used concurrently.
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
func (s *source) Ping(ctx context.Context) (analysis.Health, error) {
	var health analysis.Health
	err := s.client.Retry(ctx, func() (err error) {
		health.Skew, err = s.client.ask(ctx, "vector(1)", time.Time{}, func(*series) error { return nil })
		return err
	})
	return health, err
}

// Check reads the queries, and tries to tell the arms apart.
func (s *source) Check(subject analysis.Subject, qs []analysis.Query) error {
	p, err := s.plan(qs)
	if err != nil {
		return fmt.Errorf("%w: %w", analysis.ErrRejected, err)
	}
	var ways []armsOf
	for _, q := range p.questions {
		ways = append(ways, q.family.arms...)
	}
	for _, q := range p.values {
		ways = append(ways, q.arms...)
	}
	for _, of := range ways {
		if _, err := of(subject); err != nil {
			return fmt.Errorf("%w: %w", analysis.ErrRejected, err)
		}
	}
	return nil
}

// Count answers every query; see [analysis.Provider]. Queries on one preset share their requests, and so do windows that follow each
// other. A sample that the server takes in only after the window it belongs to was asked for is not seen: let a window end a
// little before now.
func (s *source) Count(ctx context.Context, subject analysis.Subject, qs []analysis.Query, ws []analysis.Window) ([]analysis.Observation, error) {
	p, err := s.plan(qs)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", analysis.ErrRejected, err)
	}
	if ws, err = httpsource.InOrder(ws); err != nil || len(ws) == 0 {
		return nil, err
	}
	answers, err := s.answer(ctx, p.questions, subject, ws)
	if err != nil {
		return nil, err
	}
	values, err := s.values(ctx, p, subject, qs, ws)
	if err != nil {
		return nil, err
	}
	var out []analysis.Observation
	for n, w := range ws {
		for i, q := range qs {
			if v := p.parts[i].value; v >= 0 {
				out = append(out, valuesIn(values[v], q.Metric, n, w)...)
				continue
			}
			counts := p.parts[i].compose(q, answers[n])
			if q.Errors && q.Custom == nil {
				if err := p.questions[p.parts[i].requests].family.untold(counts); err != nil {
					return nil, err
				}
			}
			out = append(out, observations(counts, q, w)...)
		}
	}
	return out, nil
}

// answer counts every question in every window.
func (s *source) answer(ctx context.Context, qs []question, subject analysis.Subject, ws []analysis.Window) ([][]map[unit]*count, error) {
	known := make([]targets, len(ws)) // by window
	for n := range known {
		known[n] = targets{}
	}
	answers := make([]readings, len(qs))
	for i, q := range qs {
		var err error
		if answers[i], err = s.search(ctx, q, subject, ws, known); err != nil {
			return nil, err
		}
	}
	counts := make([][]map[unit]*count, len(ws))
	for n, w := range ws {
		if strangers := known[n].strangers(); len(strangers) > 0 {
			err := s.client.Retry(ctx, func() error { return s.client.query(ctx, wereUp(strangers), w.From, recognise(strangers)) })
			if err != nil {
				return nil, err
			}
		}
		for _, rs := range answers {
			counts[n] = append(counts[n], rs.windows[n].counts())
		}
	}
	return counts, nil
}

// search reads a question's series, by the first way to tell the arms apart that finds any.
func (s *source) search(ctx context.Context, q question, subject analysis.Subject, ws []analysis.Window, known []targets) (readings, error) {
	var rs readings
	for _, of := range q.family.arms {
		a, err := of(subject)
		if err != nil {
			return rs, fmt.Errorf("%w: %w", analysis.ErrRejected, err)
		}
		if rs, err = s.read(ctx, q, a, ws, known); err != nil || !rs.empty() {
			return rs, err
		}
	}
	return rs, nil
}

// errTooManySamples means that the samples of a part of the window do not fit one answer, which those of a smaller part may.
var errTooManySamples = errors.New("too many samples")

// read reads the series of a question, in as many pieces as their samples need.
func (s *source) read(ctx context.Context, q question, a arms, ws []analysis.Window, known []targets) (readings, error) {
	for pieces := int64(1); ; pieces *= 4 {
		var rs readings
		err := s.client.Retry(ctx, func() error {
			rs = newReadings(q.family, a, ws, known)
			return s.fill(ctx, rs, q.expression(a), pieces)
		})
		if !errors.Is(err, errTooManySamples) || pieces >= mostPieces {
			return rs, err
		}
	}
}

// fill asks for the samples at the first window's beginning and for those up to the last one's end.
func (s *source) fill(ctx context.Context, rs readings, selection string, pieces int64) error {
	from, to := rs.span()
	if err := s.client.query(ctx, "last_over_time("+selection+span(lookBack)+")", time.UnixMilli(from), rs.begin); err != nil {
		return err
	}
	for i := range pieces {
		begin, end := from+(to-from)*i/pieces, from+(to-from)*(i+1)/pieces
		if begin == end {
			continue
		}
		within := span(time.Duration(end-begin) * time.Millisecond)
		if err := s.client.query(ctx, selection+within, time.UnixMilli(end), rs.add); errors.Is(err, httpsource.ErrTooLarge) {
			return fmt.Errorf("%w: %w", errTooManySamples, err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// span is a range of time in PromQL.
func span(d time.Duration) string { return fmt.Sprintf("[%dms]", d.Milliseconds()) }
