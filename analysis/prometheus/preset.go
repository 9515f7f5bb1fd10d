package prometheus

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/serin-dev/serin/analysis"
)

// family is a set of metrics that tell of the same requests. A preset is a family that many applications have.
type family struct {
	// requests are counters of requests, or histograms of them; each pod is counted by the first that it has.
	requests []string
	// duration is the base name of the histogram of durations, and unit the seconds in one of its units.
	duration string
	unit     float64
	// status are labels with the status code of the answer; the first that a series has counts, and 5xx is an error.
	status []string
	// failure is a label that says why there was no answer, on series without a status.
	failure string
	// only restricts the series.
	only []matcher
	// arms are ways to tell the arms apart, tried in order until one finds series.
	arms []armsOf
}

// defaultPreset is what a source that names none uses.
const defaultPreset = "opentelemetry"

// presets by name.
func presets() map[string]family {
	return map[string]family{
		// https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
		"opentelemetry": {
			requests: []string{"http_server_request_duration_seconds", "http_server_request_duration_seconds_count"},
			duration: "http_server_request_duration_seconds",
			unit:     1,
			status:   []string{"http_response_status_code"},
			failure:  "error_type",
			arms: []armsOf{
				byPod("namespace", "pod"),
				byPod("k8s_namespace_name", "k8s_pod_name"), // pushed, with resource attributes as labels
			},
		},
		// The names that most client libraries' examples and middlewares use.
		"classic": {
			requests: []string{"http_requests_total", "http_request_duration_seconds", "http_request_duration_seconds_count"},
			duration: "http_request_duration_seconds",
			unit:     1,
			status:   []string{"code", "status", "status_code"},
			arms: []armsOf{
				byPod("namespace", "pod"),
				byPod("kubernetes_namespace", "kubernetes_pod_name"), // older scrape configurations
			},
		},
		// https://istio.io/latest/docs/reference/config/metrics/
		"istio": {
			requests: []string{"istio_requests_total"},
			duration: "istio_request_duration_milliseconds",
			unit:     1e-3,
			status:   []string{"response_code"},
			only:     []matcher{equals("reporter", "destination")},
			arms:     []armsOf{byPod("namespace", "pod")},
		},
		// https://doc.traefik.io/traefik/reference/install-configuration/observability/metrics/
		"traefik": {
			requests: []string{"traefik_service_requests_total"},
			duration: "traefik_service_request_duration_seconds",
			unit:     1,
			status:   []string{"code"},
			arms: []armsOf{
				byService("service", traefikService),
				byService("exported_service", traefikService), // a scraper that has a service label of its own
			},
		},
		// https://kubernetes.github.io/ingress-nginx/user-guide/monitoring/
		"nginx": {
			requests: []string{"nginx_ingress_controller_requests"},
			duration: "nginx_ingress_controller_request_duration_seconds",
			unit:     1,
			status:   []string{"status"},
			arms:     []armsOf{byBackend("namespace", "service"), byBackend("exported_namespace", "exported_service")},
		},
	}
}

// findPreset answers the preset called name; the error lists those there are.
func findPreset(name string) (family, error) {
	all := presets()
	f, ok := all[name]
	if !ok {
		return family{}, fmt.Errorf("there is no preset %q; write one of %s", name, strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	}
	return f, nil
}

// names are the series needed to answer q.
func (f family) names(errors, latency bool) []string {
	var names []string
	if errors {
		names = append(names, f.requests...)
	}
	if latency {
		names = append(names, f.duration, f.duration+"_bucket")
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// failed says whether the requests of a series failed; told is false when its labels do not tell.
func (f family) failed(labels map[string]string) (failed, told bool) {
	for _, name := range f.status {
		if code := labels[name]; code != "" {
			return len(code) == 3 && code[0] == '5', true
		}
	}
	why := labels[f.failure] != ""
	return why, why
}

// traefikService are the patterns of the label that Traefik gives a Service: behind an HTTPRoute or GRPCRoute, and behind an
// Ingress or IngressRoute.
func traefikService(namespace string, t analysis.Target) []string {
	ns, service := quoteAll([]string{namespace})[0], quoteAll([]string{t.Service})[0]
	return []string{
		"(?:http|grpc)route-" + ns + "-.+-svc-" + ns + "-" + service + "-[0-9]+@kubernetesgateway",
		ns + "-" + service + "-[a-z0-9]+@kubernetes(?:crd)?",
	}
}
