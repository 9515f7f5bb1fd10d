package analysistest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// toldApart wants the words of package analysis for each kind of failure, since people are told what to do by them.
func toldApart(t *testing.T, s Setup) {
	words := map[string]error{"ErrRejected": analysis.ErrRejected, "ErrUnauthorized": analysis.ErrUnauthorized, "ErrNonsense": analysis.ErrNonsense}
	text := func(body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
	}
	var all sync.WaitGroup // they wait before they try again
	for _, kind := range []struct {
		backend http.Handler
		name    string
		want    map[string]bool
	}{
		{status(http.StatusBadRequest), "400", map[string]bool{"ErrRejected": true}},
		{status(http.StatusNotFound), "404", map[string]bool{"ErrRejected": true}},
		{status(http.StatusUnauthorized), "401", map[string]bool{"ErrRejected": true, "ErrUnauthorized": true}},
		{status(http.StatusForbidden), "403", map[string]bool{"ErrRejected": true, "ErrUnauthorized": true}},
		{status(http.StatusTooManyRequests), "429", map[string]bool{"ThrottledError": true}},
		{status(http.StatusInternalServerError), "500", nil},
		{status(http.StatusServiceUnavailable), "503", nil},
		{text("<html><body>Sign in</body></html>"), "a page", map[string]bool{"ErrNonsense": true}},
		{text("{}"), "another API", map[string]bool{"ErrNonsense": true}},
	} {
		for name, call := range s.calls(s.source(t, kind.backend)) {
			all.Go(func() {
				err := call(t.Context())
				for word, target := range words {
					if errors.Is(err, target) != kind.want[word] {
						t.Errorf("%s, answered %s: does %q match %s? It should be %v", name, kind.name, err, word, kind.want[word])
					}
				}
				var throttled *analysis.ThrottledError
				if errors.As(err, &throttled) != kind.want["ThrottledError"] || throttled != nil && throttled.After <= 0 {
					t.Errorf("%s, answered %s: is %q a ThrottledError with a time to wait? It should be %v", name, kind.name, err, kind.want["ThrottledError"])
				}
			})
		}
	}
	all.Wait()
}

// throttling answers 429 and how long to wait, until it is relieved.
type throttling struct {
	usual    http.Handler
	after    string
	asked    atomic.Int64
	relieved atomic.Bool
}

func (b *throttling) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.asked.Add(1)
	if b.relieved.Load() {
		b.usual.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Retry-After", b.after)
	w.WriteHeader(http.StatusTooManyRequests)
}

// leftAlone is a backend that wants no questions for longer than a source waits: every caller is told, and it is not asked again.
func leftAlone(t *testing.T, s Setup) {
	for name, after := range map[string]func() string{
		"in seconds": func() string { return "3600" },
		"as a date":  func() string { return time.Now().Add(time.Hour + time.Second).UTC().Format(http.TimeFormat) },
	} {
		backend := &throttling{usual: s.Full, after: after()}
		p := s.source(t, backend)
		begun := time.Now()
		for i := range 2 {
			_, err := p.Count(t.Context(), s.Subject, s.Queries, s.windows())
			var throttled *analysis.ThrottledError
			if !errors.As(err, &throttled) || errors.Is(err, analysis.ErrRejected) {
				t.Fatalf("Retry-After %s, call %d: %v is no ThrottledError", name, i+1, err)
			}
			if i == 0 && throttled.After < time.Hour-time.Since(begun) || throttled.After <= 0 {
				t.Errorf("Retry-After of an hour, %s, call %d: wait for %v", name, i+1, throttled.After)
			}
			if waited := time.Since(begun); waited > soon {
				t.Errorf("Retry-After of an hour, %s: it was waited for, %v", name, waited)
			}
			if i == 0 {
				backend.asked.Store(0)
			}
		}
		if n := backend.asked.Load(); n > 0 {
			t.Errorf("Retry-After of an hour, %s: asked %d times within a moment", name, n)
		}
	}
}

// shortlyThrottled is a backend that wants a moment: it gets it, whether the source waits or tells its caller to.
func shortlyThrottled(t *testing.T, s Setup) {
	const moment = time.Second
	backend := &throttling{usual: s.Full, after: "1"}
	var first, second atomic.Int64
	p := s.source(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !first.CompareAndSwap(0, time.Now().UnixNano()) {
			second.CompareAndSwap(0, time.Now().UnixNano())
		}
		backend.ServeHTTP(w, r)
		backend.relieved.Store(true)
	}))
	obs, err := p.Count(t.Context(), s.Subject, s.Queries[:1], s.windows())
	var throttled *analysis.ThrottledError
	switch waited := time.Duration(second.Load() - first.Load()); {
	case err == nil && (len(obs) == 0 || waited < moment):
		t.Errorf("%d observations, asked for %v after the refusal", len(obs), waited)
	case err != nil && (!errors.As(err, &throttled) || throttled.After <= 0 || second.Load() > 0):
		t.Errorf("%v after %d requests", err, backend.asked.Load())
	}
}

// brokenOff is an answer of which only a part comes: it must never be taken for a whole.
func brokenOff(t *testing.T, s Setup) {
	var all sync.WaitGroup                                           // they try again
	for _, part := range []int{10, 50, 90, 99, -10, -50, -90, -99} { // percent; less than 0 for an answer that ends as if it were whole
		whole, part := part < 0, max(part, -part)
		p := s.source(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			s.Full.ServeHTTP(answer, r)
			body := answer.Body.Bytes()
			for name, values := range answer.Header() {
				w.Header()[name] = values
			}
			w.Header().Del("Content-Length")
			w.WriteHeader(answer.Code)
			_, _ = w.Write(body[:len(body)*part/100])
			_ = http.NewResponseController(w).Flush()
			if !whole {
				panic(http.ErrAbortHandler)
			}
		}))
		for name, call := range s.calls(p) {
			all.Go(func() {
				if err := call(context.WithoutCancel(t.Context())); err == nil || errors.Is(err, analysis.ErrRejected) {
					t.Errorf("%s, answered by %d%% of an answer: %v", name, part, err)
				}
			})
		}
	}
	all.Wait()
}
