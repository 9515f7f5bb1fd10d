package prometheus_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/prometheus"
)

// ping makes a source and asks it whether the backend answers.
func ping(t *testing.T, c analysis.Config) error {
	t.Helper()
	source, err := prometheus.New(c)
	if err != nil {
		t.Fatal(err)
	}
	_, err = source.Ping(t.Context())
	return err
}

// serve runs a backend.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

const pong = `{"status":"success","data":{"resultType":"vector","result":[]}}`

func TestRequestsCarryWhatWasConfigured(t *testing.T) {
	for name, test := range map[string]struct {
		credentials map[string][]byte
		headers     map[string]string
		want        map[string]string
	}{
		"nothing":              {want: map[string]string{"Authorization": "", "User-Agent": "serin", "Accept-Encoding": "gzip"}},
		"a token":              {credentials: map[string][]byte{"token": []byte("abc\n")}, want: map[string]string{"Authorization": "Bearer abc"}},
		"a user":               {credentials: map[string][]byte{"username": []byte("me"), "password": []byte("pw\r\n")}, want: map[string]string{"Authorization": "Basic bWU6cHc="}},
		"a tenant":             {headers: map[string]string{"X-Scope-OrgID": "team-a"}, want: map[string]string{"X-Scope-Orgid": "team-a"}},
		"a secret header":      {credentials: map[string][]byte{"header.X-Api-Key": []byte("k")}, want: map[string]string{"X-Api-Key": "k"}},
		"a secret of any kind": {credentials: map[string][]byte{"header.Authorization": []byte("Digest x")}, want: map[string]string{"Authorization": "Digest x"}},
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, func(w http.ResponseWriter, r *http.Request) {
				for header, want := range test.want {
					if got := r.Header.Get(header); got != want {
						t.Errorf("%s is %q, want %q", header, got, want)
					}
				}
				if r.Method != http.MethodPost || r.URL.Path != "/behind/a/prefix/api/v1/query" || r.FormValue("query") != "vector(1)" {
					t.Errorf("%s %s %s", r.Method, r.URL, r.FormValue("query"))
				}
				fmt.Fprint(w, pong)
			})
			if err := ping(t, analysis.Config{Address: address + "/behind/a/prefix/", Headers: test.headers, Credentials: test.credentials}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNewSaysWhatToWrite(t *testing.T) {
	good := "http://prometheus:9090"
	for name, test := range map[string]struct {
		config analysis.Config
		want   string
	}{
		"no address":               {analysis.Config{}, "address: \"\" is not the URL of an HTTP server: write a URL such as http://prometheus.monitoring:9090"},
		"no scheme":                {analysis.Config{Address: "prometheus:9090"}, "address: \"prometheus:9090\" is not the URL"},
		"another scheme":           {analysis.Config{Address: "ftp://prometheus"}, "write a URL such as"},
		"no host":                  {analysis.Config{Address: "http://:9090"}, "write a URL such as"},
		"a password":               {analysis.Config{Address: "http://me:hunter2@prometheus"}, "put them into the Secret, under username and password"},
		"a password, unreadable":   {analysis.Config{Address: "http://me:hunter2@prometheus:port"}, "it can't be read as a URL"},
		"a query":                  {analysis.Config{Address: good + "/?x=1"}, "has a query or fragment"},
		"the API's path":           {analysis.Config{Address: good + "/api/v1/query"}, "write only what comes before it"},
		"a preset that is none":    {analysis.Config{Address: good, Preset: "http"}, `preset: there is no preset "http"; write one of classic, istio, nginx, opentelemetry, traefik`},
		"authorization in headers": {analysis.Config{Address: good, Headers: map[string]string{"authorization": "Bearer hunter2"}}, "put it into the Secret, as token"},
		"a header that is none":    {analysis.Config{Address: good, Headers: map[string]string{"a b": "c"}}, `"a b" can't be the name of a header`},
		"a header with a line end": {analysis.Config{Address: good, Headers: map[string]string{"A": "c\r\nB: d"}}, "the value of A has characters that a header can't have"},
		"a header of ours":         {analysis.Config{Address: good, Headers: map[string]string{"Content-Length": "1"}}, "Content-Length can't be set"},
		"an empty token":           {analysis.Config{Address: good, Credentials: map[string][]byte{"token": []byte("\n")}}, "secret key token: it is empty"},
		"a token with a line end":  {analysis.Config{Address: good, Credentials: map[string][]byte{"token": []byte("hun\nter2")}}, "the value of Authorization has characters"},
		"a token and a user": {
			analysis.Config{Address: good, Credentials: map[string][]byte{"token": []byte("hunter2"), "username": []byte("me")}},
			"both a token and a username or password",
		},
		"a password without a user": {analysis.Config{Address: good, Credentials: map[string][]byte{"password": []byte("hunter2")}}, "secret key username: it is missing"},
		"a token and its header": {
			analysis.Config{Address: good, Credentials: map[string][]byte{"token": []byte("hunter2"), "header.Authorization": []byte("x")}},
			"Authorization is set twice",
		},
		"an authority that is none":     {analysis.Config{Address: good, Credentials: map[string][]byte{"ca.crt": []byte("hunter2")}}, "secret key ca.crt: there is no certificate"},
		"a certificate without its key": {analysis.Config{Address: good, Credentials: map[string][]byte{"tls.crt": []byte("hunter2")}}, "one is missing beside the other"},
		"a certificate that is none": {
			analysis.Config{Address: good, Credentials: map[string][]byte{"tls.crt": []byte("hunter2"), "tls.key": []byte("hunter2")}},
			"they are no certificate and its key",
		},
		"Google's store":           {analysis.Config{Address: "https://monitoring.googleapis.com/v1/projects/p/location/global/prometheus"}, "write the address of a Prometheus that scrapes the same pods"},
		"Amazon's store, unsigned": {analysis.Config{Address: "https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-1/"}, "set spec.sigV4.region"},
		"a key without a region":   {analysis.Config{Address: good, Credentials: map[string][]byte{"aws_secret_access_key": []byte("hunter2")}}, "they need spec.sigV4.region"},
		"a region without a key": {
			analysis.Config{Address: good, SigningRegion: "eu-central-1", Credentials: map[string][]byte{"aws_access_key_id": []byte("hunter2")}},
			"both are needed to sign requests",
		},
		"a key and a token": {
			analysis.Config{Address: good, SigningRegion: "eu-central-1", Credentials: map[string][]byte{"aws_access_key_id": []byte("hunter2"), "aws_secret_access_key": []byte("hunter2"), "token": []byte("hunter2")}},
			"secret key token: a signed request has no room for it",
		},
		"a Secret with other keys": {analysis.Config{Address: good, Credentials: map[string][]byte{"bearer": []byte("hunter2")}}, "secret: it has none of the keys token, username"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := prometheus.New(test.config)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
}

func TestErrorsTellWhatTheServerSays(t *testing.T) {
	for name, test := range map[string]struct {
		code     int
		kind     string
		body     string
		want     string
		rejected bool
	}{
		"a bad query": {
			400, "application/json", `{"status":"error","errorType":"bad_data","error":"1:5: parse error"}`,
			"answered 400 Bad Request: bad_data: 1:5: parse error", true,
		},
		"no access":                   {401, "text/plain; charset=utf-8", "who are you?\n", "answered 401 Unauthorized: who are you?", true},
		"a proxy's page":              {403, "text/html", "<html>" + strings.Repeat("x", 1<<20), "answered 403 Forbidden", true},
		"too heavy":                   {503, "application/json", `{"status":"error","errorType":"timeout","error":"query timed out"}`, "answered 503 Service Unavailable: timeout: query timed out", false},
		"an error in a good answer":   {200, "application/json", `{"status":"error","errorType":"execution","error":"too many samples"}`, "execution: too many samples", true},
		"trouble in a good answer":    {200, "application/json", `{"status":"error","errorType":"timeout","error":"query timed out"}`, "timeout: query timed out", false},
		"a store that did not answer": {200, "application/json", `{"status":"success","data":{"resultType":"vector","result":[]},"warnings":["store a is away"]}`, "the answer is incomplete: store a is away", false},
		"a part of the answer":        {200, "application/json", `{"status":"success","isPartial":true,"data":{"resultType":"vector","result":[]}}`, "the answer is incomplete", false},
		"a page":                      {200, "text/html", "<html>", "the answer is not one of Prometheus' HTTP API (text/html); is the address right?", false},
		"a novel":                     {400, "text/plain", strings.Repeat("words, ", 1000), "answered 400 Bad Request: words, ", true},
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.kind)
				w.WriteHeader(test.code)
				fmt.Fprint(w, test.body)
			})
			err := ping(t, analysis.Config{Address: address})
			want := address + ": " + test.want
			if err == nil || !strings.HasPrefix(err.Error(), want) || errors.Is(err, analysis.ErrRejected) != test.rejected {
				t.Errorf("got %v, want %s", err, want)
			}
			if err != nil && len(err.Error()) > 400 {
				t.Errorf("an error of %d characters", len(err.Error()))
			}
		})
	}
}

// TestStoresAreAskedForWhatWasCounted wants every request to say what keeps a store from answering with something else.
func TestStoresAreAskedForWhatWasCounted(t *testing.T) {
	asked := 0
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		for name, want := range map[string]string{"nocache": "1", "partial_response": "true", "timeout": "10"} {
			if got := r.FormValue(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		(&fake{}).ServeHTTP(w, r)
	})
	source, err := prometheus.New(analysis.Config{Address: address})
	if err != nil {
		t.Fatal(err)
	}
	_, err = source.Count(t.Context(), release(), []analysis.Query{{Metric: "errors", Errors: true}}, []analysis.Window{between(100, 130)})
	if err != nil || asked == 0 {
		t.Errorf("%v after %d requests", err, asked)
	}
}

func TestRedirectsAreToldNotFollowed(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://login.example/start?next=secret", http.StatusFound)
	})
	err := ping(t, analysis.Config{Address: address})
	if !errors.Is(err, analysis.ErrRejected) || !strings.HasSuffix(err.Error(), "write the address that it leads to (https://login.example)") {
		t.Error(err)
	}
}

func TestRetryAfter(t *testing.T) {
	for name, test := range map[string]struct {
		header      string
		deadline    time.Duration
		wantAsked   int64
		wantAtLeast time.Duration
		wantAtMost  time.Duration
		wantSuccess bool
	}{
		"is waited for":                         {"1", time.Minute, 2, time.Second, time.Minute, true},
		"as a date":                             {time.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat), time.Minute, 2, 0, time.Minute, true},
		"is not waited for beyond the deadline": {"9", 8 * time.Second, 1, 0, 6 * time.Second, false},
		"is not waited for without end":         {"3600", 0, 1, 0, time.Minute, false},
		"may be missing":                        {"", time.Minute, 2, 0, time.Minute, true},
		"may be nonsense":                       {"soon", time.Minute, 2, 0, time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if asked.Add(1) > 1 {
					fmt.Fprint(w, pong)
					return
				}
				w.Header().Set("Retry-After", test.header)
				w.WriteHeader(http.StatusTooManyRequests)
			})
			source, err := prometheus.New(analysis.Config{Address: address})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			if test.deadline > 0 {
				ctx, cancel = context.WithTimeout(ctx, test.deadline)
			}
			defer cancel()
			begun := time.Now()
			_, err = source.Ping(ctx)
			if (err == nil) != test.wantSuccess || asked.Load() != test.wantAsked ||
				time.Since(begun) < test.wantAtLeast || time.Since(begun) > test.wantAtMost {
				t.Errorf("%v after %d requests and %v", err, asked.Load(), time.Since(begun))
			}
			if errors.Is(err, analysis.ErrRejected) {
				t.Error("too many requests are final")
			}
		})
	}
}

func TestAttemptsAreBounded(t *testing.T) {
	var asked atomic.Int64
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusBadGateway)
	})
	if err := ping(t, analysis.Config{Address: address}); err == nil || asked.Load() != 3 {
		t.Errorf("%v after %d requests", err, asked.Load())
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, pong) }))
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	cert, key := keyPair(t)
	whole := map[string][]byte{"ca.crt": ca, "tls.crt": cert, "tls.key": key}
	if err := ping(t, analysis.Config{Address: server.URL, Credentials: whole}); err != nil {
		t.Errorf("with both certificates: %v", err)
	}
	if err := ping(t, analysis.Config{Address: server.URL, Credentials: map[string][]byte{"tls.crt": cert, "tls.key": key}}); err == nil || !strings.Contains(err.Error(), "x509: ") {
		t.Errorf("without the authority: %v", err)
	}
	if err := ping(t, analysis.Config{Address: server.URL, Credentials: map[string][]byte{"ca.crt": ca}}); err == nil || !strings.Contains(err.Error(), "tls: ") {
		t.Errorf("without the client's certificate: %v", err)
	}
}

func keyPair(t *testing.T) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "serin"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}
