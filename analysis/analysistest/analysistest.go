// Package analysistest holds what every source of evidence has to do, as tests, and a [Fake] for tests of what uses one.
package analysistest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/serin-dev/serin/analysis"
)

// Setup says how to reach the source under test. Its handlers play the backend, and may be called concurrently.
type Setup struct {
	// New makes the source.
	New analysis.Factory
	// Config is complete but for the address. Credentials are tried one after the other, and should contain every secret
	// that the source can be given, as distinctive texts; they are not looked at by the handlers.
	Config      analysis.Config
	Credentials []map[string][]byte
	// Subject, Queries and Window are what is asked for.
	Subject analysis.Subject
	Queries []analysis.Query
	Window  analysis.Window
	// Full answers with requests on both arms for every query, Empty with none at all.
	Full, Empty http.Handler
	// Endless writes the beginning of a valid answer to the first query, and then more of it at each further call.
	Endless func(w io.Writer, call int) error
	// MostBytes is how much of an answer the source reads at most, with room for what is on its way.
	MostBytes int64
	// Parts are two or more windows that follow each other without a gap and that Full answers like Window; left out, the thirds of Window.
	Parts []analysis.Window
	// Refused are queries that the source can't answer and knows so by itself; each is asked alone. A preset that does not exist is
	// tried in any case.
	Refused []analysis.Query
	// Values is set for a source that answers latency by one number a window, a quantile over the requests of a whole arm, in place of a histogram. It holds
	// how long the requests take that Full tells of, so that a number in another unit is noticed.
	Values *Durations
	// Unsupported names requirements that the source can't meet, and says why.
	Unsupported map[string]string
}

// Durations are those of the shortest and of the longest request.
type Durations struct{ Least, Most time.Duration }

// requirement is one test of a source.
type requirement struct {
	name string
	test func(*testing.T, Setup)
}

// soon is how long a call may take to notice that it is not wanted any more; much longer than needed, for busy machines.
const soon = 5 * time.Second

// Run runs a test for each requirement.
func Run(t *testing.T, s Setup) {
	requirements := []requirement{
		{"counts are whole and in order", wholeAndInOrder},
		{"adjoining windows count every request once", adjoining},
		{"what can't be answered is refused without asking", checked},
		{"no data is no observation", noData},
		{"nothing is asked for nothing", nothingToAsk},
		{"a refusal is final", refusals},
		{"trouble is not final", trouble},
		{"failures are told apart", toldApart},
		{"trouble that passes is survived", passingTrouble},
		{"a backend that asks for a moment gets it", shortlyThrottled},
		{"a backend that asks to be left alone is left alone", leftAlone},
		{"an unreachable backend is trouble", unreachable},
		{"an answer of another kind is an error", garbage},
		{"an answer that breaks off is an error", brokenOff},
		{"the context is obeyed", contextObeyed},
		{"the timeout is obeyed", timeoutObeyed},
		{"an endless answer is given up", endless},
		{"no error tells a secret", noSecret},
		{"a redirect carries no secret elsewhere", redirect},
		{"the clock of the backend is told", clockTold},
		{"concurrent calls do not disturb each other", concurrent},
	}
	if s.Values != nil {
		requirements = append(requirements, requirement{"a value is the quantile that is asked for", quantiles})
	}
	for _, r := range requirements {
		t.Run(r.name, func(t *testing.T) {
			if why, ok := s.Unsupported[r.name]; ok {
				t.Skip("unsupported: " + why)
			}
			t.Parallel()
			r.test(t, s)
		})
	}
}

// source makes the source with a backend.
func (s Setup) source(t *testing.T, backend http.Handler) analysis.Provider {
	t.Helper()
	server := httptest.NewServer(backend)
	t.Cleanup(server.Close)
	return s.at(t, server.URL, s.Config.Credentials)
}

func (s Setup) at(t *testing.T, address string, credentials map[string][]byte) analysis.Provider {
	t.Helper()
	c := s.Config
	c.Address, c.Credentials = address, credentials
	p, err := s.New(c)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return p
}

func (s Setup) windows() []analysis.Window { return []analysis.Window{s.Window} }

// calls are the two ways to ask a source.
func (s Setup) calls(p analysis.Provider) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Count": func(ctx context.Context) error {
			_, err := p.Count(ctx, s.Subject, s.Queries, s.windows())
			return err
		},
		"Ping": func(ctx context.Context) error { return ping(ctx, p) },
	}
}

func ping(ctx context.Context, p analysis.Provider) error {
	_, err := p.Ping(ctx)
	return err
}

// status answers every request alike.
func status(code int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, http.StatusText(code), code) })
}

func wholeAndInOrder(t *testing.T, s Setup) {
	p := s.source(t, s.Full)
	obs, err := p.Count(t.Context(), s.Subject, s.Queries, s.windows())
	if err != nil {
		t.Fatal(err)
	}
	type key struct {
		metric string
		arm    analysis.Arm
	}
	seen, place := map[key]bool{}, -1
	var last analysis.Observation
	for _, o := range obs {
		query, at := s.query(o.Metric)
		seen[key{o.Metric, o.Arm}] = true
		if at < place || at == place && (o.Arm < last.Arm || o.Arm == last.Arm && o.Pod <= last.Pod) {
			t.Errorf("%s of %v %q comes after %s of %v %q", o.Metric, o.Arm, o.Pod, last.Metric, last.Arm, last.Pod)
		}
		place, last = at, o
		if at < 0 || (o.Arm != analysis.Baseline && o.Arm != analysis.Candidate) {
			t.Errorf("nobody asked for %s of %v", o.Metric, o.Arm)
		}
		if !(o.Requests > 0) || o.Requests > 1e18 || !(o.Errors >= 0) || o.Errors > o.Requests {
			t.Errorf("%s of %v %q: %v errors in %v requests", o.Metric, o.Arm, o.Pod, o.Errors, o.Requests)
		}
		if why := s.problem(query, o); why != "" {
			t.Errorf("%s of %v %q: %s", o.Metric, o.Arm, o.Pod, why)
		}
		if o.Window.From.Before(s.Window.From) || o.Window.To.After(s.Window.To) {
			t.Errorf("%s: counted over %v, asked for %v", o.Metric, o.Window, s.Window)
		}
	}
	for _, q := range s.Queries {
		if !seen[key{q.Metric, analysis.Baseline}] || !seen[key{q.Metric, analysis.Candidate}] {
			t.Errorf("%s is not counted for both arms", q.Metric)
		}
	}
	if err := ping(t.Context(), p); err != nil {
		t.Errorf("Ping: %v", err)
	}
}

func (s Setup) query(metric string) (analysis.Query, int) {
	for i, q := range s.Queries {
		if q.Metric == metric {
			return q, i
		}
	}
	return analysis.Query{}, -1
}

func noData(t *testing.T, s Setup) {
	p := s.source(t, s.Empty)
	if obs, err := p.Count(t.Context(), s.Subject, s.Queries, s.windows()); err != nil || len(obs) > 0 {
		t.Errorf("Count: %v, %v", obs, err)
	}
	if err := ping(t.Context(), p); err != nil {
		t.Errorf("Ping: %v", err)
	}
}

func concurrent(t *testing.T, s Setup) {
	p := s.source(t, s.Full)
	want, err := p.Count(t.Context(), s.Subject, s.Queries, s.windows())
	if err != nil {
		t.Fatal(err)
	}
	var group errgroup.Group
	for range 16 {
		group.Go(func() error {
			got, err := p.Count(context.Background(), s.Subject, s.Queries, s.windows())
			if err == nil && !reflect.DeepEqual(got, want) {
				err = errors.New("a concurrent call counts something else")
			}
			return errors.Join(err, ping(context.Background(), p))
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

// tells says which of the secrets a text contains.
func tells(text string, credentials map[string][]byte) []string {
	var told []string
	for key, value := range credentials {
		for line := range strings.Lines(string(value)) {
			if line = strings.TrimSpace(line); len(line) > 3 && strings.Contains(text, line) {
				told = append(told, key)
			}
		}
	}
	return told
}
