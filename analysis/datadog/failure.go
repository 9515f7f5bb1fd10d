package datadog

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/serin-dev/serin/analysis/httpsource"
)

// longestPause is what the API may ask for without being given up on until the next look.
const longestPause = 2 * time.Second

// refused is the failure that an HTTP status other than 200 means.
func (c *client) refused(r *http.Response) error {
	f := c.Refused(r, func(body []byte) string {
		var said struct {
			Errors []string `json:"errors"`
		}
		if json.Unmarshal(body, &said) != nil {
			return ""
		}
		return strings.Join(said.Errors, "; ")
	})
	switch r.StatusCode {
	case http.StatusTooManyRequests:
		f.After = pause(f, r.Header)
	case http.StatusUnauthorized, http.StatusForbidden:
		f.Text += "; api-key and app-key in the Secret have to be of this site, and the application key needs the scope timeseries_query"
	}
	return f
}

// pause is what a refusal says of how long: Retry-After, or until the next period begins. 0 when it doesn't.
func pause(f *httpsource.Failure, h http.Header) time.Duration {
	if f.After > 0 {
		return f.After
	}
	return time.Duration(max(number(h, "X-Ratelimit-Reset"), 0)) * time.Second
}
