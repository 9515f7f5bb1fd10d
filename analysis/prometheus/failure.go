package prometheus

import (
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
	// cause says what kind of failure it is, in the words of package analysis; nil when the server just did not answer.
	cause error
	// again means that another attempt may help at once, but not before after has passed.
	again bool
	after time.Duration
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

// failed is the failure that the API itself reports with HTTP status 200, as some proxies before it do.
func (c *client) failed(a answer) error {
	f := c.told(a.errorType + ": " + a.err)
	if a.errorType == "bad_data" || a.errorType == "execution" {
		f.cause = analysis.ErrRejected
	}
	f.again = f.cause == nil
	return f
}

// refused is the failure that an HTTP status other than 200 means.
func (c *client) refused(r *http.Response) error {
	text := "answered " + r.Status
	body, _ := io.ReadAll(io.LimitReader(r.Body, mostErrorBytes)) // what can be had of it
	switch a, err := decode(strings.NewReader(string(body)), func(*series) error { return nil }); {
	case r.StatusCode/100 == 3:
		text += ": redirects are not followed; write the address that it leads to"
		if to, err := r.Location(); err == nil {
			text += " (" + to.Scheme + "://" + to.Host + ")"
		}
	case err == nil && a.err != "":
		text += ": " + a.errorType + ": " + a.err
	case strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain"):
		text += ": " + string(body)
	}
	f := c.told(text)
	now := time.Now()
	after := retryAfter(r.Header.Get("Retry-After"), now)
	switch code := r.StatusCode; {
	case code == http.StatusTooManyRequests:
		f.again, f.after, f.cause = true, after, &analysis.ThrottledError{After: max(after, longestPause)}
	case code == http.StatusRequestTimeout || code >= 500:
		f.again, f.after = true, after
	case code == http.StatusUnauthorized || code == http.StatusForbidden || code == http.StatusProxyAuthRequired:
		f.cause = analysis.ErrUnauthorized
	case code >= 300:
		f.cause = analysis.ErrRejected
	default:
		f.cause = analysis.ErrNonsense
	}
	if f.after > longestPause {
		c.quiet.keep(f, now)
	}
	return f
}
