{{- define "serin.fullname" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "serin.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "serin.fullname" .) -}}
{{- end -}}

{{/* What tells the operator's pods from all others. It can't change in the life of a Deployment. */}}
{{- define "serin.selector" -}}
app.kubernetes.io/name: serin
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "serin.labels" -}}
{{ include "serin.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | trimSuffix "-" | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "serin.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* The objects of a file that config/ has too, with the labels of this release; and in their metadata, what .annotations says. */}}
{{- define "serin.objects" -}}
{{- $labels := include "serin.labels" .root | fromYaml -}}
{{- range regexSplit "(?m)^---$" (.root.Files.Get .file) -1 -}}
{{- $object := fromYaml . -}}
{{- if $object.kind -}}
{{- $metadata := merge (dict "labels" (deepCopy $labels)) (dict "annotations" ($.annotations | default dict)) $object.metadata -}}
{{- $_ := set $object "metadata" $metadata -}}
{{- if and (eq $object.kind "MutatingAdmissionPolicyBinding") $.root.Values.watchNamespaces -}}
{{- /* Elsewhere nobody would take the pause back. */ -}}
{{- $names := dict "key" "kubernetes.io/metadata.name" "operator" "In" "values" $.root.Values.watchNamespaces -}}
{{- $_ := set $object.spec "matchResources" (dict "namespaceSelector" (dict "matchExpressions" (list $names))) -}}
{{- end }}
---
{{ toYaml $object }}
{{ end -}}
{{- end -}}
{{- end -}}

{{/* The rules of .kind in config/rbac/role.yaml; with .part "sources" only those on MetricSources, with "releases" only the others. */}}
{{- define "serin.rules" -}}
{{- $rules := list -}}
{{- range regexSplit "(?m)^---$" (.root.Files.Get "files/rbac/role.yaml") -1 -}}
{{- $role := fromYaml . -}}
{{- if eq ($role.kind | default "") $.kind -}}
{{- range $rule := $role.rules -}}
{{- $resources := list -}}
{{- range $rule.resources -}}
{{- $part := ternary "sources" "releases" (hasPrefix "metricsources" .) -}}
{{- if or (eq $.part "all") (eq $.part $part) -}}
{{- $resources = append $resources . -}}
{{- end -}}
{{- end -}}
{{- if $resources -}}
{{- $rules = append $rules (dict "apiGroups" $rule.apiGroups "resources" $resources "verbs" $rule.verbs) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{ toYaml $rules }}
{{- end -}}

{{/* The annotations of what is there for a hook and no longer; a hook that failed stays to be looked at. */}}
{{- define "serin.hook" -}}
helm.sh/hook: {{ . }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{/* A role and who has it: .kind is ClusterRole or Role, .name its name, .namespace where, .rules what it lets do, .hook for how long where not for good. */}}
{{- define "serin.role" }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels: {{- include "serin.labels" .root | nindent 4 }}
  {{- with .hook }}
  annotations: {{- include "serin.hook" . | nindent 4 }}
    helm.sh/hook-weight: "-1"
  {{- end }}
rules: {{- .rules | nindent 0 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels: {{- include "serin.labels" .root | nindent 4 }}
  {{- with .hook }}
  annotations: {{- include "serin.hook" . | nindent 4 }}
    helm.sh/hook-weight: "-1"
  {{- end }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: {{ .kind }}, name: {{ .name }}}
subjects:
- {kind: ServiceAccount, name: {{ include "serin.serviceAccount" .root }}, namespace: {{ .root.Release.Namespace }}}
{{ end -}}
