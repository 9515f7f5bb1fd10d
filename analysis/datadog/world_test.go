package datadog_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/datadog"
	"github.com/serin-dev/serin/analysis/datadog/datadogtest"
)

// Secrets of tests, which may appear nowhere.
const apiKey, appKey = "api-s3cret-0123456789abcdef", "app-s3cret-0123456789abcdef"

func keys() map[string][]byte {
	return map[string][]byte{"api-key": []byte(apiKey + "\n"), "app-key": []byte(appKey)}
}

// at is a time in seconds after a whole minute long ago.
func at(seconds float64) time.Time {
	return time.UnixMilli(1_700_000_040_000 + int64(seconds*1000)).UTC()
}

func between(from, to float64) analysis.Window { return analysis.Window{From: at(from), To: at(to)} }

// release is the subject of tests.
func release() analysis.Subject {
	target := func(replicaSet, version string) analysis.Target {
		return analysis.Target{ReplicaSet: replicaSet, Labels: map[string]string{
			"tags.datadoghq.com/service": "shop", "tags.datadoghq.com/env": "prod", "tags.datadoghq.com/version": version,
		}}
	}
	return analysis.Subject{Namespace: "shop", Baseline: target("api-1", "1.0"), Candidate: target("api-2", "2.0")}
}

// podOf is a pod of an arm of release.
func podOf(arm analysis.Arm, suffix string) datadogtest.Pod {
	version, replicaSet := "1.0", "api-1"
	if arm == analysis.Candidate {
		version, replicaSet = "2.0", "api-2"
	}
	return datadogtest.Pod{Service: "shop", Env: "prod", Version: version, Namespace: "shop", ReplicaSet: replicaSet, Name: replicaSet + "-" + suffix}
}

// durations are n requests around a time.
func durations(n, seconds float64) analysis.Histogram {
	return analysis.Histogram{{Lower: seconds / 2, Upper: seconds, Count: n * .9}, {Lower: seconds, Upper: 2 * seconds, Count: n * .1}}
}

// served is what a pod did.
func served(requests, errors float64) datadogtest.Served {
	return datadogtest.Served{Requests: requests, Errors: errors, Durations: durations(requests, .05)}
}

// steady is a service of two old pods and a new one, ten, ten and two requests a second over some minutes, a hundredth of them failing.
func steady() *datadogtest.Pods {
	pods := &datadogtest.Pods{}
	for pod, rate := range map[datadogtest.Pod]float64{podOf(0, "aaaaa"): 10, podOf(0, "bbbbb"): 10, podOf(1, "ccccc"): 2} {
		pods.Serve(pod, at(-600), at(1200), served(1800*rate, 18*rate))
	}
	return pods
}

// serve runs a backend.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// source makes a source of a preset with a backend.
func source(t *testing.T, preset string, backend http.Handler) analysis.Provider {
	t.Helper()
	p, err := datadog.New(analysis.Config{Address: serve(t, backend), Preset: preset, Credentials: keys()})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// certificate is one in PEM form.
func certificate(t *testing.T) []byte {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "serin"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
