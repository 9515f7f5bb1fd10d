package v1alpha1_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// goodCanary is what the documentation shows first.
const goodCanary = `
apiVersion: serin.dev/v1alpha1
kind: Canary
metadata: {name: read-api, namespace: default}
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: read-api}
  traffic:
    service: {name: read-api, port: 80}
    routes: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: read-api}]
  steps:
  - {weight: 10, bake: 2m}
  - {weight: 50, bake: 5m, approval: true}
  - {weight: 100, bake: 10m}
  analysis:
    source: prometheus
    interval: 15s
    metrics:
    - name: errors
      errorRate: {maxIncrease: {absolute: 0.1%}, limit: 1%}
    - name: latency
      latency: {quantile: p95, maxIncrease: {relative: 10%, absolute: 5ms}, limit: 500ms}
`

const goodSource = `
apiVersion: serin.dev/v1alpha1
kind: MetricSource
metadata: {name: prometheus}
spec:
  type: prometheus
  address: http://prometheus.monitoring:9090
`

// refused is a small mistake, where it is reported, and the advice that the report holds.
type refused struct{ patch, field, advice string }

func TestCanaryRefused(t *testing.T) {
	errorRate := func(inner string) string {
		return "spec: {analysis: {metrics: [{name: errors, errorRate: " + inner + "}]}}"
	}
	latency := func(inner string) string {
		return "spec: {analysis: {metrics: [{name: latency, latency: " + inner + "}]}}"
	}
	value := func(inner string) string {
		return `spec: {analysis: {metrics: [{name: lag, value: {query: "max(lag{$arm})", worse: Higher, ` + inner + `}}]}}`
	}
	const metric, metricError, metricLatency = "spec.analysis.metrics[0]", "spec.analysis.metrics[0].errorRate", "spec.analysis.metrics[0].latency"
	const metricValue = metric + ".value"

	assertRefused(t, goodCanary, map[string]refused{
		"a name too long for the Services named after it":  {`metadata: {name: ` + strings.Repeat("a", 54) + `}`, "", "metadata.name must have at most 53 characters"},
		"a name that no Service may have":                  {`metadata: {name: 2-factor}`, "", "begin with a letter"},
		"a name with a dot":                                {`metadata: {name: read.api}`, "", "lowercase letters, digits and '-'"},
		"no spec":                                          {`spec: null`, "spec", "Required value"},
		"no target":                                        {`spec: {targetRef: null}`, "spec.targetRef", "Required value"},
		"a target that is no Deployment":                   {`spec: {targetRef: {kind: StatefulSet}}`, "spec.targetRef.kind", "targetRef.kind must be Deployment"},
		"a target of another API":                          {`spec: {targetRef: {apiVersion: extensions/v1beta1}}`, "spec.targetRef.apiVersion", "targetRef.apiVersion must be apps/v1"},
		"a target without a name":                          {`spec: {targetRef: {name: ""}}`, "spec.targetRef.name", "must be the name of a Deployment"},
		"a target in capitals":                             {`spec: {targetRef: {name: Read-API}}`, "spec.targetRef.name", "lowercase letters"},
		"traffic without routes and gateway":               {`spec: {traffic: {routes: null}}`, "spec.traffic", "write one of them, not both"},
		"traffic with both routes and gateway":             {`spec: {traffic: {gateway: {parentRefs: [{name: public}]}}}`, "spec.traffic", "write one of them, not both"},
		"traffic without a service":                        {`spec: {traffic: {service: null}}`, "spec.traffic.service", "Required value"},
		"no routes at all":                                 {`spec: {traffic: {routes: []}}`, "spec.traffic.routes", "should have at least 1 items"},
		"the same route twice":                             {`spec: {traffic: {routes: [{group: a.io, kind: Route, name: x}, {group: a.io, kind: Route, name: x}]}}`, "spec.traffic.routes[1]", "Duplicate value"},
		"a route group with its version":                   {`spec: {traffic: {routes: [{group: gateway.networking.k8s.io/v1, kind: HTTPRoute, name: x}]}}`, "spec.traffic.routes[0].group", "without its version, such as gateway.networking.k8s.io"},
		"a route kind in lowercase":                        {`spec: {traffic: {routes: [{group: a.io, kind: httproute, name: x}]}}`, "spec.traffic.routes[0].kind", "CamelCase, such as HTTPRoute"},
		"a route without a name":                           {`spec: {traffic: {routes: [{group: a.io, kind: Route}]}}`, "spec.traffic.routes[0].name", "Required value"},
		"a service port by name":                           {`spec: {traffic: {service: {port: http}}}`, "spec.traffic.service.port", "must be of type integer"},
		"a service port of 0":                              {`spec: {traffic: {service: {port: 0}}}`, "spec.traffic.service.port", "greater than or equal to 1"},
		"a service port too high":                          {`spec: {traffic: {service: {port: 65536}}}`, "spec.traffic.service.port", "less than or equal to 65535"},
		"a service by its host name":                       {`spec: {traffic: {service: {name: read-api.shop.svc}}}`, "spec.traffic.service.name", "service.name must be the name of a Service"},
		"the service that Serin makes for the candidate":   {`spec: {traffic: {service: {name: read-api-candidate}}}`, "spec.traffic.service.name", "must be your own Service"},
		"the service that Serin makes for the baseline":    {`spec: {traffic: {service: {name: read-api-baseline}}}`, "spec.traffic.service.name", "must be your own Service"},
		"a gateway without a parent":                       {`spec: {traffic: {routes: null, gateway: {parentRefs: []}}}`, "spec.traffic.gateway.parentRefs", "should have at least 1 items"},
		"a host name with its scheme":                      {`spec: {traffic: {routes: null, gateway: {parentRefs: [{name: public}], hostnames: ["https://api.example.com"]}}}`, "spec.traffic.gateway.hostnames", "without scheme and port, such as api.example.com"},
		"a Gateway named with its namespace":               {`spec: {traffic: {routes: null, gateway: {parentRefs: [{name: infra/public}]}}}`, "spec.traffic.gateway.parentRefs[0].name", "must be the name of a Gateway"},
		"no steps at all":                                  {`spec: {steps: []}`, "spec.steps", "should have at least 1 items"},
		"steps that fall":                                  {`spec: {steps: [{weight: 50}, {weight: 10}, {weight: 100}]}`, "spec.steps", "write 10, 50, 100, each weight once"},
		"a weight twice":                                   {`spec: {steps: [{weight: 50}, {weight: 50}, {weight: 100}]}`, "spec.steps", "write 10, 50, 100, each weight once"},
		"steps that end before 100":                        {`spec: {steps: [{weight: 10}, {weight: 50}]}`, "spec.steps", "add {weight: 100} as the last step"},
		"a weight of 0":                                    {`spec: {steps: [{weight: 0}, {weight: 100}]}`, "spec.steps[0].weight", "greater than or equal to 1"},
		"a weight above 100":                               {`spec: {steps: [{weight: 100}, {weight: 101}]}`, "spec.steps[1].weight", "less than or equal to 100"},
		"a step without a weight":                          {`spec: {steps: [{bake: 2m}]}`, "spec.steps[0].weight", "Required value"},
		"a bake without a unit":                            {`spec: {steps: [{weight: 100, bake: "120"}]}`, "spec.steps[0].bake", "such as 90s, 2m or 1h30m"},
		"a bake that is a number":                          {`spec: {steps: [{weight: 100, bake: 120}]}`, "spec.steps[0].bake", "must be of type string"},
		"a bake in days":                                   {`spec: {steps: [{weight: 100, bake: 1d}]}`, "spec.steps[0].bake", "0s to 168h (7 days)"},
		"a bake below zero":                                {`spec: {steps: [{weight: 100, bake: -5m}]}`, "spec.steps[0].bake", "0s to 168h (7 days)"},
		"a bake of more than 7 days":                       {`spec: {steps: [{weight: 100, bake: 169h}]}`, "spec.steps[0].bake", "0s to 168h (7 days)"},
		"a source that is no name":                         {`spec: {analysis: {source: "http://prometheus:9090"}}`, "spec.analysis.source", "must be the name of a MetricSource"},
		"an interval below a second":                       {`spec: {analysis: {interval: 500ms}}`, "spec.analysis.interval", "from 1s to 10m, such as 15s"},
		"an interval above 10 minutes":                     {`spec: {analysis: {interval: 11m}}`, "spec.analysis.interval", "from 1s to 10m, such as 15s"},
		"a warm-up above 30 minutes":                       {`spec: {analysis: {warmUp: 31m, deadline: 2h}}`, "spec.analysis.warmUp", "from 0s to 30m, such as 30s"},
		"a warm-up in words":                               {`spec: {analysis: {warmUp: short}}`, "spec.analysis.warmUp", "from 0s to 30m, such as 30s"},
		"a deadline below a minute":                        {`spec: {analysis: {deadline: 50s, warmUp: 0s}}`, "spec.analysis.deadline", "from 1m to 168h (7 days), such as 15m"},
		"a deadline above 7 days":                          {`spec: {analysis: {deadline: 200h}}`, "spec.analysis.deadline", "from 1m to 168h (7 days), such as 15m"},
		"a deadline that leaves no room for a look":        {`spec: {analysis: {deadline: 5m, interval: 10m}}`, "spec.analysis.deadline", "must leave room for warmUp and one interval"},
		"a deadline that ends before the warm-up":          {`spec: {analysis: {deadline: 10m, warmUp: 30m}}`, "spec.analysis.deadline", "must leave room for warmUp and one interval"},
		"an unknown policy without a verdict":              {`spec: {analysis: {onInconclusive: Promote}}`, "spec.analysis.onInconclusive", `supported values: "RollBack", "Hold", "Advance"`},
		"a rollback rate that is no share":                 {`spec: {analysis: {falseRollbackRate: "0.01"}}`, "spec.analysis.falseRollbackRate", "from 0.01% to 20%, such as 1%"},
		"no rollback is ever wrong":                        {`spec: {analysis: {falseRollbackRate: "0%"}}`, "spec.analysis.falseRollbackRate", "from 0.01% to 20%, such as 1%"},
		"half of the rollbacks are wrong":                  {`spec: {analysis: {falseRollbackRate: "50%"}}`, "spec.analysis.falseRollbackRate", "from 0.01% to 20%, such as 1%"},
		"no requests needed":                               {`spec: {analysis: {minRequests: 0}}`, "spec.analysis.minRequests", "greater than or equal to 1"},
		"no metrics at all":                                {`spec: {analysis: {metrics: []}}`, "spec.analysis.metrics", "should have at least 1 items"},
		"eleven metrics":                                   {`spec: {analysis: {metrics: [` + manyMetrics(11) + `]}}`, "spec.analysis.metrics", "must have at most 10 items"},
		"a metric name twice":                              {`spec: {analysis: {metrics: [{name: a, latency: {limit: 1s}}, {name: a, latency: {limit: 2s}}]}}`, "spec.analysis.metrics[1]", "Duplicate value"},
		"a metric name with spaces":                        {`spec: {analysis: {metrics: [{name: Checkout latency, latency: {limit: 1s}}]}}`, metric + ".name", "such as checkout-latency"},
		"a metric of nothing":                              {`spec: {analysis: {metrics: [{name: errors}]}}`, metric, "exactly one of errorRate, latency and value"},
		"a metric of both":                                 {`spec: {analysis: {metrics: [{name: both, errorRate: {limit: 1%}, latency: {limit: 1s}}]}}`, metric, "write two metrics to judge two of them"},
		"a metric of all three":                            {`spec: {analysis: {metrics: [{name: all, errorRate: {limit: 1%}, latency: {limit: 1s}, value: {query: "max(lag{$arm})", worse: Higher, limit: "1"}}]}}`, metric, "write two metrics to judge two of them"},
		"an error rate without a bound":                    {errorRate(`{preset: traefik}`), metricError, "errorRate needs maxIncrease or limit"},
		"a latency without a bound":                        {latency(`{quantile: p99}`), metricLatency, "latency needs maxIncrease or limit"},
		"an increase of an error rate by nothing":          {errorRate(`{maxIncrease: {}}`), metricError + ".maxIncrease", "write absolute: 0.1% (percentage points), relative: 10% (of the baseline's rate), or both"},
		"an increase of a latency by nothing":              {latency(`{maxIncrease: {}}`), metricLatency + ".maxIncrease", "write relative: 10%, absolute: 5ms, or both"},
		"a limit without the percent sign":                 {errorRate(`{limit: "0.01"}`), metricError + ".limit", "above 0% and at most 100%, such as 1% or 0.5%"},
		"a limit that is a number":                         {errorRate(`{limit: 1}`), metricError + ".limit", "must be of type string"},
		"a limit of 0%":                                    {errorRate(`{limit: 0.0%}`), metricError + ".limit", "above 0% and at most 100%"},
		"a limit above 100%":                               {errorRate(`{limit: 101%}`), metricError + ".limit", "above 0% and at most 100%"},
		"a limit below zero":                               {errorRate(`{limit: -1%}`), metricError + ".limit", "above 0% and at most 100%"},
		"an error rate bounded by a time":                  {errorRate(`{limit: 500ms}`), metricError + ".limit", "must be a percentage"},
		"an absolute increase of an error rate in words":   {errorRate(`{maxIncrease: {absolute: "0,1 %"}}`), metricError + ".maxIncrease.absolute", "such as 0.1%"},
		"an absolute increase above 100 percentage points": {errorRate(`{maxIncrease: {absolute: 100.1%}}`), metricError + ".maxIncrease.absolute", "at most 100%"},
		"a relative increase of 0%":                        {errorRate(`{maxIncrease: {relative: 0%}}`), metricError + ".maxIncrease.relative", "above 0% and at most 1000%"},
		"a relative increase of a latency by a time":       {latency(`{maxIncrease: {relative: 5ms}}`), metricLatency + ".maxIncrease.relative", "must be a percentage"},
		"an absolute increase of a latency by a share":     {latency(`{maxIncrease: {absolute: 5%}}`), metricLatency + ".maxIncrease.absolute", "with its unit: 5ms or 0.1s"},
		"an absolute increase of a latency by nothing":     {latency(`{maxIncrease: {absolute: 0ms}}`), metricLatency + ".maxIncrease.absolute", "above 0"},
		"a latency limit without a unit":                   {latency(`{limit: "500"}`), metricLatency + ".limit", "with its unit: 500ms or 1.5s"},
		"a latency limit of 0":                             {latency(`{limit: 0s}`), metricLatency + ".limit", "above 0 and at most 10m"},
		"a latency limit of an hour":                       {latency(`{limit: 60m}`), metricLatency + ".limit", "above 0 and at most 10m"},
		"a quantile that no source brings":                 {latency(`{quantile: p42, limit: 1s}`), metricLatency + ".quantile", `supported values: "p50", "p90", "p95", "p99"`},
		"a preset beside a query":                          {errorRate(`{limit: 1%, preset: traefik, query: {requests: "a{$arm}", errors: "b{$arm}"}}`), metricError, "leave out preset to use your own query"},
		"a latency preset beside a query":                  {latency(`{limit: 1s, preset: traefik, query: {histogram: "a{$arm}"}}`), metricLatency, "leave out preset to use your own query"},
		"a preset that is no name":                         {errorRate(`{limit: 1%, preset: "Istio 1.2"}`), metricError + ".preset", "lowercase letters, digits and '-'"},
		"a query of requests without $arm":                 {errorRate(`{limit: 1%, query: {requests: "a", errors: "b{$arm}"}}`), metricError + ".query.requests", "such as http_requests_total{$arm}"},
		"a query of errors without $arm":                   {errorRate(`{limit: 1%, query: {requests: "a{$arm}", errors: "b"}}`), metricError + ".query.errors", `such as http_requests_total{$arm,code=~"5.."}`},
		"a query of requests alone":                        {errorRate(`{limit: 1%, query: {requests: "a{$arm}"}}`), metricError + ".query.errors", "Required value"},
		"a query of a histogram without $arm":              {latency(`{limit: 1s, query: {histogram: a}}`), metricLatency + ".query.histogram", "such as http_request_duration_seconds{$arm}"},
		"a value without a bound":                          {`spec: {analysis: {metrics: [{name: lag, value: {query: "max(lag{$arm})", worse: Higher}}]}}`, metricValue, "write what may not get worse, such as maxChange: {relative: 20%} or limit: \"10000\""},
		"a value without a query":                          {`spec: {analysis: {metrics: [{name: lag, value: {worse: Higher, limit: "1"}}]}}`, metricValue + ".query", "Required value"},
		"a value whose query has no $arm":                  {`spec: {analysis: {metrics: [{name: lag, value: {query: max(lag), worse: Higher, limit: "1"}}]}}`, metricValue + ".query", "such as max(records_lag_max{$arm})"},
		"a value without a direction":                      {`spec: {analysis: {metrics: [{name: lag, value: {query: "max(lag{$arm})", limit: "1"}}]}}`, metricValue + ".worse", "Required value"},
		"a value in an unknown direction":                  {`spec: {analysis: {metrics: [{name: lag, value: {query: "max(lag{$arm})", limit: "1", worse: Up}}]}}`, metricValue + ".worse", `supported values: "Higher", "Lower"`},
		"a change of a value by nothing":                   {value(`maxChange: {}`), metricValue + ".maxChange", `write relative: 20%, absolute: "500", or both`},
		"an absolute change of a value in percent":         {value(`maxChange: {absolute: 5%}`), metricValue + ".maxChange.absolute", `without a unit and in quotes, such as "500"`},
		"an absolute change of a value of 0":               {value(`maxChange: {absolute: "0.0"}`), metricValue + ".maxChange.absolute", "above 0"},
		"an absolute change of a value that is a number":   {value(`maxChange: {absolute: 500}`), metricValue + ".maxChange.absolute", "must be of type string"},
		"a relative change of a value without its sign":    {value(`maxChange: {relative: "20"}`), metricValue + ".maxChange.relative", "such as 20%"},
		"a limit of a value with a unit":                   {value(`limit: 10k`), metricValue + ".limit", `such as "10000" or "0.95"`},
		"a limit of a value below 0":                       {value(`limit: "-5"`), metricValue + ".limit", "above 0"},
		"a query without end":                              {latency(`{limit: 1s, query: {histogram: "` + strings.Repeat("a", 2048) + `{$arm}"}}`), metricLatency + ".query.histogram", "may not be more than 2048 bytes"},
	})
}

func TestMetricSourceRefused(t *testing.T) {
	assertRefused(t, goodSource, map[string]refused{
		"no type":                           {`spec: {type: null}`, "spec.type", "Required value"},
		"a type in capitals":                {`spec: {type: Prometheus}`, "spec.type", "such as prometheus or datadog"},
		"no address":                        {`spec: {address: null}`, "spec.address", "Required value"},
		"an address without a scheme":       {`spec: {address: "prometheus:9090"}`, "spec.address", "complete http or https URL, such as http://prometheus.monitoring:9090"},
		"an address of another scheme":      {`spec: {address: "ftp://prometheus"}`, "spec.address", "complete http or https URL"},
		"an address without a host":         {`spec: {address: "http:///api"}`, "spec.address", "complete http or https URL"},
		"an address with a line break":      {`spec: {address: "http://prometheus\n"}`, "spec.address", "complete http or https URL"},
		"an address with a password":        {`spec: {address: "http://user:secret@prometheus:9090"}`, "spec.address", "put them under username and password in the Secret that secretRef names"},
		"an address with a query":           {`spec: {address: "http://prometheus:9090?tenant=1"}`, "spec.address", "leave out everything from ? or # on"},
		"an address with a fragment":        {`spec: {address: "http://prometheus:9090/#graph"}`, "spec.address", "leave out everything from ? or # on"},
		"a default that is a word":          {`spec: {default: "yes"}`, "spec.default", "must be of type boolean"},
		"a preset in capitals":              {`spec: {preset: OpenTelemetry}`, "spec.preset", "such as opentelemetry"},
		"a timeout below a second":          {`spec: {timeout: 100ms}`, "spec.timeout", "from 1s to 60s, such as 10s"},
		"a timeout above a minute":          {`spec: {timeout: 2m}`, "spec.timeout", "from 1s to 60s, such as 10s"},
		"a timeout without a unit":          {`spec: {timeout: "10"}`, "spec.timeout", "from 1s to 60s, such as 10s"},
		"a delay below a second":            {`spec: {delay: 0s}`, "spec.delay", "from 1s to 5m, such as 30s"},
		"a delay above five minutes":        {`spec: {delay: 6m}`, "spec.delay", "from 1s to 5m, such as 30s"},
		"a delay that is a number":          {`spec: {delay: 30}`, "spec.delay", "must be of type string"},
		"a signature without a Secret":      {`spec: {sigV4: {region: eu-central-1}}`, "spec", "spec.sigV4 needs secretRef: a Secret with aws_access_key_id"},
		"a signature of another type":       {`spec: {type: datadog, secretRef: {name: a}, sigV4: {region: eu-central-1}}`, "spec", "spec.sigV4 is for type prometheus"},
		"a signature without a region":      {`spec: {secretRef: {name: a}, sigV4: {}}`, "spec.sigV4.region", "Required value"},
		"a region that is a city":           {`spec: {secretRef: {name: a}, sigV4: {region: Frankfurt}}`, "spec.sigV4.region", "such as eu-central-1"},
		"a Secret with its namespace":       {`spec: {secretRef: {name: serin-system/prometheus}}`, "spec.secretRef.name", "in the operator's namespace"},
		"a header for a password":           {`spec: {headers: {authorization: Bearer abc}}`, "spec.headers", "under the key header.NAME"},
		"a header for an API key":           {`spec: {headers: {DD-API-KEY: abc}}`, "spec.headers", "under the key header.NAME"},
		"a header for a cookie":             {`spec: {headers: {Cookie: session=abc}}`, "spec.headers", "under the key header.NAME"},
		"a header of the HTTP client's own": {`spec: {headers: {Host: prometheus}}`, "spec.headers", "leave Host, Connection"},
		"a header with a space":             {`spec: {headers: {X Tenant: shop}}`, "spec.headers", "such as X-Scope-OrgID"},
		"a header of two lines":             {`spec: {headers: {X-Tenant: "shop\r\nX-Other: 1"}}`, "spec.headers", "on one line"},
		"eleven headers":                    {`spec: {headers: {` + manyHeaders(11) + `}}`, "spec.headers", "must have at most 10"},
		"no headers at all":                 {`spec: {headers: {}}`, "spec.headers", "should have at least 1 properties"},
	})
}

func TestTargetCannotChange(t *testing.T) {
	server := needCluster(t)
	canary := object(t, goodCanary)
	canary.SetNamespace(server.namespace(t))
	if err := server.client.Create(t.Context(), canary); err != nil {
		t.Fatal(err)
	}
	change := object(t, `{spec: {targetRef: {name: write-api}}}`)
	merge(canary.Object, change.Object)
	err := server.client.Update(t.Context(), canary)
	assertCause(t, err, "spec.targetRef", "make a new Canary for the other workload and delete this one")
}

func manyMetrics(n int) string {
	metrics := make([]string, n)
	for i := range n {
		metrics[i] = fmt.Sprintf("{name: m%d, latency: {limit: 1s}}", i)
	}
	return strings.Join(metrics, ", ")
}

func manyHeaders(n int) string {
	headers := make([]string, n)
	for i := range n {
		headers[i] = fmt.Sprintf("X-%d: a", i)
	}
	return strings.Join(headers, ", ")
}

func assertRefused(t *testing.T, good string, cases map[string]refused) {
	t.Helper()
	server := needCluster(t)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := server.client.Create(t.Context(), patched(t, good, tc.patch), client.DryRunAll)
			assertCause(t, err, tc.field, tc.advice)
		})
	}
}

// assertCause wants one complaint about the field, and that it holds the advice.
func assertCause(t *testing.T, err error, field, advice string) {
	t.Helper()
	var status *apierrors.StatusError
	if !errors.As(err, &status) || !apierrors.IsInvalid(err) {
		t.Fatalf("got %v, want it refused as invalid at %q", err, field)
	}
	var complaints []string
	for _, cause := range status.Status().Details.Causes {
		// The API server reports rules of the whole object at "<nil>", and says there too when it gave up early.
		if strings.TrimPrefix(cause.Field, "<nil>") == field && !strings.Contains(cause.Message, "some validation rules were not checked") {
			complaints = append(complaints, cause.Message)
		}
	}
	if len(complaints) != 1 || !strings.Contains(complaints[0], advice) {
		t.Errorf("got %v\nwant one complaint at %q with %q", err, field, advice)
	}
}
