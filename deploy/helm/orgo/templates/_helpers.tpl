{{/* The name of all: the release's, so that `helm install orgo` makes the Deployment orgo and the autoscaler orgo-hpa. */}}
{{- define "orgo.name" -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{- end }}

{{- define "orgo.selector" -}}
app.kubernetes.io/name: orgo
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "orgo.labels" -}}
{{ include "orgo.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "orgo.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "orgo.secret" -}}{{ .Values.secret.name | default (printf "%s-generated" (include "orgo.name" .)) }}{{- end }}

{{/* The files of /config by their paths. */}}
{{- define "orgo.files" -}}
{{- $config := deepCopy .Values.config }}
{{- $files := dict "config.yaml" (toYaml $config) }}
{{- if .Values.samples }}
{{- range $path, $_ := .Files.Glob "files/**" }}
{{- if not (hasSuffix ".py" $path) }}
{{- $_ := set $files (trimPrefix "files/" $path) ($.Files.Get $path) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $path, $text := .Values.files }}{{- $_ := set $files $path $text }}{{- end }}
{{- toYaml $files }}
{{- end }}

{{- define "orgo.databaseRef" -}}
{{- if eq .Values.database.kind "trial" -}}
{name: {{ include "orgo.secret" . }}, key: database-url}
{{- else if eq .Values.database.kind "cloudnativepg" -}}
{name: {{ include "orgo.name" . }}-postgresql-app, key: uri}
{{- else -}}
{name: {{ required "database.secret: the Secret that holds the address of the external database" .Values.database.secret }}, key: {{ .Values.database.key }}}
{{- end -}}
{{- end }}

{{- define "orgo.queueRef" -}}
{{- if eq .Values.queue.kind "redis" -}}
{name: {{ include "orgo.secret" . }}, key: redis-url}
{{- else if eq .Values.queue.kind "rabbitmq" -}}
{name: {{ include "orgo.secret" . }}, key: rabbitmq-url}
{{- else if eq .Values.queue.kind "rabbitmq-operator" -}}
{name: {{ include "orgo.name" . }}-rabbitmq-default-user, key: connection_string}
{{- else -}}
{name: {{ required "queue.secret: the Secret that holds the address of the external queue" .Values.queue.secret }}, key: {{ .Values.queue.key }}}
{{- end -}}
{{- end }}

{{/* Not empty where only `backup:` names this secret, which only the pod that makes backups gets: dict root, name. */}}
{{- define "orgo.ofBackup" -}}
{{- $named := printf "${%s}" .name }}
{{- $config := .root.Values.config }}
{{- if and (contains $named (toYaml $config.backup)) (not (contains $named (toYaml (omit $config "backup")))) }}true{{ end }}
{{- end }}

{{/* What every pod knows: dict root, claim. */}}
{{- define "orgo.env" -}}
{{- with .root }}
- name: ORGO_DATABASE
  valueFrom: {secretKeyRef: {{ include "orgo.databaseRef" . }}}
{{- if ne .Values.queue.kind "none" }}
- name: ORGO_QUEUE
  valueFrom: {secretKeyRef: {{ include "orgo.queueRef" . }}}
{{- end }}
{{- if hasPrefix "rabbitmq" .Values.queue.kind }}
- {name: ORGO_QUEUE_TYPE, value: quorum}
{{- end }}
- name: ORGO_WEB__SECRET_KEY
  valueFrom: {secretKeyRef: {name: {{ include "orgo.secret" . }}, key: web-secret-key}}
- name: POD_ADDRESS
  valueFrom: {fieldRef: {fieldPath: status.podIP}}
- {name: ORGO_WEB__ALSO_HOSTS, value: $(POD_ADDRESS)}
{{- with .Values.publicUrl }}
- {name: ORGO_WEB__PUBLIC_URL, value: {{ . | quote }}}
{{- end }}
{{- if .Values.serviceMonitor.enabled }}
- name: ORGO_WEB__METRICS_TOKEN
  valueFrom: {secretKeyRef: {name: {{ required "serviceMonitor.secret: the Secret with the token of /metrics" .Values.serviceMonitor.secret }}, key: {{ .Values.serviceMonitor.key }}}}
{{- end }}
{{- end }}
{{- range .root.Values.secrets }}
{{- if or $.claim (not (include "orgo.ofBackup" (dict "root" $.root "name" .name))) }}
- name: {{ .name }}
  valueFrom: {secretKeyRef: {name: {{ .secret }}, key: {{ .key }}}}
{{- end }}
{{- end }}
{{- end }}

{{- define "orgo.container.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "orgo.pod.security" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* Where pods may and shall run: dict root, component. */}}
{{- define "orgo.places" -}}
affinity:
  nodeAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      nodeSelectorTerms:
        - matchExpressions:
            - {key: kubernetes.io/arch, operator: In, values: {{ toJson .root.Values.architectures }}}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "orgo.selector" $ | nindent 8 }}
  {{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{/* What every pod of Orgo has beside its container: dict root. */}}
{{- define "orgo.volumes" -}}
- name: config
  configMap:
    name: {{ include "orgo.name" .root }}-config
    items:
      {{- range $path, $_ := fromYaml (include "orgo.files" .root) }}
      - {key: {{ $path | replace "/" "--" }}, path: {{ $path }}}
      {{- end }}
- name: tmp
  emptyDir: {sizeLimit: 512Mi}
{{- end }}

{{/* A pod of Orgo: dict root, component, command (a list), extra env, ports, probes, resources, claim. */}}
{{- define "orgo.pod" -}}
metadata:
  labels:
    {{- include "orgo.labels" . | nindent 4 }}
  annotations:
    checksum/config: {{ include "orgo.files" .root | sha256sum }}
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- if .restart }}
  restartPolicy: {{ .restart }}
  {{- end }}
  terminationGracePeriodSeconds: 60
  securityContext:
    {{- include "orgo.pod.security" 10001 | nindent 4 }}
  {{- include "orgo.places" . | nindent 2 }}
  containers:
    - name: {{ .component }}
      image: {{ include "orgo.image" .root }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      command: {{ toJson .command }}
      securityContext:
        {{- include "orgo.container.security" . | nindent 8 }}
      env:
        {{- include "orgo.env" . | trim | nindent 8 }}
        {{- if and .root.Values.config.backup (not .claim) }}
        - {name: ORGO_BACKUP__HERE, value: "false"}
        {{- end }}
        {{- range $name, $value := .env }}
        - {name: {{ $name }}, value: {{ $value | quote }}}
        {{- end }}
      {{- with .port }}
      ports:
        - {{ toJson . }}
      {{- end }}
      {{- with .probes }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
      resources: {{ toJson .resources }}
      volumeMounts:
        - {name: config, mountPath: /config, readOnly: true}
        - {name: var, mountPath: /orgo/var}
        - {name: tmp, mountPath: /tmp}
  volumes:
    {{- include "orgo.volumes" . | nindent 4 }}
    - name: var
      {{- if .claim }}
      persistentVolumeClaim: {claimName: {{ .claim }}}
      {{- else }}
      emptyDir: {sizeLimit: 256Mi}
      {{- end }}
{{- end }}
