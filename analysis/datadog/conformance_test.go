package datadog_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/analysistest"
	"github.com/serin-dev/serin/analysis/datadog"
	"github.com/serin-dev/serin/analysis/datadog/datadogtest"
)

func TestConformance(t *testing.T) {
	// What steady serves, as the presets without histograms tell of it.
	values := &analysistest.Durations{Least: 25 * time.Millisecond, Most: 100 * time.Millisecond}
	for preset, values := range map[string]*analysistest.Durations{
		"apm": nil, "dogstatsd": nil, "apm-quantile": values, "apm-metrics": values, "dogstatsd-quantile": values,
	} {
		t.Run(preset, func(t *testing.T) {
			analysistest.Run(t, analysistest.Setup{
				New:    datadog.New,
				Config: analysis.Config{Preset: preset, Timeout: time.Minute, Credentials: keys()},
				Credentials: []map[string][]byte{
					keys(),
					{"api-key": []byte(apiKey), "app-key": []byte(appKey), "ca.crt": certificate(t)},
				},
				Subject: release(),
				Queries: []analysis.Query{
					{Metric: "errors", Errors: true},
					{Metric: "latency", Latency: true, Quantile: .95},
					{Metric: "both", Errors: true, Latency: true, Quantile: .95},
					{Metric: "custom", Errors: true, Custom: &analysis.CustomQuery{
						Requests: "sum:http.requests{service:shop,$arm}.as_count()", Errors: "sum:http.errors{service:shop,$arm}.as_count()",
					}},
				},
				Window: between(100, 130),
				Full:   &datadogtest.Server{Store: steady()},
				Empty:  &datadogtest.Server{Store: &datadogtest.Pods{}},
				Endless: func(w io.Writer, call int) error {
					text := strings.Repeat(`,1700000000000`, 1000)
					if call == 0 {
						text = `{"data":{"type":"timeseries_response","attributes":{"series":[],"values":[],"times":[1` + text
					}
					_, err := io.WriteString(w, text)
					return err
				},
				MostBytes: 20 << 20,
				Values:    values,
			})
		})
	}
}
