package notify

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	cloudevent "github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

// eventSender posts a CloudEvent for each notice, in binary mode.
type eventSender struct {
	address string
	header  http.Header
	web     web
}

func newCloudEvents(address string, headers map[string]string, web web) (sender, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("cloudEvents: write the address of whatever takes CloudEvents over HTTP, as in https://broker.example/default")
	}
	if err := checkHeaders(headers); err != nil {
		return nil, err
	}
	s := eventSender{address: address, header: http.Header{}, web: web}
	for name, value := range headers {
		s.header.Set(name, value)
	}
	return s, nil
}

func (eventSender) gathers() bool { return false }

func (s eventSender) send(ctx context.Context, m message) error {
	event, err := eventOf(m.notices[0], m.link)
	if err != nil {
		return unsendable()
	}
	r, err := cehttp.NewHTTPRequestFromEvent(ctx, s.address, event)
	if err != nil {
		return unsendable()
	}
	for name, values := range s.header {
		r.Header[name] = values
	}
	_, err = s.web.post(r)
	return err
}

// eventData is what a CloudEvent says beyond its attributes.
type eventData struct {
	Namespace string `json:"namespace"`
	Canary    string `json:"canary"`
	UID       string `json:"uid"`
	Workload  string `json:"workload"`
	Reason    string `json:"reason"`
	Warning   bool   `json:"warning"`
	Message   string `json:"message"`
	Revision  string `json:"revision,omitempty"`
	Baseline  string `json:"baseline,omitempty"`
	Phase     string `json:"phase"`
	Weight    int32  `json:"weight"`
	Step      int32  `json:"step"`
	Steps     int32  `json:"steps"`
	Started   string `json:"started,omitempty"`
	Cluster   string `json:"cluster,omitempty"`
	Link      string `json:"link,omitempty"`
}

// eventTypes is what the type of every event begins with.
const eventTypes = "dev.serin.canary."

func eventOf(n Notice, l link) (cloudevent.Event, error) {
	e := cloudevent.New(cloudevent.CloudEventsVersionV1)
	e.SetID(n.ID)
	e.SetType(eventTypes + kebab(n.Reason))
	e.SetSource(source(l.cluster))
	e.SetSubject(n.name())
	e.SetTime(n.Time.UTC().Truncate(time.Second))
	started := ""
	if !n.Started.IsZero() {
		started = n.Started.UTC().Format(time.RFC3339)
	}
	if err := e.SetData(cloudevent.ApplicationJSON, eventData{
		Namespace: n.Namespace, Canary: n.Canary, UID: n.UID, Workload: n.Workload,
		Reason: n.Reason, Warning: n.Warning, Message: n.Message, Revision: n.Revision, Baseline: n.Baseline,
		Phase: n.Phase, Weight: n.Weight, Step: n.Step, Steps: n.Steps, Started: started, Cluster: l.cluster, Link: l.to(n),
	}); err != nil {
		return e, err
	}
	return e, e.Validate()
}

// source names the installation.
func source(cluster string) string {
	if cluster == "" {
		return "/serin"
	}
	return "/serin/" + url.PathEscape(cluster)
}

// kebab writes RolledBack as rolled-back.
func kebab(word string) string {
	var b strings.Builder
	for i, r := range word {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
