package datadog

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
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

	api "github.com/DataDog/datadog-api-client-go/v2/api/datadog"
	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV2"

	"github.com/serin-dev/serin/analysis"
)

// defaultTimeout bounds one request.
const defaultTimeout = 10 * time.Second

// Keys of the Secret.
const (
	keyAPI = "api-key"
	keyApp = "app-key"
	keyCA  = "ca.crt"
)

func newClient(c analysis.Config) (*client, error) {
	address, err := baseURL(c.Address)
	if err != nil {
		return nil, fmt.Errorf("address: %w", err)
	}
	apiKey, err := secret(c.Credentials, keyAPI, "an API key of the organisation")
	if err != nil {
		return nil, err
	}
	appKey, err := secret(c.Credentials, keyApp, "an application key with the scope timeseries_query")
	if err != nil {
		return nil, err
	}
	security, err := tlsConfig(c.Credentials)
	if err != nil {
		return nil, err
	}
	header, err := headers(c.Headers)
	if err != nil {
		return nil, fmt.Errorf("headers: %w", err)
	}
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	settings := api.NewConfiguration()
	settings.Servers = api.ServerConfigurations{{URL: address}}
	settings.OperationServers = nil
	settings.DefaultHeader = header
	settings.UserAgent = userAgent
	settings.RetryConfiguration.EnableRetry = false // retries are counted against the budget, so they are ours
	settings.Debug = false
	settings.HTTPClient = &http.Client{
		Transport: &boundedTransport{next: transport(security), most: mostBytes},
		// A redirect would turn a POST into a GET, and could carry the keys elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &client{
		api:     datadogV2.NewMetricsApi(api.NewAPIClient(settings)),
		keys:    map[string]api.APIKey{"apiKeyAuth": {Key: apiKey}, "appKeyAuth": {Key: appKey}},
		address: address,
		timeout: timeout,
		hide:    hider(apiKey, appKey),
	}, nil
}

// transport is how the API is reached: through the proxy that the environment names, if any.
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

// baseURL checks an address, and answers it without a slash at its end. It never tells a password that it contains.
func baseURL(address string) (string, error) {
	const want = "write the URL of your site's API, such as https://api.datadoghq.eu"
	u, err := url.Parse(strings.TrimSpace(address))
	switch {
	case err != nil:
		return "", errors.New("it can't be read as a URL: " + want)
	case u.User != nil:
		return "", errors.New("it contains a user name or password: Datadog takes keys, which belong into the Secret, under api-key and app-key")
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return "", fmt.Errorf("%q is not the URL of an HTTP server: %s", address, want)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", fmt.Errorf("%q has a query or fragment: %s", u.Redacted(), want)
	case strings.HasPrefix(u.Hostname(), "app.") && strings.Contains(u.Hostname(), "dog"):
		return "", fmt.Errorf("%q is where people look at Datadog: %s", address, want)
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	if strings.HasSuffix(path, "/api") || strings.Contains(path+"/", "/api/v") {
		return "", fmt.Errorf("%q contains /api: write only what comes before it", address)
	}
	return u.Scheme + "://" + u.Host + path, nil
}

// headerText is what a header may contain.
var headerText = regexp.MustCompile(`^[\t\x20-\x7e\x80-\xff]*$`)

// secret reads a key of the Secret. The error never tells its value.
func secret(credentials map[string][]byte, key, what string) (string, error) {
	raw, found := credentials[key]
	value := strings.TrimSpace(string(raw))
	switch {
	case !found:
		return "", fmt.Errorf("secret key %s: it is missing: put %s there", key, what)
	case value == "":
		return "", fmt.Errorf("secret key %s: it is empty: put %s there", key, what)
	case !headerText.MatchString(value):
		return "", fmt.Errorf("secret key %s: it has characters that a key can't have", key)
	}
	return value, nil
}

var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// headers are the plain ones that every request carries. Errors tell the name only.
func headers(configured map[string]string) (map[string]string, error) {
	ours := []string{
		"Host", "Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Connection", "Accept", "Accept-Encoding",
		"User-Agent",
	}
	h := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(configured)) {
		switch canonical := textproto.CanonicalMIMEHeaderKey(name); {
		case slices.Contains([]string{"Authorization", "Dd-Api-Key", "Dd-Application-Key"}, canonical):
			return nil, fmt.Errorf("%s is a secret: the keys belong into the Secret, under api-key and app-key", name)
		case !headerName.MatchString(name):
			return nil, fmt.Errorf("%q can't be the name of a header", name)
		case !headerText.MatchString(configured[name]):
			return nil, fmt.Errorf("the value of %s has characters that a header can't have", name)
		case slices.Contains(ours, canonical):
			return nil, fmt.Errorf("%s can't be set", name)
		default:
			h[canonical] = configured[name]
		}
	}
	return h, nil
}

// tlsConfig trusts ca.crt instead of the system's authorities where there is one: a proxy's, that is.
func tlsConfig(credentials map[string][]byte) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca, ok := credentials[keyCA]; ok {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(ca) {
			return nil, errors.New("secret key ca.crt: there is no certificate in PEM form")
		}
	}
	return config, nil
}

// hider replaces secrets in texts, the longest first, as one may contain another.
func hider(secrets ...string) *strings.Replacer {
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var pairs []string
	for _, s := range secrets {
		pairs = append(pairs, s, "[redacted]")
	}
	return strings.NewReplacer(pairs...)
}
