package datadog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/analysis"
)

func TestTheQuestionsOfASourceCanBePasted(t *testing.T) {
	labels := func(version string) map[string]string {
		return map[string]string{labelService: "shop", labelEnv: "prod", labelVersion: version}
	}
	subject := analysis.Subject{
		Namespace: "shop",
		Baseline:  analysis.Target{ReplicaSet: "read-api-6c8d7f9b5d", Labels: labels("v1")},
		Candidate: analysis.Target{ReplicaSet: "read-api-7b5f8c9d4f", Labels: labels("v2")},
	}
	for name, test := range map[string]struct {
		preset string
		query  analysis.Query
		want   []string
	}{
		"requests and errors of traces": {"", analysis.Query{Metric: "errors", Errors: true}, []string{
			"requests: sum:trace.http.request.hits{service:shop,env:prod,version:v1}.as_count()",
			"errors: sum:trace.http.request.errors{service:shop,env:prod,version:v1}.as_count()",
			"requests: sum:trace.http.request.hits{service:shop,env:prod,version:v2}.as_count()",
			"errors: sum:trace.http.request.errors{service:shop,env:prod,version:v2}.as_count()",
		}},
		"a latency is the quantile that is judged, of all pods": {"dogstatsd", analysis.Query{Metric: "latency", Latency: true}, []string{
			"p95: p95:http.server.request.duration{kube_namespace:shop,kube_replica_set:read-api-6c8d7f9b5d}",
			"p95: p95:http.server.request.duration{kube_namespace:shop,kube_replica_set:read-api-7b5f8c9d4f}",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			asked, err := Questions(test.preset, subject, []analysis.Query{test.query})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, q := range asked {
				got = append(got, q.About+": "+q.Text)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestWhatTheSourceRefusesIsNoQuestion(t *testing.T) {
	_, err := Questions("", analysis.Subject{}, []analysis.Query{{Metric: "errors", Errors: true}})
	if err == nil || !strings.Contains(err.Error(), labelService) {
		t.Error(err)
	}
}
