package load

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// Generator is one run. Summary and Handler may be used from any goroutine, before, during and after Run.
type Generator struct {
	cfg     Config
	tally   *tally
	sockets *sockets

	mu             sync.Mutex
	started, ended time.Time
}

// New makes a run that has not begun.
func New(cfg Config) (*Generator, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	return &Generator{cfg: cfg, tally: newTally(cfg.MaxSamples), sockets: newSockets(cfg)}, nil
}

// Run is New, Generator.Run and Generator.Summary in one.
func Run(ctx context.Context, cfg Config) (Summary, error) {
	g, err := New(cfg)
	if err != nil {
		return Summary{}, err
	}
	g.Run(ctx)
	return g.Summary(), nil
}

// Run sends until ctx ends or the configured duration is over, then waits for the requests under way, at most their timeout.
// It may be called once.
func (g *Generator) Run(ctx context.Context) {
	if g.cfg.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, g.cfg.Duration)
		defer cancel()
	}
	g.setTime(&g.started)
	var work sync.WaitGroup
	if g.cfg.Rate > 0 {
		work.Go(func() { g.attack(ctx) })
	}
	work.Go(func() { g.sockets.run(ctx) })
	if g.cfg.Progress != nil {
		work.Go(func() { g.report(ctx) })
	}
	work.Wait()
	g.setTime(&g.ended)
}

// Summary is what has been seen so far.
func (g *Generator) Summary() Summary {
	g.mu.Lock()
	started, ended := g.started, g.ended
	g.mu.Unlock()
	s := Summary{
		URL: g.cfg.URL, Host: g.cfg.Host, Rate: g.cfg.Rate, Started: started, Done: !ended.IsZero(),
		Requests: g.tally.snapshot(), WebSockets: g.sockets.snapshot(),
	}
	switch {
	case s.Done:
		s.ElapsedSeconds = ended.Sub(started).Seconds()
	case !started.IsZero():
		s.ElapsedSeconds = time.Since(started).Seconds()
	}
	return s
}

// Handler answers GET /stats with the summary as JSON.
func (g *Generator) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		_ = encoder.Encode(g.Summary()) // an error here is the caller's absence
	})
	return mux
}

// attack returns when the last request has ended.
func (g *Generator) attack(ctx context.Context) {
	header := http.Header{}
	if g.cfg.Host != "" {
		header.Set("Host", g.cfg.Host)
	}
	target := vegeta.NewStaticTargeter(vegeta.Target{Method: http.MethodGet, URL: g.cfg.URL, Header: header})
	attacker := vegeta.NewAttacker(
		vegeta.Timeout(g.cfg.Timeout),
		vegeta.KeepAlive(!g.cfg.FreshConnections),
		vegeta.Redirects(vegeta.NoFollow),
		vegeta.MaxBody(sampleBytes),
		vegeta.Proxy(nil),
	)
	stop := context.AfterFunc(ctx, func() { attacker.Stop() })
	defer stop()
	for result := range attacker.Attack(target, vegeta.Rate{Freq: g.cfg.Rate, Per: time.Second}, 0, "") {
		g.tally.record(result)
	}
}

func (g *Generator) setTime(t *time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	*t = time.Now()
}
