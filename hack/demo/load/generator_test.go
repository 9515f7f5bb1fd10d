package load_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/serin-dev/serin/hack/demo/load"
	"github.com/serin-dev/serin/hack/demo/service"
)

// demo is a real demo service that answers at once unless changed.
func demo(t *testing.T, version string, change func(*service.Config)) http.Handler {
	t.Helper()
	cfg := service.DefaultConfig()
	cfg.Version, cfg.Pod, cfg.Seed = version, version+"-pod", 1
	cfg.Behaviour = service.Behaviour{LatencyFactor: 1}
	if change != nil {
		change(&cfg)
	}
	s, err := service.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s.Handler()
}

func listen(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// weighted sends every tenth request to the candidate.
func weighted(baseline, candidate http.Handler) http.Handler {
	var mu sync.Mutex
	n := 0
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n++
		arm := baseline
		if n%10 == 0 {
			arm = candidate
		}
		mu.Unlock()
		arm.ServeHTTP(w, r)
	})
}

func run(t *testing.T, cfg load.Config) load.Summary {
	t.Helper()
	s, err := load.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Done || s.Started.IsZero() {
		t.Errorf("done %v, started %v", s.Done, s.Started)
	}
	return s
}

func TestRunCountsByVersionAndOutcome(t *testing.T) {
	gateway := weighted(demo(t, "v1", nil), demo(t, "v2", func(c *service.Config) { c.Behaviour.ErrorRate = 1 }))
	s := run(t, load.Config{URL: listen(t, gateway), Rate: 200, Duration: time.Second})
	r := s.Requests
	if r.Total < 100 || r.Total > 220 {
		t.Errorf("%d requests in a second, want about 200", r.Total)
	}
	v1, v2 := r.ByVersion["v1"], r.ByVersion["v2"]
	if v1 == nil || v2 == nil || len(r.ByVersion) != 2 {
		t.Fatalf("versions %v", r.ByVersion)
	}
	if v2.Total != r.Total/10 || v1.Total+v2.Total != r.Total {
		t.Errorf("v1 %d and v2 %d of %d, want a tenth for v2", v1.Total, v2.Total, r.Total)
	}
	if v1.OK != v1.Total || v2.Injected != v2.Total || r.Injected != v2.Total || r.OK != v1.Total {
		t.Errorf("v1 %+v, v2 %+v, all %+v", v1.Counts, v2.Counts, r.Counts)
	}
	if r.ByStatus[200] != v1.Total || r.ByStatus[500] != v2.Total {
		t.Errorf("by status %v", r.ByStatus)
	}
	if r.FailedByPlatform != 0 || len(r.Samples) != 0 || !s.Clean() {
		t.Errorf("the platform is blamed for %d: %+v", r.FailedByPlatform, r.Samples)
	}
	if l := v1.Latency; l.P50 <= 0 || l.P95 < l.P50 || l.Max < l.P99 || l.Max > 5 {
		t.Errorf("latency %+v", l)
	}
}

func TestRunBlamesThePlatform(t *testing.T) {
	refusing := httptest.NewServer(http.NotFoundHandler())
	refusing.Close()
	for name, tc := range map[string]struct {
		url       string
		transport bool
		status    int
		says      string
	}{
		"refused": {refusing.URL, true, 0, "refused"},
		"bad gateway": {listen(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "no endpoint", http.StatusBadGateway)
		})), false, http.StatusBadGateway, "502"},
		"too slow": {listen(t, demo(t, "v1", func(c *service.Config) {
			c.Behaviour.P50, c.Behaviour.P95 = 10*time.Second, 10*time.Second
		})), true, 0, "Timeout"},
		"reset": {listen(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })), true, 0, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := run(t, load.Config{URL: tc.url, Rate: 50, Duration: 500 * time.Millisecond, Timeout: 300 * time.Millisecond, MaxSamples: 3})
			r := s.Requests
			if r.Total == 0 || r.FailedByPlatform != r.Total || s.Clean() {
				t.Errorf("%+v, want all failed by the platform", r.Counts)
			}
			if (r.TransportErrors == r.Total) != tc.transport {
				t.Errorf("%d transport errors of %d", r.TransportErrors, r.Total)
			}
			if len(r.Samples) != min(3, int(r.Total)) {
				t.Fatalf("%d samples, want 3", len(r.Samples))
			}
			if got := r.Samples[0]; got.Status != tc.status || !strings.Contains(got.Error, tc.says) || got.Time.IsZero() {
				t.Errorf("sample %+v, want status %d and %q", got, tc.status, tc.says)
			}
		})
	}
}

// TestStoppingMakesNoFailures ends the run while every request is under way.
func TestStoppingMakesNoFailures(t *testing.T) {
	url := listen(t, demo(t, "v1", func(c *service.Config) {
		c.Behaviour.P50, c.Behaviour.P95 = 400*time.Millisecond, 400*time.Millisecond
	}))
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	s, err := load.Run(ctx, load.Config{URL: url, Rate: 100, WebSockets: 2, WebSocketInterval: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if s.Requests.Total == 0 || s.Requests.OK != s.Requests.Total || !s.Clean() {
		t.Errorf("%+v %+v, want all ok", s.Requests.Counts, s.WebSockets)
	}
}

func TestHostHeader(t *testing.T) {
	service := demo(t, "v1", nil)
	url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "read-api.example" {
			http.NotFound(w, r)
			return
		}
		service.ServeHTTP(w, r)
	}))
	s := run(t, load.Config{
		URL: url, Host: "read-api.example", Rate: 20, WebSockets: 1, WebSocketInterval: 50 * time.Millisecond,
		Duration: 400 * time.Millisecond,
	})
	if s.Requests.OK == 0 || s.WebSockets.Messages == 0 || !s.Clean() {
		t.Errorf("%+v %+v, want all ok", s.Requests, s.WebSockets)
	}
}

func TestFreshConnections(t *testing.T) {
	for _, fresh := range []bool{false, true} {
		var mu sync.Mutex
		callers := map[string]bool{}
		service := demo(t, "v1", nil)
		url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			callers[r.RemoteAddr] = true
			mu.Unlock()
			service.ServeHTTP(w, r)
		}))
		s := run(t, load.Config{URL: url, Rate: 50, Duration: 500 * time.Millisecond, FreshConnections: fresh})
		if got := len(callers) == int(s.Requests.Total); got != fresh {
			t.Errorf("fresh %v: %d connections for %d requests", fresh, len(callers), s.Requests.Total)
		}
	}
}

func TestProgressAndStats(t *testing.T) {
	var progress bytes.Buffer
	g, err := load.New(load.Config{
		URL: listen(t, demo(t, "v1", nil)), Rate: 50, Duration: 500 * time.Millisecond,
		Progress: &progress, ProgressInterval: 100 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	stats := func() (s load.Summary) {
		w := httptest.NewRecorder()
		g.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/stats", nil))
		if err := json.NewDecoder(w.Body).Decode(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := stats(); s.Done || s.Requests.Total != 0 || s.ElapsedSeconds != 0 {
		t.Errorf("before the run: %+v", s)
	}
	done := make(chan struct{})
	go func() {
		g.Run(t.Context())
		close(done)
	}()
	for s := stats(); !s.Done; s = stats() {
		time.Sleep(10 * time.Millisecond)
	}
	<-done
	after, again := stats(), stats()
	if after.Requests.OK == 0 || after.ElapsedSeconds < 0.5 || after.ElapsedSeconds != again.ElapsedSeconds {
		t.Errorf("after the run: %+v", after)
	}
	if lines := strings.Count(progress.String(), "v1 100.0%"); lines < 2 {
		t.Errorf("progress:\n%s", progress.String())
	}
}
