package controllers

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/serin-dev/serin/analysis/datadog/datadogtest"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/rollout"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// Keys of the story's Secret, before it is rotated and after.
const (
	firstAPIKey, firstAppKey   = "5e41a9-first-api-key-c0ffee", "77b0d2-first-app-key-decade"
	secondAPIKey, secondAppKey = "9f3c66-second-api-key-facade", "1ad84e-second-app-key-bedded"
)

// keysStayIn is a release on a Datadog source, which fails in every way there is, some of them with the keys in its answer, and whose Secret is rotated in the middle.
// All that the operator ever writes is searched for the keys. The source, its connections and the control plane are real; Datadog is a stand-in.
func keysStayIn(t *testing.T, c *workloadtest.Cluster) {
	v := newVault(t, c)
	v.untilWeight(10)
	for name, f := range v.failures() {
		v.suffer(name, f)
	}
	v.rotate()
	v.edit(func(c *v1alpha1.Canary) { c.Spec.Steps[0].Bake = &metav1.Duration{Duration: 30 * time.Second} })
	v.untilPhase(rollout.Succeeded)
	v.keepAll()
	for where, least := range map[string]int{
		"the log": 1000, "a request to the API server": 10_000, "an error": 1000, "an event": 500, "the metrics": 1000, "a trace's file": 1000,
		"the objects of kind Canary": 1000, "the objects of kind MetricSource": 500, "the objects of kind ConfigMap": 1000, "the objects of kind Event": 500,
	} {
		if n := v.tape.count(where); n < least {
			t.Errorf("only %d bytes of %s were searched", n, where)
		}
	}
	// The keys were on their way into an error: they were taken out.
	if places := v.tape.telling("answered 400 Bad Request: POST /api/v2/query/timeseries", "Dd-Api-Key: [redacted]"); len(places) < 4 {
		t.Errorf("that keys were echoed is only told by %v", places)
	}
	if places := v.tape.telling(firstAPIKey, firstAppKey, secondAPIKey, secondAppKey); len(places) > 0 {
		t.Errorf("keys can be read at %s", strings.Join(places, "\n"))
	}
	v.leakEverywhere()
}

// failure is a way to fail, and what the MetricSource says of it.
type failure struct {
	begin func()
	told  string
}

func (v *vault) failures() map[string]failure {
	const stalled = ", Stalled=True "
	of := func(h http.HandlerFunc, reason string, final bool) failure {
		told := "Ready=False " + reason
		if final {
			told += stalled + reason
		}
		return failure{func() { v.fail(h) }, told}
	}
	slow := &datadogtest.Server{}
	slow.Fail(datadogtest.Slow)
	all := map[string]failure{
		"a time-out":                of(slow.ServeHTTP, "Unreachable", false),
		"a login page":              of(answering(200, "text/html", "<html>Sign in</html>"), "Nonsense", false),
		"another API":               of(answering(200, "application/json", "{}"), "Nonsense", false),
		"an answer that breaks off": of(breakingOff, "Nonsense", false),
		"keys that are revoked":     of((&datadogtest.Server{APIKey: "another", AppKey: "another"}).ServeHTTP, "Unauthorized", true),
		"a certificate of another":  {func() { v.stranger.Store(true); v.server.CloseClientConnections() }, "Ready=False Unreachable"},
		"a connection that is cut":  of(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "Unreachable", false),
	}
	for code, reason := range map[int]string{
		200: "Nonsense", 302: "Rejected", 307: "Rejected", 400: "Rejected", 401: "Unauthorized", 403: "Unauthorized", 404: "Rejected",
		429: "Throttled", 500: "Unreachable", 503: "Unreachable",
	} {
		final := reason == "Rejected" || reason == "Unauthorized"
		all[fmt.Sprint("an echo as text with ", code)] = of(echo(code, "text/plain"), reason, final)
		all[fmt.Sprint("an echo as JSON with ", code)] = of(echo(code, "application/json"), reason, final)
	}
	return all
}

// echo answers with all that was sent, in every place that an answer has.
func echo(code int, contentType string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		apiKey, appKey := r.Header.Get("Dd-Api-Key"), r.Header.Get("Dd-Application-Key")
		dump, _ := httputil.DumpRequest(r, true)
		w.Header().Set("Content-Type", contentType+"; key="+apiKey)
		w.Header().Set("Location", "https://"+appKey+".example/"+apiKey+"?key="+appKey)
		w.Header().Set("X-Key", apiKey)
		w.WriteHeader(code)
		if contentType == "application/json" {
			fmt.Fprintf(w, `{"errors":[%q,%q],"data":{"attributes":{"times":[%q]}}}`, dump, appKey, apiKey)
			return
		}
		_, _ = w.Write(dump)
	}
}

// suffer lets the source fail for two looks and a ping, and mends it.
func (v *vault) suffer(name string, f failure) {
	v.t.Helper()
	v.renew(v.secret.Data) // a source that keeps away from its backend begins anew
	before := v.tape.count("an error")
	f.begin()
	v.server.CloseClientConnections()
	same(v.t, "the source, with "+name, v.health(v.sources), f.told)
	pinged := v.tape.count("an error")
	v.until("trouble by "+name, func() bool {
		e := v.remembered().evidence
		return (e.trouble != "" || e.throttled != "") && v.tape.count("an error") > pinged
	})
	if weight := v.canary().Status.Weight; weight != 10 || pinged == before {
		v.t.Errorf("%s: weight %d, %d bytes of errors", name, weight, pinged-before)
	}
	v.stranger.Store(false)
	v.mend(firstAPIKey, firstAppKey)
	v.renew(v.secret.Data)
	v.until("the end of "+name, func() bool {
		e := v.remembered().evidence
		return e.trouble == "" && e.throttled == "" && e.pending == nil
	})
}

// renew writes the Secret, and waits until the operator has heard of it.
func (v *vault) renew(data map[string][]byte) {
	v.t.Helper()
	v.secret.Data = data
	v.written++
	metav1.SetMetaDataAnnotation(&v.secret.ObjectMeta, "written", strconv.Itoa(v.written))
	v.must(v.outside.Client.Update(v.t.Context(), v.secret))
	eventually(v.t, func() error {
		heard := &corev1.Secret{}
		err := v.cache.Get(v.t.Context(), client.ObjectKeyFromObject(v.secret), heard)
		if err == nil && heard.ResourceVersion != v.secret.ResourceVersion {
			err = fmt.Errorf("it has version %s", heard.ResourceVersion)
		}
		return err
	})
}

// rotate changes the keys, first at the backend: the next question after the Secret has changed carries the new ones, and none carries the old.
func (v *vault) rotate() {
	v.t.Helper()
	v.mend(secondAPIKey, secondAppKey)
	v.renew(v.secret.Data)
	same(v.t, "the source with the old keys", v.health(v.sources), "Ready=False Unauthorized, Stalled=True Unauthorized")
	v.renew(map[string][]byte{"api-key": []byte(secondAPIKey), "app-key": []byte(secondAppKey), "ca.crt": v.secret.Data["ca.crt"]})
	v.mu.Lock()
	clear(v.asked)
	v.mu.Unlock()
	same(v.t, "the source with the new keys", v.health(v.sources), "Ready=True Answering")
	looks := v.remembered().evidence.upTo
	v.until("a look with the new keys", func() bool { return v.remembered().evidence.upTo.After(looks) })
	v.mu.Lock()
	defer v.mu.Unlock()
	if n := v.asked[secondAPIKey+" "+secondAppKey]; n < 2 || len(v.asked) != 1 {
		v.t.Errorf("after the rotation it was asked %v", v.asked)
	}
}

// keepAll keeps what is to be read now.
func (v *vault) keepAll() {
	v.t.Helper()
	for _, line := range v.told.about("Canary") {
		v.tape.add("an event", []byte(line))
	}
	kind := v1alpha1.GroupVersion().WithKind("MetricSource")
	secret := client.ObjectKeyFromObject(v.secret)
	eventually(v.t, func() error { // events are written beside
		v.tape.keepObjects(v.t, v.outside, kind, &secret, v.ns, v.secret.Namespace)
		if v.tape.count("the objects of kind Event") == 0 {
			return fmt.Errorf("no event is there yet")
		}
		return nil
	})
	v.tape.keepMetrics(v.registry)
	v.tape.keepFiles(v.t, v.folder)
}

// leakEverywhere is an operator that tells its keys wherever it can: each place is found.
func (v *vault) leakEverywhere() {
	v.t.Helper()
	v.tape = &tape{}
	options := verbose(v.t)
	zap.New(zap.UseFlagOptions(&options), zap.WriteTo(logs{v.tape})).V(9).Info("asking", "key", secondAPIKey)
	(&overheard{tape: v.tape}).hear(fmt.Errorf("asking with %s", secondAPIKey))
	v.told.Eventf(v.canary(), nil, "Warning", "SourceUnavailable", "Release", "%s", secondAPIKey)
	v.metrics.watch("key-"+secondAPIKey, nil)
	leak := v.canary()
	leak.Status.Message = secondAPIKey
	own := v.wiretapped(v.t) // onto the new tape
	v.must(own.Client.Status().Update(v.t.Context(), leak))
	source := v.metricSource()
	v.must(own.Client.Get(v.t.Context(), client.ObjectKeyFromObject(source), source))
	metav1.SetMetaDataAnnotation(&source.ObjectMeta, "key", secondAPIKey)
	v.must(own.Client.Update(v.t.Context(), source))
	v.must(own.Client.Create(v.t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: v.secret.Namespace, Name: "leak"}, Data: map[string]string{"key": secondAPIKey}}))
	v.folder = v.t.TempDir()
	v.must(os.WriteFile(filepath.Join(v.folder, "release.jsonl"), []byte(secondAPIKey), 0o600))
	v.keepAll()
	var places []string
	for _, line := range v.tape.telling(secondAPIKey) {
		where, _, _ := strings.Cut(line, ": ")
		places = append(places, where)
	}
	same(v.t, "where a leak is found", places, []string{
		"a request to the API server", "a trace's file", "an error", "an event", "the log", "the metrics",
		"the objects of kind Canary", "the objects of kind ConfigMap", "the objects of kind MetricSource",
	})
}
