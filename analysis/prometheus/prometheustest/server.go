// Package prometheustest runs a real Prometheus in tests.
package prometheustest

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Server is a Prometheus of the version that the project builds.
type Server struct {
	// Address is its host and port.
	Address string
	t       *testing.T
	config  string
}

// Start runs the binary that SERIN_PROMETHEUS names until the test ends, and skips the test when there is none.
func Start(t *testing.T, config string) *Server {
	t.Helper()
	binary := os.Getenv("SERIN_PROMETHEUS")
	if binary == "" {
		t.Skip("SERIN_PROMETHEUS does not name a Prometheus to test against")
	}
	dir := t.TempDir()
	s := &Server{Address: freeAddress(t), t: t, config: filepath.Join(dir, "prometheus.yml")}
	s.write(config)
	command := exec.Command(binary, "--config.file="+s.config, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+s.Address, "--web.enable-lifecycle", "--log.level=warn")
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	for deadline := time.Now().Add(30 * time.Second); !s.answers(http.MethodGet, "/-/ready"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("Prometheus was not ready within 30 s")
		}
	}
	return s
}

// Configure gives it another configuration.
func (s *Server) Configure(config string) {
	s.t.Helper()
	s.write(config)
	if !s.answers(http.MethodPost, "/-/reload") {
		s.t.Fatalf("Prometheus does not take this configuration:\n%s", config)
	}
}

func (s *Server) write(config string) {
	s.t.Helper()
	if err := os.WriteFile(s.config, []byte(config), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *Server) answers(method, path string) bool {
	r, err := http.NewRequestWithContext(context.Background(), method, "http://"+s.Address+path, http.NoBody)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.3:0") // where no server of another test gets the port before Prometheus has it
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
