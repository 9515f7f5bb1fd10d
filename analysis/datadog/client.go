package datadog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
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
		return nil, &failure{text: "the answer broke off", again: true, cause: analysis.ErrNonsense}
	case answer.Errors != nil && *answer.Errors != "":
		return nil, c.told("the answer is incomplete: " + *answer.Errors)
	case err != nil || answer.Data == nil || answer.Data.Attributes == nil || answer.Data.Attributes.UnparsedObject != nil:
		f := c.told("the answer is not one of Datadog's API (" + r.Header.Get("Content-Type") + "); is the address right?")
		f.cause = analysis.ErrNonsense
		return nil, f
	}
	return answer.Data.Attributes, nil
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
