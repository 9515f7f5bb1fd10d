package datadog

import (
	"fmt"
	"maps"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	api "github.com/DataDog/datadog-api-client-go/v2/api/datadog"
	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV2"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/httpsource"
)

// Keys of the Secret.
const (
	keyAPI = "api-key"
	keyApp = "app-key"
)

func newClient(c analysis.Config) (*client, error) {
	common, err := httpsource.New(c, httpsource.Kind{
		Example:      "write the URL of your site's API, such as https://api.datadoghq.eu",
		Keys:         "Datadog takes keys, which belong into the Secret, under api-key and app-key",
		Refuse:       misdirected,
		MostBytes:    mostBytes,
		LongestPause: longestPause,
	})
	if err != nil {
		return nil, err
	}
	apiKey, err := secret(c.Credentials, keyAPI, "an API key of the organisation")
	if err != nil {
		return nil, err
	}
	appKey, err := secret(c.Credentials, keyApp, "an application key with the scope timeseries_query")
	if err != nil {
		return nil, err
	}
	common.Hide(apiKey, appKey)
	header, err := headers(c.Headers)
	if err != nil {
		return nil, fmt.Errorf("headers: %w", err)
	}
	settings := api.NewConfiguration()
	settings.Servers = api.ServerConfigurations{{URL: common.Address}}
	settings.OperationServers = nil
	settings.DefaultHeader = header
	settings.UserAgent = httpsource.UserAgent
	settings.RetryConfiguration.EnableRetry = false // retries are counted against the budget, so they are ours
	settings.Debug = false
	settings.HTTPClient = common.HTTP
	return &client{
		Client: common,
		api:    datadogV2.NewMetricsApi(api.NewAPIClient(settings)),
		keys:   map[string]api.APIKey{"apiKeyAuth": {Key: apiKey}, "appKeyAuth": {Key: appKey}},
	}, nil
}

// misdirected says what is wrong with an address that is none of an API's.
func misdirected(address *url.URL) error {
	path := strings.TrimRight(address.EscapedPath(), "/")
	switch {
	case strings.HasPrefix(address.Hostname(), "app.") && strings.Contains(address.Hostname(), "dog"):
		return fmt.Errorf("%q is where people look at Datadog: write the URL of your site's API, such as https://api.datadoghq.eu", address)
	case strings.HasSuffix(path, "/api") || strings.Contains(path+"/", "/api/v"):
		return fmt.Errorf("%q contains /api: write only what comes before it", address)
	}
	return nil
}

// secret reads a key of the Secret. The error never tells its value.
func secret(credentials map[string][]byte, key, what string) (string, error) {
	raw, found := credentials[key]
	value := strings.TrimSpace(string(raw))
	switch {
	case !found:
		return "", fmt.Errorf("secret key %s: it is missing: put %s there", key, what)
	case value == "":
		return "", fmt.Errorf("secret key %s: it is empty: put %s there", key, what)
	case !httpsource.FitsHeader(value):
		return "", fmt.Errorf("secret key %s: it has characters that a key can't have", key)
	}
	return value, nil
}

// headers are the plain ones that every request carries. Errors tell the name only.
func headers(configured map[string]string) (map[string]string, error) {
	h := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(configured)) {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		if slices.Contains([]string{"Authorization", "Dd-Api-Key", "Dd-Application-Key"}, canonical) {
			return nil, fmt.Errorf("%s is a secret: the keys belong into the Secret, under api-key and app-key", name)
		}
		if err := httpsource.CheckHeader(name, configured[name]); err != nil {
			return nil, err
		}
		if slices.Contains([]string{"Accept", "Accept-Encoding", "User-Agent"}, canonical) {
			return nil, fmt.Errorf("%s can't be set", name)
		}
		h[canonical] = configured[name]
	}
	return h, nil
}
