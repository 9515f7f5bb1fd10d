package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strconv"
	"time"
)

// failure is why a message was not taken, in words that hold nothing of an address, a secret, or a text from elsewhere.
type failure struct {
	text string
	// again means that another attempt may help, but not before after has passed.
	again bool
	after time.Duration
}

// Error tells the words.
func (f *failure) Error() string { return f.text }

// sender tells somebody. Its errors are failures.
type sender interface {
	send(ctx context.Context, m message) error
	// gathers says that notices that wait go as one message.
	gathers() bool
}

// web is how the world is reached over HTTP.
type web struct{ transport http.RoundTripper }

// newTransport verifies certificates, and takes the proxy from the environment.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   10 * time.Second,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   1,
		MaxConnsPerHost:       4,
		IdleConnTimeout:       time.Minute,
		ResponseHeaderTimeout: 20 * time.Second,
	}
}

// client is a client for one send. The libraries of the services bring no context of ours, so that it is bound to the client.
func (w web) client(ctx context.Context) *http.Client {
	return &http.Client{Transport: strict{ctx: ctx, next: w.transport}}
}

// post sends a request, and answers the body of a success.
func (w web) post(r *http.Request) ([]byte, error) {
	response, err := w.client(r.Context()).Do(r) //nolint:gosec // the address is that of the operator's own configuration
	if err != nil {
		return nil, told(err, unreachable())
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, told(err, unreachable())
	}
	return body, nil
}

// strict lets nothing pass but success: a redirect is not followed, for it would carry the token elsewhere, and what a server says of a failure is dropped.
type strict struct {
	ctx  context.Context // of one send
	next http.RoundTripper
}

// mostAnswer is how much of an answer is read.
const mostAnswer = 64 << 10

// RoundTrip answers a success, its body read, or a failure.
func (s strict) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := s.next.RoundTrip(r.WithContext(s.ctx))
	if err != nil {
		return nil, told(err, unreachable())
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, mostAnswer))
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return nil, refusal(response)
	}
	if err != nil {
		return nil, told(err, unreachable())
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// refusal is what an answer that is no success means.
func refusal(r *http.Response) *failure {
	f := &failure{text: "it answered " + strconv.Itoa(r.StatusCode)}
	if known := http.StatusText(r.StatusCode); known != "" {
		f.text += " " + known
	}
	switch {
	case r.StatusCode >= 300 && r.StatusCode < 400:
		f.text += ", a redirect, which is not followed: write the address that it leads to"
	case r.StatusCode == http.StatusTooManyRequests, r.StatusCode == http.StatusRequestTimeout, r.StatusCode >= 500:
		f.again, f.after = true, retryAfter(r)
	}
	return f
}

// mostAfter is the longest pause that a receiver may ask for.
const mostAfter = 10 * time.Minute

// retryAfter reads seconds, with a fraction as Discord writes them, or a date.
func retryAfter(r *http.Response) time.Duration {
	asked := r.Header.Get("Retry-After")
	after := time.Duration(0)
	if seconds, err := strconv.ParseFloat(asked, 64); err == nil && seconds > 0 && seconds < mostAfter.Seconds() {
		after = time.Duration(seconds * float64(time.Second))
	} else if err == nil && seconds >= mostAfter.Seconds() {
		after = mostAfter
	} else if at, err := http.ParseTime(asked); err == nil {
		if sent, err := http.ParseTime(r.Header.Get("Date")); err == nil {
			after = at.Sub(sent)
		}
	}
	return min(max(after, 0), mostAfter)
}

// told puts an error from elsewhere into our own words, by what kind of error it is and never by its text.
func told(err error, otherwise *failure) error {
	var (
		known     *failure
		name      *net.DNSError
		smtp      *textproto.Error
		untrusted *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		stranger  x509.HostnameError
		network   net.Error
		operation *net.OpError
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.Canceled):
		return &failure{text: "it was given up", again: true}
	case errors.As(err, &smtp):
		return &failure{text: fmt.Sprintf("the mail server answered %d", smtp.Code), again: smtp.Code < 500}
	case errors.As(err, &untrusted), errors.As(err, &authority), errors.As(err, &stranger):
		return &failure{text: "its certificate is not trusted: set SSL_CERT_FILE to a file with the authority's", again: true}
	case errors.As(err, &name):
		return &failure{text: "its name is not known to the DNS", again: true}
	case errors.As(err, &network) && network.Timeout():
		return &failure{text: "it did not answer in time", again: true}
	case errors.As(err, &operation) && operation.Op == "dial":
		return &failure{text: "nobody answers at its address", again: true}
	case errors.As(err, &operation), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &failure{text: "the connection broke", again: true}
	}
	return otherwise
}

// unreachable is what any other failure of a connection is, and unsendable any other failure of a library: it lies in the message or in the answer of a server that
// took it.
func unreachable() *failure { return &failure{text: "it could not be reached", again: true} }

func unsendable() *failure {
	return &failure{text: "it did not take the message, or the service can't send it"}
}
