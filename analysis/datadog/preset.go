package datadog

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/DataDog/datadog-api-client-go/v2/api/datadogV2"

	"github.com/serin-dev/serin/analysis"
)

// Labels of unified service tagging, and the one that names the operation.
const (
	labelService   = "tags.datadoghq.com/service"
	labelEnv       = "tags.datadoghq.com/env"
	labelVersion   = "tags.datadoghq.com/version"
	labelOperation = "serin.dev/apm-operation"
)

const (
	defaultPreset    = "apm"
	defaultOperation = "http.request"
	// podTag groups what Agents tag with the pod.
	podTag = "pod_name"
	// serverDuration is the distribution that the preset dogstatsd reads, named by
	// https://opentelemetry.io/docs/specs/semconv/http/http-metrics/, and serverStatus its tag with the status code.
	serverDuration = "http.server.request.duration"
	serverStatus   = "http.response.status_code"
)

// family is a way to tell the arms apart, and to count what they did.
type family struct {
	// arm finds the tags of one arm.
	arm func(namespace string, t analysis.Target) (arm, error)
	// quantiles says that a latency comes as one quantile per interval instead of counts.
	quantiles bool
	// requests, failed and durations ask for what an arm did.
	requests, failed func(arm) query
	durations        func(arm) latencies
}

// arm is one arm in Datadog's words.
type arm struct {
	// own tags tell it from the other arm; all of them select its service too.
	own, all []string
	// by is the tag that tells its pods apart, empty when only the arm is known.
	by string
	// service, env, version and operation, for data sources that have fields for them.
	service, env, version, operation string
}

// latencies ask for the distribution of durations.
type latencies struct {
	total    query
	upTo     func(seconds float64) query
	quantile func(q float64) (query, error)
	// unit is the seconds in one of the distribution's units.
	unit float64
}

// presets by name.
func presets() map[string]family {
	traces := family{
		arm: byVersion,
		requests: func(a arm) query {
			return metrics{function: "sum", metric: traceOf(a) + ".hits", scope: a.all}.counted()
		},
		failed: func(a arm) query {
			return metrics{function: "sum", metric: traceOf(a) + ".errors", scope: a.all}.counted()
		},
		durations: func(a arm) latencies { return distribution(traceOf(a), a.all, a.by, 1) },
	}
	statsd := family{
		arm:      byReplicaSet,
		requests: func(a arm) query { return metrics{"count", serverDuration, a.all, a.by}.counted() },
		failed: func(a arm) query {
			return metrics{"count", serverDuration, append(slices.Clone(a.all), serverStatus+":5*"), a.by}.counted()
		},
		durations: func(a arm) latencies { return distribution(serverDuration, a.all, a.by, 1) },
	}
	apm := family{
		arm: byVersion, quantiles: true,
		requests:  func(a arm) query { return apmMetric(a, datadogV2.APMMETRICSSTAT_HITS) },
		failed:    func(a arm) query { return apmMetric(a, datadogV2.APMMETRICSSTAT_ERRORS) },
		durations: apmDurations,
	}
	return map[string]family{
		"apm":                traces,
		"apm-quantile":       byQuantile(traces),
		"apm-metrics":        apm,
		"dogstatsd":          statsd,
		"dogstatsd-quantile": byQuantile(statsd),
	}
}

// traceOf is the name of the distribution of an operation's durations.
func traceOf(a arm) string { return "trace." + cmp.Or(a.operation, defaultOperation) }

// byQuantile is the family with one quantile per interval, for organisations whose distributions don't answer counts.
func byQuantile(f family) family {
	f.quantiles = true
	return f
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

// tagValue is what Datadog keeps of a tag's value without changing it, but for capitals.
var tagValue = regexp.MustCompile(`^[a-z0-9][a-z0-9_./-]{0,198}$`)

// byVersion knows an arm by the labels of unified service tagging.
func byVersion(_ string, t analysis.Target) (arm, error) {
	var a arm
	for _, one := range []struct {
		label string
		to    *string
	}{{labelService, &a.service}, {labelEnv, &a.env}, {labelVersion, &a.version}, {labelOperation, &a.operation}} {
		label, value := one.label, strings.ToLower(t.Labels[one.label]) // as Datadog keeps it
		switch {
		case value == "" && label == labelOperation:
			continue
		case value == "":
			return arm{}, fmt.Errorf("the pods of %s have no label %s, by which Datadog knows them: set it in the pod template's metadata.labels", name(t), label)
		case !tagValue.MatchString(value):
			return arm{}, fmt.Errorf("the label %s of the pods of %s is %q, which Datadog keeps in another form: write it with letters, digits, '.', '-' and '_'", label, name(t), value)
		}
		*one.to = value
	}
	a.own = []string{"version:" + a.version}
	a.all = []string{"service:" + a.service, "env:" + a.env, "version:" + a.version}
	return a, nil
}

// byReplicaSet knows an arm, and its pods, by the tags that an Agent in Kubernetes adds.
func byReplicaSet(namespace string, t analysis.Target) (arm, error) {
	if t.ReplicaSet == "" {
		return arm{}, errors.New("the arm has no ReplicaSet to know its pods by")
	}
	own := []string{"kube_namespace:" + namespace, "kube_replica_set:" + t.ReplicaSet}
	return arm{own: own, all: own, by: podTag}, nil
}

// name is what people call an arm.
func name(t analysis.Target) string {
	if t.ReplicaSet == "" {
		return "an arm without a ReplicaSet"
	}
	return "ReplicaSet " + t.ReplicaSet
}

// both finds the tags of the arms of a subject; without a candidate only the baseline's.
func (f family) both(s analysis.Subject) (map[analysis.Arm]arm, error) {
	out := map[analysis.Arm]arm{}
	baseline, err := f.arm(s.Namespace, s.Baseline)
	if err != nil {
		return nil, err
	}
	out[analysis.Baseline] = baseline
	if s.Candidate.ReplicaSet == "" && s.Candidate.Labels == nil {
		return out, nil
	}
	candidate, err := f.arm(s.Namespace, s.Candidate)
	if err != nil {
		return nil, err
	}
	if slices.Equal(baseline.own, candidate.own) {
		if baseline.version == "" {
			return nil, fmt.Errorf("both versions are %s", name(s.Baseline))
		}
		return nil, fmt.Errorf("the pods of %s and of %s both have the label %s: %q, so Datadog can't tell them apart: "+
			"set it to something that every release changes, such as the image's tag, in the pod template's metadata.labels",
			name(s.Baseline), name(s.Candidate), labelVersion, baseline.version)
	}
	out[analysis.Candidate] = candidate
	return out, nil
}
