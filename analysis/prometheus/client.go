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

	"github.com/serin-dev/serin/analysis/httpsource"
)

const (
	// mostBytes bounds an answer, unpacked.
	mostBytes = 32 << 20
	// instantPath asks for one point in time, rangePath for several.
	instantPath, rangePath = "/api/v1/query", "/api/v1/query_range"
)

// client asks one server.
type client struct {
	*httpsource.Client
	header http.Header
	// sign signs requests; nil when they need no signature.
	sign *signer
	// quiet is kept while the server wants to be left alone.
	quiet quiet
}

// query asks for the value of an expression at a time, or now when it is zero, and hands over the series found. An error
// may come after some of them.
func (c *client) query(ctx context.Context, expression string, at time.Time, each func(*series) error) error {
	_, err := c.ask(ctx, expression, at, each)
	return err
}

// ask is query that tells, besides, how far the server's clock is ahead of ours.
func (c *client) ask(ctx context.Context, expression string, at time.Time, each func(*series) error) (time.Duration, error) {
	return c.send(ctx, instantPath, c.form(expression, at), func(r io.Reader) (answer, error) { return decode(r, each) })
}

// send asks what a form says, and has the answer taken in.
func (c *client) send(ctx context.Context, path string, form url.Values, take func(io.Reader) (answer, error)) (time.Duration, error) {
	if err := c.quiet.kept(time.Now()); err != nil {
		return 0, fmt.Errorf("%s: %w", c.Address, err)
	}
	var ahead time.Duration
	err := c.Attempt(ctx, func(ctx context.Context) (err error) {
		ahead, err = c.post(ctx, path, form, take)
		return err
	})
	if err != nil {
		return 0, err
	}
	return ahead, nil
}

// form is what is asked. A server passes over the parameters that only others know.
func (c *client) form(expression string, at time.Time) url.Values {
	form := url.Values{
		"query":   {expression},
		"timeout": {strconv.FormatFloat(c.Timeout().Seconds(), 'f', -1, 64)},
		// VictoriaMetrics evaluates what is asked of the last half minute half a minute ago, unless it is told not to: a window
		// would begin with samples that the window before it has counted.
		"nocache": {"1"},
		// Thanos tells of a store that is away by a warning, which is trouble that passes, and not by refusing the query.
		"partial_response": {"true"},
	}
	if !at.IsZero() {
		form.Set("time", unixSeconds(at))
	}
	return form
}

func unixSeconds(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64)
}

func (c *client) post(ctx context.Context, path string, form url.Values, take func(io.Reader) (answer, error)) (ahead time.Duration, err error) {
	body := form.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Address+path, strings.NewReader(body))
	if err != nil {
		return 0, c.Told(err.Error())
	}
	request.Header = c.header.Clone()
	asked := time.Now()
	if err := c.sign.sign(request, body, asked); err != nil {
		return 0, c.Told(err.Error())
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return 0, c.Unreachable(err)
	}
	defer response.Body.Close()
	ahead, _ = httpsource.Skew(response.Header, asked, time.Now())
	if response.StatusCode != http.StatusOK {
		return 0, c.refused(response)
	}
	return ahead, c.read(response, take)
}

// read takes in an answer.
func (c *client) read(response *http.Response, take func(io.Reader) (answer, error)) error {
	a, err := take(response.Body)
	switch {
	case errors.Is(err, httpsource.ErrTooLarge):
		return fmt.Errorf("%w: it has more than %d MiB; fewer series, or looks at shorter intervals, make it smaller", err, mostBytes>>20)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, httpsource.ErrBroken):
		return httpsource.BrokeOff()
	case err != nil || a.status == "":
		return c.Foreign(response, "Prometheus' HTTP API")
	case a.status != "success":
		return c.failed(a)
	case len(a.warnings) > 0 || a.partial:
		return c.Told("the answer is incomplete: " + strings.Join(a.warnings, "; "))
	}
	return nil
}
