package load_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/serin-dev/serin/hack/demo/load"
	"github.com/serin-dev/serin/hack/demo/service"
)

// pod is a demo service on a socket of its own that can be told to leave.
type pod struct {
	url  *url.URL
	term context.CancelFunc
	left chan error
}

func startPod(t *testing.T, version string) pod {
	t.Helper()
	cfg := service.DefaultConfig()
	cfg.Version, cfg.LameDuck = version, 100*time.Millisecond
	s, err := service.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, term := context.WithCancel(t.Context())
	p := pod{&url.URL{Scheme: "http", Host: listener.Addr().String()}, term, make(chan error, 1)}
	go func() { p.left <- s.Serve(ctx, listener) }()
	t.Cleanup(term)
	return p
}

// gateway proxies to the pod it points at.
type gateway struct{ to atomic.Pointer[url.URL] }

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	to := g.to.Load()
	if to == nil {
		http.Error(w, "no backend", http.StatusServiceUnavailable)
		return
	}
	proxy := httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(to) }}
	proxy.ServeHTTP(w, r)
}

// begin runs the load until the test ends, and waits until all its connections are open.
func begin(t *testing.T, cfg load.Config) *load.Generator {
	t.Helper()
	g, err := load.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		g.Run(ctx)
		close(done)
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	await(t, g, "open connections", func(w load.WebSockets) bool { return w.Open == cfg.WebSockets })
	return g
}

func await(t *testing.T, g *load.Generator, what string, seen func(load.WebSockets) bool) load.WebSockets {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		s := g.Summary().WebSockets
		if seen(s) {
			return s
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %s: %+v", what, s)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestWebSocketsMoveWhenThePodLeaves(t *testing.T) {
	v1, v2 := startPod(t, "v1"), startPod(t, "v2")
	var gate gateway
	gate.to.Store(v1.url)
	g := begin(t, load.Config{URL: listen(t, &gate), WebSockets: 3, WebSocketInterval: 20 * time.Millisecond})
	await(t, g, "echoes", func(w load.WebSockets) bool { return w.Messages > 10 && w.OpenByVersion["v1"] == 3 })

	gate.to.Store(v2.url)
	v1.term()
	w := await(t, g, "move to v2", func(w load.WebSockets) bool { return w.OpenByVersion["v2"] == 3 })
	if w.CleanDisconnects != 3 || w.UncleanDisconnects != 0 || w.FailedDials != 0 || len(w.OpenByVersion) != 1 {
		t.Errorf("%+v, want three clean disconnects", w)
	}
	if err := <-v1.left; err != nil {
		t.Errorf("the pod that left: %v", err)
	}
}

func TestGoingAwayWithNowhereToGoIsUnclean(t *testing.T) {
	v1 := startPod(t, "v1")
	var gate gateway
	gate.to.Store(v1.url)
	g := begin(t, load.Config{URL: listen(t, &gate), WebSockets: 2, WebSocketInterval: 20 * time.Millisecond})
	gate.to.Store(nil)
	v1.term()
	w := await(t, g, "failed dials", func(w load.WebSockets) bool { return w.UncleanDisconnects == 2 && w.FailedDials >= 4 })
	if w.CleanDisconnects != 0 {
		t.Errorf("%+v, want no clean disconnect", w)
	}
	first := w.Samples[0]
	if first.Outcome != "uncleanDisconnect" || first.Version != "v1" || !strings.Contains(first.Error, "StatusGoingAway") {
		t.Errorf("sample %+v, want v1's going away", first)
	}

	v2 := startPod(t, "v2")
	gate.to.Store(v2.url)
	await(t, g, "recovery", func(w load.WebSockets) bool { return w.OpenByVersion["v2"] == 2 })
}

// rude is a server that ends each connection in its own way after two echoes.
func rude(end func(*websocket.Conn)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(service.HeaderVersion, "v1")
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow()
		for range 2 {
			kind, message, err := conn.Read(r.Context())
			if err != nil || conn.Write(r.Context(), kind, message) != nil {
				return
			}
		}
		end(conn)
	})
}

func TestEveryOtherEndIsUnclean(t *testing.T) {
	for name, tc := range map[string]struct {
		end  func(*websocket.Conn)
		says string
	}{
		"cut":            {func(c *websocket.Conn) { c.CloseNow() }, "EOF"},
		"internal error": {func(c *websocket.Conn) { c.Close(websocket.StatusInternalError, "oops") }, "oops"},
		"normal closure": {func(c *websocket.Conn) { c.Close(websocket.StatusNormalClosure, "bye") }, "bye"},
		"wrong echo": {func(c *websocket.Conn) {
			c.Read(context.Background())
			c.Write(context.Background(), websocket.MessageText, []byte("something else"))
			time.Sleep(time.Second)
		}, `heard "something else"`},
		"no echo": {func(*websocket.Conn) { time.Sleep(time.Second) }, "no echo"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := begin(t, load.Config{
				URL: listen(t, rude(tc.end)), WebSockets: 1, WebSocketInterval: 10 * time.Millisecond, Timeout: 300 * time.Millisecond,
			})
			w := await(t, g, "unclean disconnect", func(w load.WebSockets) bool { return w.UncleanDisconnects > 0 })
			if w.CleanDisconnects != 0 || w.Messages < 2 || !strings.Contains(w.Samples[0].Error, tc.says) {
				t.Errorf("%+v, want an unclean disconnect that says %q", w, tc.says)
			}
		})
	}
}

func TestConnectingToSomethingElseFails(t *testing.T) {
	foreign := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, err := websocket.Accept(w, r, nil); err == nil {
			conn.CloseNow()
		}
	})
	for name, tc := range map[string]struct {
		handler http.Handler
		says    string
	}{
		"a foreign WebSocket": {foreign, service.HeaderVersion},
		"no WebSocket":        {http.NotFoundHandler(), "404"},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := load.New(load.Config{URL: listen(t, tc.handler), WebSockets: 1, Duration: 300 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			g.Run(t.Context())
			w := g.Summary().WebSockets
			if w.FailedDials == 0 || w.Open != 0 || g.Summary().Clean() || !strings.Contains(w.Samples[0].Error, tc.says) {
				t.Errorf("%+v, want failed dials that say %q", w, tc.says)
			}
		})
	}
}

// TestStoppingClosesInOrder looks from the server's side.
func TestStoppingClosesInOrder(t *testing.T) {
	ended := make(chan error, 1)
	url := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(service.HeaderVersion, "v1")
		conn, err := websocket.Accept(w, r, nil)
		for err == nil {
			var message []byte
			if _, message, err = conn.Read(r.Context()); err == nil {
				err = conn.Write(r.Context(), websocket.MessageText, message)
			}
		}
		ended <- err
	}))
	g, err := load.New(load.Config{URL: url, WebSockets: 1, WebSocketInterval: 10 * time.Millisecond, Duration: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	g.Run(t.Context())
	if err := <-ended; websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("the server saw %v, want close code 1000", err)
	}
	if w := g.Summary().WebSockets; w.Open != 0 || !g.Summary().Clean() {
		t.Errorf("%+v, want all closed and clean", w)
	}
}
