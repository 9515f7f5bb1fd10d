package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/serin-dev/serin/hack/demo/internal/setting"
	"github.com/serin-dev/serin/hack/demo/stage"
)

// options are the command's flags, each of which can be set by a variable as well.
type options struct {
	stage  stage.Settings
	images bool // only write the images
}

const usageText = `Usage: hack/demo/run [flags]          tell the demo's story, on a local cluster or on one of yours
       hack/demo/run [flags] images   write the images as tar files, for a cluster of yours

Without settings it brings up a cluster on this machine (hack/cluster/up: Linux and root), builds and installs Serin, and releases
four versions of a service under load. It may be run again at any time. With CONTEXT it uses a cluster that you have:

       CONTEXT=kind-demo GATEWAY=infra/public GATEWAY_URL=http://localhost:8000 PROMETHEUS_URL=http://prometheus.monitoring:9090 hack/demo/run

With SOURCE=datadog the metrics come from a stand-in of Datadog, which the demo brings into the cluster, and Prometheus is not needed.

Each flag can be set by the variable behind it. The flag wins.

`

// variables are the flags' names in the environment.
var variables = map[string]string{
	"context":             "CONTEXT",
	"source":              "SOURCE",
	"gateway":             "GATEWAY",
	"gateway-url":         "GATEWAY_URL",
	"prometheus-url":      "PROMETHEUS_URL",
	"prometheus-url-here": "PROMETHEUS_URL_HERE",
	"cluster":             "SERIN_CLUSTER",
	"root":                "DEMO_ROOT",
}

// parseOptions reads args (without the program's name) over the environment. It returns flag.ErrHelp after writing the usage text to
// usage when help was asked for; any other error says what to write instead.
func parseOptions(args []string, lookup func(string) (string, bool), usage io.Writer) (options, error) {
	o := options{stage: stage.Settings{Root: ".", Source: stage.Prometheus}}
	fs := flag.NewFlagSet("demo", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	s := &o.stage
	text := func(target *string, name, help string) {
		fs.Var(setting.Text(target), name, help+" ($"+variables[name]+")")
	}
	text(&s.Context, "context", "`name` of a context in your kubeconfig; left out, a local cluster is brought up")
	fs.Var(setting.Choice(&s.Source, stage.Prometheus, stage.Datadog), "source", "where the metrics come from: `prometheus` or datadog, which is a stand-in ($"+variables["source"]+")")
	text(&s.Gateway, "gateway", "`namespace/name` of the Gateway to attach to, gateway/gateway when left out")
	text(&s.GatewayURL, "gateway-url", "`address` of the Gateway's listener as reached from here; needed with -context")
	text(&s.PrometheusURL, "prometheus-url", "`address` of Prometheus as pods reach it, http://prometheus.monitoring:9090 when left out")
	text(&s.PrometheusHere, "prometheus-url-here", "`address` of Prometheus as reached from here, if it is, to see early whether it scrapes the app")
	fs.Var(setting.Count(&s.Cluster), "cluster", "`digit` of the local cluster ($"+variables["cluster"]+")")
	text(&s.Root, "root", "`folder` of the repository")
	if err := setting.FromEnvironment(fs, func(name string) string { return variables[name] }, lookup); err != nil {
		return options{}, err
	}
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(usage, usageText)
			fs.SetOutput(usage)
			fs.PrintDefaults()
		}
		return options{}, err
	}
	switch {
	case fs.NArg() == 1 && fs.Arg(0) == "images":
		o.images = true
		return o, nil
	case fs.NArg() > 0:
		return options{}, fmt.Errorf("argument %q is neither a flag nor \"images\": see -help", fs.Arg(0))
	}
	err := o.complete()
	return o, err
}

// complete fills in what is known of the local cluster, and names every setting that can't be met.
func (o *options) complete() error {
	o.stage = o.stage.ForLocalCluster()
	s := o.stage
	var problems []error
	if s.Cluster > 9 {
		problems = append(problems, fmt.Errorf("cluster is %d: write one digit", s.Cluster))
	}
	if namespace, name, _ := strings.Cut(s.Gateway, "/"); namespace == "" || name == "" || strings.Contains(name, "/") {
		problems = append(problems, fmt.Errorf("gateway is %q: write namespace/name, such as gateway/gateway", s.Gateway))
	}
	for _, address := range []struct{ name, text string }{
		{"gateway-url", s.GatewayURL},
		{"prometheus-url", s.PrometheusURL},
		{"prometheus-url-here", s.PrometheusHere},
	} {
		optional := address.name == "prometheus-url-here"
		if address.text == "" && optional {
			continue
		}
		if u, err := url.Parse(address.text); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			problems = append(problems, fmt.Errorf("%s ($%s) is %q: write where it is reached, such as http://localhost:8000",
				address.name, variables[address.name], address.text))
		}
	}
	return errors.Join(problems...)
}
