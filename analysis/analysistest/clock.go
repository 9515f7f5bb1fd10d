package analysistest

import (
	"net/http"
	"sync"
	"testing"
	"time"
)

// dated sets the Date of every answer to what a clock shows that is ahead, when the request comes in.
func dated(backend http.Handler, ahead time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
		backend.ServeHTTP(w, r)
	})
}

// slow is a backend, or a way to it, that takes its time over a request.
func slow(r *http.Request) {
	select {
	case <-time.After(5 * time.Second):
	case <-r.Context().Done():
	}
}

// clockTold wants the backend's clock compared with ours, by nothing finer than the Date of its answers, which holds whole seconds.
func clockTold(t *testing.T, s Setup) {
	const exact = 2 * time.Second
	for _, ahead := range []time.Duration{-time.Hour, -30 * time.Second, 10 * time.Second, 24 * time.Hour} {
		health, err := s.source(t, dated(s.Full, ahead)).Ping(t.Context())
		if err != nil || health.Skew < ahead-exact || health.Skew > ahead+exact {
			t.Errorf("a clock that is %v ahead: told %v, %v", ahead, health.Skew, err)
		}
	}
	var all sync.WaitGroup // some take their time
	for name, backend := range map[string]http.Handler{
		"the same":      s.Full,
		"a second fast": dated(s.Full, time.Second),
		"a second slow": dated(s.Full, -time.Second),
		"not told": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Date"] = nil
			s.Full.ServeHTTP(w, r)
		}),
		"told in another form": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", "yesterday")
			s.Full.ServeHTTP(w, r)
		}),
		"right, in an answer that takes longer than clocks may differ by": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
			slow(r)
			s.Full.ServeHTTP(w, r)
		}),
		"right, in the answer to a question that takes as long to arrive": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			slow(r)
			dated(s.Full, 0).ServeHTTP(w, r)
		}),
	} {
		p := s.source(t, backend)
		all.Go(func() {
			if health, err := p.Ping(t.Context()); err != nil || health.Skew != 0 {
				t.Errorf("a clock that is %s: told a skew of %v, %v", name, health.Skew, err)
			}
		})
	}
	all.Wait()
}
