package notify

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/api/v1alpha1"
)

func rolledBack() Notice {
	return Notice{
		ID: "5f1d", Time: time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC), Namespace: "shop", Canary: "read-api", UID: "8a6e", Workload: "read-api",
		Reason: v1alpha1.ReasonRolledBack, Warning: true, Message: "revision v2 was refused: errors 4% vs 1% & p95 < 1s",
		Revision: "v2", Baseline: "v1", Phase: "RollingBack", Step: 2, Steps: 3, Started: time.Date(2026, 3, 1, 2, 48, 0, 0, time.UTC),
	}
}

func withLink(t *testing.T, notices ...Notice) message {
	t.Helper()
	l, err := parseLink("https://grafana.example/d/serin?ns={namespace}&canary={canary}")
	if err != nil {
		t.Fatal(err)
	}
	l.cluster = "prod-eu"
	return message{notices, l}
}

const toRead = "https://grafana.example/d/serin?ns=shop&canary=read-api"

func TestEachServiceTakesAMessageInItsOwnWireFormat(t *testing.T) {
	const title, text = "[prod-eu] shop/read-api: RolledBack", "revision v2 was refused: errors 4% vs 1% & p95 < 1s"
	for name, c := range map[string]struct{ url, want string }{
		"Slack's webhook": {
			"slack://hook:T00000000-B00000000-abcdefghijklmnopqrstuvwx@webhook",
			"hooks.slack.com\n" + title + "\nrevision v2 was refused: errors 4% vs 1% &amp; p95 &lt; 1s\nhttps://grafana.example/d/serin?ns=shop&amp;canary=read-api",
		},
		"a bot of Slack": {
			"slack://xoxb:123456789012-123456789012-abcdefghijklmnopqrstuvwx@C001?title=Release",
			"slack.com\nC001\nRelease\nrevision v2 was refused: errors 4% vs 1% &amp; p95 &lt; 1s\nhttps://grafana.example/d/serin?ns=shop&amp;canary=read-api",
		},
		"Discord": {"discord://token-of-discord@123456789", "discord.com\n" + title + "\n" + text + "\n" + toRead},
		"a workflow of Teams": {
			"teams+https://prod-00.westeurope.logic.azure.com:443/workflows/abc/triggers/manual/paths/invoke?api-version=2016-06-01&sig=token-of-teams",
			"prod-00.westeurope.logic.azure.com\n" + title + "\n" + text + "\n" + toRead,
		},
		"PagerDuty": {
			"pagerduty:///0123456789abcdef0123456789abcdef",
			"events.pagerduty.com\n" + title + ": " + text + "\n" + toRead + "\nerror\nshop/read-api\n5f1d\nSerin\n" + toRead,
		},
		"PagerDuty, with what the URL says": {
			"pagerduty:///0123456789abcdef0123456789abcdef?severity=critical&source=eu&client=me",
			"events.pagerduty.com\n" + title + ": " + text + "\n" + toRead + "\ncritical\neu\n5f1d\nme\n" + toRead,
		},
		"Opsgenie": {
			"opsgenie://api.opsgenie.com/token-of-opsgenie?priority=P2",
			"api.opsgenie.com\n" + title + "\n" + text + "\n" + toRead + "\n5f1d\nshop/read-api\nSerin\nP2",
		},
		"a webhook": {
			"generic://hook.example/a/b?template=json&x=1&@X-Token=t",
			"hook.example\nPOST /a/b?x=1\napplication/json\nt\n" + `{"message":"revision v2 was refused: errors 4% vs 1% \u0026 p95 \u003c 1s\nhttps://grafana.example/d/serin?ns=shop\u0026canary=read-api","title":"[prod-eu] shop/read-api: RolledBack"}`,
		},
		"a webhook that takes plain text": {
			"generic+https://hook.example/a?method=put",
			"hook.example\nPUT /a\ntext/plain; charset=utf-8\n\n" + text + "\n" + toRead,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s, err := newService(c.url, w.web)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.send(t.Context(), withLink(t, rolledBack())); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{c.want}, w.all()); diff != "" {
				t.Errorf("what arrived differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEachServiceTakesTheLongestMessage(t *testing.T) {
	one := rolledBack()
	one.Message = strings.Repeat("a word and another; ", 1000)
	storm := []Notice{one}
	for range 200 {
		storm = append(storm, one)
	}
	for name, c := range map[string]struct {
		url      string
		messages int
	}{
		"slack":     {"slack://hook:T00000000-B00000000-abcdefghijklmnopqrstuvwx@webhook", 1},
		"discord":   {"discord://token-of-discord@123456789", 0},
		"teams":     {"teams+https://prod-00.westeurope.logic.azure.com/workflows/abc/triggers/manual/paths/invoke?sig=token-of-teams", 1},
		"pagerduty": {"pagerduty:///0123456789abcdef0123456789abcdef", 1},
		"opsgenie":  {"opsgenie://api.opsgenie.com/token-of-opsgenie", 1},
		"generic":   {"generic://hook.example/", 1},
	} {
		for form, notices := range map[string][]Notice{"one notice": {one}, "a storm": storm} {
			t.Run(name+", "+form, func(t *testing.T) {
				w := newWorld(t)
				s, err := newService(c.url, w.web)
				if err != nil {
					t.Fatal(err)
				}
				if err := s.send(t.Context(), withLink(t, notices...)); err != nil {
					t.Fatal(err)
				}
				if n := len(w.all()); c.messages > 0 && n != c.messages || n == 0 || n > 2 {
					t.Errorf("%d messages arrived", n)
				}
			})
		}
	}
}

func TestACloudEventHasTheDocumentedAttributes(t *testing.T) {
	w := newWorld(t)
	s, err := newCloudEvents("https://broker.example/default", map[string]string{"Authorization": "Bearer t"}, w.web)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.send(t.Context(), withLink(t, rolledBack())); err != nil {
		t.Fatal(err)
	}
	want := `broker.example
Bearer t
Context Attributes,
  specversion: 1.0
  type: dev.serin.canary.rolled-back
  source: /serin/prod-eu
  subject: shop/read-api
  id: 5f1d
  time: 2026-03-01T03:00:00Z
  datacontenttype: application/json
Data,
  {
    "namespace": "shop",
    "canary": "read-api",
    "uid": "8a6e",
    "workload": "read-api",
    "reason": "RolledBack",
    "warning": true,
    "message": "revision v2 was refused: errors 4% vs 1% \u0026 p95 \u003c 1s",
    "revision": "v2",
    "baseline": "v1",
    "phase": "RollingBack",
    "weight": 0,
    "step": 2,
    "steps": 3,
    "started": "2026-03-01T02:48:00Z",
    "cluster": "prod-eu",
    "link": "https://grafana.example/d/serin?ns=shop\u0026canary=read-api"
  }
`
	if diff := cmp.Diff([]string{want}, w.all()); diff != "" {
		t.Errorf("what arrived differs (-want +got):\n%s", diff)
	}
}

func TestTheTypeOfACloudEventIsMadeOfTheReason(t *testing.T) {
	for reason, want := range map[string]string{"RolledBack": "rolled-back", "Promoted": "promoted", "StepDeadlineExceeded": "step-deadline-exceeded"} {
		if got := kebab(reason); got != want {
			t.Errorf("%s became %s, want %s", reason, got, want)
		}
	}
}

func TestSlackSaysNoInASuccess(t *testing.T) {
	w := newWorld(t)
	s, err := newService("slack://xoxb:123456789012-123456789012-zbcdefghijklmnopqrstuvwx@C001", w.web)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.send(t.Context(), withLink(t, rolledBack())); err == nil || !strings.HasPrefix(err.Error(), "Slack took the request and not the message") {
		t.Errorf("it says %v", err)
	}
}
