package chart

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/action"
	"sigs.k8s.io/yaml"
)

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// many are values that turn on all that can be: what holds of the chart has to hold with these as well.
const many = `
image: {repository: registry.example/serin, digest: "sha256:` + sixtyFour + `", pullPolicy: Always}
imagePullSecrets: [{name: registry}]
replicas: 3
drain: 1m30s
gatewayLag: 500ms
workers: 4
logLevel: 2
traces: {keepLast: false, files: {enabled: true, limit: 33554432, volume: {persistentVolumeClaim: {claimName: traces}}}}
notifications: {secret: serin-notifications}
metrics:
  port: 9090
  secure: true
  certificateSecret: serin-metrics
  service: {annotations: {a: b}}
  serviceMonitor: {enabled: true, labels: {release: prometheus}, interval: 1m}
networkPolicy:
  enabled: true
  metricsFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]
  egress: [{ports: [{port: 443}]}]
podDisruptionBudget: {maxUnavailable: 50%}
serviceAccount: {annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::1:role/serin"}}
resources: {requests: {cpu: "1"}}
extraEnv: [{name: HTTPS_PROXY, value: "http://proxy:3128"}]
podLabels: {team: release, app.kubernetes.io/name: mine}
podAnnotations: {a: b}
priorityClassName: system-cluster-critical
nodeSelector: {kubernetes.io/os: linux}
tolerations: [{key: infra, operator: Exists}]
affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: infra, operator: Exists}]}]}}}
topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {team: release}}}]
global: {whatever: true}
`

const (
	sixtyFour  = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	namespaced = many + "\nwatchNamespaces: [shop, depot, serin-system, shop]\n"
	little     = `
replicas: 1
gate: {enabled: false}
policies: {enabled: false}
crds: {enabled: false}
metrics: {enabled: false}
podDisruptionBudget: {enabled: false}
serviceAccount: {create: false, name: somebody}
topologySpreadConstraints: []
runAsUser: null
`
)

// installations are the values under which whatever must hold of every installation is tested.
func installations() map[string]string {
	return map[string]string{"the defaults": "", "all that can be turned on": many, "some namespaces only": namespaced, "all that can be turned off": little}
}

func TestTheChartPassesHelmsLinter(t *testing.T) {
	for name, values := range installations() {
		t.Run(name, func(t *testing.T) {
			result := action.NewLint().Run([]string{folder}, parse(t, values))
			for _, m := range result.Messages {
				// An icon is for catalogues of charts, and this is in none.
				if !strings.Contains(m.Err.Error(), "icon is recommended") {
					t.Errorf("%s", m)
				}
			}
		})
	}
}

func TestAWrongValueIsRefusedByItsKey(t *testing.T) {
	for name, c := range map[string]struct{ values, key string }{
		"a key that nobody knows":                   {"replica: 3", "replica"},
		"an unknown key further in":                 {"metrics: {sercure: true}", "sercure"},
		"less than no replica":                      {"replicas: -1", "replicas"},
		"a number as words":                         {"workers: many", "workers"},
		"nobody at work":                            {"workers: 0", "workers"},
		"a duration without a unit":                 {"drain: 5", "drain"},
		"a duration that Go can't read":             {"gatewayLag: 2 seconds", "gatewayLag"},
		"a tag in the repository's place":           {"image: {repository: 'serin.dev/serin:dev@x'}", "repository"},
		"half a digest":                             {"image: {digest: 'sha256:12'}", "digest"},
		"a pull policy of its own":                  {"image: {pullPolicy: Sometimes}", "pullPolicy"},
		"one namespace that is not in a list":       {"watchNamespaces: shop", "watchNamespaces"},
		"a pattern instead of a namespace":          {"watchNamespaces: ['team-*']", "watchNamespaces"},
		"a switch as a word":                        {"gate: {enabled: 'yes'}", "gate"},
		"a trace of a few bytes":                    {"traces: {files: {limit: 10}}", "limit"},
		"a file in the place of a Secret":           {"notifications: {secret: notifications.yaml/}", "notifications"},
		"a privileged port":                         {"metrics: {port: 443}", "port"},
		"the port of the probes":                    {"metrics: {port: 8081}", "port"},
		"a ServiceMonitor without a Service":        {"metrics: {service: {enabled: false}, serviceMonitor: {enabled: true}}", "service"},
		"metrics for nobody":                        {"networkPolicy: {metricsFrom: []}", "metricsFrom"},
		"a budget that blocks every drain":          {"podDisruptionBudget: {maxUnavailable: 0}", "maxUnavailable"},
		"an account that is neither made nor named": {"serviceAccount: {create: false}", "serviceAccount"},
		"root":                                 {"runAsUser: 0", "runAsUser"},
		"the namespace that Serin itself sets": {"extraEnv: [{name: POD_NAMESPACE, value: elsewhere}]", "extraEnv"},
		"a name that Kubernetes doesn't take":  {"fullnameOverride: Serin_1", "fullnameOverride"},
		"a log level of its own":               {"logLevel: loud", "logLevel"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := render(t, c.values)
			if err == nil || !strings.Contains(err.Error(), c.key) {
				t.Errorf("%s: %v, want an error that names %q", c.values, err, c.key)
			}
		})
	}
}

// node is what these tests read of a JSON schema.
type node struct {
	Description          string          `json:"description"`
	Type                 any             `json:"type"`
	Properties           map[string]node `json:"properties"`
	AdditionalProperties any             `json:"additionalProperties"`
	Items                *node           `json:"items"`
}

func TestTheSchemaAndTheDefaultsHaveTheSameKeysAndEachIsDescribed(t *testing.T) {
	var root node
	if err := json.Unmarshal([]byte(read(t, filepath.Join(folder, "values.schema.json"))), &root); err != nil {
		t.Fatal(err)
	}
	var defaults map[string]any
	if err := yaml.Unmarshal([]byte(read(t, filepath.Join(folder, "values.yaml"))), &defaults); err != nil {
		t.Fatal(err)
	}
	// What the chart has no default for, on purpose.
	without := []string{".global", ".resources.claims"}
	compare(t, "", root, defaults, without)
}

func compare(t *testing.T, path string, n node, defaults map[string]any, without []string) {
	t.Helper()
	if n.AdditionalProperties != false {
		t.Errorf("%s lets unknown keys pass", path)
	}
	for key := range defaults {
		if _, ok := n.Properties[key]; !ok {
			t.Errorf("%s.%s has a default and is not in the schema", path, key)
		}
	}
	for key, child := range n.Properties {
		at := path + "." + key
		if !strings.HasSuffix(strings.TrimSpace(child.Description), ".") && !strings.Contains(child.Description, ", as ") {
			t.Errorf("%s: %q is no description", at, child.Description)
		}
		value, ok := defaults[key]
		if !ok && !slices.Contains(without, at) {
			t.Errorf("%s has no default", at)
		}
		if len(child.Properties) > 0 {
			inner, _ := value.(map[string]any)
			compare(t, at, child, inner, without)
		}
	}
}
