package prometheus

import (
	"bytes"
	"net/http"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// failed is the failure that the API itself reports with HTTP status 200, as some proxies before it do.
func (c *client) failed(a answer) error {
	f := c.Told(a.errorType + ": " + a.err)
	if a.errorType == "bad_data" || a.errorType == "execution" {
		f.Cause = analysis.ErrRejected
	}
	f.Again = f.Cause == nil
	return f
}

// refused is the failure that an HTTP status other than 200 means. All who ask this server keep away from it as long as it says.
func (c *client) refused(r *http.Response) error {
	f := c.Refused(r, func(body []byte) string {
		a, err := decode(bytes.NewReader(body), func(*series) error { return nil })
		if err != nil || a.err == "" {
			return ""
		}
		return a.errorType + ": " + a.err
	})
	if f.After > longestPause {
		c.quiet.keep(f, time.Now())
	}
	return f
}
