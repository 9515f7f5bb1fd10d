package httpsource

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// Failure is an error with what it means for another attempt.
type Failure struct {
	Text string
	// Cause says what kind of failure it is, in the words of package analysis; nil when the backend just did not answer.
	Cause error
	// Again means that another attempt may help at once, but not before After has passed.
	Again bool
	After time.Duration
}

// Error is the text.
func (f *Failure) Error() string { return f.Text }

// Unwrap makes errors.Is and errors.As recognise the kind.
func (f *Failure) Unwrap() error { return f.Cause }

// Throttled says that the failure is a rate limit's.
func (f *Failure) Throttled() bool {
	var throttled *analysis.ThrottledError
	return errors.As(f.Cause, &throttled)
}

// Told is a failure with a text from elsewhere, cleared of secrets.
func (c *Client) Told(text string) *Failure { return &Failure{Text: c.Clean(text)} }

// Unreachable is the failure to get any answer. Certificates that are not trusted do not become so by asking again.
func (c *Client) Unreachable(err error) *Failure {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // without the method and address, which are told anyway
	}
	f := c.Told(err.Error())
	f.Again = !strings.Contains(f.Text, "tls: ") && !strings.Contains(f.Text, "x509: ")
	return f
}

// BrokeOff is the failure of an answer that ends in its middle.
func BrokeOff() *Failure {
	return &Failure{Text: "the answer broke off", Again: true, Cause: analysis.ErrNonsense}
}

// Foreign is the failure of an answer that is none of the API's.
func (c *Client) Foreign(r *http.Response, api string) *Failure {
	f := c.Told("the answer is not one of " + api + " (" + r.Header.Get("Content-Type") + "); is the address right?")
	f.Cause = analysis.ErrNonsense
	return f
}

// Refused is the failure that an HTTP status other than 200 means. said reads the reason out of a body as the API writes it, and answers nothing when there is none.
func (c *Client) Refused(r *http.Response, said func(body []byte) string) *Failure {
	f := c.Told("answered " + r.Status + reason(r, said))
	after := retryAfter(r.Header.Get("Retry-After"), time.Now())
	switch code := r.StatusCode; {
	case code == http.StatusTooManyRequests:
		f.Again, f.After, f.Cause = true, after, &analysis.ThrottledError{After: max(after, c.kind.LongestPause), Refused: true}
	case code == http.StatusRequestTimeout || code >= 500:
		f.Again, f.After = true, after
	case code == http.StatusUnauthorized || code == http.StatusForbidden || code == http.StatusProxyAuthRequired:
		f.Cause = analysis.ErrUnauthorized
	case code >= 300:
		f.Cause = analysis.ErrRejected
	default:
		f.Cause = analysis.ErrNonsense
	}
	return f
}

// reason is what the body of a refusal says, or the way that it shows.
func reason(r *http.Response, said func([]byte) string) string {
	if r.StatusCode/100 == 3 {
		text := ": redirects are not followed; write the address that it leads to"
		if to, err := r.Location(); err == nil {
			text += " (" + to.Scheme + "://" + to.Host + ")"
		}
		return text
	}
	body, _ := io.ReadAll(r.Body) // what can be had of it, as it is bounded
	if why := said(body); why != "" {
		return ": " + why
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain") {
		return ": " + string(body)
	}
	return ""
}
