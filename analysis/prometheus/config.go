package prometheus

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/httpsource"
)

// longestPause is what a server may ask for without being given up on until the next look. A server that asks for nothing when it is
// asked too much gets as long.
const longestPause = 10 * time.Second

// Keys of the Secret.
const (
	keyToken    = "token"
	keyUsername = "username"
	keyPassword = "password"
	keyCert     = "tls.crt"
	keyKey      = "tls.key"
	keyHeader   = "header." // and a name
	keyAccessID = "aws_access_key_id"
	keyAccess   = "aws_secret_access_key"
	keySession  = "aws_session_token"
)

func newClient(c analysis.Config) (*client, error) {
	common, err := httpsource.New(c, kind(c))
	if err != nil {
		return nil, err
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
	common.Hide(append(secrets, more...)...)
	return &client{Client: common, header: header, sign: sign}, nil
}

// kind is what is particular to servers of this API.
func kind(c analysis.Config) httpsource.Kind {
	return httpsource.Kind{
		Example: "write a URL such as http://prometheus.monitoring:9090",
		Keys:    "put them into the Secret, under username and password",
		Refuse: func(address *url.URL) error {
			if strings.Contains(address.EscapedPath()+"/", "/api/v1/") {
				return fmt.Errorf("%q contains /api/v1: write only what comes before it", address)
			}
			return checkStore(address.Hostname(), c)
		},
		Secure:       func(t *tls.Config) error { return present(t, c.Credentials) },
		MostBytes:    mostBytes,
		LongestPause: longestPause,
		Redact:       func(text string) string { return signature.ReplaceAllString(text, "Signature=[redacted]") },
	}
}

// checkKeys refuses a Secret that has something, but nothing that is used.
func checkKeys(credentials map[string][]byte) error {
	known := []string{keyToken, keyUsername, keyPassword, httpsource.KeyCA, keyCert, keyKey, keyAccessID, keyAccess}
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

// headers are what every request carries, and the secrets among it.
func headers(c analysis.Config) (http.Header, []string, error) {
	h := http.Header{"User-Agent": {httpsource.UserAgent}, "Accept": {"application/json"}}
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

// addHeader adds a header once. Errors tell the name only.
func addHeader(h http.Header, name, value string) error {
	if err := httpsource.CheckHeader(name, value); err != nil {
		return err
	}
	if canonical := textproto.CanonicalMIMEHeaderKey(name); canonical != "User-Agent" && canonical != "Accept" && h.Values(name) != nil {
		return fmt.Errorf("%s is set twice", name)
	}
	h.Set(name, value)
	return nil
}

// present shows the client's certificate, if there is one.
func present(config *tls.Config, credentials map[string][]byte) error {
	cert, key := credentials[keyCert], credentials[keyKey]
	switch {
	case cert == nil && key == nil:
		return nil
	case cert == nil || key == nil:
		return errors.New("secret keys tls.crt and tls.key: one is missing beside the other")
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return errors.New("secret keys tls.crt and tls.key: they are no certificate and its key in PEM form")
	}
	config.Certificates = []tls.Certificate{pair}
	return nil
}
