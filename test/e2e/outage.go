package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// fragile stands between the operator and Prometheus, and can be broken.
type fragile struct {
	broken atomic.Pointer[http.HandlerFunc]
}

// sourceOfItsOwn makes a MetricSource with the journey's name which is reached by way of this process.
func (a *app) sourceOfItsOwn() *fragile {
	a.Helper()
	// The address by which the cluster reaches this machine is the one that this machine reaches the cluster from.
	probe, err := net.Dial("udp", net.JoinHostPort(a.cluster.node, "9"))
	a.do("finding this machine's address", err)
	host, _, err := net.SplitHostPort(probe.LocalAddr().String())
	a.do("finding this machine's address", err)
	probe.Close()
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	a.do("listening", err)

	f := &fragile{}
	target := &url.URL{Scheme: "http", Host: net.JoinHostPort(a.cluster.node, "9090")}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken := f.broken.Load(); broken != nil {
			(*broken)(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	})}
	go server.Serve(listener)
	a.Cleanup(func() { server.Close() })

	source := &v1alpha1.MetricSource{
		ObjectMeta: metav1.ObjectMeta{Name: a.ns},
		Spec: v1alpha1.MetricSourceSpec{
			Type: "prometheus", Preset: "opentelemetry", Address: fmt.Sprintf("http://%s", listener.Addr()),
			Timeout: &metav1.Duration{Duration: 2e9},
		},
	}
	a.do("making a source of its own", a.cluster.Create(a.Context(), source))
	a.atEnd = append(a.atEnd, func() error { return a.cluster.Delete(cleanUp(a.T), source) })
	return f
}

// mend lets requests through again.
func (f *fragile) mend() { f.broken.Store(nil) }

// refuse answers every request with 503, as a gateway in front of a dead server does.
func (f *fragile) refuse() {
	f.breakBy(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no server", http.StatusServiceUnavailable)
	})
}

// cut ends every connection without an answer.
func (f *fragile) cut() {
	f.breakBy(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
}

// hang never answers.
func (f *fragile) hang() {
	f.breakBy(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
}

func (f *fragile) breakBy(h http.HandlerFunc) { f.broken.Store(&h) }
