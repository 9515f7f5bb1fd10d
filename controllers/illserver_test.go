package controllers

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/prometheus"
)

// illServer is a metrics backend behind real HTTP, which scrapes the pods of a stage: each serves 200 requests a second, one of a thousand with an error, since
// ever. It can be ill in the ways that servers are.
type illServer struct {
	stage   *stage
	address string

	mu     sync.Mutex
	server *httptest.Server
	ill    http.HandlerFunc
}

// newIllServer gives a stage a real source that asks a server, and waits for an answer as long as that.
func newIllServer(s *stage, timeout time.Duration) *illServer {
	s.t.Helper()
	b := &illServer{stage: s}
	b.start("127.0.0.2:0") // where no other server of a test gets its port while it is down
	s.t.Cleanup(func() { b.server.Close() })
	s.reconciler.Sources.Types["played"] = func(c analysis.Config) (analysis.Provider, error) {
		c.Address, c.Timeout = "http://"+b.address, timeout
		return prometheus.New(c)
	}
	return b
}

func (b *illServer) start(address string) {
	b.stage.t.Helper()
	var listener net.Listener
	eventually(b.stage.t, func() (err error) { // the port may be in its last breath
		listener, err = net.Listen("tcp", address)
		return err
	})
	b.server = httptest.NewUnstartedServer(b)
	b.server.Listener.Close()
	b.server.Listener = listener
	b.server.Start()
	b.address = listener.Addr().String()
}

// fall makes the backend ill; nil makes it well.
func (b *illServer) fall(ill http.HandlerFunc) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ill = ill
}

var (
	backendRange = regexp.MustCompile(`^(last_over_time\()?\{.*\}\[(\d+)ms\]\)?$`)
	backendPods  = regexp.MustCompile(`pod=~("(?:[^"\\]|\\.)*")`)
)

// ServeHTTP answers the queries of package prometheus.
func (b *illServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	ill := b.ill
	b.mu.Unlock()
	if ill != nil {
		ill(w, r)
		return
	}
	query := r.FormValue("query")
	at, _ := strconv.ParseFloat(r.FormValue("time"), 64)
	kind, result := "vector", []string{}
	if form := backendRange.FindStringSubmatch(query); form != nil && strings.Contains(query, "http_server_request_duration_seconds_count") {
		if form[1] == "" {
			kind = "matrix"
		}
		length, _ := strconv.ParseFloat(form[2], 64)
		for _, pod := range b.pods(query) {
			result = append(result, b.series(pod, "200", 199.8, kind, at, length/1000), b.series(pod, "500", 0.2, kind, at, length/1000))
		}
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"status":"success","data":{"resultType":%q,"result":[%s]}}`, kind, strings.Join(result, ","))
}

// pods are those that a query selects.
func (b *illServer) pods(query string) []string {
	selected := backendPods.FindStringSubmatch(query)
	if selected == nil {
		return nil // by other labels
	}
	text, _ := strconv.Unquote(selected[1])
	pattern := regexp.MustCompile("^(?:" + text + ")$")
	list := &corev1.PodList{}
	if err := b.stage.cluster.Client.List(b.stage.t.Context(), list, client.InNamespace(b.stage.ns)); err != nil {
		return nil // the test is over
	}
	var names []string
	for i := range list.Items {
		if pattern.MatchString(list.Items[i].Name) {
			names = append(names, list.Items[i].Name)
		}
	}
	return names
}

// series is what is scraped of one pod every five seconds, up to a time.
func (b *illServer) series(pod, code string, rate float64, kind string, upTo, length float64) string {
	const every = 5
	labels, _ := json.Marshal(map[string]string{
		"__name__": "http_server_request_duration_seconds_count", "namespace": b.stage.ns, "pod": pod, "job": "pods", "instance": pod + ":80", "http_response_status_code": code,
	})
	var samples []string
	for at := (int64(upTo-length)/every + 1) * every; float64(at) <= upTo; at += every {
		samples = append(samples, fmt.Sprintf(`[%d,"%.0f"]`, at, rate*float64(at)))
	}
	if kind == "vector" {
		return fmt.Sprintf(`{"metric":%s,"value":%s}`, labels, samples[len(samples)-1])
	}
	return fmt.Sprintf(`{"metric":%s,"values":[%s]}`, labels, strings.Join(samples, ","))
}

// answering is an illness that answers all alike.
func answering(code int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}
}

// silent is an illness that answers nothing. A server notices that a client has gone only once it has read what that sent.
func silent(_ http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	<-r.Context().Done()
}

// breakingOff is an illness that answers a part and hangs up.
func breakingOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"na`)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// illnesses are the ways to be ill, with what the MetricSource says of each, and what is told of it on the Canary.
func illnesses() map[string]illness {
	const empty = `{"status":"success","data":{"resultType":"vector","result":[]}`
	sick := func(h http.HandlerFunc) (begin, end func(*illServer)) {
		return func(b *illServer) { b.fall(h) }, func(b *illServer) { b.fall(nil) }
	}
	of := func(h http.HandlerFunc, reason, told string) illness {
		begin, end := sick(h)
		return illness{begin, end, reason, told}
	}
	const json = "application/json"
	return map[string]illness{
		"down": {
			func(b *illServer) { b.server.Close() },
			func(b *illServer) { b.start(b.address) },
			"Ready=False Unreachable", "connection refused",
		},
		"too slow":                   of(silent, "Ready=False Unreachable", "no answer within 200ms"),
		"overloaded":                 of(answering(503, "text/plain", "try later"), "Ready=False Unreachable", "answered 503 Service Unavailable: try later"),
		"not taking the credentials": of(answering(401, "text/plain", "who are you?"), "Ready=False Unauthorized, Stalled=True Unauthorized", "answered 401 Unauthorized: who are you?"),
		"refusing what it is asked":  of(answering(400, json, `{"status":"error","errorType":"bad_data","error":"no"}`), "Ready=False Rejected, Stalled=True Rejected", "answered 400 Bad Request: bad_data: no"),
		"a login page":               of(answering(200, "text/html", "<html>Sign in</html>"), "Ready=False Nonsense", "the answer is not one of Prometheus' HTTP API (text/html)"),
		"hanging up in mid-answer":   of(breakingOff, "Ready=False Nonsense", "the answer broke off"),
		"answering in part":          of(answering(200, json, empty+`,"warnings":["store a is away"]}`), "Ready=False Unreachable", "the answer is incomplete: store a is away"),
		"without any data":           of(answering(200, json, empty+`}`), "Ready=True Answering", ""),
		"throttling whoever asks":    of(answering(429, "text/plain", "slow down"), "Ready=False Throttled", "answered 429 Too Many Requests: slow down"),
	}
}

// illness is how it begins and ends, the conditions of the MetricSource while it lasts, and a part of the event about it; empty for no event.
type illness struct {
	begin, end func(*illServer)
	conditions string
	told       string
}

// timeout is what an answer may take: hardly any time where none comes.
func (i illness) timeout() time.Duration {
	if strings.HasPrefix(i.told, "no answer") {
		return 200 * time.Millisecond
	}
	return 10 * time.Second
}

// metricSources is the reconciler of the stage's MetricSource, on the stage's clock.
func (s *stage) metricSources() *MetricSourceReconciler {
	return &MetricSourceReconciler{Client: s.cluster.Client, Sources: s.reconciler.Sources, Clock: s.clock}
}

// health is the status of the stage's MetricSource after it was asked once.
func (s *stage) health(r *MetricSourceReconciler) string {
	s.t.Helper()
	source := s.metricSource()
	_, err := r.Reconcile(s.ctx, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(source)})
	s.must(err)
	s.must(s.cluster.Client.Get(s.t.Context(), client.ObjectKeyFromObject(source), source))
	source.Status.Latency = nil
	return toldOf(source.Status)
}
