package controllers

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/prometheus/prometheustest"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/notify"
)

const monitoring = "../config/monitoring"

// TestAlertsAndDashboard asks a real Prometheus, which has scraped the metrics of an operator with a refused release, one without a verdict and a source that is ill, for
// everything that the rules and the dashboard ask for.
func TestAlertsAndDashboard(t *testing.T) {
	server := httptest.NewServer(promhttp.HandlerFor(illOperator(t), promhttp.HandlerOpts{}))
	t.Cleanup(server.Close)
	rules, err := filepath.Abs(filepath.Join(monitoring, "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p := prometheustest.Start(t, fmt.Sprintf("global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\nrule_files: [%q]\n"+
		"scrape_configs: [{job_name: serin, static_configs: [{targets: [%q]}]}]\n", rules, strings.TrimPrefix(server.URL, "http://")))
	for deadline := time.Now().Add(30 * time.Second); len(series(t, p, `count_over_time(serin_canary_phase[1m]) > 3`)) == 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing was scraped within 30 s")
		}
	}
	t.Run("alerts", func(t *testing.T) { alertsFire(t, p) })
	t.Run("dashboard", func(t *testing.T) { panelsShow(t, p) })
}

// illOperator has something to tell to every rule and panel.
func illOperator(t *testing.T) *client.Registry {
	t.Helper()
	registry := client.NewRegistry()
	if _, err := notify.New(notify.Options{File: filepath.Join(t.TempDir(), "missing"), Clock: clock.RealClock{}, Registerer: registry}); err != nil {
		t.Fatal(err)
	}
	canaries, err := NewCanaryMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	sources, err := NewSourceMetrics(registry, nil)
	if err != nil {
		t.Fatal(err)
	}
	report := analysis.Report{Results: []analysis.Result{{Name: "errors"}, {Name: "latency", Unit: analysis.Seconds}, {Name: "lag", Unit: analysis.Number}}}
	tell := func(name string, before, after rollout.State, stalled metav1.ConditionStatus) {
		s := newScene()
		s.canary.Name, s.state, s.observation.Report = name, before, report
		s.canary.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionStalled, Status: stalled}}
		canaries.tell(s, rollout.Decision{State: after})
	}
	climbing := rollout.State{Phase: rollout.Progressing, Weight: 10}
	tell("undecided", climbing, climbing, metav1.ConditionFalse)
	tell("misnamed", climbing, climbing, metav1.ConditionTrue)
	tell("refused", climbing, rollout.State{Phase: rollout.RollingBack, Refused: true}, metav1.ConditionFalse)
	tell("refused", rollout.State{Phase: rollout.RollingBack}, rollout.State{Phase: rollout.Failed}, metav1.ConditionTrue)
	canaries.escape.Observe(100)
	sources.heard("well", analysis.Health{Skew: time.Minute, Budget: &analysis.Budget{Limit: 100, Left: 5}}, true)
	sources.heard("ill", analysis.Health{}, false)
	sources.questions.WithLabelValues("well", "answered").Inc()
	sources.seconds.WithLabelValues("well").Observe(0.1)
	return registry
}

// alertsFire evaluates every rule, with ranges of time that a test has.
func alertsFire(t *testing.T, p *prometheustest.Server) {
	// Who is told of; nothing where nothing is wrong in this story, or where time has to pass.
	want := map[string]string{
		"SerinReleaseRefused": "refused", "SerinCanaryStalled": "misnamed", "SerinReleaseWithoutVerdict": "undecided", "SerinSourceNotReady": "ill",
		"SerinSourceClockSkewed": "well", "SerinSourceBudgetLow": "well", "SerinMissing": "canary", "SerinRollbackSlow": "", "SerinNotificationsLost": "serin_notifications_configured", "SerinReconcileFails": "",
	}
	var answer struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Query, LastError string }
			}
		}
	}
	get(t, p, "/api/v1/rules", nil, &answer)
	var seen []string
	for _, g := range answer.Data.Groups {
		for _, rule := range g.Rules {
			seen = append(seen, rule.Name)
			told := fmt.Sprint(series(t, p, rule.Query))
			if who := want[rule.Name]; rule.LastError != "" || !strings.Contains(told, who) || who == "" && told != "[]" {
				t.Errorf("%s tells of %s, want %q (%s)", rule.Name, told, who, rule.LastError)
			}
		}
	}
	if len(seen) != len(want) {
		t.Errorf("there are the rules %q", seen)
	}
}

// panelsShow asks for what the panels of the dashboard ask for.
func panelsShow(t *testing.T, p *prometheustest.Server) {
	raw, err := os.ReadFile(filepath.Join(monitoring, "dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title, Description string
			Targets            []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(raw, &dashboard); err != nil {
		t.Fatal(err)
	}
	variables := strings.NewReplacer("$namespace", ".*", "$canary", ".*", "$__rate_interval", "1m")
	for _, panel := range dashboard.Panels {
		if len(panel.Targets) == 0 || panel.Description == "" {
			t.Errorf("the panel %q says too little", panel.Title)
		}
		for _, target := range panel.Targets {
			if len(series(t, p, variables.Replace(target.Expr))) == 0 {
				t.Errorf("the panel %q shows nothing: %s", panel.Title, target.Expr)
			}
		}
	}
	shown := regexp.MustCompile(`serin_[a-z_]+`).FindAllString(string(raw), -1)
	if slices.Sort(shown); len(slices.Compact(shown)) < 10 {
		t.Errorf("the dashboard shows only %q", shown)
	}
}

// series are the labels of what a query brings.
func series(t *testing.T, p *prometheustest.Server, query string) (found []map[string]string) {
	t.Helper()
	var answer struct {
		Error string
		Data  struct {
			Result []struct{ Metric map[string]string }
		}
	}
	if get(t, p, "/api/v1/query", url.Values{"query": {query}}, &answer); answer.Error != "" {
		t.Errorf("%s: %s", query, answer.Error)
	}
	for _, r := range answer.Data.Result {
		found = append(found, r.Metric)
	}
	return found
}

func get(t *testing.T, p *prometheustest.Server, path string, query url.Values, answer any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.Address+path+"?"+query.Encode(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, answer); err != nil {
		t.Fatalf("%s: %s", err, raw)
	}
}
