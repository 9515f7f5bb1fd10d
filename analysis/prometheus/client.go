package prometheus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/serin-dev/serin/analysis"
)

const (
	// mostBytes bounds an answer, unpacked.
	mostBytes = 32 << 20
	// mostErrorBytes and mostErrorText bound what is read and told of an error.
	mostErrorBytes, mostErrorText = 64 << 10, 300
	// userAgent is what the server's logs call us.
	userAgent = "serin"
)

// errTooLarge means that an answer was not read to its end.
var errTooLarge = errors.New("the answer is too large")

// client asks one server. Nothing of it that is secret gets into its errors.
type client struct {
	http    *http.Client
	address string
	header  http.Header
	timeout time.Duration
	// most bounds an answer, in bytes.
	most int
	// hide replaces secrets in texts that are not ours.
	hide *strings.Replacer
}

// query asks for the value of an expression at a time, or now when it is zero, and hands over the series found. An error
// may come after some of them.
func (c *client) query(ctx context.Context, expression string, at time.Time, each func(*series) error) error {
	attempt, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	form := url.Values{"query": {expression}, "timeout": {strconv.FormatFloat(c.timeout.Seconds(), 'f', -1, 64)}}
	if !at.IsZero() {
		form.Set("time", strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64))
	}
	err := c.post(attempt, form, each)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", c.address, context.Cause(ctx))
	case attempt.Err() != nil:
		err = &failure{text: "no answer within " + c.timeout.String(), again: true}
	}
	return fmt.Errorf("%s: %w", c.address, err)
}

func (c *client) post(ctx context.Context, form url.Values, each func(*series) error) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address+"/api/v1/query", strings.NewReader(form.Encode()))
	if err != nil {
		return c.told(err.Error())
	}
	request.Header = c.header.Clone()
	response, err := c.http.Do(request)
	if err != nil {
		return c.unreachable(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return c.refused(response)
	}
	body := &bounded{from: response.Body, left: c.most}
	a, err := decode(body, each)
	switch {
	case errors.Is(err, errTooLarge):
		return fmt.Errorf("%w: it has more than %d MiB; fewer series, or looks at shorter intervals, make it smaller", err, c.most>>20)
	case errors.Is(err, io.ErrUnexpectedEOF) || body.err != nil:
		return &failure{text: "the answer broke off", again: true}
	case err != nil || a.status == "":
		return &failure{text: "the answer is not one of Prometheus' HTTP API (" + response.Header.Get("Content-Type") +
			"); is the address right?"}
	case a.status != "success":
		return c.failed(a)
	case len(a.warnings) > 0 || a.partial:
		return c.told("the answer is incomplete: " + strings.Join(a.warnings, "; "))
	}
	return nil
}

// failure is an error with what it means for another attempt.
type failure struct {
	text string
	// rejected means that asking again will never help, again that it may help at once, but not before after has passed.
	rejected, again bool
	after           time.Duration
}

func (f *failure) Error() string { return f.text }

// Is makes errors.Is recognise what the backend rejected.
func (f *failure) Is(target error) bool { return f.rejected && target == analysis.ErrRejected }

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
	f.rejected = a.errorType == "bad_data" || a.errorType == "execution"
	f.again = !f.rejected
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
	switch code := r.StatusCode; {
	case code == http.StatusRequestTimeout || code == http.StatusTooManyRequests || code >= 500:
		f.again, f.after = true, retryAfter(r.Header.Get("Retry-After"))
	case code >= 300:
		f.rejected = true
	}
	return f
}

// clean makes a text from elsewhere fit to be told: without secrets, in one line of moderate length.
func (c *client) clean(text string) string {
	text = strings.Join(strings.Fields(c.hide.Replace(strings.ToValidUTF8(text, "?"))), " ")
	if runes := []rune(text); len(runes) > mostErrorText {
		text = string(runes[:mostErrorText]) + "..."
	}
	return text
}

// bounded reads at most left bytes and answers errTooLarge instead of the next.
type bounded struct {
	from io.Reader
	left int
	err  error // of the connection
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.from.Read(p[:min(len(p), b.left)])
	b.left -= n
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}
