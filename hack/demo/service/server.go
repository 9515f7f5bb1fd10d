package service

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// route is the template of every path that is not one of the service's own.
	route = "/"
	// statusClientGone is recorded, never sent, when the caller left before the answer.
	statusClientGone = 499
	// maxBehaviourBytes bounds what POST /behaviour reads.
	maxBehaviourBytes = 64 << 10
)

// Server is the demo service. Its handlers are safe for concurrent use.
type Server struct {
	cfg     Config
	log     *slog.Logger
	started time.Time
	dice    *dice
	metrics *Metrics
	peers   *peers
	hog     []byte

	draining  atomic.Bool
	changing  sync.Mutex // held from reading behaviour to replacing it
	behaviour atomic.Pointer[Behaviour]
}

// New makes a server whose start-up delay and warm-up begin now.
func New(cfg Config, log *slog.Logger) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	metrics := NewMetrics(cfg.Version, cfg.Revision)
	s := &Server{
		cfg:     cfg,
		log:     log,
		started: time.Now(),
		dice:    newDice(cfg.Seed),
		metrics: metrics,
		peers:   newPeers(metrics.connections),
	}
	s.behaviour.Store(&cfg.Behaviour)
	return s, nil
}

// Handler serves everything listed in the package's description.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", s.answer)
	mux.HandleFunc("/ws", s.peers.echo)
	mux.HandleFunc("/healthz", s.healthz)
	mux.HandleFunc("/livez", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.Handle("GET /metrics", s.metrics.Handler())
	mux.HandleFunc("GET /behaviour", s.showBehaviour)
	mux.HandleFunc("POST /behaviour", s.changeBehaviour)
	return s.signed(mux)
}

// Behaviour is what the next request will meet.
func (s *Server) Behaviour() Behaviour { return *s.behaviour.Load() }

// Ready says what /healthz answers, and why when it is not.
func (s *Server) Ready() (ready bool, reason string) {
	switch {
	case s.draining.Load():
		return false, "draining"
	case s.Behaviour().NeverReady:
		return false, "never ready, as -never-ready asks"
	case time.Since(s.started) < s.cfg.StartupDelay:
		return false, "starting, as -startup-delay asks"
	}
	return true, ""
}

// signed marks every answer as the service's own, and asks callers to open a new connection elsewhere while it drains.
func (s *Server) signed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(HeaderVersion, s.cfg.Version)
		w.Header().Set(HeaderPod, s.cfg.Pod)
		if s.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// answer is the request that releases are judged by.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	code := s.serve(w, r)
	s.metrics.Observe(r.Method, code, route, time.Since(began))
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) (code int) {
	b := s.Behaviour()
	latency, fail := s.dice.roll(b)
	if fail && !b.SlowErrors {
		latency = 0
	}
	if !wait(r, clamp(float64(latency)*s.warmth())) {
		return statusClientGone
	}
	body := reply{Version: s.cfg.Version, Pod: s.cfg.Pod, Revision: s.cfg.Revision, Path: r.URL.Path}
	code = http.StatusOK
	if fail {
		code, body.Error = http.StatusInternalServerError, "injected, as the error rate asks"
		w.Header().Set(HeaderInjected, "true")
	}
	writeJSON(w, code, body)
	return code
}

// reply is what GET / answers.
type reply struct {
	Version  string `json:"version"`
	Pod      string `json:"pod"`
	Revision string `json:"revision,omitempty"`
	Path     string `json:"path"`
	Error    string `json:"error,omitempty"`
}

// warmth is the factor on latency now: WarmupFactor at readiness, falling evenly to 1 at the end of Warmup.
func (s *Server) warmth() float64 {
	warm := time.Since(s.started) - s.cfg.StartupDelay
	if warm >= s.cfg.Warmup {
		return 1
	}
	left := 1 - max(0, warm.Seconds()/s.cfg.Warmup.Seconds())
	return 1 + left*(s.cfg.WarmupFactor-1)
}

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	if ready, reason := s.Ready(); !ready {
		http.Error(w, reason, http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "ok\n")
}

func (s *Server) showBehaviour(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.Behaviour())
}

func (s *Server) changeBehaviour(w http.ResponseWriter, r *http.Request) {
	if !s.cfg.AllowBehaviour {
		http.Error(w, "live changes are off: start the service with -allow-behaviour or DEMO_ALLOW_BEHAVIOUR=true", http.StatusForbidden)
		return
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	b := s.Behaviour()
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBehaviourBytes)).Decode(&b)
	if err == nil {
		err = b.Validate()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.behaviour.Store(&b)
	s.log.Info("behaviour changed", "behaviour", b)
	writeJSON(w, http.StatusOK, b)
}

// wait returns false when the caller left before d was over.
func wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func writeJSON(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // an error here is the caller's absence
}
