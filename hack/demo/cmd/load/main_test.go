package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/hack/demo/load"
	"github.com/serin-dev/serin/hack/demo/service"
)

func noEnvironment(string) (string, bool) { return "", false }

// demo is a service that answers at once.
func demo(t *testing.T) string {
	t.Helper()
	cfg := service.DefaultConfig()
	cfg.Behaviour = service.Behaviour{LatencyFactor: 1}
	s, err := service.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return server.URL
}

func decode(t *testing.T, text []byte) (s load.Summary) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return s
}

func TestSummaryGoesToStandardOutput(t *testing.T) {
	var stdout, stderr bytes.Buffer
	args := []string{"-url=" + demo(t), "-rate=50", "-websockets=1", "-duration=500ms", "-progress-interval=100ms", "-strict"}
	if code := run(t.Context(), args, noEnvironment, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d\n%s", code, stderr.String())
	}
	if s := decode(t, stdout.Bytes()); s.Requests.OK == 0 || s.Rate != 50 || !s.Done || !s.Clean() {
		t.Errorf("summary %+v", s)
	}
	if !strings.Contains(stderr.String(), "req/s") {
		t.Errorf("no progress: %s", stderr.String())
	}
}

func TestSummaryGoesToAFileAtIntervalsAndStatsAnswer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	folder := t.TempDir()
	file := filepath.Join(folder, "summary.json")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan int, 1)
	var stdout, stderr bytes.Buffer
	args := []string{"-url=" + demo(t), "-quiet", "-out=" + file, "-out-every=50ms", "-listen=" + address}
	go func() { done <- run(ctx, args, noEnvironment, &stdout, &stderr) }()

	var early load.Summary
	for deadline := time.Now().Add(10 * time.Second); early.Requests.Total == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no summary while it runs")
		}
		if text, err := os.ReadFile(file); err == nil {
			early = decode(t, text)
		}
	}
	response, err := http.Get("http://" + address + "/stats")
	if err != nil {
		t.Fatal(err)
	}
	var stats load.Summary
	if err := json.NewDecoder(response.Body).Decode(&stats); err != nil || stats.Done || stats.Requests.Total < early.Requests.Total {
		t.Errorf("stats %+v, %v", stats, err)
	}
	response.Body.Close()

	stop() // what SIGTERM does
	if code := <-done; code != 0 {
		t.Errorf("exit code %d", code)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if s := decode(t, text); !s.Done || s.Requests.Total < stats.Requests.Total {
		t.Errorf("last summary %+v", s)
	}
	if stdout.Len() > 0 || stderr.Len() > 0 {
		t.Errorf("quiet, yet it printed %q %q", stdout.String(), stderr.String())
	}
	if files, _ := os.ReadDir(folder); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
}

func TestExitCodes(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	brief := []string{"-url=" + gone.URL, "-rate=20", "-duration=200ms", "-quiet"}
	for name, tc := range map[string]struct {
		args []string
		code int
		says string
	}{
		"harm":          {brief, 0, ""},
		"strict harm":   {append(brief, "-strict"), 1, "the platform failed"},
		"no such place": {append(brief, "-out=/no/such/folder/x"), 1, "/no/such/folder"},
		"bad listen":    {append(brief, "-listen=nowhere"), 2, "-listen=nowhere"},
		"bad flag":      {[]string{"-rate=fast"}, 2, "-rate: write a whole number"},
		"no URL":        {nil, 2, "http://localhost:8000/"},
		"stray":         {[]string{"http://x/"}, 2, "-name=value"},
		"help":          {[]string{"-help"}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), tc.args, noEnvironment, &stdout, &stderr); code != tc.code {
				t.Errorf("exit code %d, want %d\n%s", code, tc.code, stderr.String())
			}
			if !strings.Contains(stderr.String(), tc.says) {
				t.Errorf("%q does not say %q", stderr.String(), tc.says)
			}
			if name == "help" && !strings.Contains(stdout.String(), "LOAD_RATE") {
				t.Errorf("usage %q", stdout.String())
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	variables := map[string]string{"LOAD_URL": "http://gateway/", "LOAD_RATE": "5", "LOAD_HOST": "a.example"}
	o, err := parseOptions([]string{"-rate=7"}, func(name string) (string, bool) { v, ok := variables[name]; return v, ok }, nil)
	if err != nil {
		t.Fatal(err)
	}
	if o.load.URL != "http://gateway/" || o.load.Rate != 7 || o.load.Host != "a.example" || o.out != "-" {
		t.Errorf("options %+v", o)
	}
}
