package datadogtest

import (
	"sync"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// Pod is one pod as tracers, Agents and the pod itself tag what they send of it.
type Pod struct {
	Service, Env, Version       string
	Operation                   string // of its traces, http.request when empty
	Namespace, ReplicaSet, Name string
}

// Served is what a pod did in some time.
type Served struct {
	Requests, Errors float64
	// Durations of the requests, in seconds.
	Durations analysis.Histogram
}

// Pods is a [Store] of what pods served: the metrics of every preset, and the counts http.requests and http.errors. The zero value is
// empty. It may be used concurrently.
type Pods struct {
	mu    sync.Mutex
	steps []step
}

// step is what a pod served from one time to another, evenly.
type step struct {
	pod      Pod
	from, to time.Time
	served   Served
}

// Serve adds what a pod served over a time. A caller that reads a pod's counters now and then adds how much they grew.
func (p *Pods) Serve(pod Pod, from, to time.Time, served Served) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps = append(p.steps, step{pod, from, to, served})
}

// Forget leaves out what ended before a time.
func (p *Pods) Forget(before time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var kept []step
	for _, s := range p.steps {
		if !s.to.Before(before) {
			kept = append(kept, s)
		}
	}
	p.steps = kept
}

// Between implements [Store].
func (p *Pods) Between(metric string, from, to time.Time) []Series {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []Series
	for _, s := range p.steps {
		if part := s.part(from, to); part > 0 {
			out = append(out, s.series(metric, part)...)
		}
	}
	return out
}

// part is the share of a step that lies between two times.
func (s step) part(from, to time.Time) float64 {
	if from.Before(s.from) {
		from = s.from
	}
	if to.After(s.to) {
		to = s.to
	}
	if !to.After(from) {
		return 0
	}
	return to.Sub(from).Seconds() / s.to.Sub(s.from).Seconds()
}

// series are what a part of a step adds to a metric.
func (s step) series(metric string, part float64) []Series {
	operation := s.pod.Operation
	if operation == "" {
		operation = "http.request"
	}
	service := map[string]string{"service": s.pod.Service, "env": s.pod.Env, "version": s.pod.Version}
	everything := map[string]string{"kube_namespace": s.pod.Namespace, "kube_replica_set": s.pod.ReplicaSet, "pod_name": s.pod.Name}
	for name, value := range service {
		everything[name] = value
	}
	count := func(tags map[string]string, n float64) []Series {
		if n <= 0 {
			return nil // nothing is sent for a count that did not move
		}
		return []Series{{Tags: tags, Count: n * part}}
	}
	switch metric {
	case "trace." + operation + ".hits":
		return count(service, s.served.Requests)
	case "trace." + operation + ".errors":
		return count(service, s.served.Errors)
	case "trace." + operation:
		return []Series{{Tags: service, Durations: scaled(s.served.Durations, part)}}
	case "http.requests":
		return count(everything, s.served.Requests)
	case "http.errors":
		return count(everything, s.served.Errors)
	case "http.server.request.duration":
		return s.byStatus(everything, part)
	}
	return nil
}

// byStatus is the distribution with a status code, as many of them failed as requests did.
func (s step) byStatus(tags map[string]string, part float64) []Series {
	failed := 0.0
	if s.served.Requests > 0 {
		failed = s.served.Errors / s.served.Requests
	}
	var out []Series
	for status, share := range map[string]float64{"200": 1 - failed, "500": failed} {
		with := map[string]string{"http.response.status_code": status}
		for name, value := range tags {
			with[name] = value
		}
		if share > 0 {
			out = append(out, Series{Tags: with, Durations: scaled(s.served.Durations, part*share)})
		}
	}
	return out
}

func scaled(h analysis.Histogram, by float64) analysis.Histogram {
	out := h.Merge()
	for i := range out {
		out[i].Count *= by
	}
	return out
}
