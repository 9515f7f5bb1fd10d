package notify

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/discord"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/slack"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

// slackSender posts what the library makes of a message over a connection of ours: the library's own can't be replaced.
type slackSender struct {
	config slack.Config
	web    web
}

// slackAPI is where a bot's token is taken.
const slackAPI = "https://slack.com/api/chat.postMessage"

func newSlack(u *url.URL, web web) (sender, error) {
	s := slackSender{web: web}
	if err := s.config.SetURL(u); err != nil || s.config.Token.String() == "" {
		return nil, errNotSo
	}
	return s, nil
}

func (slackSender) gathers() bool { return true }

func (s slackSender) send(ctx context.Context, m message) error {
	config := s.config
	if config.Title == "" {
		config.Title = slackText(m.title())
	}
	payload := slack.CreateJSONPayload(&config, slackText(m.text()))
	if !config.Token.IsAPIToken() {
		_, err := postJSON(ctx, s.web, config.Token.WebhookURL(), payload, nil)
		return err
	}
	body, err := postJSON(ctx, s.web, slackAPI, payload, http.Header{"Authorization": {config.Token.Authorization()}})
	if err != nil {
		return err
	}
	var answer slack.APIResponse
	if json.Unmarshal(body, &answer) != nil || !answer.Ok {
		return &failure{text: "Slack took the request and not the message: the token, its scope chat:write, or the channel is wrong"}
	}
	return nil
}

// slackText keeps a text from being read as links and mentions, by Slack's three escapes.
func slackText(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// discordSender lets the library send. Its own attempts after a failure are turned off: they know nothing of our deadline.
type discordSender struct {
	url *url.URL
	web web
}

func newDiscord(u *url.URL, web web) (sender, error) {
	if new(discord.Service).Initialize(u, nil) != nil || u.Path != "" {
		return nil, errNotSo
	}
	return discordSender{u, web}, nil
}

func (discordSender) gathers() bool { return true }

func (s discordSender) send(ctx context.Context, m message) error {
	service := &discord.Service{}
	if service.Initialize(s.url, nil) != nil {
		return unsendable()
	}
	service.HTTPClient, service.Sleeper = s.web.client(ctx), sleepless{}
	params := types.Params{}
	if !overridden(s.url, "title") {
		params["title"] = m.title()
	}
	if err := service.Send(m.text(), &params); err != nil {
		return told(err, unsendable())
	}
	return nil
}

// sleepless is for a library that would wait by itself.
type sleepless struct{}

// Sleep does not.
func (sleepless) Sleep(time.Duration) {}

// teamsSender posts an adaptive card to a workflow. The library speaks to the connectors that workflows have replaced, and that no longer exist.
type teamsSender struct {
	address string
	web     web
}

func newTeams(u *url.URL, web web) (sender, error) {
	address := *u
	address.Scheme = strings.TrimPrefix(u.Scheme, "teams+")
	if u.Host == "" || u.User != nil {
		return nil, errNotSo
	}
	return teamsSender{address.String(), web}, nil
}

func (teamsSender) gathers() bool { return true }

// card is the part of an adaptive card that is used.
type card struct {
	Schema  string      `json:"$schema"`
	Type    string      `json:"type"`
	Version string      `json:"version"`
	Body    []textBlock `json:"body"`
}

type textBlock struct {
	Type   string `json:"type"`
	Text   string `json:"text"`
	Wrap   bool   `json:"wrap"`
	Weight string `json:"weight,omitempty"`
}

type teamsAttachment struct {
	ContentType string `json:"contentType"`
	Content     card   `json:"content"`
}

type teamsMessage struct {
	Type        string            `json:"type"`
	Attachments []teamsAttachment `json:"attachments"`
}

func (s teamsSender) send(ctx context.Context, m message) error {
	content := card{Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4"}
	content.Body = append(content.Body, textBlock{Type: "TextBlock", Text: m.title(), Wrap: true, Weight: "Bolder"})
	for line := range strings.SplitSeq(m.text(), "\n") {
		content.Body = append(content.Body, textBlock{Type: "TextBlock", Text: line, Wrap: true})
	}
	_, err := postJSON(ctx, s.web, s.address, teamsMessage{
		Type: "message", Attachments: []teamsAttachment{{ContentType: "application/vnd.microsoft.card.adaptive", Content: content}},
	}, nil)
	return err
}
