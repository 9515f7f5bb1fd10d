package datadog

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// failure is an error with what it means for another attempt.
type failure struct {
	text string
	// cause says what kind of failure it is, in the words of package analysis; nil when the API just did not answer.
	cause error
	// again means that another attempt may help at once, but not before after has passed.
	again bool
	after time.Duration
	// throttled says that the rate limit is the reason.
	throttled bool
}

func (f *failure) Error() string { return f.text }

// Unwrap makes errors.Is and errors.As recognise the kind.
func (f *failure) Unwrap() error { return f.cause }

// told is a failure with a text from elsewhere, cleared of secrets.
func (c *client) told(text string) *failure { return &failure{text: c.clean(text)} }

// unreachable is the failure to get any answer. Certificates that are not trusted do not become so by asking again.
func (c *client) unreachable(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // without the method and address, which are told anyway
	}
	f := c.told(err.Error())
	f.again = !strings.Contains(f.text, "tls: ") && !strings.Contains(f.text, "x509: ")
	return f
}

// refused is the failure that an HTTP status other than 200 means.
func (c *client) refused(r *http.Response) error {
	f := c.told("answered " + r.Status + c.reason(r))
	now := time.Now()
	switch code := r.StatusCode; {
	case code == http.StatusTooManyRequests:
		f.again, f.throttled, f.after = true, true, pause(r.Header, now)
	case code == http.StatusRequestTimeout || code >= 500:
		f.again, f.after = true, retryAfter(r.Header.Get("Retry-After"), now)
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		f.cause = analysis.ErrUnauthorized
		f.text += "; api-key and app-key in the Secret have to be of this site, and the application key needs the scope timeseries_query"
	case code == http.StatusProxyAuthRequired:
		f.cause = analysis.ErrUnauthorized
	case code >= 300:
		f.cause = analysis.ErrRejected
	default:
		f.cause = analysis.ErrNonsense
	}
	return f
}

// reason is what the body of a refusal says, or the way that it shows.
func (c *client) reason(r *http.Response) string {
	body, _ := io.ReadAll(io.LimitReader(r.Body, mostErrorBytes)) // what can be had of it
	var said struct {
		Errors []string `json:"errors"`
	}
	switch {
	case r.StatusCode/100 == 3:
		text := ": redirects are not followed; write the address that it leads to"
		if to, err := r.Location(); err == nil {
			text += " (" + to.Scheme + "://" + to.Host + ")"
		}
		return text
	case json.Unmarshal(body, &said) == nil && len(said.Errors) > 0:
		return ": " + strings.Join(said.Errors, "; ")
	case strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain"):
		return ": " + string(body)
	}
	return ""
}
