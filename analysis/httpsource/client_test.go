package httpsource_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/httpsource"
)

// acme is a kind of backend.
func acme() httpsource.Kind {
	return httpsource.Kind{
		Example: "write a URL such as https://acme", Keys: "put it into the Secret", MostBytes: 1 << 10, LongestPause: 2 * time.Second,
		Refuse: func(address *url.URL) error {
			if address.Path != "" && address.Path != "/" {
				return errors.New("it has a path")
			}
			return nil
		},
	}
}

// newClient makes a client of a backend, which is a handler or an address.
func newClient(t *testing.T, c analysis.Config, k httpsource.Kind, backend http.Handler) *httpsource.Client {
	t.Helper()
	if backend != nil {
		server := httptest.NewServer(backend)
		t.Cleanup(server.Close)
		c.Address = server.URL
	}
	client, err := httpsource.New(c, k)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// ask sends a GET to the backend, and answers the body.
func ask(ctx context.Context, c *httpsource.Client) (string, *http.Response, error) {
	var body []byte
	var response *http.Response
	err := c.Attempt(ctx, func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Address, nil)
		if err != nil {
			return err
		}
		if response, err = c.HTTP.Do(r); err != nil {
			return c.Unreachable(err)
		}
		defer response.Body.Close()
		body, err = io.ReadAll(response.Body)
		return err
	})
	return string(body), response, err
}

func TestNewSaysWhatToWrite(t *testing.T) {
	for name, test := range map[string]struct {
		config analysis.Config
		want   string // of the error; of the address when there is none
	}{
		"an address":                {analysis.Config{Address: " https://acme:8080/ "}, "https://acme:8080"},
		"no address":                {analysis.Config{}, `address: "" is not the URL of an HTTP server: write a URL such as https://acme`},
		"no scheme":                 {analysis.Config{Address: "acme:80"}, `address: "acme:80" is not the URL of an HTTP server: write a URL such as https://acme`},
		"another scheme":            {analysis.Config{Address: "ftp://acme"}, `address: "ftp://acme" is not the URL of an HTTP server: write a URL such as https://acme`},
		"no host":                   {analysis.Config{Address: "http://:80"}, `address: "http://:80" is not the URL of an HTTP server: write a URL such as https://acme`},
		"a password":                {analysis.Config{Address: "https://me:hunter2@acme"}, "address: it contains a user name or password: put it into the Secret"},
		"a password, unreadable":    {analysis.Config{Address: "https://me:hunter2@acme:port"}, "address: it can't be read as a URL: write a URL such as https://acme"},
		"a query":                   {analysis.Config{Address: "https://acme?a=b"}, `address: "https://acme?a=b" has a query or fragment: write a URL such as https://acme`},
		"what the kind refuses":     {analysis.Config{Address: "https://acme/api"}, "address: it has a path"},
		"an authority that is none": {analysis.Config{Address: "https://acme", Credentials: map[string][]byte{"ca.crt": []byte("hunter2")}}, "secret key ca.crt: there is no certificate in PEM form"},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := httpsource.New(test.config, acme())
			got := fmt.Sprint(err)
			if err == nil {
				got = client.Address
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	k := acme()
	k.Secure = func(*tls.Config) error { return errors.New("secret key tls.key: it is missing") }
	if _, err := httpsource.New(analysis.Config{Address: "https://acme"}, k); err == nil || err.Error() != "secret key tls.key: it is missing" {
		t.Errorf("of the connection it says %v", err)
	}
}

func TestHeadersThatCantBeSentAreNamedWithoutTheirValues(t *testing.T) {
	for name, test := range map[string]struct{ name, value, want string }{
		"one that can be sent": {"X-Scope-OrgID", "a team", "<nil>"},
		"no name":              {"a b", "hunter2", `"a b" can't be the name of a header`},
		"a line end":           {"X-A", "hunter2\r\nX-B: c", "the value of X-A has characters that a header can't have"},
		"one of ours":          {"content-length", "hunter2", "content-length can't be set"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fmt.Sprint(httpsource.CheckHeader(test.name, test.value)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestTextsFromElsewhereAreFitToBeTold(t *testing.T) {
	k := acme()
	k.Redact = func(text string) string { return strings.ReplaceAll(text, "sealed", "[sealed]") }
	c := newClient(t, analysis.Config{Address: "https://acme"}, k, nil)
	if got := c.Clean("nothing is hidden yet"); got != "nothing is hidden yet" {
		t.Errorf("got %s", got)
	}
	c.Hide("hunter2", "", "hunter2-and-more")
	for name, test := range map[string]struct{ text, want string }{
		"a secret that contains another": {"with hunter2-and-more and hunter2", "with [redacted] and [redacted]"},
		"what is secret by its form":     {"a sealed letter", "a [sealed] letter"},
		"many lines":                     {"one\n\t two\r\n", "one two"},
		"what is no text":                {"a\xff", "a?"},
		"a novel":                        {strings.Repeat("é", 1000), strings.Repeat("é", 300) + "..."},
		"a secret across its end":        {strings.Repeat("x", 297) + "hunter2", strings.Repeat("x", 297) + "[re..."},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.Clean(test.text); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestAnAttemptHasItsTime(t *testing.T) {
	hang := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c := newClient(t, analysis.Config{Timeout: 20 * time.Millisecond}, acme(), hang)
	_, _, err := ask(t.Context(), c)
	var why *httpsource.Failure
	if !errors.As(err, &why) || !why.Again || err.Error() != c.Address+": no answer within 20ms" {
		t.Errorf("its own: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := ask(ctx, c); !errors.Is(err, context.Canceled) || errors.As(err, &why) && errors.Is(err, why) {
		t.Errorf("the caller's: %v", err)
	}
	if got := newClient(t, analysis.Config{Address: "https://acme"}, acme(), nil).Timeout(); got != 10*time.Second {
		t.Errorf("left out, it is %s", got)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	for name, test := range map[string]struct {
		code, bytes int
		want        error
	}{
		"one that fits":             {200, 1<<10 - 1, nil},
		"one that does not":         {200, 1 << 20, httpsource.ErrTooLarge},
		"a refusal may have more":   {400, 1 << 12, nil},
		"but a refusal has its end": {400, 1 << 20, httpsource.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, analysis.Config{}, acme(), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.code)
				_, _ = io.WriteString(w, strings.Repeat("x", test.bytes))
			}))
			if body, _, err := ask(t.Context(), c); !errors.Is(err, test.want) || test.want == nil && len(body) != test.bytes {
				t.Errorf("%d bytes, %v", len(body), err)
			}
		})
	}
	c := newClient(t, analysis.Config{}, acme(), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	if body, _, err := ask(t.Context(), c); !errors.Is(err, httpsource.ErrBroken) || body != "half" {
		t.Errorf("%q, %v", body, err)
	}
}

func TestOnlyTheAuthorityInTheSecretIsTrusted(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for name, test := range map[string]struct {
		credentials map[string][]byte
		trusted     bool
	}{
		"without it": {nil, false},
		"with it":    {map[string][]byte{"ca.crt": ca}, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, analysis.Config{Address: server.URL, Credentials: test.credentials}, acme(), nil)
			_, _, err := ask(t.Context(), c)
			var why *httpsource.Failure
			if (err == nil) != test.trusted || errors.As(err, &why) && (why.Again || !strings.Contains(why.Text, "x509: ")) {
				t.Error(err)
			}
		})
	}
}
