package prometheus

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// defaultTimeout bounds one request.
const defaultTimeout = 10 * time.Second

// Keys of the Secret.
const (
	keyToken    = "token"
	keyUsername = "username"
	keyPassword = "password"
	keyCA       = "ca.crt"
	keyCert     = "tls.crt"
	keyKey      = "tls.key"
	keyHeader   = "header." // and a name
	keyAccessID = "aws_access_key_id"
	keyAccess   = "aws_secret_access_key"
	keySession  = "aws_session_token"
)

func newClient(c analysis.Config) (*client, error) {
	address, err := baseURL(c.Address)
	if err != nil {
		return nil, fmt.Errorf("address: %w", err)
	}
	if err := checkStore(address, c); err != nil {
		return nil, fmt.Errorf("address: %w", err)
	}
	if err := checkKeys(c.Credentials); err != nil {
		return nil, err
	}
	header, secrets, err := headers(c)
	if err != nil {
		return nil, err
	}
	sign, more, err := newSigner(c)
	if err != nil {
		return nil, err
	}
	security, err := tlsConfig(c.Credentials)
	if err != nil {
		return nil, err
	}
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		TLSClientConfig:       security,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   8,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
	return &client{
		// A redirect would turn a POST into a GET, and could carry what is in the headers elsewhere.
		http:    &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		address: address,
		header:  header,
		sign:    sign,
		timeout: timeout,
		most:    mostBytes,
		hide:    hider(append(secrets, more...)),
	}, nil
}

// checkKeys refuses a Secret that has something, but nothing that is used.
func checkKeys(credentials map[string][]byte) error {
	known := []string{keyToken, keyUsername, keyPassword, keyCA, keyCert, keyKey, keyAccessID, keyAccess}
	for key := range credentials {
		if slices.Contains(known, key) || strings.HasPrefix(key, keyHeader) {
			return nil
		}
	}
	if len(credentials) == 0 {
		return nil
	}
	return fmt.Errorf("secret: it has none of the keys %s, %sNAME", strings.Join(known, ", "), keyHeader)
}

// baseURL checks an address, and answers it without a slash at its end. It never tells a password that it contains.
func baseURL(address string) (string, error) {
	const want = "write a URL such as http://prometheus.monitoring:9090"
	u, err := url.Parse(strings.TrimSpace(address))
	switch {
	case err != nil:
		return "", errors.New("it can't be read as a URL: " + want)
	case u.User != nil:
		return "", errors.New("it contains a user name or password: put them into the Secret, under username and password")
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return "", fmt.Errorf("%q is not the URL of an HTTP server: %s", address, want)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", fmt.Errorf("%q has a query or fragment: %s", u.Redacted(), want)
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	if strings.HasSuffix(path, "/api/v1") || strings.Contains(path, "/api/v1/") {
		return "", fmt.Errorf("%q contains /api/v1: write only what comes before it", address)
	}
	return u.Scheme + "://" + u.Host + path, nil
}

// headers are what every request carries, and the secrets among it.
func headers(c analysis.Config) (http.Header, []string, error) {
	h := http.Header{"User-Agent": {userAgent}, "Accept": {"application/json"}}
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		if textproto.CanonicalMIMEHeaderKey(name) == "Authorization" {
			return nil, nil, errors.New("headers: Authorization is a secret: put it into the Secret, as token or as header.Authorization")
		}
		if err := addHeader(h, name, c.Headers[name]); err != nil {
			return nil, nil, fmt.Errorf("headers: %w", err)
		}
	}
	var secrets []string
	for _, key := range slices.Sorted(maps.Keys(c.Credentials)) {
		if name, ok := strings.CutPrefix(key, keyHeader); ok {
			value := strings.TrimRight(string(c.Credentials[key]), "\r\n")
			if err := addHeader(h, name, value); err != nil {
				return nil, nil, fmt.Errorf("secret key %s: %w", key, err)
			}
			secrets = append(secrets, value)
		}
	}
	authorization, more, err := authorization(c.Credentials)
	if err != nil {
		return nil, nil, err
	}
	if authorization != "" {
		if err := addHeader(h, "Authorization", authorization); err != nil {
			return nil, nil, fmt.Errorf("secret: %w", err)
		}
	}
	h.Set("Content-Type", "application/x-www-form-urlencoded")
	return h, append(secrets, more...), nil
}

// authorization is the header's value for a token or a user; empty without credentials.
func authorization(credentials map[string][]byte) (value string, secrets []string, err error) {
	get := func(key string) string { return strings.TrimRight(string(credentials[key]), "\r\n") }
	token, username, password := get(keyToken), get(keyUsername), get(keyPassword)
	_, hasToken := credentials[keyToken]
	switch {
	case hasToken && token == "":
		return "", nil, errors.New("secret key token: it is empty")
	case hasToken && username+password != "":
		return "", nil, errors.New("secret: it has both a token and a username or password: keep one of them")
	case hasToken:
		return "Bearer " + token, []string{token}, nil
	case username == "" && password != "":
		return "", nil, errors.New("secret key username: it is missing beside password")
	case username != "":
		basic := base64.StdEncoding.EncodeToString([]byte(username + ":" + password))
		return "Basic " + basic, []string{basic, password, username}, nil
	}
	return "", nil, nil
}

var (
	headerName  = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	headerValue = regexp.MustCompile(`^[\t\x20-\x7e\x80-\xff]*$`)
)

// addHeader adds a header once. Errors tell the name only.
func addHeader(h http.Header, name, value string) error {
	switch canonical := textproto.CanonicalMIMEHeaderKey(name); {
	case !headerName.MatchString(name):
		return fmt.Errorf("%q can't be the name of a header", name)
	case !headerValue.MatchString(value):
		return fmt.Errorf("the value of %s has characters that a header can't have", name)
	case slices.Contains([]string{"Host", "Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Connection"}, canonical):
		return fmt.Errorf("%s can't be set", name)
	case canonical != "User-Agent" && canonical != "Accept" && h.Values(name) != nil:
		return fmt.Errorf("%s is set twice", name)
	}
	h.Set(name, value)
	return nil
}

// tlsConfig trusts ca.crt instead of the system's authorities where there is one, and shows the client's certificate.
func tlsConfig(credentials map[string][]byte) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca, ok := credentials[keyCA]; ok {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(ca) {
			return nil, errors.New("secret key ca.crt: there is no certificate in PEM form")
		}
	}
	cert, key := credentials[keyCert], credentials[keyKey]
	switch {
	case cert == nil && key == nil:
		return config, nil
	case cert == nil || key == nil:
		return nil, errors.New("secret keys tls.crt and tls.key: one is missing beside the other")
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, errors.New("secret keys tls.crt and tls.key: they are no certificate and its key in PEM form")
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

// hider replaces secrets in texts, the longest first, as one may contain another.
func hider(secrets []string) *strings.Replacer {
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var pairs []string
	for _, s := range secrets {
		if s != "" {
			pairs = append(pairs, s, "[redacted]")
		}
	}
	return strings.NewReplacer(pairs...)
}
