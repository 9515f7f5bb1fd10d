package service_test

import (
	"errors"
	"flag"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/hack/demo/service"
)

func TestParseConfigDefaultsAreHealthy(t *testing.T) {
	got, err := service.ParseConfig(nil, environment(nil), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if got.Pod == "" {
		t.Error("the pod's name was not taken from the host")
	}
	want := service.DefaultConfig()
	want.Pod = got.Pod
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestParseConfigReadsEverySetting(t *testing.T) {
	want := service.Config{
		Listen: ":1", Version: "v9", Pod: "p", Revision: "abc", AllowBehaviour: true, Seed: 7,
		Behaviour: service.Behaviour{
			P50: time.Millisecond, P95: 2 * time.Millisecond, LatencyFactor: 1.5, ErrorRate: 0.02, SlowErrors: true, NeverReady: true,
		},
		StartupDelay: 1 * time.Second, Warmup: 2 * time.Second, WarmupFactor: 4, CrashAfter: 3 * time.Second,
		LameDuck: 4 * time.Second, ShutdownTimeout: 5 * time.Second, ShutdownDelay: 6 * time.Second, MemoryHogMiB: 64,
	}
	variables := map[string]string{
		"DEMO_LISTEN": ":1", "DEMO_VERSION": "v9", "POD_NAME": "p", "DEMO_REVISION": "abc", "DEMO_ALLOW_BEHAVIOUR": "true",
		"DEMO_SEED": "7", "DEMO_P50": "1ms", "DEMO_P95": "2ms", "DEMO_LATENCY_FACTOR": "1.5", "DEMO_ERROR_RATE": "2%",
		"DEMO_SLOW_ERRORS": "true", "DEMO_NEVER_READY": "true", "DEMO_STARTUP_DELAY": "1s", "DEMO_WARMUP": "2s",
		"DEMO_WARMUP_FACTOR": "4", "DEMO_CRASH_AFTER": "3s", "DEMO_LAME_DUCK": "4s", "DEMO_SHUTDOWN_TIMEOUT": "5s",
		"DEMO_SHUTDOWN_DELAY": "6s", "DEMO_MEMORY_HOG_MIB": "64",
	}
	var args []string
	for name, text := range variables {
		flagName := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(strings.TrimPrefix(name, "DEMO_"), "POD_NAME"), "_", "-"))
		if name == "POD_NAME" {
			flagName = "pod"
		}
		args = append(args, "-"+flagName+"="+text)
	}
	for name, parse := range map[string]func() (service.Config, error){
		"environment": func() (service.Config, error) {
			return service.ParseConfig(nil, environment(variables), io.Discard)
		},
		"flags": func() (service.Config, error) { return service.ParseConfig(args, environment(nil), io.Discard) },
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parse()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestParseConfigFlagBeatsEnvironment(t *testing.T) {
	got, err := service.ParseConfig([]string{"-version=flag"}, environment(map[string]string{"DEMO_VERSION": "env"}), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if got.Version != "flag" {
		t.Errorf("version %q, want flag", got.Version)
	}
}

func TestParseConfigErrorsSayWhatToWrite(t *testing.T) {
	for name, tc := range map[string]struct {
		args      []string
		variables map[string]string
		says      []string
	}{
		"bad flag":         {args: []string{"-error-rate=200%"}, says: []string{"-error-rate", "200%", "2%"}},
		"bad variable":     {variables: map[string]string{"DEMO_P95": "80"}, says: []string{"DEMO_P95", `"80"`, "80ms"}},
		"unknown flag":     {args: []string{"-p96=1s"}, says: []string{"-p96"}},
		"stray argument":   {args: []string{"p95=1s"}, says: []string{"p95=1s", "-name=value"}},
		"p95 under p50":    {args: []string{"-p50=90ms"}, says: []string{"p50 is 90ms", "p95 is 80ms", "write a p95 of at least the p50"}},
		"only p50 zero":    {args: []string{"-p50=0s"}, says: []string{"both zero"}},
		"no address":       {args: []string{"-listen="}, says: []string{"-listen", ":8080"}},
		"no version":       {args: []string{"-version="}, says: []string{"-version", "v1"}},
		"warm-up speeds":   {args: []string{"-warmup=5s", "-warmup-factor=0.5"}, says: []string{"-warmup-factor", "at least 1"}},
		"several at once":  {args: []string{"-listen=", "-p50=1h"}, says: []string{"-listen", "p50"}},
		"negative timeout": {args: []string{"-lame-duck=-3s"}, says: []string{"-lame-duck", "zero or more"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := service.ParseConfig(tc.args, environment(tc.variables), io.Discard)
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range tc.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}

func TestParseConfigHelp(t *testing.T) {
	var usage strings.Builder
	_, err := service.ParseConfig([]string{"-help"}, environment(nil), &usage)
	if !errors.Is(err, flag.ErrHelp) {
		t.Fatalf("error %v, want flag.ErrHelp", err)
	}
	for _, part := range []string{"DEMO_P95", "-p95 time", "(default 80ms)", "(default 0%)"} {
		if !strings.Contains(usage.String(), part) {
			t.Errorf("usage lacks %q:\n%s", part, usage.String())
		}
	}
}

func TestNewRefusesBadConfig(t *testing.T) {
	cfg := service.DefaultConfig()
	cfg.Behaviour.LatencyFactor = 0
	if _, err := service.New(cfg, quiet()); err == nil || !strings.Contains(err.Error(), "latency factor") {
		t.Errorf("error %v, want one about the latency factor", err)
	}
}

func environment(m map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := m[name]
		return v, ok
	}
}
