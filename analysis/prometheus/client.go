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
	// instantPath asks for one point in time, rangePath for several.
	instantPath, rangePath = "/api/v1/query", "/api/v1/query_range"
)

// errTooLarge means that an answer was not read to its end.
var errTooLarge = errors.New("the answer is too large")

// client asks one server. Nothing of it that is secret gets into its errors.
type client struct {
	http    *http.Client
	address string
	header  http.Header
	// sign signs requests; nil when they need no signature.
	sign    *signer
	timeout time.Duration
	// most bounds an answer, in bytes.
	most int
	// hide replaces secrets in texts that are not ours.
	hide *strings.Replacer
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
		return 0, fmt.Errorf("%s: %w", c.address, err)
	}
	attempt, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	ahead, err := c.post(attempt, path, form, take)
	switch {
	case err == nil:
		return ahead, nil
	case ctx.Err() != nil:
		return 0, fmt.Errorf("%s: %w", c.address, context.Cause(ctx))
	case attempt.Err() != nil:
		err = &failure{text: "no answer within " + c.timeout.String(), again: true}
	}
	return 0, fmt.Errorf("%s: %w", c.address, err)
}

// form is what is asked. A server passes over the parameters that only others know.
func (c *client) form(expression string, at time.Time) url.Values {
	form := url.Values{
		"query":   {expression},
		"timeout": {strconv.FormatFloat(c.timeout.Seconds(), 'f', -1, 64)},
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
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address+path, strings.NewReader(body))
	if err != nil {
		return 0, c.told(err.Error())
	}
	request.Header = c.header.Clone()
	asked := time.Now()
	if err := c.sign.sign(request, body, asked); err != nil {
		return 0, c.told(err.Error())
	}
	response, err := c.http.Do(request)
	if err != nil {
		return 0, c.unreachable(err)
	}
	defer response.Body.Close()
	ahead = aheadOf(response.Header, asked, time.Now())
	if response.StatusCode != http.StatusOK {
		return 0, c.refused(response)
	}
	return ahead, c.read(response, take)
}

// read takes in an answer.
func (c *client) read(response *http.Response, take func(io.Reader) (answer, error)) error {
	body := &bounded{from: response.Body, left: c.most}
	a, err := take(body)
	switch {
	case errors.Is(err, errTooLarge):
		return fmt.Errorf("%w: it has more than %d MiB; fewer series, or looks at shorter intervals, make it smaller", err, c.most>>20)
	case errors.Is(err, io.ErrUnexpectedEOF) || body.err != nil:
		return &failure{text: "the answer broke off", again: true, cause: analysis.ErrNonsense}
	case err != nil || a.status == "":
		return &failure{cause: analysis.ErrNonsense, text: "the answer is not one of Prometheus' HTTP API (" +
			c.clean(response.Header.Get("Content-Type")) + "); is the address right?"}
	case a.status != "success":
		return c.failed(a)
	case len(a.warnings) > 0 || a.partial:
		return c.told("the answer is incomplete: " + strings.Join(a.warnings, "; "))
	}
	return nil
}

// clean makes a text from elsewhere fit to be told: without secrets, in one line of moderate length.
func (c *client) clean(text string) string {
	text = strings.Join(strings.Fields(c.hide.Replace(strings.ToValidUTF8(text, "?"))), " ")
	text = signature.ReplaceAllString(text, "Signature=[redacted]")
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
