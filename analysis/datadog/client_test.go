package datadog_test

import (
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/datadog"
	"github.com/serin-dev/serin/analysis/datadog/datadogtest"
)

func TestNewSaysWhatToWrite(t *testing.T) {
	const good = "https://api.datadoghq.eu"
	without := func(key string) map[string][]byte {
		c := map[string][]byte{"api-key": []byte("hunter2"), "app-key": []byte("hunter2")}
		delete(c, key)
		return c
	}
	and := func(key, value string) map[string][]byte {
		c := without("")
		c[key] = []byte(value)
		return c
	}
	for name, test := range map[string]struct {
		config analysis.Config
		want   string
	}{
		"all it needs":              {analysis.Config{Address: good + "/", Credentials: without("")}, ""},
		"no address":                {analysis.Config{}, `address: "" is not the URL of an HTTP server: write the URL of your site's API, such as https://api.datadoghq.eu`},
		"no scheme":                 {analysis.Config{Address: "api.datadoghq.eu"}, "is not the URL"},
		"a site":                    {analysis.Config{Address: "datadoghq.eu"}, "write the URL of your site's API"},
		"the address of people":     {analysis.Config{Address: "https://app.datadoghq.eu"}, "is where people look at Datadog"},
		"the API's path":            {analysis.Config{Address: good + "/api/v2"}, "write only what comes before it"},
		"a password":                {analysis.Config{Address: "https://me:hunter2@api.datadoghq.eu"}, "which belong into the Secret, under api-key and app-key"},
		"a password, unreadable":    {analysis.Config{Address: "https://me:hunter2@api.datadoghq.eu:port"}, "it can't be read as a URL"},
		"a query":                   {analysis.Config{Address: good + "?api_key=x"}, "has a query or fragment"},
		"no Secret":                 {analysis.Config{Address: good}, "secret key api-key: it is missing: put an API key of the organisation there"},
		"no API key":                {analysis.Config{Address: good, Credentials: without("api-key")}, "secret key api-key: it is missing"},
		"no application key":        {analysis.Config{Address: good, Credentials: without("app-key")}, "secret key app-key: it is missing: put an application key with the scope timeseries_query there"},
		"an empty key":              {analysis.Config{Address: good, Credentials: and("app-key", " \n")}, "secret key app-key: it is empty"},
		"a key with a line end":     {analysis.Config{Address: good, Credentials: and("api-key", "hun\nter2")}, "secret key api-key: it has characters that a key can't have"},
		"an authority that is none": {analysis.Config{Address: good, Credentials: and("ca.crt", "hunter2")}, "secret key ca.crt: there is no certificate in PEM form"},
		"a preset that is none":     {analysis.Config{Address: good, Preset: "trace"}, `preset: there is no preset "trace"; write one of apm, apm-metrics`},
		"a key in headers":          {analysis.Config{Address: good, Credentials: without(""), Headers: map[string]string{"dd-api-key": "hunter2"}}, "headers: dd-api-key is a secret"},
		"a header of ours":          {analysis.Config{Address: good, Credentials: without(""), Headers: map[string]string{"content-type": "x"}}, "content-type can't be set"},
		"a header that is none":     {analysis.Config{Address: good, Credentials: without(""), Headers: map[string]string{"a b": "c"}}, `"a b" can't be the name of a header`},
		"a header with a line end":  {analysis.Config{Address: good, Credentials: without(""), Headers: map[string]string{"A": "c\r\nB: d"}}, "the value of A has characters"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := datadog.New(test.config)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
}

func TestRequestsCarryWhatWasConfigured(t *testing.T) {
	stand := &datadogtest.Server{Store: steady(), APIKey: apiKey, AppKey: appKey}
	address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for header, want := range map[string]string{
			"Dd-Api-Key": apiKey, "Dd-Application-Key": appKey, "X-Recorded-By": "me", "User-Agent": "serin", "Content-Type": "application/json",
			"Accept-Encoding": "gzip", "Authorization": "",
		} {
			if got := r.Header.Get(header); got != want {
				t.Errorf("%s is %q, want %q", header, got, want)
			}
		}
		if r.Method != http.MethodPost || r.URL.Path != "/behind/a/prefix/api/v2/query/timeseries" || r.URL.RawQuery != "" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/behind/a/prefix")
		stand.ServeHTTP(w, r)
	}))
	s, err := datadog.New(analysis.Config{Address: address + "/behind/a/prefix/", Credentials: keys(), Headers: map[string]string{"x-recorded-by": "me"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestErrorsTellWhatTheAPISays(t *testing.T) {
	for name, test := range map[string]struct {
		code       int
		kind, body string
		want       string
		is, isNot  error
	}{
		"a bad query":         {400, "application/json", `{"errors":["Error parsing query: unexpected token"]}`, "answered 400 Bad Request: Error parsing query: unexpected token", analysis.ErrRejected, analysis.ErrUnauthorized},
		"no access":           {403, "application/json", `{"errors":["Forbidden"]}`, "answered 403 Forbidden: Forbidden; api-key and app-key in the Secret have to be of this site, and the application key needs the scope timeseries_query", analysis.ErrUnauthorized, analysis.ErrNonsense},
		"a proxy's page":      {502, "text/html", "<html>" + strings.Repeat("x", 1<<20), "answered 502 Bad Gateway", nil, analysis.ErrRejected},
		"a novel":             {400, "text/plain", strings.Repeat("words, ", 1000), "answered 400 Bad Request: words, ", analysis.ErrRejected, analysis.ErrNonsense},
		"a page":              {200, "text/html", "<html>", "the answer is not one of Datadog's API (text/html); is the address right?", analysis.ErrNonsense, analysis.ErrRejected},
		"nothing to say":      {204, "application/json", "", "answered 204 No Content", analysis.ErrNonsense, analysis.ErrRejected},
		"an error in a reply": {200, "application/json", `{"errors":"timed out"}`, "the answer is incomplete: timed out", nil, analysis.ErrRejected},
	} {
		t.Run(name, func(t *testing.T) {
			s := source(t, "", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.kind)
				w.WriteHeader(test.code)
				fmt.Fprint(w, test.body)
			}))
			_, err := s.Ping(t.Context())
			if err == nil || !strings.Contains(err.Error(), ": "+test.want) || test.is != nil && !errors.Is(err, test.is) || errors.Is(err, test.isNot) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if err != nil && len(err.Error()) > 500 {
				t.Errorf("an error of %d characters", len(err.Error()))
			}
		})
	}
}

func TestFaultsOfTheStandIn(t *testing.T) {
	for fault, test := range map[datadogtest.Fault]struct {
		is        error
		throttled bool
	}{
		datadogtest.Throttled: {nil, true}, datadogtest.Broken: {nil, false}, datadogtest.Forbidden: {analysis.ErrUnauthorized, false},
		datadogtest.Slow: {nil, false}, datadogtest.Nonsense: {analysis.ErrNonsense, false},
	} {
		t.Run(fmt.Sprint(fault), func(t *testing.T) {
			backend := &datadogtest.Server{Store: steady(), Limit: 100, Period: time.Hour}
			backend.Fail(fault)
			s, err := datadog.New(analysis.Config{Address: serve(t, backend), Credentials: keys(), Timeout: 50 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Count(t.Context(), release(), []analysis.Query{{Metric: "errors", Errors: true}}, []analysis.Window{between(0, 60)})
			var throttled *analysis.ThrottledError
			if err == nil || test.is != nil && !errors.Is(err, test.is) || test.is == nil && errors.Is(err, analysis.ErrRejected) || errors.As(err, &throttled) != test.throttled {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestNoSecretIsTold has an echo for a backend: whatever the status, nothing of the keys comes out, whole, encoded or in part of a text.
func TestNoSecretIsTold(t *testing.T) {
	var said []string
	for _, code := range []int{200, 201, 302, 400, 401, 403, 404, 418, 429, 500, 503} {
		for _, kind := range []string{"text/plain", "application/json", "text/html"} {
			s := source(t, "", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				dump, _ := httputil.DumpRequest(r, true)
				w.Header().Set("Content-Type", kind+"; echo="+r.Header.Get("Dd-Api-Key"))
				w.Header().Set("Location", "https://"+r.Header.Get("Dd-Application-Key")+".example/"+r.Header.Get("Dd-Api-Key"))
				w.Header().Set("Retry-After", "3600")
				w.WriteHeader(code)
				if kind == "application/json" {
					fmt.Fprintf(w, `{"errors":[%q],"data":{"attributes":{"times":["%s"]}}}`, dump, r.Header.Get("Dd-Api-Key"))
					return
				}
				_, _ = w.Write(dump)
			}))
			health, err := s.Ping(t.Context())
			_, counted := s.Count(t.Context(), release(), []analysis.Query{{Metric: "errors", Errors: true}}, []analysis.Window{between(0, 60)})
			said = append(said, fmt.Sprint(err), fmt.Sprint(counted), fmt.Sprintf("%+v", health), fmt.Sprintf("%#v", err))
		}
	}
	for _, text := range said {
		if strings.Contains(text, "s3cret") || strings.Contains(text, "0123456789abcdef") {
			t.Errorf("a secret is told: %s", text)
		}
	}
}

func TestARedirectIsToldNotFollowed(t *testing.T) {
	s := source(t, "", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://app.datadoghq.eu/account/login?next=x", http.StatusFound)
	}))
	if _, err := s.Ping(t.Context()); !errors.Is(err, analysis.ErrRejected) || !strings.HasSuffix(err.Error(), "write the address that it leads to (https://app.datadoghq.eu)") {
		t.Error(err)
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(&datadogtest.Server{Store: steady()})
	t.Cleanup(server.Close)
	ping := func(credentials map[string][]byte) error {
		s, err := datadog.New(analysis.Config{Address: server.URL, Credentials: credentials})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Ping(t.Context())
		return err
	}
	if err := ping(keys()); err == nil || !strings.Contains(err.Error(), "x509: ") {
		t.Errorf("without the authority: %v", err)
	}
	trusting := keys()
	trusting["ca.crt"] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := ping(trusting); err != nil {
		t.Errorf("with it: %v", err)
	}
}

func TestAttemptsAreBounded(t *testing.T) {
	var asked atomic.Int64
	s := source(t, "", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusBadGateway)
	}))
	if _, err := s.Ping(t.Context()); err == nil || asked.Load() != 3 {
		t.Errorf("%v after %d requests", err, asked.Load())
	}
}
