package service_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/serin-dev/serin/hack/demo/service"
)

// running is a server on a real socket.
type running struct {
	url  string
	term context.CancelFunc // what SIGTERM does
	done chan error         // what Serve returns
}

func start(t *testing.T, cfg service.Config) running {
	t.Helper()
	s, err := service.New(cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, term := context.WithCancel(t.Context())
	r := running{url: "http://" + listener.Addr().String(), term: term, done: make(chan error, 1)}
	go func() { r.done <- s.Serve(ctx, listener) }()
	t.Cleanup(term)
	return r
}

func (r running) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("still serving")
		return nil
	}
}

func get(t *testing.T, url string) (status int, header http.Header) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode, response.Header
}

// swift answers at once and leaves soon.
func swift() service.Config {
	cfg := service.DefaultConfig()
	cfg.Behaviour = service.Behaviour{LatencyFactor: 1}
	cfg.LameDuck, cfg.ShutdownTimeout = 0, 10*time.Second
	return cfg
}

func TestLameDuckIsNotReadyButServes(t *testing.T) {
	cfg := swift()
	cfg.LameDuck = 500 * time.Millisecond
	r := start(t, cfg)
	if status, header := get(t, r.url+"/healthz"); status != http.StatusOK || header.Get("Connection") != "" {
		t.Fatalf("before: %d, %v", status, header)
	}
	began := time.Now()
	r.term()
	for status := http.StatusOK; status == http.StatusOK; {
		status, _ = get(t, r.url+"/healthz")
	}
	if status, header := get(t, r.url+"/"); status != http.StatusOK || header.Get("X-Demo-Version") != "v1" {
		t.Errorf("a request while draining: %d", status)
	}
	response, err := http.Get(r.url + "/")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if !response.Close {
		t.Error("callers are not asked to connect elsewhere")
	}
	if err := r.wait(t); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took < cfg.LameDuck {
		t.Errorf("left after %v, want at least %v", took, cfg.LameDuck)
	}
	if _, err := http.Get(r.url + "/"); err == nil {
		t.Error("serves after its end")
	}
}

func TestShutdownLetsRequestsEnd(t *testing.T) {
	cfg := swift()
	cfg.Behaviour.P50, cfg.Behaviour.P95 = 400*time.Millisecond, 400*time.Millisecond
	r := start(t, cfg)
	answered := make(chan error, 1)
	go func() {
		_, err := http.Get(r.url + "/")
		answered <- err
	}()
	time.Sleep(100 * time.Millisecond)
	r.term()
	if err := r.wait(t); err != nil {
		t.Error(err)
	}
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

func TestShutdownTimeoutCutsAndSaysSo(t *testing.T) {
	cfg := swift()
	cfg.Behaviour.P50, cfg.Behaviour.P95 = 20*time.Second, 20*time.Second
	cfg.ShutdownTimeout = 100 * time.Millisecond
	r := start(t, cfg)
	cut := make(chan error, 1)
	go func() {
		_, err := http.Get(r.url + "/")
		cut <- err
	}()
	time.Sleep(100 * time.Millisecond)
	r.term()
	if err := r.wait(t); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("error %v, want that requests were cut off", err)
	}
	if err := <-cut; err == nil {
		t.Error("the request was answered")
	}
}

func TestShutdownDelay(t *testing.T) {
	cfg := swift()
	cfg.ShutdownDelay = 300 * time.Millisecond
	r := start(t, cfg)
	began := time.Now()
	r.term()
	if err := r.wait(t); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took < cfg.ShutdownDelay {
		t.Errorf("left after %v, want at least %v", took, cfg.ShutdownDelay)
	}
}

func TestCrash(t *testing.T) {
	cfg := swift()
	cfg.CrashAfter = 200 * time.Millisecond
	cfg.LameDuck = time.Hour // must not be waited for
	r := start(t, cfg)
	if status, _ := get(t, r.url+"/"); status != http.StatusOK {
		t.Errorf("before the crash: %d", status)
	}
	if err := r.wait(t); !errors.Is(err, service.ErrCrash) {
		t.Errorf("error %v, want ErrCrash", err)
	}
}

func TestMemoryHogServes(t *testing.T) {
	cfg := swift()
	cfg.MemoryHogMiB = 8
	r := start(t, cfg)
	if status, _ := get(t, r.url+"/"); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	r.term()
	if err := r.wait(t); err != nil {
		t.Error(err)
	}
}

func TestRunNamesTheFlagOfABadAddress(t *testing.T) {
	cfg := swift()
	cfg.Listen = "no such host:http"
	s, err := service.New(cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "-listen=no such host:http") {
		t.Errorf("error %v, want one that names -listen", err)
	}
}

func dial(t *testing.T, url string) *websocket.Conn {
	t.Helper()
	conn, response, err := websocket.Dial(t.Context(), url+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := response.Header.Get(service.HeaderVersion); got != "v1" {
		t.Errorf("version %q in the handshake", got)
	}
	t.Cleanup(func() { conn.CloseNow() })
	return conn
}

func TestWebSocketEchoes(t *testing.T) {
	conn := dial(t, start(t, swift()).url)
	for _, kind := range []websocket.MessageType{websocket.MessageText, websocket.MessageBinary} {
		if err := conn.Write(t.Context(), kind, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		gotKind, got, err := conn.Read(t.Context())
		if err != nil || gotKind != kind || string(got) != "hello" {
			t.Errorf("sent %v, heard %v %q, %v", kind, gotKind, got, err)
		}
	}
	if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
}

func TestWebSocketPeersGetACloseFrame(t *testing.T) {
	cfg := swift()
	cfg.LameDuck = 200 * time.Millisecond
	r := start(t, cfg)
	conns := []*websocket.Conn{dial(t, r.url), dial(t, r.url), dial(t, r.url)}
	began := time.Now()
	r.term()
	for _, conn := range conns {
		_, _, err := conn.Read(t.Context())
		if websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("the connection ended by %v, want close code 1001", err)
		}
		if time.Since(began) < cfg.LameDuck {
			t.Error("closed before the lame-duck time was over: the peer would come back to this pod")
		}
	}
	if err := r.wait(t); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("leaving took %v although all peers answered", took)
	}
}

// TestWebSocketPeersThatDoNotAnswerAreCut has a peer that never reads, so never answers the close frame.
func TestWebSocketPeersThatDoNotAnswerAreCut(t *testing.T) {
	cfg := swift()
	cfg.ShutdownTimeout = 200 * time.Millisecond
	r := start(t, cfg)
	dial(t, r.url)
	began := time.Now()
	r.term()
	if err := r.wait(t); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("leaving took %v, want about %v", took, cfg.ShutdownTimeout)
	}
}
