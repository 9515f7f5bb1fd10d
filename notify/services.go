package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/discord"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/slack"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/email/smtp"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/incident/opsgenie"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/incident/pagerduty"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/specialized/generic"
)

// kind is a service: an URL as an example, and how its sender is made of an URL.
type kind struct {
	example string
	make    func(*url.URL, web) (sender, error)
}

// kinds are the services, by the scheme of their URLs. Those of Shoutrrr whose connection can't be ours are not among them: they would follow redirects and tell nothing
// of why they failed.
func kinds() map[string]kind {
	hook := kind{"generic+https://example.com/hook?template=json", newGeneric}
	return map[string]kind{
		slack.Scheme:     {"slack://hook:<T...>-<B...>-<token>@webhook or slack://xoxb:<bot token>@<channel>", newSlack},
		discord.Scheme:   {"discord://<token>@<webhook id>", newDiscord},
		"teams+https":    {"teams+ and the whole URL of the workflow, as in teams+https://prod-00.westeurope.logic.azure.com/workflows/...", newTeams},
		pagerduty.Scheme: {"pagerduty:///<integration key>", newPagerDuty},
		opsgenie.Scheme:  {"opsgenie://api.opsgenie.com/<API key>", newOpsgenie},
		smtp.Scheme:      {"smtp://<user>:<password>@<host>:587/?from=<address>&to=<address>,<address>", newMail},
		generic.Scheme:   hook,
		"generic+https":  hook,
		"generic+http":   hook,
	}
}

// newService is the sender behind an URL. Libraries repeat what they were given in their errors; so only the form of the URL is told.
func newService(address string, web web) (sender, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("it can't be read as a URL: write characters such as / : @ % in a token or password as %2F %3A %40 %25")
	}
	of, ok := kinds()[u.Scheme]
	if !ok {
		return nil, fmt.Errorf("there is no such service: write a URL that begins with one of %s", strings.Join(schemes(), ", "))
	}
	s, err := of.make(u, web)
	if errors.Is(err, errNotSo) {
		return nil, fmt.Errorf("it does not fit %s: write %s; docs/notifications.md has what may follow the ?", u.Scheme, of.example)
	}
	return s, err
}

func schemes() []string {
	var all []string
	for scheme := range kinds() {
		all = append(all, scheme+"://")
	}
	slices.Sort(all)
	return all
}

var (
	// errNotSo is all that is told of an URL of the wrong form.
	errNotSo = errors.New("it has another form")
	// errUnverified is about mail.
	errUnverified = errors.New("it turns the verification of certificates off with skiptlsverify: leave that out, and set SSL_CERT_FILE to a file with the authority's certificate")
)

// postJSON posts a payload, and answers the body of a success.
func postJSON(ctx context.Context, web web, address string, payload any, header http.Header) ([]byte, error) {
	body, err := json.Marshal(payload)
	if err != nil {
		return nil, unsendable()
	}
	return postBytes(ctx, web, http.MethodPost, address, body, header)
}

func postBytes(ctx context.Context, web web, method, address string, body []byte, header http.Header) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, unsendable()
	}
	r.Header.Set("Content-Type", "application/json")
	for name, values := range header {
		r.Header[name] = values
	}
	return web.post(r)
}

// overridden says that a URL says itself what a key is.
func overridden(u *url.URL, keys ...string) bool {
	for key := range u.Query() {
		if slices.Contains(keys, strings.ToLower(key)) {
			return true
		}
	}
	return false
}
