package prometheus

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/analysis"
)

func TestTheQuestionsOfASourceCanBePasted(t *testing.T) {
	subject := analysis.Subject{
		Namespace: "shop",
		Baseline:  analysis.Target{ReplicaSet: "read-api-6c8d7f9b5d", Service: "read-api-baseline", Port: 80},
		Candidate: analysis.Target{ReplicaSet: "read-api-7b5f8c9d4f", Service: "read-api-candidate", Port: 80},
	}
	end := time.Date(2026, time.March, 4, 12, 11, 35, 0, time.UTC)
	window := analysis.Window{From: end.Add(-90 * time.Second), To: end}
	errors, latency := analysis.Query{Metric: "errors", Errors: true}, analysis.Query{Metric: "latency", Latency: true, Quantile: 0.99}
	const baseline = `namespace="shop",pod=~"read-api-6c8d7f9b5d-[a-z0-9]{5}"`
	const candidate = `namespace="shop",pod=~"read-api-7b5f8c9d4f-[a-z0-9]{5}"`
	for name, test := range map[string]struct {
		preset string
		query  analysis.Query
		want   []string
	}{
		"errors of the standard preset are requests by status": {"", errors, []string{
			`errors 0 requests by status: histogram_count(sum by (http_response_status_code, error_type) (increase({__name__="http_server_request_duration_seconds",` + baseline + `}[90s] @ 1772626295))) or ` +
				`sum by (http_response_status_code, error_type) (increase({__name__="http_server_request_duration_seconds_count",` + baseline + `}[90s] @ 1772626295))`,
			`errors 1 requests by status: histogram_count(sum by (http_response_status_code, error_type) (increase({__name__="http_server_request_duration_seconds",` + candidate + `}[90s] @ 1772626295))) or ` +
				`sum by (http_response_status_code, error_type) (increase({__name__="http_server_request_duration_seconds_count",` + candidate + `}[90s] @ 1772626295))`,
		}},
		"latency is the quantile that is judged": {"classic", latency, []string{
			`latency 0 p99: histogram_quantile(0.99, sum by (le) (increase({__name__="http_request_duration_seconds",` + baseline + `}[90s] @ 1772626295))) or ` +
				`histogram_quantile(0.99, sum by (le) (increase({__name__="http_request_duration_seconds_bucket",` + baseline + `}[90s] @ 1772626295)))`,
			`latency 1 p99: histogram_quantile(0.99, sum by (le) (increase({__name__="http_request_duration_seconds",` + candidate + `}[90s] @ 1772626295))) or ` +
				`histogram_quantile(0.99, sum by (le) (increase({__name__="http_request_duration_seconds_bucket",` + candidate + `}[90s] @ 1772626295)))`,
		}},
		"a query of one's own keeps its matchers": {
			"",
			analysis.Query{Metric: "errors", Errors: true, Custom: &analysis.CustomQuery{Requests: `jobs_total{job="a",$arm}`, Errors: `jobs_failed_total{$arm}`}},
			[]string{
				`errors 0 requests: sum(increase({__name__="jobs_total",job="a",` + baseline + `}[90s] @ 1772626295))`,
				`errors 1 requests: sum(increase({__name__="jobs_total",job="a",` + candidate + `}[90s] @ 1772626295))`,
				`errors 0 errors: sum(increase({__name__="jobs_failed_total",` + baseline + `}[90s] @ 1772626295))`,
				`errors 1 errors: sum(increase({__name__="jobs_failed_total",` + candidate + `}[90s] @ 1772626295))`,
			},
		},
		"a plain value is the expression itself": {
			"",
			analysis.Query{Metric: "lag", Custom: &analysis.CustomQuery{Value: `max(lag{$arm})`}},
			[]string{"lag 0 value: max(lag{" + baseline + "})", "lag 1 value: max(lag{" + candidate + "})"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			asked, err := Questions(test.preset, subject, []analysis.Query{test.query}, window)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, q := range asked {
				got = append(got, q.Metric+" "+string(rune('0'+int(q.Arm)))+" "+q.About+": "+q.Text)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestWhatTheSourceRefusesIsNoQuestion(t *testing.T) {
	_, err := Questions("", analysis.Subject{}, []analysis.Query{{Metric: "errors", Errors: true, Preset: "apache"}}, analysis.Window{})
	if err == nil || !strings.Contains(err.Error(), `metric errors: there is no preset "apache"`) {
		t.Error(err)
	}
}
