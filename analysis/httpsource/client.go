// Package httpsource is what sources that ask over HTTP have in common: how they reach a backend, what a failure means and how it is told without
// a secret, when to ask again, and how far the backend's clock is from ours. What is asked, and what an answer says, is each source's own.
package httpsource

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/serin-dev/serin/analysis"
)

const (
	// UserAgent is what the backend's logs call us.
	UserAgent = "serin"
	// standardTimeout bounds one request.
	standardTimeout = 10 * time.Second
	// mostText bounds what is told of a text from elsewhere, in characters.
	mostText = 300
)

// Kind is what is particular to the backends of a source.
type Kind struct {
	// Example says what to write instead of an address that is wrong, and Keys where a password in one belongs.
	Example, Keys string
	// Refuse says what else may be wrong with an address; nil when nothing is.
	Refuse func(*url.URL) error
	// Secure adds what a connection needs besides the authority to trust; nil when it needs nothing.
	Secure func(*tls.Config) error
	// MostBytes bounds an answer, unpacked.
	MostBytes int
	// LongestPause is what a backend may ask for without being given up on until the next look.
	LongestPause time.Duration
	// Redact hides what is a secret by its form; nil when nothing is.
	Redact func(string) string
}

// Client asks one address. Nothing of it that was hidden gets into the errors that it makes.
type Client struct {
	// HTTP follows no redirect, trusts whom the Secret says, and bounds the bodies of answers.
	HTTP    *http.Client
	Address string
	kind    Kind
	timeout time.Duration
	hide    *strings.Replacer
}

// New makes a client. The error names the field that is wrong.
func New(c analysis.Config, k Kind) (*Client, error) {
	address, err := baseURL(c.Address, k)
	if err != nil {
		return nil, fmt.Errorf("address: %w", err)
	}
	security, err := security(c.Credentials, k)
	if err != nil {
		return nil, err
	}
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = standardTimeout
	}
	return &Client{
		HTTP: &http.Client{
			Transport: &boundedTransport{next: transport(security), most: k.MostBytes},
			// A redirect would turn a POST into a GET, and could carry what is in the headers elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		Address: address,
		kind:    k,
		timeout: timeout,
		hide:    strings.NewReplacer(),
	}, nil
}

// transport is how a backend is reached: through the proxy that the environment names, if any.
func transport(security *tls.Config) http.RoundTripper {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		TLSClientConfig:       security,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   8,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// Hide replaces these secrets, and what is made of them, in texts that are not ours; what was hidden before no longer. The longest goes first, as one may contain another.
func (c *Client) Hide(secrets ...string) {
	secrets = slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return s == "" })
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var pairs []string
	for _, s := range secrets {
		pairs = append(pairs, s, "[redacted]")
	}
	c.hide = strings.NewReplacer(pairs...)
}

// Clean makes a text from elsewhere fit to be told: without secrets, in one line of moderate length.
func (c *Client) Clean(text string) string {
	text = strings.Join(strings.Fields(c.hide.Replace(strings.ToValidUTF8(text, "?"))), " ")
	if c.kind.Redact != nil {
		text = c.kind.Redact(text)
	}
	if runes := []rune(text); len(runes) > mostText {
		text = string(runes[:mostText]) + "..."
	}
	return text
}

// Timeout is how long one request may take.
func (c *Client) Timeout() time.Duration { return c.timeout }

// Attempt gives one request its time. Its error tells the address.
func (c *Client) Attempt(ctx context.Context, request func(context.Context) error) error {
	attempt, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	err := request(attempt)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case attempt.Err() != nil:
		err = &Failure{Text: "no answer within " + c.timeout.String(), Again: true}
	}
	return fmt.Errorf("%s: %w", c.Address, err)
}
