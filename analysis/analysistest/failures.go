package analysistest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
)

func refusals(t *testing.T, s Setup) {
	var usual, refused atomic.Int64
	if _, err := s.source(t, counting(&usual, s.Full)).Count(t.Context(), s.Subject, s.Queries, s.windows()); err != nil {
		t.Fatal(err)
	}
	for _, code := range []int{400, 401, 403, 404, 405, 410, 422} {
		for name, call := range s.calls(s.source(t, counting(&refused, status(code)))) {
			refused.Store(0)
			if err := call(t.Context()); !errors.Is(err, analysis.ErrRejected) {
				t.Errorf("%s, answered %d: %v does not match ErrRejected", name, code, err)
			}
			if refused.Load() > usual.Load() {
				t.Errorf("%s, answered %d, asked %d times", name, code, refused.Load())
			}
		}
	}
}

func trouble(t *testing.T, s Setup) {
	var all sync.WaitGroup // they wait before they try again
	for _, code := range []int{408, 429, 500, 502, 503, 504} {
		for name, call := range s.calls(s.source(t, status(code))) {
			all.Go(func() {
				if err := call(t.Context()); err == nil || errors.Is(err, analysis.ErrRejected) {
					t.Errorf("%s, answered %d: %v", name, code, err)
				}
			})
		}
	}
	all.Wait()
}

func passingTrouble(t *testing.T, s Setup) {
	for _, code := range []int{429, 500, 503} {
		var once sync.Once
		p := s.source(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := s.Full
			once.Do(func() { h = status(code) })
			h.ServeHTTP(w, r)
		}))
		if obs, err := p.Count(t.Context(), s.Subject, s.Queries, s.windows()); err != nil || len(obs) == 0 {
			t.Errorf("answered %d once: %v, %v", code, obs, err)
		}
	}
	var once sync.Once
	p := s.source(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		once.Do(func() { panic(http.ErrAbortHandler) })
		s.Full.ServeHTTP(w, r)
	}))
	if obs, err := p.Count(t.Context(), s.Subject, s.Queries, s.windows()); err != nil || len(obs) == 0 {
		t.Errorf("after a connection that broke: %v, %v", obs, err)
	}
}

func unreachable(t *testing.T, s Setup) {
	const nobody = "http://127.0.0.1:1" // no port that is given to whoever asks for any, as that of a server that was closed may be
	for name, call := range s.calls(s.at(t, nobody, s.Config.Credentials)) {
		if err := call(t.Context()); err == nil || errors.Is(err, analysis.ErrRejected) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func garbage(t *testing.T, s Setup) {
	for _, body := range []string{"", "<html><body>Sign in</body></html>", "null", "[]", "{}", "{\"status\":", "12", "\x00\xff"} {
		p := s.source(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
		for name, call := range s.calls(p) {
			if err := call(t.Context()); err == nil {
				t.Errorf("%s takes %q for an answer", name, body)
			}
		}
	}
}

// hang answers nothing until the client is gone or the test over.
func hang(t *testing.T) http.Handler {
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-over:
		}
	})
}

func contextObeyed(t *testing.T, s Setup) {
	for name, call := range s.calls(s.source(t, hang(t))) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		begun := time.Now()
		if err := call(ctx); !errors.Is(err, context.Canceled) || time.Since(begun) > soon {
			t.Errorf("%s, cancelled: %v after %v", name, err, time.Since(begun))
		}
		ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
		begun = time.Now()
		if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) > soon {
			t.Errorf("%s, out of time: %v after %v", name, err, time.Since(begun))
		}
		cancel()
	}
	for name, call := range s.calls(s.source(t, status(http.StatusServiceUnavailable))) { // between attempts
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		begun := time.Now()
		if err := call(ctx); err == nil || time.Since(begun) > soon {
			t.Errorf("%s, in trouble and out of time: %v after %v", name, err, time.Since(begun))
		}
		cancel()
	}
}

func timeoutObeyed(t *testing.T, s Setup) {
	s.Config.Timeout = 50 * time.Millisecond
	for name, call := range s.calls(s.source(t, hang(t))) {
		begun := time.Now()
		if err := call(t.Context()); err == nil || errors.Is(err, analysis.ErrRejected) || time.Since(begun) > 2*soon {
			t.Errorf("%s: %v after %v", name, err, time.Since(begun))
		}
	}
}

func endless(t *testing.T, s Setup) {
	var longest atomic.Int64
	p := s.source(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		counted := &counter{to: w}
		for call := 0; s.Endless(counted, call) == nil; call++ {
			if counted.written > 2*s.MostBytes {
				break
			}
		}
		for old := longest.Load(); counted.written > old && !longest.CompareAndSwap(old, counted.written); old = longest.Load() {
		}
	}))
	if _, err := p.Count(t.Context(), s.Subject, s.Queries[:1], s.windows()); err == nil {
		t.Error("an endless answer is taken for one")
	}
	if longest.Load() > s.MostBytes {
		t.Errorf("%d bytes of an answer are read", longest.Load())
	}
	refusal := s.source(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusBadRequest)
		counted, line := &counter{to: w}, []byte(strings.Repeat("no, ", 1<<10))
		for counted.written < 2*s.MostBytes {
			if _, err := counted.Write(line); err != nil {
				return
			}
		}
		t.Errorf("%d bytes of a refusal are read", counted.written)
	}))
	if err := ping(t.Context(), refusal); !errors.Is(err, analysis.ErrRejected) || len(err.Error()) > 2<<10 {
		t.Errorf("an endless refusal is told as %.200v", err)
	}
}

type counter struct {
	to      http.ResponseWriter
	written int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.written += int64(n)
	return n, err
}

// noSecret has the backend repeat what it was sent, in answers of all kinds.
func noSecret(t *testing.T, s Setup) {
	var all sync.WaitGroup
	for _, credentials := range s.Credentials {
		for _, code := range []int{200, 302, 400, 401, 403, 429, 500} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				dump, _ := httputil.DumpRequest(r, true)
				w.Header().Set("Location", "http://elsewhere.example/?"+r.Header.Get("Authorization"))
				w.Header().Set("Content-Type", "text/plain")
				w.WriteHeader(code)
				_, _ = w.Write(dump)
			}))
			t.Cleanup(server.Close)
			for name, call := range s.calls(s.at(t, server.URL, credentials)) {
				all.Go(func() {
					err := call(t.Context())
					if err == nil {
						t.Errorf("%s, answered %d with an echo: no error", name, code)
					} else if told := tells(err.Error(), credentials); told != nil {
						t.Errorf("%s, answered %d with an echo, tells %v: %v", name, code, told, err)
					}
				})
			}
		}
	}
	all.Wait()
}

func redirect(t *testing.T, s Setup) {
	for _, credentials := range s.Credentials {
		for _, code := range []int{301, 302, 303, 307, 308} {
			elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				dump, _ := httputil.DumpRequest(r, true)
				if told := tells(string(dump), credentials); told != nil {
					t.Errorf("a redirect (%d) carries %v to another server", code, told)
				}
				s.Full.ServeHTTP(w, r)
			}))
			t.Cleanup(elsewhere.Close)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, elsewhere.URL+r.URL.Path, code)
			}))
			t.Cleanup(server.Close)
			for _, call := range s.calls(s.at(t, server.URL, credentials)) {
				_ = call(t.Context()) // whether it is followed is the source's choice
			}
		}
	}
}
