package standin

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/datadog"
	"github.com/serin-dev/serin/hack/demo/standin/status"
)

// served is an API over an empty agent, and what it logs.
func served(t *testing.T, c Config) (url string, log *strings.Builder) {
	t.Helper()
	log = &strings.Builder{}
	server := httptest.NewServer(NewAPI(c, newCrew(t).agent, slog.New(slog.NewTextHandler(log, nil))).Handler())
	t.Cleanup(server.Close)
	return server.URL, log
}

func asking(t *testing.T, url, apiKey, appKey string) analysis.Provider {
	t.Helper()
	p, err := datadog.New(analysis.Config{
		Address: url, Preset: "dogstatsd", Credentials: map[string][]byte{"api-key": []byte(apiKey), "app-key": []byte(appKey)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestKeysAreChecked(t *testing.T) {
	const apiKey, appKey = "api-s3cret", "app-s3cret"
	for name, test := range map[string]struct {
		apiKey, appKey string
		refused        bool
	}{
		"both are right":                  {apiKey, appKey, false},
		"the API key is another":          {"api-other", appKey, true},
		"the application key is another":  {apiKey, "app-other", true},
		"the two are taken for the other": {appKey, apiKey, true},
	} {
		t.Run(name, func(t *testing.T) {
			url, log := served(t, Config{APIKey: apiKey, AppKey: appKey})
			if _, err := asking(t, url, test.apiKey, test.appKey).Ping(t.Context()); test.refused != errors.Is(err, analysis.ErrUnauthorized) || !test.refused && err != nil {
				t.Errorf("refused should be %v: %v", test.refused, err)
			}
			if strings.Contains(log.String(), "s3cret") || strings.Contains(log.String(), "other") {
				t.Errorf("a key is in the log: %s", log)
			}
		})
	}
}

func TestTheLimitIsToldAndKept(t *testing.T) {
	url, _ := served(t, Config{APIKey: "a", AppKey: "b", Limit: 2})
	for i, want := range []int{http.StatusOK, http.StatusOK, http.StatusTooManyRequests} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/api/v2/query/timeseries", strings.NewReader(
			`{"data":{"type":"timeseries_request","attributes":{"from":0,"to":10000,"interval":10000,"formulas":[{"formula":"q"}],`+
				`"queries":[{"data_source":"metrics","name":"q","query":"count:http.server.request.duration{*}.as_count()"}]}}}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Dd-Api-Key", "a")
		request.Header.Set("Dd-Application-Key", "b")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want || response.Header.Get("X-Ratelimit-Limit") != "2" || response.Header.Get("X-Ratelimit-Period") != "3600" {
			t.Errorf("request %d: %s, want %d, with %v", i+1, response.Status, want, response.Header)
		}
	}
}

func TestStatusTellsWhatWasAsked(t *testing.T) {
	c := newCrew(t)
	c.join("1", "a", 1, nil)
	end := time.Now().Truncate(bucket)
	c.agent.gather(t.Context(), end.Add(-time.Minute-bucket))
	c.call("a", 8)
	c.agent.gather(t.Context(), end.Add(-time.Minute))
	server := httptest.NewServer(NewAPI(Config{APIKey: "a", AppKey: "b", Limit: 3}, c.agent, slog.New(slog.DiscardHandler)).Handler())
	t.Cleanup(server.Close)
	if _, err := asking(t, server.URL, "a", "b").Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	windows := []analysis.Window{{From: end.Add(-time.Minute - bucket), To: end.Add(-time.Minute)}}
	subject := analysis.Subject{Namespace: "demo", Baseline: analysis.Target{ReplicaSet: "read-api-1"}}
	for range 2 {
		if _, err := asking(t, server.URL, "a", "b").Count(t.Context(), subject, []analysis.Query{{Metric: "m", Errors: true}}, windows); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := asking(t, server.URL, "a", "b").Ping(t.Context()); err == nil {
		t.Error("the fourth request of three is answered")
	}
	response, err := http.Get(server.URL + status.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got status.Status
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Since.IsZero() {
		t.Error("it does not say since when it counts")
	}
	got.Since = time.Time{}
	if want := (status.Status{Pods: 1, Requests: 8, Errors: 8, Looks: 2, Health: 2, Refused: 1, Limit: 3}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestAQuestionIsBounded(t *testing.T) {
	url, _ := served(t, Config{APIKey: "a", AppKey: "b"})
	response, err := http.Post(url+"/api/v2/query/timeseries", "application/json", strings.NewReader(strings.Repeat(" ", mostAsked+1)))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("it answers %s", response.Status)
	}
}
