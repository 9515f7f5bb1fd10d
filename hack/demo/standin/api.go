package standin

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/serin-dev/serin/analysis/datadog/datadogtest"
	"github.com/serin-dev/serin/hack/demo/standin/status"
)

const (
	// period is that of the rate limit.
	period = time.Hour
	// mostAsked bounds a question.
	mostAsked = 4 << 20
)

// API answers questions about an agent's points.
type API struct {
	datadog *datadogtest.Server
	agent   *Agent
	log     *slog.Logger
	since   time.Time

	mu    sync.Mutex
	looks int
}

// NewAPI makes an API that answers those who have the keys of c.
func NewAPI(c Config, agent *Agent, log *slog.Logger) *API {
	return &API{
		datadog: &datadogtest.Server{
			Store: agent.Points, APIKey: c.APIKey, AppKey: c.AppKey, Limit: c.Limit, Period: period, Late: c.Late,
		},
		agent: agent, log: log, since: time.Now().UTC(),
	}
}

// Handler serves everything listed in the package's description.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", a.answer)
	mux.HandleFunc("GET "+status.Path, a.status)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	return mux
}

// answer lets the stand-in answer, and notes who asked what.
func (a *API) answer(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	question, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostAsked))
	if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
		http.Error(w, "the question is too long", http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		return // the client is gone
	}
	look := bytes.Contains(question, []byte(Metric))
	if look {
		a.mu.Lock()
		a.looks++
		a.mu.Unlock()
	}
	r.Body = io.NopCloser(bytes.NewReader(question))
	noted := &code{ResponseWriter: w, code: http.StatusOK}
	a.datadog.ServeHTTP(noted, r)
	a.log.Info("asked", "path", r.URL.Path, "look", look, "status", noted.code, "left", w.Header().Get("X-Ratelimit-Remaining"), "took", time.Since(began).String())
}

// code is a response that remembers its status code.
type code struct {
	http.ResponseWriter
	code int
}

// WriteHeader implements [http.ResponseWriter].
func (c *code) WriteHeader(code int) {
	c.code = code
	c.ResponseWriter.WriteHeader(code)
}

func (a *API) status(w http.ResponseWriter, _ *http.Request) {
	s := status.Status{Since: a.since, Limit: a.datadog.Limit}
	s.Pods, s.Requests, s.Errors = a.agent.Counted()
	asked, refused := a.datadog.Requests()
	a.mu.Lock()
	s.Looks = a.looks
	a.mu.Unlock()
	s.Health, s.Refused = max(asked-s.Looks, 0), refused // a look may come between the two counts
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(s) // an error here is the caller's absence
}
