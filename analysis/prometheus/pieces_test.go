package prometheus

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/httpsource"
)

// everySecond is a server with one series that grows by one a second and answers ranges of any length.
func everySecond(t *testing.T, asked *int) string {
	t.Helper()
	length := regexp.MustCompile(`\[(\d+)ms\]`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked++
		const metric = `{"__name__":"http_requests_total","namespace":"shop","pod":"api-1-aaaaa","code":"200"}`
		at, _ := strconv.ParseFloat(r.FormValue("time"), 64)
		if strings.HasPrefix(r.FormValue("query"), "last_over_time") {
			fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":%s,"value":[%v,"%v"]}]}}`, metric, at, at)
			return
		}
		millis, _ := strconv.ParseFloat(length.FindStringSubmatch(r.FormValue("query"))[1], 64)
		var samples []string
		for s := at - millis/1000 + 1; s <= at; s++ {
			samples = append(samples, fmt.Sprintf(`[%v,"%v"]`, s, s))
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":%s,"values":[%s]}]}}`, metric, strings.Join(samples, ","))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestSamplesTooManyForOneAnswerAreReadInPieces(t *testing.T) {
	for name, test := range map[string]struct {
		most, wantAsked int
		wantError       string
	}{
		"one is enough":      {1 << 20, 2, ""},
		"four are needed":    {8 << 10, 2 + 5, ""},
		"sixteen are needed": {2 << 10, 2 + 2 + 1 + 16, ""},
		"none is enough":     {500, 2 + 2 + 2, "the answer is too large: it has more than"},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			config := analysis.Config{Address: everySecond(t, &asked)}
			client, err := newClient(config)
			if err != nil {
				t.Fatal(err)
			}
			bounded := kind(config)
			bounded.MostBytes = test.most
			if client.Client, err = httpsource.New(config, bounded); err != nil {
				t.Fatal(err)
			}
			s := &source{client: client, preset: "classic"}
			subject := analysis.Subject{Namespace: "shop", Baseline: analysis.Target{ReplicaSet: "api-1"}, Candidate: analysis.Target{ReplicaSet: "api-2"}}
			w := analysis.Window{From: time.Unix(10_000, 0), To: time.Unix(11_600, 0)}
			obs, err := s.Count(t.Context(), subject, []analysis.Query{{Metric: "errors", Errors: true}}, []analysis.Window{w})
			if test.wantError != "" {
				if err == nil || !strings.Contains(err.Error(), test.wantError) {
					t.Errorf("got %v", err)
				}
			} else if err != nil || len(obs) != 1 || obs[0].Requests != 1600 {
				t.Errorf("got %v, %v", obs, err)
			}
			if asked != test.wantAsked {
				t.Errorf("asked %d times, want %d", asked, test.wantAsked)
			}
		})
	}
}
