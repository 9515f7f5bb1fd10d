// Package service is the app under release in Serin's demo and end-to-end tests: an HTTP and WebSocket server whose latency,
// errors and manners are settings, so that "the candidate got slower" is one environment variable.
//
//	GET  /           any path: JSON with the version, pod and revision that answered
//	GET  /ws         WebSocket echo
//	GET  /healthz    readiness: 503 before the start-up delay is over, while draining, and with -never-ready
//	GET  /livez      liveness: always 200
//	GET  /metrics    both metric families described at Metrics; Prometheus chooses text or protobuf by its Accept header
//	GET  /behaviour  what it is set to do, as JSON
//	POST /behaviour  changes that while it runs, when -allow-behaviour is on; fields left out stay as they are
//
// Every answer carries X-Demo-Version and X-Demo-Pod, and an error made on purpose X-Demo-Injected: true. An answer without
// X-Demo-Version therefore came from something in between.
package service

// Names of the headers that the service sets on its answers.
const (
	HeaderVersion  = "X-Demo-Version"  // on every answer
	HeaderPod      = "X-Demo-Pod"      // on every answer
	HeaderInjected = "X-Demo-Injected" // "true" on an error that was asked for by the error rate
)
