package service

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/serin-dev/serin/hack/demo/internal/setting"
)

// Config is everything the service can be told at its start.
type Config struct {
	Listen   string // address of the only port, such as ":8080"
	Version  string // what /, X-Demo-Version and demo_info tell
	Pod      string // who answers; the host's name when left out
	Revision string // the pod template's identity, usually the label pod-template-hash

	Behaviour      Behaviour // at the start
	AllowBehaviour bool      // POST /behaviour may change it
	Seed           uint64    // of latencies and errors; 0 draws a new one at each start

	StartupDelay time.Duration // from the start until readiness
	Warmup       time.Duration // from readiness; latency falls evenly from WarmupFactor times to normal
	WarmupFactor float64       // latency multiplier at the start of Warmup
	CrashAfter   time.Duration // from the start until the process ends with an error, without draining; 0 never

	LameDuck        time.Duration // from SIGTERM on: not ready, yet serving
	ShutdownTimeout time.Duration // after LameDuck, for open requests and WebSocket peers to end
	ShutdownDelay   time.Duration // after that, idle until the process ends

	MemoryHogMiB int // memory taken and touched at the start, in MiB
}

// DefaultConfig is a healthy service.
func DefaultConfig() Config {
	return Config{
		Listen:          ":8080",
		Version:         "v1",
		Behaviour:       DefaultBehaviour(),
		WarmupFactor:    3,
		LameDuck:        3 * time.Second,
		ShutdownTimeout: 5 * time.Second,
	}
}

// ParseConfig reads args (without the program's name) over the environment over DefaultConfig. It returns flag.ErrHelp after
// writing the usage text to usage when help was asked for; any other error names the flag or variable and what to write.
func ParseConfig(args []string, lookup func(string) (string, bool), usage io.Writer) (Config, error) {
	cfg := DefaultConfig()
	fs := flag.NewFlagSet("demo-service", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	cfg.register(fs)
	if err := setting.FromEnvironment(fs, Variable, lookup); err != nil {
		return Config{}, err
	}
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			writeUsage(fs, usage)
		}
		return Config{}, err
	}
	if fs.NArg() > 0 {
		return Config{}, fmt.Errorf("argument %q is not a flag: write -name=value", fs.Arg(0))
	}
	if cfg.Pod == "" {
		cfg.Pod, _ = os.Hostname()
	}
	return cfg, cfg.Validate()
}

// Variable is the environment variable that sets a flag: POD_NAME for pod, else DEMO_ and the flag's name.
func Variable(flagName string) string {
	if flagName == "pod" {
		return "POD_NAME"
	}
	return setting.Variable("DEMO_", flagName)
}

// Validate finds what no single flag can: settings that contradict each other.
func (c Config) Validate() error {
	problems := []error{c.Behaviour.Validate()}
	if c.Listen == "" {
		problems = append(problems, errors.New("-listen is empty: write an address such as :8080"))
	}
	if c.Version == "" {
		problems = append(problems, errors.New("-version is empty: write the version's name, such as v1"))
	}
	if c.Warmup > 0 && !(c.WarmupFactor >= 1) {
		problems = append(problems, fmt.Errorf("-warmup-factor is %v: write a factor of at least 1, such as 3", c.WarmupFactor))
	}
	return errors.Join(problems...)
}

func (c *Config) register(fs *flag.FlagSet) {
	fs.Var(setting.Text(&c.Listen), "listen", "`address` of the only port")
	fs.Var(setting.Text(&c.Version), "version", "`name` of the version, told in answers, headers and metrics")
	fs.Var(setting.Text(&c.Pod), "pod", "`name` of the pod (default the host's name)")
	fs.Var(setting.Text(&c.Revision), "revision", "the pod template's `identity`, such as its pod-template-hash")

	fs.Var(setting.Duration(&c.Behaviour.P50), "p50", "median `time` an answer takes")
	fs.Var(setting.Duration(&c.Behaviour.P95), "p95", "95th percentile of the `time` an answer takes")
	fs.Var(setting.Factor(&c.Behaviour.LatencyFactor), "latency-factor", "`factor` on every answer's time")
	fs.Var(setting.Fraction(&c.Behaviour.ErrorRate), "error-rate", "`share` of requests answered by 500")
	fs.Var(setting.Switch(&c.Behaviour.SlowErrors), "slow-errors", "errors take as long as good answers")
	fs.Var(setting.Switch(&c.Behaviour.NeverReady), "never-ready", "readiness never succeeds")
	fs.Var(setting.Switch(&c.AllowBehaviour), "allow-behaviour", "POST /behaviour may change the six settings above")
	fs.Var(setting.Seed(&c.Seed), "seed", "`number` that fixes the sequence of latencies and errors; 0 draws a new one")

	fs.Var(setting.Duration(&c.StartupDelay), "startup-delay", "`time` from start to readiness")
	fs.Var(setting.Duration(&c.Warmup), "warmup", "`time` from readiness in which answers are slower")
	fs.Var(setting.Factor(&c.WarmupFactor), "warmup-factor", "`factor` on the time of the first answer, falling evenly to 1 over -warmup")
	fs.Var(setting.Duration(&c.CrashAfter), "crash-after", "`time` from start to a crash; 0 never")
	fs.Var(setting.Duration(&c.LameDuck), "lame-duck", "`time` from SIGTERM in which it is not ready but serves")
	fs.Var(setting.Duration(&c.ShutdownTimeout), "shutdown-timeout", "`time` after -lame-duck for open requests to end")
	fs.Var(setting.Duration(&c.ShutdownDelay), "shutdown-delay", "idle `time` after that, before the process ends")
	fs.Var(setting.Count(&c.MemoryHogMiB), "memory-hog-mib", "`MiB` of memory to take at start")
}

func writeUsage(fs *flag.FlagSet, out io.Writer) {
	fmt.Fprintln(out, "Usage: demo-service [flags]\n\nEach flag can be set by an environment variable: -p95 by DEMO_P95, -pod by POD_NAME. The flag wins.")
	fmt.Fprintln(out)
	fs.SetOutput(out)
	fs.PrintDefaults()
}
