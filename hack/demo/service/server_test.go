package service_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/hack/demo/service"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// steady always takes 100 ms.
func steady() service.Config {
	cfg := service.DefaultConfig()
	cfg.Pod, cfg.Revision, cfg.Seed = "read-api-5d9c7b-abcde", "5d9c7b", 1
	cfg.Behaviour.P50, cfg.Behaviour.P95 = 100*time.Millisecond, 100*time.Millisecond
	return cfg
}

func handler(t *testing.T, cfg service.Config) http.Handler {
	t.Helper()
	s, err := service.New(cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	return s.Handler()
}

func send(h http.Handler, method, path, body string) (*http.Response, time.Duration) {
	w := httptest.NewRecorder()
	began := time.Now()
	h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w.Result(), time.Since(began)
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAnswerTellsWhoAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		response, took := send(handler(t, steady()), http.MethodGet, "/any/path", "")
		if took != 100*time.Millisecond {
			t.Errorf("took %v, want 100ms", took)
		}
		if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "application/json" {
			t.Errorf("status %d, headers %v", response.StatusCode, response.Header)
		}
		if v, p := response.Header.Get("X-Demo-Version"), response.Header.Get("X-Demo-Pod"); v != "v1" || p != "read-api-5d9c7b-abcde" {
			t.Errorf("version %q, pod %q", v, p)
		}
		if response.Header.Get("X-Demo-Injected") != "" {
			t.Error("a good answer is marked as injected")
		}
		want := `{"version":"v1","pod":"read-api-5d9c7b-abcde","revision":"5d9c7b","path":"/any/path"}` + "\n"
		if diff := cmp.Diff(want, text(t, response)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestErrorsAreMarkedAndFastUnlessAskedOtherwise(t *testing.T) {
	for name, want := range map[string]time.Duration{"fast": 0, "slow": 100 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := steady()
				cfg.Behaviour.ErrorRate, cfg.Behaviour.SlowErrors = 1, name == "slow"
				response, took := send(handler(t, cfg), http.MethodPost, "/", "")
				if response.StatusCode != http.StatusInternalServerError || response.Header.Get("X-Demo-Injected") != "true" {
					t.Errorf("status %d, headers %v", response.StatusCode, response.Header)
				}
				if took != want {
					t.Errorf("took %v, want %v", took, want)
				}
			})
		})
	}
}

func TestLatencyFactorAndWarmup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := steady()
		cfg.Behaviour.LatencyFactor = 2
		cfg.StartupDelay, cfg.Warmup, cfg.WarmupFactor = time.Second, 10*time.Second, 3
		h := handler(t, cfg)
		began := time.Now()
		for _, step := range []struct{ at, want time.Duration }{
			{0, 600 * time.Millisecond}, // before readiness: as cold as can be
			{1 * time.Second, 600 * time.Millisecond},
			{6 * time.Second, 400 * time.Millisecond},
			{11 * time.Second, 200 * time.Millisecond},
			{time.Hour, 200 * time.Millisecond},
		} {
			time.Sleep(step.at - time.Since(began))
			if _, took := send(h, http.MethodGet, "/", ""); took != step.want {
				t.Errorf("at %v: took %v, want %v", step.at, took, step.want)
			}
		}
	})
}

func TestReadiness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := steady()
		cfg.StartupDelay = 5 * time.Second
		h := handler(t, cfg)
		status := func(path string) int {
			response, _ := send(h, http.MethodGet, path, "")
			return response.StatusCode
		}
		if got := status("/healthz"); got != http.StatusServiceUnavailable {
			t.Errorf("before the start-up delay is over: %d", got)
		}
		if got := status("/livez"); got != http.StatusOK {
			t.Errorf("liveness: %d", got)
		}
		time.Sleep(5 * time.Second)
		if got := status("/healthz"); got != http.StatusOK {
			t.Errorf("after the start-up delay: %d", got)
		}
	})
}

func TestNeverReadyStillServes(t *testing.T) {
	cfg := steady()
	cfg.Behaviour = service.Behaviour{LatencyFactor: 1, NeverReady: true}
	h := handler(t, cfg)
	response, _ := send(h, http.MethodGet, "/healthz", "")
	if got := text(t, response); response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(got, "-never-ready") {
		t.Errorf("readiness: %d %q", response.StatusCode, got)
	}
	if response, _ := send(h, http.MethodGet, "/", ""); response.StatusCode != http.StatusOK {
		t.Errorf("request: %d", response.StatusCode)
	}
}

func TestBehaviourCanChangeLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := steady()
		cfg.AllowBehaviour = true
		h := handler(t, cfg)
		response, _ := send(h, http.MethodPost, "/behaviour", `{"p50":"1s","p95":"1s","errorRate":1,"slowErrors":true}`)
		if response.StatusCode != http.StatusOK {
			t.Fatalf("%d %s", response.StatusCode, text(t, response))
		}
		want := service.Behaviour{P50: time.Second, P95: time.Second, LatencyFactor: 1, ErrorRate: 1, SlowErrors: true}
		response, _ = send(h, http.MethodGet, "/behaviour", "")
		var got service.Behaviour
		if err := json.NewDecoder(response.Body).Decode(&got); err != nil || got != want {
			t.Errorf("behaviour %+v, %v; want %+v", got, err, want)
		}
		response, took := send(h, http.MethodGet, "/", "")
		if response.StatusCode != http.StatusInternalServerError || took != time.Second {
			t.Errorf("the next request: %d after %v", response.StatusCode, took)
		}
	})
}

func TestBehaviourChangeIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		allow  bool
		body   string
		status int
		says   string
	}{
		"not allowed":      {false, `{"errorRate":1}`, http.StatusForbidden, "-allow-behaviour"},
		"not JSON":         {true, `errorRate=1`, http.StatusBadRequest, "invalid character"},
		"unknown field":    {true, `{"errors":1}`, http.StatusBadRequest, `unknown field "errors"`},
		"impossible value": {true, `{"errorRate":2}`, http.StatusBadRequest, "write a share"},
		"too long":         {true, `{"p50":"` + strings.Repeat("1", 1<<17) + `"}`, http.StatusBadRequest, "too large"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := steady()
			cfg.AllowBehaviour = tc.allow
			s, err := service.New(cfg, quiet())
			if err != nil {
				t.Fatal(err)
			}
			response, _ := send(s.Handler(), http.MethodPost, "/behaviour", tc.body)
			if got := text(t, response); response.StatusCode != tc.status || !strings.Contains(got, tc.says) {
				t.Errorf("%d %q, want %d and %q", response.StatusCode, got, tc.status, tc.says)
			}
			if s.Behaviour() != cfg.Behaviour {
				t.Errorf("changed to %+v all the same", s.Behaviour())
			}
		})
	}
}

// TestRequestsAreMeasured sends through the handler and looks at what a scrape tells: both families, and nothing of probes.
func TestRequestsAreMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handler(t, steady())
		for range 3 {
			send(h, http.MethodGet, "/some/path", "")
		}
		for _, path := range []string{"/healthz", "/livez", "/behaviour", "/metrics"} {
			send(h, http.MethodGet, path, "")
		}
		gone, leave := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer leave()
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(gone, http.MethodGet, "/", nil))

		response, _ := send(h, http.MethodGet, "/metrics", "")
		got := text(t, response)
		for _, want := range []string{
			`http_requests_total{code="200",handler="/",method="get"} 3`,
			`http_requests_total{code="499",handler="/",method="get"} 1`,
			`http_request_duration_seconds_sum{code="200",handler="/",method="get"} 0.30000000000000004`,
			`http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",http_route="/"} 3`,
			`http_server_request_duration_seconds_sum{http_request_method="GET",http_response_status_code="499",http_route="/"} 0.05`,
			`demo_info{revision="5d9c7b",version="v1"} 1`,
		} {
			if !strings.Contains(got, want+"\n") {
				t.Errorf("no %s in\n%s", want, got)
			}
		}
		if n := strings.Count(got, "http_requests_total{"); n != 2 {
			t.Errorf("%d series of http_requests_total, want 2:\n%s", n, got)
		}
	})
}
