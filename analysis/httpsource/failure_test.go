package httpsource_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/httpsource"
)

// refusal is a response with a status.
func refusal(code int, header http.Header, body string) *http.Response {
	r := &http.Response{StatusCode: code, Status: fmt.Sprint(code, " ", http.StatusText(code)), Header: header, Body: io.NopCloser(strings.NewReader(body))}
	if header == nil {
		r.Header = http.Header{}
	}
	return r
}

// colon is how acme's API writes a reason.
func colon(body []byte) string {
	why, _ := strings.CutPrefix(string(body), "why: ")
	if why == string(body) {
		return ""
	}
	return why
}

func TestRefusalsAreToldApart(t *testing.T) {
	text := http.Header{"Content-Type": {"text/plain; charset=utf-8"}}
	for name, test := range map[string]struct {
		code   int
		header http.Header
		body   string
		want   string
		is     error // nil for none of the words of package analysis
		again  bool
		after  time.Duration
	}{
		"with the API's reason":        {400, nil, "why: no such metric", "answered 400 Bad Request: no such metric", analysis.ErrRejected, false, 0},
		"with a text":                  {404, text, "nothing here", "answered 404 Not Found: nothing here", analysis.ErrRejected, false, 0},
		"with a page":                  {403, nil, "<html>", "answered 403 Forbidden", analysis.ErrUnauthorized, false, 0},
		"with a secret":                {401, text, "not hunter2", "answered 401 Unauthorized: not [redacted]", analysis.ErrUnauthorized, false, 0},
		"of a proxy":                   {407, nil, "", "answered 407 Proxy Authentication Required", analysis.ErrUnauthorized, false, 0},
		"with another address":         {302, http.Header{"Location": {"https://login.example/a?hunter2"}}, "why: x", "answered 302 Found: redirects are not followed; write the address that it leads to (https://login.example)", analysis.ErrRejected, false, 0},
		"with an address that is none": {302, http.Header{"Location": {":"}}, "", "answered 302 Found: redirects are not followed; write the address that it leads to", analysis.ErrRejected, false, 0},
		"a success of another kind":    {204, nil, "", "answered 204 No Content", analysis.ErrNonsense, false, 0},
		"trouble":                      {503, http.Header{"Retry-After": {"7"}}, "", "answered 503 Service Unavailable", nil, true, 7 * time.Second},
		"too slow a request":           {408, nil, "", "answered 408 Request Timeout", nil, true, 0},
		"a rate limit":                 {429, http.Header{"Retry-After": {"3600"}}, "", "answered 429 Too Many Requests", nil, true, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, analysis.Config{Address: "https://acme"}, acme(), nil)
			c.Hide("hunter2")
			f := c.Refused(refusal(test.code, test.header, test.body), colon)
			if f.Error() != test.want || f.Again != test.again || f.After != test.after || f.Throttled() != (test.code == 429) {
				t.Errorf("got %+v, want %s", f, test.want)
			}
			for _, word := range []error{analysis.ErrRejected, analysis.ErrUnauthorized, analysis.ErrNonsense} {
				if errors.Is(f, word) != errors.Is(test.is, word) {
					t.Errorf("does %q match %q? It should be %v", f, word, !errors.Is(f, word))
				}
			}
		})
	}
}

func TestARateLimitThatDoesNotSayHowLongIsBelievedForTheLongestPause(t *testing.T) {
	var throttled *analysis.ThrottledError
	f := newClient(t, analysis.Config{Address: "https://acme"}, acme(), nil).Refused(refusal(429, nil, ""), colon)
	if !errors.As(f, &throttled) || throttled.After != 2*time.Second {
		t.Errorf("got %v", throttled)
	}
}

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	soon := time.Now().Add(time.Hour + time.Second).UTC().Format(http.TimeFormat)
	for header, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-5": 0, "0": 0, "5": 5 * time.Second, soon: time.Hour, "Mon, 02 Jan 2006 15:04:05 GMT": 0, "99999999999": 365 * 24 * time.Hour,
	} {
		c := newClient(t, analysis.Config{Address: "https://acme"}, acme(), nil)
		got := c.Refused(refusal(503, http.Header{"Retry-After": {header}}, ""), colon).After
		if got < want || got > want+2*time.Second {
			t.Errorf("%q is %s, want %s", header, got, want)
		}
	}
}

func TestWhatMayPassIsTriedAgain(t *testing.T) {
	passing := &httpsource.Failure{Text: "away", Again: true}
	for name, test := range map[string]struct {
		failures     []error
		deadline     time.Duration
		want         error
		tries        int
		least, limit time.Duration
	}{
		"success":                                {[]error{nil}, 0, nil, 1, 0, 0},
		"after trouble":                          {[]error{passing, nil}, 0, nil, 2, 100 * time.Millisecond, 300 * time.Millisecond},
		"three times":                            {[]error{passing, passing, passing, nil}, 0, passing, 3, 300 * time.Millisecond, 900 * time.Millisecond},
		"what is final":                          {[]error{analysis.ErrRejected, nil}, 0, analysis.ErrRejected, 1, 0, 0},
		"not before the backend wants it":        {[]error{&httpsource.Failure{Again: true, After: time.Second}, nil}, 0, nil, 2, time.Second, time.Second},
		"not when the backend wants it too late": {[]error{&httpsource.Failure{Text: "later", Again: true, After: 3 * time.Second}, nil}, 0, errLater, 1, 0, 0},
		"not beyond the deadline":                {[]error{passing, nil}, 50 * time.Millisecond, passing, 1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				if test.deadline > 0 {
					ctx, cancel = context.WithTimeout(ctx, test.deadline)
				}
				defer cancel()
				tries, begun := 0, time.Now()
				err := newClient(t, analysis.Config{Address: "https://acme"}, acme(), nil).Retry(ctx, func() error {
					tries++
					return test.failures[tries-1]
				})
				took := time.Since(begun)
				if fmt.Sprint(err) != fmt.Sprint(test.want) || tries != test.tries || took < test.least || took > test.limit {
					t.Errorf("%v after %d tries and %s", err, tries, took)
				}
			})
		})
	}
}

// errLater is told as the failure of a backend that wants no question for longer than anybody waits.
var errLater = errors.New("later")

func TestAWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		c := newClient(t, analysis.Config{Address: "https://acme"}, acme(), nil)
		err := c.Retry(ctx, func() error { return &httpsource.Failure{Again: true, After: 2 * time.Second} })
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

func TestWindowsAreOrderedAndHaveALength(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	first, second := analysis.Window{From: at(0), To: at(10)}, analysis.Window{From: at(10), To: at(20)}
	ws, err := httpsource.InOrder([]analysis.Window{first, {From: at(10), To: at(10)}, second})
	if err != nil || len(ws) != 2 || ws[0] != first || ws[1] != second {
		t.Errorf("got %v, %v", ws, err)
	}
	_, err = httpsource.InOrder([]analysis.Window{second, first})
	if !errors.Is(err, analysis.ErrRejected) || !strings.Contains(err.Error(), "the window from 1970-01-01T00:00:00Z begins before the one before it ends") {
		t.Errorf("got %v", err)
	}
}
