package notify

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Secrets of the form that each service wants.
const (
	slackSecret     = "QfTz81kLmPwXr0VbNc73HsJd"
	discordSecret   = "dsc-71Kq/Zt+0pXr8LmW2vB"
	teamsSecret     = "tms+4Rk/Vw9ZpQ0LsXn7cJe="
	pagerSecret     = "c0ffee1234deadbeef5678abad1dea99"
	opsgenieSecret  = "ops-5c2e9d41-77aa-4be0-9a1f"
	webhookSecret   = "whk-Mn0Pq1Rs2Tu3/Vw4Xy5="
	headerSecret    = "hdr-9f8e7d6c5b4a39281706"
	mailSecret      = "mail:Pass/Word@8271+3645"
	busSecret       = "bus-PathToken-6655443322"
	busHeaderSecret = "Bearer bhd-1029384756-abc"
)

func planted() []string {
	return []string{
		slackSecret, discordSecret, teamsSecret, pagerSecret, opsgenieSecret, webhookSecret, headerSecret, mailSecret, busSecret,
		strings.TrimPrefix(busHeaderSecret, "Bearer "),
	}
}

func plantedFile(t *testing.T, mail *mailServer) string {
	t.Helper()
	q := url.QueryEscape
	return strings.Join([]string{
		"receivers:",
		"- {name: slack, url: 'slack://hook:T00000000-B00000000-" + slackSecret + "@webhook'}",
		"- {name: discord, url: 'discord://" + url.PathEscape(discordSecret) + "@123456789'}",
		"- {name: teams, url: 'teams+https://prod-00.westeurope.logic.azure.com/workflows/abc/triggers/manual/paths/invoke?sig=" + q(teamsSecret) + "'}",
		"- {name: pagerduty, url: 'pagerduty:///" + pagerSecret + "'}",
		"- {name: opsgenie, url: 'opsgenie://api.opsgenie.com/" + opsgenieSecret + "'}",
		"- {name: webhook, url: 'generic://user:" + q(webhookSecret) + "@hook.example/" + url.PathEscape(webhookSecret) + "?k=" + q(webhookSecret) + "&@X-Token=" + q(headerSecret) + "'}",
		"- {name: mail, url: '" + mail.url(t, "me:"+url.PathEscape(mailSecret)+"@") + "'}",
		"- {name: bus, cloudEvents: 'https://broker.example/" + busSecret + "?k=" + busSecret + "', headers: {Authorization: '" + busHeaderSecret + "'}}",
	}, "\n")
}

// tells says how a secret can be read in a text; empty when it can't.
func tells(text, secret string) string {
	lower := strings.ToLower(text)
	const half = 12
	for way, form := range map[string]string{
		"as it is":         secret,
		"its beginning":    secret[:half],
		"its end":          secret[len(secret)-half:],
		"in a query":       url.QueryEscape(secret),
		"in a path":        url.PathEscape(secret),
		"in hexadecimal":   hex.EncodeToString([]byte(secret)),
		"in base64":        strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "="),
		"in base64 of URL": strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(secret)), "="),
	} {
		if strings.Contains(lower, strings.ToLower(form)) {
			return way
		}
	}
	return ""
}

// echoes is a server that tells back all that it was told, with a status of a failure or of a success, in its answer, its header and where it redirects to.
func echoes(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		back := r.URL.String() + " " + strings.Join(r.Header.Values("Authorization"), " ") + strings.Join(r.Header.Values("X-Token"), " ")
		w.Header().Set("Location", "https://elsewhere.example"+r.URL.RequestURI())
		w.Header().Set("Retry-After", url.QueryEscape(back))
		w.WriteHeader(code)
		if code >= 200 && code != http.StatusNoContent && code != http.StatusNotModified {
			_, _ = w.Write([]byte(back + " " + strings.Join(planted(), " ")))
		}
	}
}

func TestNoSecretIsToldWhateverFails(t *testing.T) {
	refusal := map[string]string{"AUTH": "535 5.7.8 " + mailSecret}
	for name, c := range map[string]struct {
		mail *mailServer
		does http.HandlerFunc
		gone bool // nobody listens
	}{
		"all is well":                   {&mailServer{}, nil, false},
		"they echo in a success":        {&mailServer{}, echoes(200), false},
		"they echo in a refusal":        {&mailServer{refuse: refusal}, echoes(401), false},
		"they echo as they break":       {&mailServer{refuse: refusal}, echoes(500), false},
		"they echo in a redirect":       {&mailServer{refuse: refusal}, echoes(307), false},
		"they hang up":                  {&mailServer{refuse: refusal}, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false},
		"nobody is there":               {&mailServer{}, nil, true},
		"they speak another protocol":   {&mailServer{refuse: map[string]string{"EHLO": "? " + mailSecret, "HELO": mailSecret}}, speaksNonsense, false},
		"their certificate is no good":  {&mailServer{}, nil, false},
		"the file is wrong in its last": {&mailServer{}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			mail := newMailServer(t, c.mail)
			o := newOffice(t, plantedFile(t, mail))
			if o.configured() != 1 {
				t.Fatalf("the file is wrong: %s", o.logged())
			}
			o.world.fail(c.does)
			switch {
			case c.gone:
				o.world.Close()
				mail.Close()
			case strings.HasPrefix(name, "their certificate"):
				o.world.distrust()
			case strings.HasPrefix(name, "the file"):
				o.write(plantedFile(t, mail) + "\n- {name: last, url: 'discord://" + discordSecret + "'}")
			}
			o.start()
			o.Tell(rolledBack())
			names := []string{"slack", "discord", "teams", "pagerduty", "opsgenie", "webhook", "mail", "bus"}
			o.pass("all to have ended", 5*time.Second, func() bool {
				for _, name := range names {
					if o.counted(name) == "sent 0 failed 0 dropped 0" {
						return false
					}
				}
				return true
			})
			text := o.logged() + o.exposed()
			if len(text) < 1000 {
				t.Errorf("there is little to read:\n%s", text)
			}
			for _, secret := range planted() {
				if way := tells(text, secret); way != "" {
					t.Errorf("%s can be read, %s, in\n%s", secret, way, text)
				}
			}
		})
	}
}

// speaksNonsense answers what is not HTTP.
func speaksNonsense(w http.ResponseWriter, r *http.Request) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer c.Close()
	_, _ = c.Write([]byte("nonsense " + r.URL.String() + "\r\n\r\n"))
}

// exposed is what /metrics says.
func (o *office) exposed() string {
	o.t.Helper()
	families, err := o.registry.Gather()
	if err != nil {
		o.t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range families {
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}

func TestTheSearchForSecretsFindsThem(t *testing.T) {
	for _, text := range []string{
		webhookSecret, "x" + url.QueryEscape(webhookSecret), url.PathEscape(webhookSecret), webhookSecret[:12], webhookSecret[len(webhookSecret)-12:],
		hex.EncodeToString([]byte(webhookSecret)), base64.StdEncoding.EncodeToString([]byte(webhookSecret)), base64.URLEncoding.EncodeToString([]byte(webhookSecret)),
	} {
		if tells("a "+text+" b", webhookSecret) == "" {
			t.Errorf("%s is not found", text)
		}
	}
}
