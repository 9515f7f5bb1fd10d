package analysistest

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/serin-dev/serin/analysis"
)

// counting counts the requests on their way to a backend.
func counting(n *atomic.Int64, backend http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		backend.ServeHTTP(w, r)
	})
}

// parts are the adjoining windows to ask for.
func (s Setup) parts() []analysis.Window {
	if len(s.Parts) > 0 {
		return s.Parts
	}
	const n = 3
	var parts []analysis.Window
	for i, from := 1, s.Window.From; i <= n; i++ {
		to := s.Window.From.Add(s.Window.To.Sub(s.Window.From) * time.Duration(i) / n)
		parts = append(parts, analysis.Window{From: from, To: to})
		from = to
	}
	return parts
}

// adjoining asks for windows at once, for each alone, and for all the time in one.
func adjoining(t *testing.T, s Setup) {
	p, parts := s.source(t, s.Full), s.parts()
	count := func(ws ...analysis.Window) []analysis.Observation {
		obs, err := p.Count(t.Context(), s.Subject, s.Queries, ws)
		if err != nil {
			t.Fatal(err)
		}
		return obs
	}
	var single []analysis.Observation
	for _, w := range parts {
		single = append(single, count(w)...)
	}
	together := count(parts...)
	if diff := cmp.Diff(single, together, cmpopts.EquateApprox(1e-9, 1e-9)); diff != "" {
		t.Errorf("one window a call and all in one call differ:\n%s", diff)
	}
	all := count(analysis.Window{From: parts[0].From, To: parts[len(parts)-1].To})
	sum, whole := total(together), total(all)
	if diff := cmp.Diff(whole, sum, cmpopts.EquateApprox(1e-9, 1e-9)); diff != "" {
		t.Errorf("the whole time and the sum of its parts differ:\n%s", diff)
	}
	if why := outside(all, together); why != "" {
		t.Error(why)
	}
}

// total is what was counted by metric, arm and pod. Values of a single number do not add up, see outside.
func total(obs []analysis.Observation) map[unit][3]float64 {
	sums := map[unit][3]float64{}
	for _, o := range obs {
		u := unit{o.Metric, o.Arm, o.Pod}
		sum := sums[u]
		sums[u] = [3]float64{sum[0] + o.Requests, sum[1] + o.Errors, sum[2] + o.Latency.Total()}
	}
	return sums
}

// checked wants Check and Count to agree, and neither to ask for what can't be answered.
func checked(t *testing.T, s Setup) {
	var asked atomic.Int64
	p := s.source(t, counting(&asked, s.Full))
	alone := s.Subject
	alone.Candidate = analysis.Target{}
	for who, subject := range map[string]analysis.Subject{"both arms": s.Subject, "the baseline alone": alone} {
		if err := p.Check(subject, s.Queries); err != nil {
			t.Errorf("Check of %s: %v", who, err)
		}
	}
	for _, q := range append([]analysis.Query{{Metric: "unknown", Preset: "no-such-preset", Errors: true}}, s.Refused...) {
		checkError := p.Check(s.Subject, []analysis.Query{q})
		_, countError := p.Count(t.Context(), s.Subject, []analysis.Query{q}, s.windows())
		for who, err := range map[string]error{"Check": checkError, "Count": countError} {
			if !errors.Is(err, analysis.ErrRejected) || errors.Is(err, analysis.ErrUnauthorized) {
				t.Errorf("%s of %+v: %v does not match ErrRejected, or tells of credentials", who, q, err)
			}
		}
	}
	if asked.Load() > 0 {
		t.Errorf("%d requests were made", asked.Load())
	}
}

// nothingToAsk is a call that needs no answer.
func nothingToAsk(t *testing.T, s Setup) {
	var asked atomic.Int64
	p := s.source(t, counting(&asked, s.Full))
	if obs, err := p.Count(t.Context(), s.Subject, s.Queries, nil); err != nil || len(obs) > 0 {
		t.Errorf("without windows: %v, %v", obs, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range s.calls(p) {
		if err := call(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled before it began: %v", name, err)
		}
	}
	if asked.Load() > 0 {
		t.Errorf("%d requests were made", asked.Load())
	}
}
