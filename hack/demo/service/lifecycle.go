package service

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// ErrCrash is what Run and Serve return when -crash-after asked for it.
var ErrCrash = errors.New("crashing, as -crash-after asks")

const (
	// headerTimeout bounds how long a caller may take to send its headers.
	headerTimeout = 10 * time.Second
	// idleTimeout outlasts that of gateways (90 s in Traefik and Go), so that the gateway is the one to close an idle
	// connection: the other way round, a request could meet a connection just closed.
	idleTimeout = 5 * time.Minute
)

// Run listens on cfg.Listen and serves as Serve does.
func (s *Server) Run(ctx context.Context) error {
	listener, err := net.Listen("tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("-listen=%s: %w", s.cfg.Listen, err)
	}
	return s.Serve(ctx, listener)
}

// Serve answers on listener until ctx ends, then leaves in three steps: for LameDuck it is not ready yet serves; for at most
// ShutdownTimeout it lets open requests end and sends WebSocket peers a close frame 1001; for ShutdownDelay it idles. It
// returns nil when nothing was cut off. It may be called once.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout}
	s.log.Info("serving", "address", listener.Addr().String(), "version", s.cfg.Version, "revision", s.cfg.Revision,
		"behaviour", s.Behaviour())
	s.takeMemory()
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	select {
	case err := <-served:
		return err
	case <-s.crash():
		server.Close()
		return ErrCrash
	case <-ctx.Done():
	}
	return s.drain(server)
}

func (s *Server) drain(server *http.Server) error {
	s.draining.Store(true)
	s.log.Info("draining: not ready, still serving", "lameDuck", s.cfg.LameDuck.String())
	time.Sleep(s.cfg.LameDuck)

	s.log.Info("shutting down", "timeout", s.cfg.ShutdownTimeout.String())
	deadline, cancel := context.WithTimeout(context.Background(), s.cfg.ShutdownTimeout)
	defer cancel()
	left := make(chan struct{})
	go func() {
		s.peers.leave(deadline.Done())
		close(left)
	}()
	err := server.Shutdown(deadline)
	<-left
	if err != nil {
		server.Close()
		err = fmt.Errorf("requests were still open %v after the lame-duck time and were cut off: %w", s.cfg.ShutdownTimeout, err)
	}
	time.Sleep(s.cfg.ShutdownDelay)
	s.log.Info("stopped")
	return err
}

// crash fires CrashAfter from the start, or never.
func (s *Server) crash() <-chan time.Time {
	if s.cfg.CrashAfter == 0 {
		return nil
	}
	return time.After(time.Until(s.started.Add(s.cfg.CrashAfter)))
}

// takeMemory touches every page, for memory that is only reserved does not count against a limit.
func (s *Server) takeMemory() {
	const page = 4096
	s.hog = make([]byte, s.cfg.MemoryHogMiB<<20)
	for i := 0; i < len(s.hog); i += page {
		s.hog[i] = 1
	}
}
