package service

import (
	"net/http"
	"sync"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"
)

// peers are the open WebSocket connections. http.Server.Shutdown does not know them, hence leave.
type peers struct {
	open prometheus.Gauge

	mu      sync.Mutex
	conns   map[*websocket.Conn]struct{}
	leaving bool
	served  sync.WaitGroup
}

func newPeers(open prometheus.Gauge) *peers {
	return &peers{open: open, conns: map[*websocket.Conn]struct{}{}}
}

// echo sends every message back until either side closes.
func (p *peers) echo(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return // Accept has answered
	}
	defer conn.CloseNow()
	if !p.join(conn) {
		conn.Close(websocket.StatusGoingAway, "shutting down")
		return
	}
	defer p.part(conn)
	for {
		kind, message, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		if err := conn.Write(r.Context(), kind, message); err != nil {
			return
		}
	}
}

// leave sends every peer a close frame and waits until their connections are over, or until giveUp closes; then it cuts them.
// Peers that come later are turned away.
func (p *peers) leave(giveUp <-chan struct{}) {
	p.mu.Lock()
	p.leaving = true
	conns := make([]*websocket.Conn, 0, len(p.conns))
	for conn := range p.conns {
		conns = append(conns, conn)
	}
	p.mu.Unlock()

	for _, conn := range conns {
		go conn.Close(websocket.StatusGoingAway, "shutting down")
	}
	over := make(chan struct{})
	go func() {
		p.served.Wait()
		close(over)
	}()
	select {
	case <-over:
	case <-giveUp:
		for _, conn := range conns {
			go conn.CloseNow() // waits for Close, so never in line
		}
	}
}

func (p *peers) join(conn *websocket.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.leaving {
		return false
	}
	p.conns[conn] = struct{}{}
	p.served.Add(1)
	p.open.Inc()
	return true
}

func (p *peers) part(conn *websocket.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, conn)
	p.served.Done()
	p.open.Dec()
}
