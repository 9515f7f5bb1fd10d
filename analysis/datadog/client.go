package datadog

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	api "github.com/DataDog/datadog-api-client-go/v2/api/datadog"
	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV2"

	"github.com/serin-dev/serin/analysis/httpsource"
)

// mostBytes bounds an answer, unpacked. The client reads it whole, and twice: what is in memory is several times as much.
const mostBytes = 8 << 20

// client asks one address.
type client struct {
	*httpsource.Client
	api  *datadogV2.MetricsApi
	keys map[string]api.APIKey
}

// tidings are what came with a response, whatever it says.
type tidings struct {
	header         http.Header
	status         int
	sent, received time.Time
}

// query sends one question. Without a response, the tidings are nil.
func (c *client) query(ctx context.Context, q datadogV2.TimeseriesFormulaQueryRequest) (data *datadogV2.TimeseriesResponseAttributes, with *tidings, err error) {
	err = c.Attempt(context.WithValue(ctx, api.ContextAPIKeys, c.keys), func(ctx context.Context) error {
		sent := time.Now()
		answer, response, err := c.api.QueryTimeseriesData(ctx, q)
		if response != nil {
			defer response.Body.Close()
			with = &tidings{header: response.Header, status: response.StatusCode, sent: sent, received: time.Now()}
		}
		data, err = c.understand(answer, response, err)
		return err
	})
	return data, with, err
}

// understand makes of what the library brought either data or our own words for what went wrong: its errors hold whole bodies.
func (c *client) understand(answer datadogV2.TimeseriesFormulaQueryResponse, r *http.Response, err error) (*datadogV2.TimeseriesResponseAttributes, error) {
	var odd api.GenericOpenAPIError
	switch {
	case r == nil && err != nil:
		return nil, c.Unreachable(err)
	case r == nil:
		return nil, &httpsource.Failure{Text: "there was no answer", Again: true}
	case r.StatusCode != http.StatusOK:
		return nil, c.refused(r)
	case errors.Is(err, httpsource.ErrTooLarge):
		return nil, fmt.Errorf("%w: it has more than %d MiB; fewer metrics, or a preset that does not count by pod, make it smaller", httpsource.ErrTooLarge, mostBytes>>20)
	case err != nil && !errors.As(err, &odd):
		return nil, httpsource.BrokeOff()
	case answer.Errors != nil && *answer.Errors != "":
		return nil, c.Told("the answer is incomplete: " + *answer.Errors)
	case err != nil || answer.Data == nil || answer.Data.Attributes == nil || answer.Data.Attributes.UnparsedObject != nil:
		return nil, c.Foreign(r, "Datadog's API")
	}
	return answer.Data.Attributes, nil
}
