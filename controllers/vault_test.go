package controllers

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	stdlog "log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/datadog"
	"github.com/serin-dev/serin/analysis/datadog/datadogtest"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// vault is a stage whose source is Datadog's, over TLS, with its keys in a Secret of the operator's namespace.
type vault struct {
	*stage
	tape     *tape
	outside  *workloadtest.Cluster // what is done with it is not the operator's doing
	secret   *corev1.Secret
	cache    cache.Cache
	written  int // how often the Secret was
	registry *prometheus.Registry
	metrics  *SourceMetrics
	sources  *MetricSourceReconciler
	folder   string
	server   *httptest.Server
	stranger atomic.Bool // shows a certificate of its own

	mu     sync.Mutex
	answer http.Handler
	asked  map[string]int // by the API key
}

func newVault(t *testing.T, c *workloadtest.Cluster) *vault {
	t.Helper()
	v := &vault{tape: &tape{}, outside: c, registry: prometheus.NewRegistry(), folder: t.TempDir(), asked: map[string]int{}}
	v.stage = newStage(t, v.wiretapped(t))
	options := verbose(t)
	v.ctx = log.IntoContext(t.Context(), zap.New(zap.UseFlagOptions(&options), zap.WriteTo(logs{v.tape})))
	v.serve()
	v.mend(firstAPIKey, firstAppKey)

	var err error
	v.metrics, err = NewSourceMetrics(v.registry, v.clock)
	v.must(err)
	v.secret = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace(t), Name: "datadog"}}
	v.cacheSecrets()
	v.reconciler.Sources = &Sources{
		Client: secretsFromCache{v.reconciler.Client, v.cache}, Namespace: v.secret.Namespace, Metrics: v.metrics, Types: analysis.Registry{"datadog": v.provider},
	}
	v.reconciler.Traces = Traces{Last: true, Folder: v.folder, Limit: 1 << 20}
	v.reconciler.Recorder = v.recorder()
	v.sources = v.metricSources()

	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: v.server.Certificate().Raw})
	v.must(c.Client.Create(t.Context(), v.secret))
	v.renew(map[string][]byte{"api-key": []byte(firstAPIKey), "app-key": []byte(firstAppKey + "\n"), "ca.crt": ca})
	source := v.metricSource()
	v.must(c.Client.Get(t.Context(), client.ObjectKeyFromObject(source), source))
	source.Spec = v1alpha1.MetricSourceSpec{
		Type: "datadog", Address: v.server.URL, Timeout: &metav1.Duration{Duration: time.Second}, SecretRef: &v1alpha1.SecretReference{Name: "datadog"},
	}
	v.must(c.Client.Update(t.Context(), source))
	v.edit(func(c *v1alpha1.Canary) {
		c.Spec.Analysis.Deadline = &metav1.Duration{Duration: 24 * time.Hour}
		c.Spec.Steps[0].Bake = &metav1.Duration{Duration: 24 * time.Hour}
	})
	v.version("1", "v1", false)
	same(t, "the source", v.health(v.sources), "Ready=True Answering")
	v.step()
	v.version("2", "v2", true)
	return v
}

// cacheSecrets begins to watch the Secrets of the operator's namespace, as the operator does. Read directly they would be in its log: at this level the client of the
// API server logs every answer to a question that was asked in a reconcile.
func (v *vault) cacheSecrets() {
	v.t.Helper()
	var err error
	v.cache, err = cache.New(v.cluster.Config, cache.Options{
		Scheme: v.cluster.Client.Scheme(), DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{&corev1.Secret{}: {Namespaces: map[string]cache.Config{v.secret.Namespace: {}}}},
	})
	v.must(err)
	ended := make(chan error, 1)
	ctx, stop := context.WithCancel(v.t.Context())
	go func() { ended <- v.cache.Start(ctx) }()
	v.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			v.t.Error(err)
		}
	})
}

// secretsFromCache reads Secrets from a cache, and the rest as the stage does.
type secretsFromCache struct {
	client.Client
	cache cache.Cache
}

// Get gets.
func (c secretsFromCache) Get(ctx context.Context, key client.ObjectKey, into client.Object, options ...client.GetOption) error {
	if secret, ok := into.(*corev1.Secret); ok {
		return c.cache.Get(ctx, key, secret, options...)
	}
	return c.Client.Get(ctx, key, into, options...)
}

// wiretapped is the cluster over a connection of which the tape keeps every request.
func (v *vault) wiretapped(t *testing.T) *workloadtest.Cluster {
	t.Helper()
	config := rest.CopyConfig(v.outside.Config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return taped{next, v.tape} })
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	own, err := client.NewWithWatch(config, client.Options{Scheme: v.outside.Client.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	return &workloadtest.Cluster{Config: config, Client: own, Typed: typed}
}

// version rolls out, or pushes, an image with the labels of unified service tagging.
func (v *vault) version(number, tag string, paused bool) {
	v.t.Helper()
	v.patchDeployment(`{"spec":{"paused":%v,"template":{"metadata":{"labels":{"tags.datadoghq.com/service":"shop","tags.datadoghq.com/env":"prod",`+
		`"tags.datadoghq.com/version":%q}},"spec":{"containers":[{"name":"app","image":"app:%s"}]}}}}`, paused, number, tag)
	v.rest()
	v.names[v.revision()] = tag
}

// recorder keeps events for the story, and makes those that people see.
func (v *vault) recorder() events.EventRecorder {
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: v.cluster.Typed.EventsV1()})
	v.must(broadcaster.StartRecordingToSinkWithContext(v.ctx))
	v.t.Cleanup(broadcaster.Shutdown)
	return bothRecorders{v.told, broadcaster.NewRecorder(v.cluster.Client.Scheme(), "serin")}
}

// bothRecorders tell the same.
type bothRecorders [2]events.EventRecorder

// Eventf tells both.
func (b bothRecorders) Eventf(about, related runtime.Object, kind, reason, action, note string, args ...any) {
	for _, r := range b {
		r.Eventf(about, related, kind, reason, action, note, args...)
	}
}

// serve starts the stand-in, which counts the questions of each key.
func (v *vault) serve() {
	v.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.mu.Lock()
		v.asked[r.Header.Get("Dd-Api-Key")+" "+r.Header.Get("Dd-Application-Key")]++
		answer := v.answer
		v.mu.Unlock()
		answer.ServeHTTP(w, r)
	}))
	other := selfSigned(v.t)
	v.server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if v.stranger.Load() {
			return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{other}}, nil
		}
		return nil, nil
	}}
	v.server.Config.ErrorLog = stdlog.New(io.Discard, "", 0) // of handshakes that are meant to fail
	v.server.StartTLS()
	v.t.Cleanup(v.server.Close)
}

func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// fail makes the stand-in answer in another way.
func (v *vault) fail(h http.Handler) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.answer = h
}

// mend makes the stand-in answer whoever has these keys.
func (v *vault) mend(apiKey, appKey string) {
	v.fail(&datadogtest.Server{Store: twoVersions(), APIKey: apiKey, AppKey: appKey})
}

// versions are two that have served for ever, each 200 requests a second, one of a thousand with an error.
type versions []map[string]string

func twoVersions() versions {
	var all versions
	for _, version := range []string{"1", "2"} {
		all = append(all, map[string]string{"service": "shop", "env": "prod", "version": version})
	}
	return all
}

// Between implements [datadogtest.Store].
func (v versions) Between(metric string, from, to time.Time) []datadogtest.Series {
	rate := map[string]float64{"trace.http.request.hits": 200, "trace.http.request.errors": .2}[metric]
	if rate == 0 {
		return nil
	}
	out := make([]datadogtest.Series, 0, len(v))
	for _, tags := range v {
		out = append(out, datadogtest.Series{Tags: tags, Count: rate * to.Sub(from).Seconds()})
	}
	return out
}

// provider is Datadog's, of which the tape keeps every error. The clock of a stage is a day ahead, and points have to be past: it is asked about what was long before.
func (v *vault) provider(c analysis.Config) (analysis.Provider, error) {
	p, err := datadog.New(c)
	if err != nil {
		return nil, err
	}
	return &overheard{Provider: p, tape: v.tape, ago: 36 * time.Hour}, nil
}

type overheard struct {
	analysis.Provider
	tape *tape
	ago  time.Duration
}

func (o *overheard) hear(err error) {
	if err != nil {
		o.tape.add("an error", fmt.Appendf(nil, "%v\n%+v\n%#v", err, err, err))
	}
}

// Ping pings.
func (o *overheard) Ping(ctx context.Context) (analysis.Health, error) {
	h, err := o.Provider.Ping(ctx)
	o.hear(err)
	return h, err
}

// Count counts what was some time ago.
func (o *overheard) Count(ctx context.Context, s analysis.Subject, qs []analysis.Query, ws []analysis.Window) ([]analysis.Observation, error) {
	var before []analysis.Window
	for _, w := range ws {
		before = append(before, analysis.Window{From: w.From.Add(-o.ago), To: w.To.Add(-o.ago)})
	}
	obs, err := o.Provider.Count(ctx, s, qs, before)
	o.hear(err)
	for i, w := range obs {
		obs[i].Window = analysis.Window{From: w.Window.From.Add(o.ago), To: w.Window.To.Add(o.ago)}
	}
	return obs, err
}
