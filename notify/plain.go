package notify

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/email/smtp"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/specialized/generic"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"github.com/serin-dev/serin/analysis/httpsource"
)

// genericSender posts the library's payload over a connection of ours: the library's own can't be replaced.
type genericSender struct {
	url    *url.URL
	header http.Header
	web    web
}

func newGeneric(u *url.URL, web web) (sender, error) {
	if u.Scheme != generic.Scheme {
		converted, err := new(generic.Service).GetConfigURLFromCustom(u)
		if err != nil {
			return nil, errNotSo
		}
		u = converted
	}
	service, err := genericOf(u)
	if err != nil || u.Host == "" {
		return nil, errNotSo
	}
	if c := service.Config; c.Template != "" && !strings.EqualFold(c.Template, generic.JSONTemplate) ||
		!slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch}, strings.ToUpper(c.RequestMethod)) {
		return nil, errNotSo
	}
	s := genericSender{url: u, header: http.Header{}, web: web}
	for key, values := range u.Query() {
		if name, ok := strings.CutPrefix(key, string(generic.HeaderPrefixChar)); ok {
			if httpsource.CheckHeader(name, values[0]) != nil {
				return nil, errNotSo
			}
			s.header.Set(name, values[0])
		}
	}
	return s, nil
}

func genericOf(u *url.URL) (*generic.Service, error) {
	service := &generic.Service{}
	if err := service.Initialize(u, nil); err != nil {
		return nil, errNotSo
	}
	return service, nil
}

func (genericSender) gathers() bool { return true }

func (s genericSender) send(ctx context.Context, m message) error {
	service, err := genericOf(s.url)
	if err != nil {
		return unsendable()
	}
	config, title := service.Config, m.title()
	if config.Title != "" {
		title = config.Title
	}
	payload, err := service.GetPayload(config, types.Params{config.TitleKey: title, config.MessageKey: m.text()})
	if err != nil {
		return unsendable()
	}
	body, err := io.ReadAll(payload)
	if err != nil {
		return unsendable()
	}
	header := s.header.Clone()
	header.Set("Content-Type", config.ContentType)
	if config.Template == "" {
		header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	_, err = postBytes(ctx, s.web, strings.ToUpper(config.RequestMethod), config.WebhookURL().String(), body, header)
	return err
}

// mailSender lets the library send. It takes no context: a server that hangs holds a send until it lets go of the connection.
type mailSender struct{ url *url.URL }

func newMail(u *url.URL, _ web) (sender, error) {
	switch {
	case overridden(u, "skiptlsverify"):
		return nil, errUnverified
	case new(smtp.Service).Initialize(u, nil) != nil, u.Hostname() == "":
		return nil, errNotSo
	}
	return mailSender{u}, nil
}

func (mailSender) gathers() bool { return true }

// longestLine is less than what a line of a mail may have.
const longestLine = 900

func (s mailSender) send(_ context.Context, m message) error {
	service := &smtp.Service{}
	if service.Initialize(s.url, nil) != nil {
		return unsendable()
	}
	params := types.Params{}
	if !overridden(s.url, "subject", "title") {
		params["subject"] = m.title()
	}
	if err := service.Send(folded(m.text()), &params); err != nil {
		return told(err, unsendable())
	}
	return nil
}

// folded breaks long lines between words.
func folded(text string) string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		for len(line) > longestLine {
			at := strings.LastIndexByte(line[:longestLine], ' ')
			if at <= 0 {
				break
			}
			lines = append(lines, line[:at])
			line = line[at+1:]
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
