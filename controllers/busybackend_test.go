package controllers

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/datadog/datadogtest"
)

// busyBackend is Datadog's stand-in behind real HTTP. It lives outside of the bubble in which time is made to pass, and is told that time with each question.
type busyBackend struct {
	*datadogtest.Server
	address string
	now     atomic.Int64

	mu sync.Mutex
	// times are when it was asked, and from when on and until when it refuses everything.
	times       []time.Time
	from, until time.Time
}

func newBusyBackend(t *testing.T, limit int, period time.Duration) *busyBackend {
	t.Helper()
	b := &busyBackend{}
	b.Server = &datadogtest.Server{Store: twoVersions(), Limit: limit, Period: period, Now: func() time.Time { return time.Unix(0, b.now.Load()).UTC() }}
	server := httptest.NewUnstartedServer(b)
	server.Config.SetKeepAlivesEnabled(false) // time can't pass while somebody in the bubble waits for a connection
	server.Start()
	t.Cleanup(server.Close)
	b.address = server.URL
	return b
}

// serviceOf is the service that a question is about. To the stand-in all are the same.
var serviceOf = regexp.MustCompile(`service:canary-[0-9]+`)

// ServeHTTP answers, and says besides what it refuses how long to wait, as Datadog's documentation has it.
func (b *busyBackend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := b.Now()
	b.mu.Lock()
	b.times = append(b.times, now)
	storm := !now.Before(b.from) && now.Before(b.until)
	b.mu.Unlock()
	fault := datadogtest.Healthy
	if storm {
		fault = datadogtest.Throttled
	}
	b.Fail(fault)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(serviceOf.ReplaceAll(body, []byte("service:shop"))))
	b.Server.ServeHTTP(told429{w}, r)
}

// told429 adds Retry-After to refusals.
type told429 struct{ http.ResponseWriter }

// WriteHeader writes the header.
func (w told429) WriteHeader(code int) {
	if code == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", w.Header().Get("X-Ratelimit-Reset"))
	}
	w.ResponseWriter.WriteHeader(code)
}

// asked are how many questions came from one time to another, and the most in any period within.
func (b *busyBackend) asked(from, to time.Time, period time.Duration) (all, most int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	in := map[int64]int{}
	for _, at := range b.times {
		if !at.Before(from) && at.Before(to) {
			all++
			in[at.UnixNano()/int64(period)]++
		}
	}
	for _, n := range in {
		most = max(most, n)
	}
	return all, most
}

// timed is a source that tells its backend the time with each request.
type timed struct {
	analysis.Provider
	backend *busyBackend
}

func (s timed) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: func(string) { s.backend.now.Store(time.Now().UnixNano()) }})
}

// Delay is the source's.
func (s timed) Delay() time.Duration { return s.Provider.(analysis.Delayed).Delay() }

// Count counts.
func (s timed) Count(ctx context.Context, subject analysis.Subject, qs []analysis.Query, ws []analysis.Window) ([]analysis.Observation, error) {
	return s.Provider.Count(s.trace(ctx), subject, qs, ws)
}

// Ping pings.
func (s timed) Ping(ctx context.Context) (analysis.Health, error) {
	return s.Provider.Ping(s.trace(ctx))
}
