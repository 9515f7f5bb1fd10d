{{/* What the operator's pods and the pod of `helm test` have in common. */}}

{{- define "serin.pod" -}}
serviceAccountName: {{ include "serin.serviceAccount" . }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 0 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  {{- with .Values.runAsUser }}
  runAsUser: {{ int64 . }}
  {{- end }}
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 0 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "serin.container" -}}
image: {{ include "serin.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
env:
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{- define "serin.flags" -}}
{{- with .Values.watchNamespaces }}
- -watch-namespaces={{ join "," . }}
{{- end }}
- -drain={{ .Values.drain }}
- -gateway-lag={{ .Values.gatewayLag }}
- -workers={{ .Values.workers }}
- -keep-last-trace={{ .Values.traces.keepLast }}
{{- if .Values.traces.files.enabled }}
- -trace-folder=/traces
- -trace-limit={{ int64 .Values.traces.files.limit }}
{{- end }}
{{- if .Values.notifications.secret }}
- -notifications=/notifications/notifications.yaml
{{- end }}
- -metrics-address={{ ternary (printf ":%d" (int64 .Values.metrics.port)) "0" .Values.metrics.enabled }}
{{- if and .Values.metrics.enabled .Values.metrics.secure }}
- -metrics-secure
{{- end }}
{{- if include "serin.certificate" . }}
- -metrics-certificates=/certificates
{{- end }}
- -zap-log-level={{ .Values.logLevel }}
{{- end -}}

{{/* The Secret of the metrics' certificate, where one is used. */}}
{{- define "serin.certificate" -}}
{{- if and .Values.metrics.enabled .Values.metrics.secure }}{{ .Values.metrics.certificateSecret }}{{ end -}}
{{- end -}}
