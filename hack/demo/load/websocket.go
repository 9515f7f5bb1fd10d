package load

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/serin-dev/serin/hack/demo/service"
)

// redialDelay is the pause after an attempt to connect that failed.
const redialDelay = 200 * time.Millisecond

// sockets keeps WebSocket connections open. It is safe for concurrent use.
type sockets struct {
	cfg    Config
	url    string
	client *http.Client

	mu    sync.Mutex
	stats WebSockets
}

func newSockets(cfg Config) *sockets {
	return &sockets{
		cfg:    cfg,
		url:    cfg.socketURL(),
		client: &http.Client{Transport: &http.Transport{Proxy: nil}},
		stats:  WebSockets{Wanted: cfg.WebSockets, OpenByVersion: map[string]int{}},
	}
}

// run returns when ctx has ended and every connection was closed.
func (s *sockets) run(ctx context.Context) {
	var work sync.WaitGroup
	for range s.cfg.WebSockets {
		work.Go(func() { s.keepOpen(ctx) })
	}
	work.Wait()
}

func (s *sockets) snapshot() WebSockets {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.stats
	out.OpenByVersion = maps.Clone(s.stats.OpenByVersion)
	out.Samples = slices.Clone(s.stats.Samples)
	return out
}

// keepOpen connects again whenever the connection ends. What a close frame 1001 counts as is known after the next attempt.
func (s *sockets) keepOpen(ctx context.Context) {
	var asked *Sample // the last connection's end, while the server had asked for it
	for ctx.Err() == nil {
		conn, at, err := s.dial(ctx)
		if ctx.Err() != nil {
			if conn != nil {
				conn.CloseNow()
			}
			break
		}
		if asked != nil {
			s.disconnected(*asked, err == nil)
			asked = nil
		}
		if err != nil {
			s.dialFailed(at.sample(err))
			pause(ctx, redialDelay)
			continue
		}
		err = s.converse(ctx, conn, at)
		if ctx.Err() != nil {
			break
		}
		end := at.sample(err)
		if websocket.CloseStatus(err) == websocket.StatusGoingAway {
			asked = &end
			continue
		}
		s.disconnected(end, false)
	}
}

// peer is the other end of a connection.
type peer struct {
	since        time.Time
	status       int
	version, pod string
}

// dial connects, or says why not. The peer is known as far as it answered.
func (s *sockets) dial(ctx context.Context) (*websocket.Conn, peer, error) {
	at := peer{since: time.Now()}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	conn, response, err := websocket.Dial( //nolint:bodyclose // the library hands over a response whose body needs no closing
		ctx, s.url, &websocket.DialOptions{HTTPClient: s.client, Host: s.cfg.Host})
	if response != nil {
		at.status = response.StatusCode
		at.version, at.pod = response.Header.Get(service.HeaderVersion), response.Header.Get(service.HeaderPod)
	}
	if err == nil && at.version == "" {
		conn.CloseNow()
		return nil, at, fmt.Errorf("connected to something that does not set %s", service.HeaderVersion)
	}
	return conn, at, err
}

// converse sends a message every WebSocketInterval and wants it back, until the connection or ctx ends. The error says how the
// connection ended.
func (s *sockets) converse(ctx context.Context, conn *websocket.Conn, at peer) error {
	s.opened(at, 1)
	defer s.opened(at, -1)
	defer conn.CloseNow()
	heard := make(chan string, 1)
	ended := make(chan error, 1)
	go listen(ctx, conn, heard, ended)
	ticker := time.NewTicker(s.cfg.WebSocketInterval)
	defer ticker.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return conn.Close(websocket.StatusNormalClosure, "load is over")
		case err := <-ended:
			return err
		case <-ticker.C:
		}
		if err := s.exchange(ctx, conn, fmt.Sprintf("message %d", n), heard, ended); err != nil {
			return err
		}
	}
}

// exchange sends one message and waits for its echo. It goes on when ctx ends, so that the connection can be closed in order.
func (s *sockets) exchange(ctx context.Context, conn *websocket.Conn, message string, heard <-chan string, ended <-chan error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Timeout)
	defer cancel()
	sent := conn.Write(ctx, websocket.MessageText, []byte(message))
	select {
	case err := <-ended: // also after a failed write: the reader knows whether a close frame came first
		select {
		case got := <-heard: // just before the end
			if got == message {
				s.echoed()
			}
		default:
		}
		return err
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("no echo of %q: %w", message, ctx.Err()), sent)
	case got := <-heard:
		if got != message {
			return fmt.Errorf("sent %q, heard %q", message, got)
		}
		s.echoed()
		return nil
	}
}

// listen reads all the time, so that a close frame is answered at once. It does not take ctx's end as its own: reading with an
// ended context would cut the connection before converse has closed it.
func listen(ctx context.Context, conn *websocket.Conn, heard chan<- string, ended chan<- error) {
	for {
		_, message, err := conn.Read(context.WithoutCancel(ctx))
		if err != nil {
			ended <- err
			return
		}
		select {
		case heard <- string(message):
		default:
			ended <- fmt.Errorf("heard %q unasked", message)
			return
		}
	}
}

func (s *sockets) opened(at peer, by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Open += by
	s.stats.OpenByVersion[at.version] += by
	if s.stats.OpenByVersion[at.version] == 0 {
		delete(s.stats.OpenByVersion, at.version)
	}
}

func (s *sockets) echoed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Messages++
}

func (s *sockets) disconnected(end Sample, clean bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if clean {
		s.stats.CleanDisconnects++
		return
	}
	s.stats.UncleanDisconnects++
	end.Outcome = "uncleanDisconnect"
	s.keep(end)
}

func (s *sockets) dialFailed(end Sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.FailedDials++
	end.Outcome = "failedDial"
	s.keep(end)
}

func (s *sockets) keep(end Sample) {
	if len(s.stats.Samples) < s.cfg.MaxSamples {
		s.stats.Samples = append(s.stats.Samples, end)
	}
}

// sample tells how the connection ended; its latency is how long the connection, or the attempt, lasted.
func (p peer) sample(err error) Sample {
	s := Sample{Time: time.Now(), Status: p.status, Version: p.version, Pod: p.pod, LatencySeconds: time.Since(p.since).Seconds()}
	if err != nil {
		s.Error = err.Error()
	}
	return s
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
