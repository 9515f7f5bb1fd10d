package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain turns the test's own binary into the service where a test starts it so: signals and exit codes need a process.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_SERVICE") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process is a service on a free port.
type process struct {
	*exec.Cmd
	url  string
	logs *bytes.Buffer // read it after Wait
}

func start(t *testing.T, env ...string) process {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	p := process{Cmd: exec.CommandContext(t.Context(), os.Args[0]), url: "http://" + address, logs: &bytes.Buffer{}}
	p.Env = append([]string{"RUN_SERVICE=1", "DEMO_LISTEN=" + address, "DEMO_P50=0s", "DEMO_P95=0s", "DEMO_LAME_DUCK=300ms"}, env...)
	p.Stderr = p.logs
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

func awaitReady(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		response, err := http.Get(url + "/healthz")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("never ready")
}

func TestSIGTERMLeavesInOrder(t *testing.T) {
	p := start(t)
	awaitReady(t, p.url)
	began := time.Now()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("ended by %v\n%s", err, p.logs)
	}
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("left after %v, before the lame-duck time was over", took)
	}
	for _, part := range []string{`"msg":"serving"`, `"version":"v1"`, `"p50":"0s"`, "draining", "stopped"} {
		if !strings.Contains(p.logs.String(), part) {
			t.Errorf("logs lack %q:\n%s", part, p.logs)
		}
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	p := start(t, "DEMO_LAME_DUCK=1h")
	awaitReady(t, p.url)
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	for {
		p.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			if exit := (&exec.ExitError{}); !errors.As(err, &exit) || exit.Exited() {
				t.Errorf("ended by %v, want the signal", err)
			}
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func TestExitCodes(t *testing.T) {
	for name, tc := range map[string]struct {
		env  string
		code int
		says string
	}{
		"crash":       {"DEMO_CRASH_AFTER=50ms", 1, "-crash-after"},
		"bad setting": {"DEMO_P95=fast", 2, `DEMO_P95="fast": write a duration`},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, tc.env)
			p.Wait()
			if got := p.ProcessState.ExitCode(); got != tc.code {
				t.Errorf("exit code %d, want %d", got, tc.code)
			}
			if !strings.Contains(p.logs.String(), tc.says) {
				t.Errorf("it does not say %q:\n%s", tc.says, p.logs)
			}
		})
	}
}
