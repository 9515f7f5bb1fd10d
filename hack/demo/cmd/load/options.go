package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/serin-dev/serin/hack/demo/internal/setting"
	"github.com/serin-dev/serin/hack/demo/load"
)

// options are the command's flags.
type options struct {
	load     load.Config
	listen   string        // address of /stats, empty for none
	out      string        // file for the summary, - for standard output
	outEvery time.Duration // 0 writes the summary once, at the end
	strict   bool
}

// parseOptions reads args (without the program's name) over the environment (LOAD_RATE for -rate). It returns flag.ErrHelp
// after writing the usage text to usage when help was asked for.
func parseOptions(args []string, lookup func(string) (string, bool), usage io.Writer) (options, error) {
	o := options{load: load.DefaultConfig(), out: "-"}
	quiet := false
	fs := flag.NewFlagSet("load", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	o.register(fs)
	fs.Var(setting.Switch(&quiet), "quiet", "no progress lines")
	if err := setting.FromEnvironment(fs, func(name string) string { return setting.Variable("LOAD_", name) }, lookup); err != nil {
		return options{}, err
	}
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(usage, "Usage: load -url=http://... [flags]\n\nEach flag can be set by an environment variable: -rate by LOAD_RATE. The flag wins.\n\n")
			fs.SetOutput(usage)
			fs.PrintDefaults()
		}
		return options{}, err
	}
	if fs.NArg() > 0 {
		return options{}, fmt.Errorf("argument %q is not a flag: write -name=value", fs.Arg(0))
	}
	if quiet {
		o.load.ProgressInterval = 0
	}
	return o, o.load.Validate()
}

func (o *options) register(fs *flag.FlagSet) {
	c := &o.load
	fs.Var(setting.Text(&c.URL), "url", "`address` to send requests to")
	fs.Var(setting.Text(&c.Host), "host", "Host `header` (default that of -url)")
	fs.Var(setting.Count(&c.Rate), "rate", "`requests` a second; 0 sends none")
	fs.Var(setting.Duration(&c.Timeout), "timeout", "`time` until a request, connection attempt or echo counts as failed")
	fs.Var(setting.Duration(&c.Duration), "duration", "`time` to run; 0 runs until SIGTERM")
	fs.Var(setting.Switch(&c.FreshConnections), "fresh-connections", "open a connection for every request")
	fs.Var(setting.Count(&c.WebSockets), "websockets", "`connections` to keep open")
	fs.Var(setting.Text(&c.WebSocketPath), "websocket-path", "`path` of the WebSocket echo on the host of -url")
	fs.Var(setting.Duration(&c.WebSocketInterval), "websocket-interval", "`time` between two messages on a connection")
	fs.Var(setting.Count(&c.MaxSamples), "samples", "`number` of failures to keep for the summary")
	fs.Var(setting.Duration(&c.ProgressInterval), "progress-interval", "`time` between two lines on standard error; see -quiet")
	fs.Var(setting.Text(&o.listen), "listen", "`address` that answers GET /stats with the summary so far, such as :9091")
	fs.Var(setting.Text(&o.out), "out", "`file` for the summary as JSON, - for standard output")
	fs.Var(setting.Duration(&o.outEvery), "out-every", "`time` between two writes of the summary; 0 writes it at the end only")
	fs.Var(setting.Switch(&o.strict), "strict", "exit with 1 when the platform failed a request or a WebSocket")
}
