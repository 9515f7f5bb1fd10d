package main

import (
	"bytes"
	"errors"
	"flag"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/hack/demo/stage"
)

func environment(pairs map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := pairs[name]
		return value, ok
	}
}

func TestOptions(t *testing.T) {
	local := stage.Settings{
		Root: ".", Source: stage.Prometheus, Gateway: "gateway/gateway", GatewayURL: "http://10.250.0.2:8000",
		PrometheusURL: "http://prometheus.monitoring:9090", PrometheusHere: "http://10.250.0.2:9090",
	}
	third := local
	third.Cluster, third.GatewayURL, third.PrometheusHere = 3, "http://10.250.3.2:8000", "http://10.250.3.2:9090"
	theirs := stage.Settings{
		Root: "/src", Source: stage.Prometheus, Context: "kind-demo", Gateway: "infra/public", GatewayURL: "https://localhost", PrometheusURL: "http://prometheus.monitoring:9090",
	}
	standIn, theirStandIn := local, theirs
	standIn.Source, theirStandIn.Source = stage.Datadog, stage.Datadog
	images := func(source stage.Source, context string) options {
		return options{stage: stage.Settings{Root: ".", Source: source, Context: context}, images: true}
	}
	for name, test := range map[string]struct {
		args        []string
		environment map[string]string
		want        options
	}{
		"nothing":                {nil, nil, options{stage: local}},
		"another local cluster":  {nil, map[string]string{"SERIN_CLUSTER": "3"}, options{stage: third}},
		"the flag wins":          {[]string{"-cluster=3"}, map[string]string{"SERIN_CLUSTER": "4"}, options{stage: third}},
		"images":                 {[]string{"images"}, nil, images(stage.Prometheus, "")},
		"images need no gateway": {[]string{"images"}, map[string]string{"CONTEXT": "x"}, images(stage.Prometheus, "x")},
		"images of the stand-in": {[]string{"images"}, map[string]string{"SOURCE": "datadog"}, images(stage.Datadog, "")},
		"the stand-in":           {nil, map[string]string{"SOURCE": "datadog"}, options{stage: standIn}},
		"Prometheus by its name": {[]string{"-source=prometheus"}, map[string]string{"SOURCE": "datadog"}, options{stage: local}},
		"the stand-in in a cluster of one's own": {
			[]string{"-root=/src", "-gateway-url=https://localhost", "-source=datadog"},
			map[string]string{"CONTEXT": "kind-demo", "GATEWAY": "infra/public"},
			options{stage: theirStandIn},
		},
		"empty variables are not": {nil, map[string]string{"CONTEXT": "", "GATEWAY": "", "GATEWAY_URL": ""}, options{stage: local}},
		"a cluster of one's own": {
			[]string{"-root=/src", "-gateway-url=https://localhost"},
			map[string]string{"CONTEXT": "kind-demo", "GATEWAY": "infra/public"},
			options{stage: theirs},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseOptions(test.args, environment(test.environment), nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(options{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestOptionsThatCannotBeMet(t *testing.T) {
	for name, test := range map[string]struct {
		args        []string
		environment map[string]string
		want        []string
	}{
		"context without its gateway's address": {[]string{"-context=x"}, nil, []string{`gateway-url ($GATEWAY_URL) is ""`}},
		"a gateway without its namespace":       {nil, map[string]string{"GATEWAY": "public"}, []string{`gateway is "public": write namespace/name`}},
		"addresses that are none": {
			[]string{"-prometheus-url=prometheus:9090"},
			map[string]string{"GATEWAY_URL": "localhost", "PROMETHEUS_URL_HERE": "9090"},
			[]string{`prometheus-url ($PROMETHEUS_URL) is "prometheus:9090"`, `gateway-url ($GATEWAY_URL) is "localhost"`, `prometheus-url-here ($PROMETHEUS_URL_HERE) is "9090"`},
		},
		"a number that is none": {nil, map[string]string{"SERIN_CLUSTER": "one"}, []string{`SERIN_CLUSTER="one": write a whole number`}},
		"a source that is none": {nil, map[string]string{"SOURCE": "data-dog"}, []string{`SOURCE="data-dog": write prometheus or datadog`}},
		"a flag for no source":  {[]string{"-source=Datadog", "images"}, nil, []string{`"Datadog" for flag -source: write prometheus or datadog`}},
		"two digits":            {[]string{"-cluster=10"}, nil, []string{"cluster is 10: write one digit"}},
		"a word":                {[]string{"image"}, nil, []string{`argument "image" is neither a flag nor "images"`}},
		"an unknown flag":       {[]string{"-gatway=x/y"}, nil, []string{"-gatway"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseOptions(test.args, environment(test.environment), nil)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
		})
	}
}

func TestHelpNamesEveryVariable(t *testing.T) {
	var usage bytes.Buffer
	if _, err := parseOptions([]string{"-help"}, environment(nil), &usage); !errors.Is(err, flag.ErrHelp) {
		t.Fatal(err)
	}
	for name, variable := range variables {
		if !strings.Contains(usage.String(), "-"+name+" ") || !strings.Contains(usage.String(), "$"+variable) {
			t.Errorf("the help lacks -%s or $%s", name, variable)
		}
	}
}
