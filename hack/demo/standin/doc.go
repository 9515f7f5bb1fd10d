// Package standin stands in for Datadog where its service can't be reached: for the Agent, which gathers, and for the API, which
// answers. It is not Datadog: it speaks the wire format that Datadog documents, as far as Serin uses it.
//
// Every ten seconds, on the clock, it lists the pods of a namespace and reads http_request_duration_seconds of each at /metrics. What
// was counted since the last time becomes a point of the distribution http.server.request.duration, as the Agent's OpenMetrics check
// makes one of a histogram's buckets. It has the tags that an Agent adds in Kubernetes: kube_namespace, kube_deployment,
// kube_replica_set and pod_name; service, env and version where the pod has the labels of unified service tagging; and
// http.response.status_code.
//
//	POST /api/v2/query/timeseries  answered by package datadogtest
//	GET  /status                   what was gathered and asked, which Datadog does not tell: see package status
//	GET  /healthz                  200
package standin
