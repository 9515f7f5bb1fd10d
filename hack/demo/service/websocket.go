package service

import (
	"context"
	"net/http"
	"sync"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"
)

// leavingReason goes with every close frame sent at shutdown.
const leavingReason = "shutting down"

// peers are the open WebSocket connections. http.Server.Shutdown does not know them, hence leave.
type peers struct {
	open prometheus.Gauge

	mu      sync.Mutex
	cut     map[*websocket.Conn]context.CancelFunc // ends a connection without a close frame
	leaving bool
	served  sync.WaitGroup
}

func newPeers(open prometheus.Gauge) *peers {
	return &peers{open: open, cut: map[*websocket.Conn]context.CancelFunc{}}
}

// echo sends every message back until either side closes.
func (p *peers) echo(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return // Accept has answered
	}
	defer conn.CloseNow()
	ctx, cut := context.WithCancel(r.Context())
	defer cut()
	if !p.join(conn, cut) {
		conn.Close(websocket.StatusGoingAway, leavingReason)
		return
	}
	defer p.part(conn)
	for {
		kind, message, err := conn.Read(ctx)
		if err != nil {
			return
		}
		if err := conn.Write(ctx, kind, message); err != nil {
			return
		}
	}
}

// leave sends every peer a close frame and waits until their connections are over. Those that are not when giveUp closes are
// cut. Peers that come later are turned away.
func (p *peers) leave(giveUp <-chan struct{}) {
	p.mu.Lock()
	p.leaving = true
	for conn := range p.cut {
		go conn.Close(websocket.StatusGoingAway, leavingReason)
	}
	p.mu.Unlock()

	over := make(chan struct{})
	go func() {
		p.served.Wait()
		close(over)
	}()
	select {
	case <-over:
		return
	case <-giveUp:
	}
	p.mu.Lock()
	for _, cut := range p.cut {
		cut()
	}
	p.mu.Unlock()
	<-over
}

func (p *peers) join(conn *websocket.Conn, cut context.CancelFunc) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.leaving {
		return false
	}
	p.cut[conn] = cut
	p.served.Add(1)
	p.open.Inc()
	return true
}

func (p *peers) part(conn *websocket.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.cut, conn)
	p.served.Done()
	p.open.Dec()
}
