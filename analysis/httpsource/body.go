package httpsource

import (
	"errors"
	"fmt"
	"io"
	"net/http"
)

// mostRefusalBytes bounds what is read of an answer whose status says that it is none.
const mostRefusalBytes = 64 << 10

var (
	// ErrTooLarge means that an answer was not read to its end.
	ErrTooLarge = errors.New("the answer is too large")
	// ErrBroken means that the connection failed before the end of an answer.
	ErrBroken = errors.New("the connection broke")
)

// boundedTransport bounds the bodies of answers, which a library may read whole.
type boundedTransport struct {
	next http.RoundTripper
	most int
}

// RoundTrip is the next one's, with a bounded body.
func (t *boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	most := t.most
	if response.StatusCode != http.StatusOK {
		most = mostRefusalBytes
	}
	response.Body = &boundedBody{from: response.Body, left: most}
	return response, nil
}

// boundedBody reads at most left bytes and answers ErrTooLarge instead of the next.
type boundedBody struct {
	from io.ReadCloser
	left int
}

// Read reads, and says which end it is that was reached.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, ErrTooLarge
	}
	n, err := b.from.Read(p[:min(len(p), b.left)])
	b.left -= n
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return n, err
}

// Close closes the body.
func (b *boundedBody) Close() error { return b.from.Close() }
