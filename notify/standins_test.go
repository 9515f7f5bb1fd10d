package notify

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	stdlog "log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

// world is a stand-in of all the services: a server with a certificate of each host, which every connection leads to. It speaks the documented wire formats, and
// refuses what they do not have.
type world struct {
	*httptest.Server
	web web

	mu sync.Mutex
	// heard is what arrived, as host, and then title and text.
	heard []string
	// failing answers instead, while it is not nil.
	failing http.HandlerFunc
	// tried counts requests.
	tried int
}

// hosts are those of the services.
var hosts = []string{
	"hooks.slack.com", "slack.com", "discord.com", "prod-00.westeurope.logic.azure.com", "events.pagerduty.com", "api.opsgenie.com", "hook.example", "broker.example",
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	w.Server = httptest.NewUnstartedServer(http.HandlerFunc(w.serve))
	certificate := selfSigned(t, hosts...)
	w.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}}
	w.Config.ErrorLog = stdlog.New(io.Discard, "", 0) // of handshakes that are meant to fail
	w.StartTLS()
	t.Cleanup(w.Close)
	transport := newTransport()
	transport.Proxy = nil
	transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	transport.TLSClientConfig.RootCAs.AddCert(certificate.Leaf)
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, w.Listener.Addr().String())
	}
	t.Cleanup(transport.CloseIdleConnections)
	w.web = web{transport}
	return w
}

// distrust makes our side trust nobody.
func (w *world) distrust() {
	w.web.transport.(*http.Transport).TLSClientConfig.RootCAs = x509.NewCertPool()
}

func selfSigned(t *testing.T, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// fail makes it answer in another way; nil mends it.
func (w *world) fail(h http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failing = h
}

func (w *world) requests() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tried
}

func (w *world) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.heard...)
}

func (w *world) serve(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.tried++
	failing := w.failing
	w.mu.Unlock()
	if failing != nil {
		failing(out, r)
		return
	}
	services := map[string]func(*http.Request) (string, int, string, error){
		"hooks.slack.com": slackWebhook, "slack.com": slackPost, "discord.com": discordWebhook, "prod-00.westeurope.logic.azure.com": teamsWorkflow,
		"events.pagerduty.com": pagerDutyEvents, "api.opsgenie.com": opsgenieAlerts, "hook.example": anyWebhook, "broker.example": cloudEvents,
	}
	host, _, _ := strings.Cut(r.Host, ":")
	heard, code, answer, err := services[host](r)
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	w.mu.Lock()
	w.heard = append(w.heard, host+"\n"+heard)
	w.mu.Unlock()
	out.WriteHeader(code)
	_, _ = io.WriteString(out, answer)
}

// read reads a JSON payload, and refuses keys that the format does not have.
func read(r *http.Request, method, path string, into any) error {
	if r.Method != method || r.URL.Path != path {
		return fmt.Errorf("there is no %s %s", r.Method, r.URL.Path)
	}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return fmt.Errorf("content type %q", r.Header.Get("Content-Type"))
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	return d.Decode(into)
}

type slackPayload struct {
	Text        string
	Channel     string
	Attachments []struct{ Text, Color string }
}

func (p slackPayload) heard() string {
	lines := []string{p.Text}
	for _, a := range p.Attachments {
		lines = append(lines, a.Text)
	}
	return strings.Join(lines, "\n")
}

func slackWebhook(r *http.Request) (string, int, string, error) {
	var p slackPayload
	err := read(r, http.MethodPost, "/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx", &p)
	return p.heard(), http.StatusOK, "ok", err
}

func slackPost(r *http.Request) (string, int, string, error) {
	var p slackPayload
	err := read(r, http.MethodPost, "/api/chat.postMessage", &p)
	if r.Header.Get("Authorization") != "Bearer xoxb-123456789012-123456789012-abcdefghijklmnopqrstuvwx" {
		return "", http.StatusOK, `{"ok":false,"error":"invalid_auth"}`, err
	}
	return p.Channel + "\n" + p.heard(), http.StatusOK, `{"ok":true}`, err
}

func discordWebhook(r *http.Request) (string, int, string, error) {
	var p struct {
		Content string
		Embeds  []struct {
			Title, Description string
			Color              int
		}
	}
	err := read(r, http.MethodPost, "/api/webhooks/123456789/token-of-discord", &p)
	lines, length := []string{}, 0
	for _, e := range p.Embeds {
		if e.Title != "" {
			lines = append(lines, e.Title)
		}
		lines = append(lines, e.Description)
		length += len(e.Title) + len(e.Description)
		if len(e.Title) > 256 || len(e.Description) > 4096 {
			err = fmt.Errorf("an embed is too long")
		}
	}
	if len(p.Embeds) == 0 && p.Content == "" || len(p.Embeds) > 10 || length > 6000 || len(p.Content) > 2000 {
		err = fmt.Errorf("embeds that Discord does not take")
	}
	return strings.Join(lines, "\n"), http.StatusNoContent, "", err
}

func teamsWorkflow(r *http.Request) (string, int, string, error) {
	var p struct {
		Type        string
		Attachments []struct {
			ContentType string
			Content     struct {
				Schema        string `json:"$schema"`
				Type, Version string
				Body          []struct {
					Type, Text, Weight string
					Wrap               bool
				}
			}
		}
	}
	err := read(r, http.MethodPost, "/workflows/abc/triggers/manual/paths/invoke", &p)
	if err == nil && (r.URL.Query().Get("sig") != "token-of-teams" || p.Type != "message" || len(p.Attachments) != 1 ||
		p.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" || p.Attachments[0].Content.Type != "AdaptiveCard") {
		err = fmt.Errorf("no adaptive card: %+v", p)
	}
	var lines []string
	for _, a := range p.Attachments {
		for _, b := range a.Content.Body {
			lines = append(lines, b.Text)
		}
	}
	return strings.Join(lines, "\n"), http.StatusAccepted, "", err
}

func pagerDutyEvents(r *http.Request) (string, int, string, error) {
	var p struct {
		RoutingKey  string `json:"routing_key"`
		EventAction string `json:"event_action"`
		DedupKey    string `json:"dedup_key"`
		Client      string `json:"client"`
		ClientURL   string `json:"client_url"`
		Payload     struct{ Summary, Severity, Source string }
	}
	err := read(r, http.MethodPost, "/v2/enqueue", &p)
	if err == nil && (p.RoutingKey != "0123456789abcdef0123456789abcdef" || p.EventAction != "trigger" || p.Payload.Summary == "" || len(p.Payload.Summary) > 1024) {
		err = fmt.Errorf("no event: %+v", p)
	}
	heard := strings.Join([]string{p.Payload.Summary, p.Payload.Severity, p.Payload.Source, p.DedupKey, p.Client, p.ClientURL}, "\n")
	return heard, http.StatusAccepted, `{"status":"success","message":"Event processed","dedup_key":"x"}`, err
}

func opsgenieAlerts(r *http.Request) (string, int, string, error) {
	var p struct{ Message, Alias, Description, Entity, Source, Priority string }
	err := read(r, http.MethodPost, "/v2/alerts", &p)
	if err == nil && (r.Header.Get("Authorization") != "GenieKey token-of-opsgenie" || p.Message == "" || len(p.Message) > 130 || len(p.Description) > 15000) {
		err = fmt.Errorf("no alert: %+v", p)
	}
	return strings.Join([]string{p.Message, p.Description, p.Alias, p.Entity, p.Source, p.Priority}, "\n"), http.StatusAccepted, `{"result":"Request will be processed"}`, err
}

func anyWebhook(r *http.Request) (string, int, string, error) {
	body, err := io.ReadAll(r.Body)
	return strings.Join([]string{r.Method + " " + r.URL.RequestURI(), r.Header.Get("Content-Type"), r.Header.Get("X-Token"), string(body)}, "\n"), http.StatusOK, "", err
}

func cloudEvents(r *http.Request) (string, int, string, error) {
	e, err := cehttp.NewEventFromHTTPRequest(r)
	if err != nil {
		return "", 0, "", err
	}
	return r.Header.Get("Authorization") + "\n" + e.String(), http.StatusAccepted, "", e.Validate()
}
