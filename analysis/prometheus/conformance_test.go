package prometheus_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/analysistest"
	"github.com/serin-dev/serin/analysis/prometheus"
)

func TestConformance(t *testing.T) {
	analysistest.Run(t, conformance(t))
}

// TestConformanceSigned is that of a source whose every request is signed.
func TestConformanceSigned(t *testing.T) {
	s := conformance(t)
	s.Config.SigningRegion = "eu-central-1"
	s.Credentials = []map[string][]byte{signed("").Credentials}
	s.Config.Credentials = s.Credentials[0]
	analysistest.Run(t, s)
}

func conformance(t *testing.T) analysistest.Setup {
	full := &fake{}
	for _, pod := range []string{"api-1-aaaaa", "api-1-bbbbb", "api-2-ccccc"} {
		for i, code := range []string{"200", "404", "500"} {
			full.add(counter(pod, code, ""), "95:10", "105:20", "112:22", fmt.Sprintf("125:%d", 50-i))
			full.add(bucket(pod, "0.1", fmt.Sprintf(",code=%q", code)), "95:10", "105:12", "112:13", fmt.Sprintf("125:%d", 30-i))
			full.add(bucket(pod, "+Inf", fmt.Sprintf(",code=%q", code)), "95:10", "105:20", "112:22", fmt.Sprintf("125:%d", 50-i))
		}
	}
	const selector = `http_requests_total{namespace!="",$arm}`
	return analysistest.Setup{
		New:    prometheus.New,
		Config: analysis.Config{Preset: "classic", Timeout: time.Minute},
		Credentials: []map[string][]byte{
			{"token": []byte("tok-s3cret-bearer\n"), "header.X-Scope-OrgID": []byte("tenant-s3cret")},
			{"username": []byte("s3cret-user"), "password": []byte("s3cret-pass")},
			{"header.Authorization": []byte("Custom s3cret-auth"), "ca.crt": certificate(t)},
		},
		Subject: release(),
		Queries: []analysis.Query{
			{Metric: "errors", Errors: true},
			{Metric: "latency", Latency: true},
			{Metric: "both", Errors: true, Latency: true},
			{Metric: "custom", Errors: true, Custom: &analysis.CustomQuery{Requests: selector, Errors: strings.Replace(selector, "{", `{code=~"5..",`, 1)}},
		},
		Refused: []analysis.Query{
			{Metric: "no arm", Errors: true, Custom: &analysis.CustomQuery{Requests: "http_requests_total", Errors: "http_errors_total{$arm}"}},
			{Metric: "no selector", Latency: true, Custom: &analysis.CustomQuery{Histogram: "sum(rate(http_request_duration_seconds{$arm}[1m]))"}},
		},
		Window: between(100, 130),
		Full:   full,
		Empty:  &fake{},
		Endless: func(w io.Writer, call int) error {
			text := strings.Repeat(`,[130,"1"]`, 1000)
			if call == 0 {
				text = `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"namespace":"shop","pod":"api-1-aaaaa"},"values":[[101,"1"]` + text
			}
			_, err := io.WriteString(w, text)
			return err
		},
		MostBytes: 48 << 20,
	}
}
