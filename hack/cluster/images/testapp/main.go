// Command testapp is what hack/cluster/test deploys: a server that says which version it is, fetches an address from
// inside the cluster, and counts its requests, in a counter and in a native histogram.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	version := os.Getenv("VERSION")
	hostname, _ := os.Hostname()
	metrics := newMetrics(version)
	client := &http.Client{Timeout: 5 * time.Second}

	http.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		start := time.Now()
		w.Header().Set("X-Version", version)
		fmt.Fprintln(w, version, hostname)
		metrics.observe(time.Since(start))
	})
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	http.HandleFunc("/fetch", func(w http.ResponseWriter, r *http.Request) {
		resp, err := client.Get(r.FormValue("url"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	})
	http.HandleFunc("/metrics", func(w http.ResponseWriter, r *http.Request) {
		// native histograms exist only in the protobuf format
		if strings.Contains(r.Header.Get("Accept"), "application/vnd.google.protobuf") {
			w.Header().Set("Content-Type", "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited")
			_, _ = w.Write(metrics.protobuf())
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write(metrics.text())
	})
	log.Printf("testapp %s listening on :8080", version)
	log.Fatal(http.ListenAndServe(":8080", nil))
}
