package notify

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/incident/opsgenie"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/incident/pagerduty"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

// pagerDutySender lets the library send.
type pagerDutySender struct {
	url *url.URL
	web web
}

// newPagerDuty fills in the host and the port, which the library says it does and does not.
func newPagerDuty(u *url.URL, web web) (sender, error) {
	whole := *u
	host, port := u.Hostname(), u.Port()
	if host == "" {
		host = "events.pagerduty.com"
	}
	if port == "" {
		port = "443"
	}
	whole.Host = net.JoinHostPort(host, port)
	if new(pagerduty.Service).Initialize(&whole, nil) != nil {
		return nil, errNotSo
	}
	return pagerDutySender{&whole, web}, nil
}

func (pagerDutySender) gathers() bool { return true }

func (s pagerDutySender) send(ctx context.Context, m message) error {
	service := &pagerduty.Service{}
	service.SetHTTPClient(s.web.client(ctx))
	if service.Initialize(s.url, nil) != nil {
		return unsendable()
	}
	params := types.Params{}
	// The same fact told again is the same incident.
	for key, value := range map[string]string{"dedup_key": m.id(), "source": m.notices[0].name(), "client": "Serin", "client_url": m.link.to(m.notices[0])} {
		if value != "" && !overridden(s.url, key) {
			params[key] = value
		}
	}
	if err := service.SendWithContext(ctx, m.title()+": "+m.text(), &params); err != nil {
		return told(err, unsendable())
	}
	return nil
}

// opsgenieSender posts the library's payload over a connection of ours: the library's own can't be replaced.
type opsgenieSender struct {
	config opsgenie.Config
	url    *url.URL
	web    web
}

func newOpsgenie(u *url.URL, web web) (sender, error) {
	s := opsgenieSender{url: u, web: web}
	if s.config.SetURL(u) != nil || s.config.APIKey == "" || s.config.Host == "" {
		return nil, errNotSo
	}
	return s, nil
}

func (opsgenieSender) gathers() bool { return true }

func (s opsgenieSender) send(ctx context.Context, m message) error {
	c := s.config
	or := func(written, otherwise string) string {
		if written != "" {
			return written
		}
		return otherwise
	}
	description := m.text()
	if c.Description != "" {
		description += "\n" + c.Description
	}
	payload := opsgenie.AlertPayload{
		Message: cut(or(c.Title, m.title()), opsgenie.MaxMessageLength), Description: description,
		// The same fact told again is the same alert.
		Alias: or(c.Alias, m.id()), Entity: or(c.Entity, m.notices[0].name()), Source: or(c.Source, "Serin"),
		Responders: c.Responders, VisibleTo: c.VisibleTo, Actions: c.Actions, Tags: c.Tags, Details: c.Details,
		Priority: c.Priority, User: c.User, Note: c.Note,
	}
	address := fmt.Sprintf("https://%s:%d/v2/alerts", c.Host, c.Port)
	_, err := postJSON(ctx, s.web, address, payload, http.Header{"Authorization": {"GenieKey " + c.APIKey}})
	return err
}
