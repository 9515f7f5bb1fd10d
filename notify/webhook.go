package notify

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/specialized/generic"

	"github.com/serin-dev/serin/analysis/httpsource"
)

// genericSender posts to the address that the library reads. The library's own sender has templates, which is why it is not used: a template may name any method, so
// that the linker keeps all methods of the whole program, half of the operator's size again.
type genericSender struct {
	config *generic.Config
	header http.Header
	// extra goes into the JSON beside title and message.
	extra map[string]string
	web   web
}

func newGeneric(u *url.URL, web web) (sender, error) {
	if u.Scheme != generic.Scheme {
		converted, err := new(generic.Service).GetConfigURLFromCustom(u)
		if err != nil {
			return nil, errNotSo
		}
		u = converted
	}
	config, _ := generic.DefaultConfig()
	if u.Host == "" || config.SetURL(u) != nil || config.Template != "" && !strings.EqualFold(config.Template, generic.JSONTemplate) ||
		!slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch}, strings.ToUpper(config.RequestMethod)) {
		return nil, errNotSo
	}
	s := genericSender{config: config, header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, extra: map[string]string{}, web: web}
	if config.Template != "" {
		s.header.Set("Content-Type", config.ContentType)
	}
	for key, values := range u.Query() {
		if name, ok := strings.CutPrefix(key, string(generic.HeaderPrefixChar)); ok {
			if httpsource.CheckHeader(name, values[0]) != nil {
				return nil, errNotSo
			}
			s.header.Set(name, values[0])
		}
		if name, ok := strings.CutPrefix(key, string(generic.ExtraPrefixChar)); ok {
			s.extra[name] = values[0]
		}
	}
	return s, nil
}

func (genericSender) gathers() bool { return true }

func (s genericSender) send(ctx context.Context, m message) error {
	body := []byte(m.text())
	if s.config.Template != "" {
		fields := maps.Clone(s.extra)
		fields[s.config.TitleKey], fields[s.config.MessageKey] = m.title(), m.text()
		if s.config.Title != "" {
			fields[s.config.TitleKey] = s.config.Title
		}
		var err error
		if body, err = json.Marshal(fields); err != nil {
			return unsendable()
		}
	}
	_, err := postBytes(ctx, s.web, strings.ToUpper(s.config.RequestMethod), s.config.WebhookURL().String(), body, s.header)
	return err
}
