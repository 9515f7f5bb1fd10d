package stage

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// scraped waits until Prometheus has measured requests of so many pods of the app. Where Prometheus can't be asked from here, it
// trusts that it will.
func (s *Stage) scraped(ctx context.Context, pods int) error {
	if s.PrometheusHere == "" {
		s.Terminal.Say("Whether Prometheus scrapes the app is not looked at: PROMETHEUS_URL_HERE is not set.")
		return nil
	}
	query := fmt.Sprintf(`count(sum by (pod) (http_server_request_duration_seconds_count{namespace=%q,pod=~"%s-.+"}) > 0)`, Namespace, App)
	return s.step(ctx, fmt.Sprintf("Prometheus has measured requests of %d pods", pods), time.Minute, func(ctx context.Context) error {
		err := until(ctx, "Prometheus has measured requests of every pod", 500*time.Millisecond, func(ctx context.Context) (bool, string) {
			n, err := s.ask(ctx, query)
			if err != nil {
				return false, err.Error()
			}
			return n >= float64(pods), fmt.Sprintf("%g of %d pods", n, pods)
		})
		if err != nil {
			return fmt.Errorf("%w\nPrometheus must scrape the container port named http of each pod and label its series with namespace and pod. The query was:\n    %s", err, query)
		}
		return nil
	})
}

// ask returns the value of a query whose answer is one number; none is 0.
func (s *Stage) ask(ctx context.Context, query string) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	address := s.PrometheusHere + "/api/v1/query?" + url.Values{"query": {query}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return 0, err
	}
	response, err := s.HTTP.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	var answer struct {
		Error string `json:"error"`
		Data  struct {
			Result []struct {
				Value [2]any `json:"value"` // time and text
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return 0, fmt.Errorf("%s answered %s, which is not Prometheus: %w", s.PrometheusHere, response.Status, err)
	}
	switch {
	case answer.Error != "":
		return 0, fmt.Errorf("the answer of Prometheus: %s", answer.Error)
	case len(answer.Data.Result) == 0:
		return 0, nil
	}
	return strconv.ParseFloat(fmt.Sprint(answer.Data.Result[0].Value[1]), 64)
}
