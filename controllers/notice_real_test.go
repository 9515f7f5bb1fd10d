package controllers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
	"github.com/serin-dev/serin/notify"
)

// audience is who is told outside the cluster: a webhook and a taker of CloudEvents, both real servers.
type audience struct {
	*httptest.Server
	mu sync.Mutex
	// chat are the messages of the webhook, events the data of the CloudEvents by their type.
	chat   []string
	events map[string]map[string]any
}

func newAudience(t *testing.T) *audience {
	t.Helper()
	a := &audience{events: map[string]map[string]any{}}
	a.Server = httptest.NewServer(http.HandlerFunc(a.hear))
	t.Cleanup(a.Close)
	return a
}

func (a *audience) hear(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.URL.Path == "/chat" {
		var said struct{ Title, Message string }
		if err := json.NewDecoder(r.Body).Decode(&said); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		a.chat = append(a.chat, said.Title+"\n"+said.Message)
		return
	}
	e, err := cehttp.NewEventFromHTTPRequest(r)
	data := map[string]any{}
	if err != nil || e.DataAs(&data) != nil {
		http.Error(w, "this is no event", http.StatusBadRequest)
		return
	}
	a.events[e.Type()+" of "+e.Subject()] = data
}

// heard is what was heard of one event.
func (a *audience) heard(event string) (data map[string]any, chat []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.events[event], append([]string(nil), a.chat...)
}

// notifier tells the audience, and runs until the test ends.
func (a *audience) notifier(t *testing.T) *notify.Notifier {
	t.Helper()
	file := filepath.Join(t.TempDir(), "notifications.yaml")
	text := fmt.Sprintf("receivers:\n- {name: chat, url: 'generic+%s/chat?template=json'}\n- {name: bus, cloudEvents: '%s/bus', reasons: ['*']}\n", a.URL, a.URL)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := notify.New(notify.Options{File: file, Clock: clock.RealClock{}, Log: logr.Discard(), Registerer: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Start(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return n
}

// keepingLog is a context whose log is kept, each line as its message and its pairs.
func keepingLog(ctx context.Context) (logged context.Context, lines func() []string) {
	var mu sync.Mutex
	var kept []string
	logger := funcr.NewJSON(func(line string) {
		mu.Lock()
		defer mu.Unlock()
		kept = append(kept, line)
	}, funcr.Options{})
	return log.IntoContext(ctx, logger), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), kept...)
	}
}

// refusal is the golden text of a release that the evidence ended: the metric, both values, the difference with its interval, what is allowed, the requests that were
// judged, the step, the revision, and what to do next.
const refusal = `^revision REVISION was refused at step 2 of 3 \(weight 50% since \d\d:\d\d:\d\d UTC\): errors [\d.]+% vs [\d.]+% on the baseline \(\+[\d.]+ points; between \+[\d.]+ and \+[\d.]+; allowed \+1\) ` +
	`of [\d,]+ requests\. The traffic goes back to baseline BASELINE\. Push a fix, revert, or try again with serin\.dev/retry=REVISION$`

// toldAlike holds all that is told of one refusal side by side: whoever reads any of it reads the same.
func toldAlike(t *testing.T, c *workloadtest.Cluster) {
	s := newStage(t, c)
	outside := newAudience(t)
	s.reconciler.Notifier = outside.notifier(t)
	var logged func() []string
	s.ctx, logged = keepingLog(s.ctx)
	s.step()
	baseline := s.revision()
	revision := s.push("v2")
	s.untilWeight(50)
	s.source.errs(400)
	s.untilPhase(rollout.Failed)

	all := s.told.about("Canary")
	text, ok := strings.CutPrefix(all[len(all)-1], "Warning RolledBack: ")
	golden := regexp.MustCompile(strings.NewReplacer("REVISION", regexp.QuoteMeta(revision), "BASELINE", regexp.QuoteMeta(baseline)).Replace(refusal))
	if !ok || !golden.MatchString(text) {
		t.Fatalf("the event is\n%s, want\n%s", all[len(all)-1], golden)
	}
	canary := s.canary()
	for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionStalled} {
		same(t, "the condition "+kind, meta.FindStatusCondition(canary.Status.Conditions, kind).Message, text)
	}
	same(t, "the message of the status", canary.Status.Message, text)
	same(t, "the history", canary.Status.History[0].Message, text)
	same(t, "the event of the Deployment", s.told.about("Deployment"), all)

	lines := 0
	for _, line := range logged() {
		var of struct{ Msg, Message string }
		if json.NewDecoder(bytes.NewBufferString(line)).Decode(&of) == nil && of.Msg == v1alpha1.ReasonRolledBack {
			lines++
			same(t, "the log", of.Message, text)
		}
	}
	same(t, "the lines of the log", lines, 1)

	var data map[string]any
	var chat []string
	eventually(t, func() error {
		if data, chat = outside.heard("dev.serin.canary.rolled-back of " + s.ns + "/web"); data == nil || len(chat) == 0 {
			return fmt.Errorf("the bus heard %v, the chat %q", data, chat)
		}
		return nil
	})
	same(t, "the chat, which hears what somebody has to act on", chat, []string{s.ns + "/web: RolledBack\n" + text})
	same(t, "the CloudEvent", data, map[string]any{
		"namespace": s.ns, "canary": "web", "uid": string(canary.UID), "workload": "web", "reason": "RolledBack", "warning": true, "message": text,
		"revision": revision, "baseline": baseline, "phase": "RollingBack", "weight": 0.0, "step": 2.0, "steps": 3.0, "started": canary.Status.History[0].StartedAt.UTC().Format(time.RFC3339),
	})
	for _, event := range []string{"release-started", "step-advanced", "rolled-back"} {
		if data, _ := outside.heard("dev.serin.canary." + event + " of " + s.ns + "/web"); data == nil {
			t.Errorf("the bus did not hear of %s", event)
		}
	}
}
