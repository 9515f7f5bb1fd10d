package controllers

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// tape keeps all that is written, by where it is written to.
type tape struct {
	mu  sync.Mutex
	all map[string][]byte
}

func (t *tape) add(where string, what []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == nil {
		t.all = map[string][]byte{}
	}
	t.all[where] = append(append(t.all[where], what...), '\n')
}

// count is how many bytes were written to a place.
func (t *tape) count(where string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.all[where])
}

// telling are the places at which one of some secrets can be read.
func (t *tape) telling(secrets ...string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var places []string
	for where, what := range t.all {
		for _, s := range secrets {
			if reading := tells(what, s); reading != "" {
				places = append(places, where+": "+reading)
			}
		}
	}
	slices.Sort(places)
	return places
}

// halfTold is how many characters of a secret in a row are more than chance.
const halfTold = 12

// tells says how a secret can be read in a text; empty when it can't.
func tells(text []byte, secret string) string {
	lower := strings.ToLower(string(text))
	for way, form := range map[string]string{
		"as it is":           secret,
		"its beginning":      secret[:halfTold],
		"its end":            secret[len(secret)-halfTold:],
		"as it is in a URL":  url.QueryEscape(secret),
		"in hexadecimal":     hex.EncodeToString([]byte(secret)),
		"in base64":          strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "="),
		"in base64 of URLs":  strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(secret)), "="),
		"as a list of bytes": strings.Trim(fmt.Sprint([]byte(secret)), "[]"),
	} {
		if strings.Contains(lower, strings.ToLower(form)) {
			return way
		}
	}
	return ""
}

// logs is a writer to the tape.
type logs struct{ tape *tape }

// Write keeps what is logged.
func (l logs) Write(p []byte) (int, error) {
	l.tape.add("the log", p)
	return len(p), nil
}

// verbose is the most that the operator's flags make it log.
func verbose(t *testing.T) zap.Options {
	t.Helper()
	var options zap.Options
	f := flag.NewFlagSet("serin", flag.ContinueOnError)
	options.BindFlags(f)
	if err := f.Parse([]string{"-zap-log-level=127", "-zap-devel", "-zap-stacktrace-level=info"}); err != nil {
		t.Fatal(err)
	}
	return options
}

// taped is a way to the API server of which the tape keeps every request: what is overwritten later, too.
type taped struct {
	next http.RoundTripper
	tape *tape
}

// RoundTrip keeps a request that writes.
func (w taped) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil {
			return nil, err
		}
		w.tape.add("a request to the API server", append([]byte(r.Method+" "+r.URL.String()+"\n"), body...))
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return w.next.RoundTrip(r)
}

// keepObjects keeps every object of some namespaces, of every kind that there is, and of one kind that belongs to none. One Secret is left out.
func (t *tape) keepObjects(test *testing.T, c *workloadtest.Cluster, alsoOf schema.GroupVersionKind, but *client.ObjectKey, namespaces ...string) {
	test.Helper()
	lists, err := c.Typed.Discovery().ServerPreferredNamespacedResources()
	if err != nil {
		test.Fatal(err)
	}
	keep := func(kind schema.GroupVersionKind, options ...client.ListOption) {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		if err := c.Client.List(test.Context(), list, options...); err != nil {
			test.Fatalf("listing %s: %v", kind.Kind, err)
		}
		for i := range list.Items {
			o := &list.Items[i]
			if but != nil && kind.Kind == "Secret" && client.ObjectKeyFromObject(o) == *but {
				continue
			}
			text, err := json.Marshal(o)
			if err != nil {
				test.Fatal(err)
			}
			t.add("the objects of kind "+kind.Kind, text)
		}
	}
	for _, list := range lists {
		group, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			test.Fatal(err)
		}
		for i := range list.APIResources {
			if r := &list.APIResources[i]; slices.Contains(r.Verbs, "list") {
				for _, ns := range namespaces {
					keep(group.WithKind(r.Kind), client.InNamespace(ns))
				}
			}
		}
	}
	keep(alsoOf)
}

// keepMetrics keeps what a scraper gets.
func (t *tape) keepMetrics(registry *prometheus.Registry) {
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	t.add("the metrics", w.Body.Bytes())
}

// keepFiles keeps the files of a folder.
func (t *tape) keepFiles(test *testing.T, folder string) {
	test.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		test.Fatal(err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			test.Fatal(err)
		}
		t.add("a trace's file", append([]byte(name+"\n"), content...))
	}
}

// TestALeakIsFound plants a secret in many ways of writing.
func TestALeakIsFound(t *testing.T) {
	const secret = "api-key/that+nobody?may=read"
	for name, test := range map[string]struct {
		written string
		found   bool
	}{
		"nothing of it":       {"answered 403 Forbidden: [redacted] is no key; api-key is missing", false},
		"as it is":            {"key " + secret + "\n", true},
		"in capitals":         {strings.ToUpper(secret), true},
		"cut at its end":      {"...: " + secret[:20] + "...", true},
		"cut at its start":    {"... " + secret[9:], true},
		"in a URL":            {"?key=" + url.QueryEscape(secret), true},
		"in base64":           {base64.StdEncoding.EncodeToString([]byte(secret)), true},
		"in hexadecimal":      {fmt.Sprintf("%x", secret), true},
		"as bytes of Go":      {fmt.Sprint([]byte(secret)), true},
		"as a value's fields": {fmt.Sprintf("%#v", struct{ key string }{secret}), true},
	} {
		t.Run(name, func(t *testing.T) {
			var written tape
			written.add("somewhere", []byte(test.written))
			if places := written.telling("another secret of some length", secret); (len(places) > 0) != test.found {
				t.Errorf("found %v", places)
			}
		})
	}
}
