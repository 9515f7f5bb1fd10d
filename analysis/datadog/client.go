package datadog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	api "github.com/DataDog/datadog-api-client-go/v2/api/datadog"
	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV2"

	"github.com/serin-dev/serin/analysis"
)

const (
	// mostBytes bounds an answer, unpacked. The client reads it whole, and twice: what is in memory is several times as much.
	mostBytes = 8 << 20
	// mostErrorBytes and mostErrorText bound what is read and told of an error.
	mostErrorBytes, mostErrorText = 64 << 10, 300
	// userAgent is what the API's logs call us.
	userAgent = "serin"
)

// errTooLarge means that an answer was not read to its end.
var errTooLarge = errors.New("the answer is too large")

// client asks one address. Nothing of it that is secret gets into its errors.
type client struct {
	api     *datadogV2.MetricsApi
	keys    map[string]api.APIKey
	address string
	timeout time.Duration
	// hide replaces secrets in texts that are not ours.
	hide *strings.Replacer
}

// tidings are what came with a response, whatever it says.
type tidings struct {
	header         http.Header
	status         int
	sent, received time.Time
}

// query sends one question. Without a response, the tidings are nil.
func (c *client) query(ctx context.Context, q datadogV2.TimeseriesFormulaQueryRequest) (*datadogV2.TimeseriesResponseAttributes, *tidings, error) {
	attempt, cancel := context.WithTimeout(context.WithValue(ctx, api.ContextAPIKeys, c.keys), c.timeout)
	defer cancel()
	sent := time.Now()
	answer, response, err := c.api.QueryTimeseriesData(attempt, q)
	var with *tidings
	if response != nil {
		defer response.Body.Close()
		with = &tidings{header: response.Header, status: response.StatusCode, sent: sent, received: time.Now()}
	}
	data, err := c.understand(answer, response, err)
	switch {
	case err == nil:
		return data, with, nil
	case ctx.Err() != nil:
		return nil, with, fmt.Errorf("%s: %w", c.address, context.Cause(ctx))
	case attempt.Err() != nil:
		err = &failure{text: "no answer within " + c.timeout.String(), again: true}
	}
	return nil, with, fmt.Errorf("%s: %w", c.address, err)
}

// understand makes of what the library brought either data or our own words for what went wrong: its errors hold whole bodies.
func (c *client) understand(answer datadogV2.TimeseriesFormulaQueryResponse, r *http.Response, err error) (*datadogV2.TimeseriesResponseAttributes, error) {
	var odd api.GenericOpenAPIError
	switch {
	case r == nil && err != nil:
		return nil, c.unreachable(err)
	case r == nil:
		return nil, &failure{text: "there was no answer", again: true}
	case r.StatusCode != http.StatusOK:
		return nil, c.refused(r)
	case errors.Is(err, errTooLarge):
		return nil, fmt.Errorf("%w: it has more than %d MiB; fewer metrics, or a preset that does not count by pod, make it smaller", errTooLarge, mostBytes>>20)
	case err != nil && !errors.As(err, &odd):
		return nil, &failure{text: "the answer broke off", again: true}
	case answer.Errors != nil && *answer.Errors != "":
		return nil, c.told("the answer is incomplete: " + *answer.Errors)
	case err != nil || answer.Data == nil || answer.Data.Attributes == nil || answer.Data.Attributes.UnparsedObject != nil:
		return nil, c.told("the answer is not one of Datadog's API (" + r.Header.Get("Content-Type") + "); is the address right?")
	}
	return answer.Data.Attributes, nil
}

// failure is an error with what it means for another attempt.
type failure struct {
	text string
	// rejected means that asking again will never help, again that it may help at once, but not before after has passed.
	rejected, again bool
	after           time.Duration
	// throttled says that the rate limit is the reason.
	throttled bool
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

// refused is the failure that an HTTP status other than 200 means.
func (c *client) refused(r *http.Response) error {
	text := "answered " + r.Status
	body, _ := io.ReadAll(io.LimitReader(r.Body, mostErrorBytes)) // what can be had of it
	var said struct {
		Errors []string `json:"errors"`
	}
	switch {
	case r.StatusCode/100 == 3:
		text += ": redirects are not followed; write the address that it leads to"
		if to, err := r.Location(); err == nil {
			text += " (" + to.Scheme + "://" + to.Host + ")"
		}
	case json.Unmarshal(body, &said) == nil && len(said.Errors) > 0:
		text += ": " + strings.Join(said.Errors, "; ")
	case strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain"):
		text += ": " + string(body)
	}
	if r.StatusCode == http.StatusForbidden || r.StatusCode == http.StatusUnauthorized {
		text += "; are api-key and app-key in the Secret those of this site, and has the application key the scope timeseries_query?"
	}
	f := c.told(text)
	switch code := r.StatusCode; {
	case code == http.StatusTooManyRequests:
		f.again, f.throttled, f.after = true, true, pause(r.Header, time.Now())
	case code == http.StatusRequestTimeout || code >= 500:
		f.again, f.after = true, retryAfter(r.Header.Get("Retry-After"), time.Now())
	case code >= 200:
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

// boundedTransport bounds the bodies of answers, which the library would read whole.
type boundedTransport struct {
	next http.RoundTripper
	most int
}

func (t *boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	most := t.most
	if response.StatusCode != http.StatusOK {
		most = mostErrorBytes
	}
	response.Body = &bounded{from: response.Body, left: most}
	return response, nil
}

// bounded reads at most left bytes and answers errTooLarge instead of the next.
type bounded struct {
	from io.ReadCloser
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.from.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func (b *bounded) Close() error { return b.from.Close() }
