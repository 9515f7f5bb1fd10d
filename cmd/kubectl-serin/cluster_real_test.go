package main

import (
	"bytes"
	"context"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// TestMain plays the plugin where kubectl starts this binary as one.
func TestMain(m *testing.M) {
	if os.Getenv("SERIN_PLAYS_PLUGIN") != "" {
		main()
	}
	os.Exit(m.Run())
}

// stage is a real API server, without any operator: the tests play its part.
type stage struct {
	client     client.WithWatch
	config     *rest.Config
	kubeconfig string
}

// TestOnAnAPIServer runs the commands against a real API server.
func TestOnAnAPIServer(t *testing.T) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" || testing.Short() {
		t.Skip("needs an API server: set KUBEBUILDER_ASSETS to a folder with kube-apiserver, etcd and kubectl, and leave out -short")
	}
	s := startStage(t)
	for name, tell := range map[string]func(*testing.T, *stage){
		"a verb is written once, for the revision in release":                  verbIsWritten,
		"a verb that makes no sense writes nothing and says what to do":        verbNotNow,
		"a verb waits until the operator has acted on it":                      verbWaits,
		"an abort is done when the traffic is off the candidate":               abortWaits,
		"a verb that the operator ignores ends the wait":                       verbIgnored,
		"the list shows who needs a person":                                    listed,
		"a Canary that is not there is told of":                                notThere,
		"a wait ends with the promotion":                                       waitPromoted,
		"a wait does not take the last release for the one just pushed":        waitNotBehind,
		"a wait ends with the refusal":                                         waitRefused,
		"a wait ends when its time is over":                                    waitTimeout,
		"a wait ends when a person is needed, and not at once":                 waitNeedsPerson,
		"a wait survives dropped connections":                                  waitSurvives,
		"a wait ends with the deletion":                                        waitDeleted,
		"a watch shows every change":                                           watched,
		"a refusal is explained with the queries of its source":                explained,
		"a refusal is explained where the source may not be read":              explainedWithoutSource,
		"the history tells how releases ended":                                 historyTold,
		"names are completed, of a verb only where it makes sense":             completed,
		"kubectl completes the words of the plugin":                            completedByKubectl,
		"lint says what the API server says":                                   lintAgrees,
		"a cluster that does not answer is told of, with an exit code":         noCluster,
		"a cluster without Serin is told of":                                   noSerin,
		"a status that is looked at as JSON has every field that a screen has": statusJSON,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tell(t, s)
		})
	}
}

func startStage(t *testing.T) *stage {
	t.Helper()
	env := &envtest.Environment{CRDDirectoryPaths: []string{filepath.Join("..", "..", "config", "crd", "bases")}, ErrorIfCRDPathMissing: true}
	config, err := env.Start()
	if err != nil {
		t.Fatalf("starting the API server: %v", err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Logf("stopping the API server: %v", err)
		}
	})
	config.QPS = -1
	s := &stage{config: config, kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	user, err := env.AddUser(envtest.User{Name: "administrator", Groups: []string{"system:masters"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	content, err := user.KubeConfig()
	if err == nil {
		err = os.WriteFile(s.kubeconfig, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, corev1.AddToScheme, appsv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	if s.client, err = client.NewWithWatch(config, client.Options{Scheme: scheme}); err != nil {
		t.Fatal(err)
	}
	return s
}

// ask runs a command.
func (s *stage) ask(t *testing.T, args ...string) answer {
	t.Helper()
	return s.askVia(t, s.kubeconfig, args...)
}

func (s *stage) askVia(t *testing.T, kubeconfig string, args ...string) answer {
	t.Helper()
	var out, err safeBuffer
	args = append(args, "--kubeconfig", kubeconfig)
	code := run(t.Context(), args, streams{in: strings.NewReader(""), out: &out, err: &err, clock: clock.RealClock{}})
	return answer{code, out.String(), err.String()}
}

// askLater runs a command beside the test; the answer comes over the channel.
func (s *stage) askLater(t *testing.T, kubeconfig string, args ...string) (said *safeBuffer, done <-chan answer) {
	t.Helper()
	out, err, answers := &safeBuffer{}, &safeBuffer{}, make(chan answer, 1)
	args = append(args, "--kubeconfig", kubeconfig)
	ctx := t.Context()
	go func() {
		code := run(ctx, args, streams{in: strings.NewReader(""), out: out, err: err, clock: clock.RealClock{}})
		answers <- answer{code, out.String(), err.String()}
	}()
	if args[0] == "status" && !strings.Contains(strings.Join(args, " "), "--wait") {
		return out, answers
	}
	return err, answers
}

// safeBuffer is written and read at once.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// soon waits for something that takes no time to speak of.
func soon(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline, tick := time.After(time.Minute), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-deadline:
			t.Fatalf("%s: not within a minute", what)
		case <-tick.C:
		}
	}
}

func (s *stage) saying(t *testing.T, said *safeBuffer, text string) {
	t.Helper()
	soon(t, "saying "+text, func() bool { return strings.Contains(said.String(), text) })
}

// answerOf is the answer of a command that runs beside the test.
func answerOf(t *testing.T, done <-chan answer) answer {
	t.Helper()
	select {
	case a := <-done:
		return a
	case <-time.After(time.Minute):
		t.Fatal("the command did not end within a minute")
		return answer{}
	}
}

func (s *stage) namespace(t *testing.T) string {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "plugin-"}}
	if err := s.client.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	return ns.Name
}

const baselineRevision, candidateRevision = "6c8d7f9b5d", "7b5f8c9d4f"

// canary makes a Canary that the operator has looked at, in a phase.
func (s *stage) canary(t *testing.T, namespace, name string, phase v1alpha1.Phase, more ...func(*v1alpha1.CanaryStatus)) *v1alpha1.Canary {
	t.Helper()
	c := &v1alpha1.Canary{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}}
	c.Spec.TargetRef = v1alpha1.TargetReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "read-api"}
	c.Spec.Steps = []v1alpha1.Step{{Weight: 10}, {Weight: 50, Approval: true}, {Weight: 100}}
	if err := s.client.Create(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return s.told(t, c, append([]func(*v1alpha1.CanaryStatus){func(status *v1alpha1.CanaryStatus) {
		entered := metav1.Now()
		status.ObservedGeneration, status.Revision = c.Generation, candidateRevision
		status.Rollout = &v1alpha1.RolloutStatus{Baseline: baselineRevision, Candidate: candidateRevision, Weight: 10, EnteredAt: &entered, SettledAt: &entered, Reason: "Observing"}
		status.Weight = 10
	}, inPhase(phase, "it goes on")}, more...)...)
}

func inPhase(phase v1alpha1.Phase, message string) func(*v1alpha1.CanaryStatus) {
	return func(s *v1alpha1.CanaryStatus) { s.Phase, s.Rollout.Phase, s.Message = phase, phase, message }
}

func refusedBecause(cause string) func(*v1alpha1.CanaryStatus) {
	return func(s *v1alpha1.CanaryStatus) {
		inPhase(v1alpha1.PhaseFailed, cause)(s)
		s.Rollout.Refused, s.Rollout.Cause, s.Rollout.Reason, s.Weight, s.Rollout.Weight = true, cause, v1alpha1.ReasonAnalysisFailed, 0, 0
	}
}

func acknowledged(verb, value string) func(*v1alpha1.CanaryStatus) {
	return func(s *v1alpha1.CanaryStatus) { s.Rollout.Acknowledged = map[string]string{verb: value} }
}

// told writes a status as the operator would.
func (s *stage) told(t *testing.T, c *v1alpha1.Canary, changes ...func(*v1alpha1.CanaryStatus)) *v1alpha1.Canary {
	t.Helper()
	now := s.read(t, c)
	before := now.DeepCopy()
	for _, change := range changes {
		change(&now.Status)
	}
	if err := s.client.Status().Patch(t.Context(), now, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	return now
}

func (s *stage) read(t *testing.T, c *v1alpha1.Canary) *v1alpha1.Canary {
	t.Helper()
	read := &v1alpha1.Canary{}
	if err := s.client.Get(t.Context(), client.ObjectKeyFromObject(c), read); err != nil {
		t.Fatal(err)
	}
	return read
}

// proxy stands between a command and the API server. drop cuts all connections, and lets new ones in.
func (s *stage) proxy(t *testing.T) (kubeconfig string, drop func()) {
	t.Helper()
	transport, err := rest.TransportFor(s.config)
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(s.config.Host)
	if err != nil {
		t.Fatal(err)
	}
	if target.Scheme == "" {
		target.Scheme = "https"
	}
	between := httptest.NewServer(&httputil.ReverseProxy{Transport: transport, FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }})
	t.Cleanup(func() {
		between.CloseClientConnections()
		between.Close()
	})
	return writeKubeconfig(t, between.URL), between.CloseClientConnections
}

func writeKubeconfig(t *testing.T, server string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	text := "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {}}]\nclusters: [{name: c, cluster: {server: '" + server + "'}}]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// deployment makes the workload with a ReplicaSet for each revision, as they are in a release.
func (s *stage) deployment(t *testing.T, owner *v1alpha1.Canary) {
	t.Helper()
	template := func(image, revision string) corev1.PodTemplateSpec {
		labels := map[string]string{"app": "read-api"}
		if revision != "" {
			labels[appsv1.DefaultDeploymentUniqueLabelKey] = revision
		}
		return corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: image}}},
		}
	}
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "read-api", Namespace: owner.Namespace}}
	d.Spec.Selector, d.Spec.Template, d.Spec.Paused = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "read-api"}}, template("app:v2", ""), true
	if err := s.client.Create(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	for image, revision := range map[string]string{"app:v1": baselineRevision, "app:v2": candidateRevision} {
		zero := int32(0)
		rs := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: "read-api-" + revision, Namespace: owner.Namespace, Labels: map[string]string{"app": "read-api"}}}
		rs.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(d, appsv1.SchemeGroupVersion.WithKind("Deployment"))}
		rs.Spec.Replicas, rs.Spec.Template = &zero, template(image, revision)
		rs.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "read-api", appsv1.DefaultDeploymentUniqueLabelKey: revision}}
		if err := s.client.Create(context.WithoutCancel(t.Context()), rs); err != nil {
			t.Fatal(err)
		}
	}
}
