package story

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// puppet is a cluster in which a release goes as a test wants it. It answers kubectl as well.
type puppet struct {
	t       *testing.T
	client  client.Client
	cluster Cluster

	outcomes map[string]string // of each version; none leaves the release where it is
	serving  string            // the version whose pods the Deployment owns
	meddle   func(version string)
	typed    []string
}

const replicaCount = 4

func newPuppet(t *testing.T, wrap func(client.WithWatch) client.WithWatch) *puppet {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	made := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.Canary{}, &appsv1.Deployment{}).Build()
	p := &puppet{t: t, client: made, outcomes: map[string]string{}, serving: "v1", meddle: func(string) {}}
	key := types.NamespacedName{Namespace: "demo", Name: "read-api"}
	p.cluster = Cluster{Client: made, Key: key}
	if wrap != nil {
		p.cluster.Client = wrap(made)
	}
	labels := map[string]string{"app": "read-api"}
	p.create(&appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name, UID: "deployment", Generation: 1},
		Spec:       appsv1.DeploymentSpec{Replicas: new(int32(replicaCount)), Selector: &metav1.LabelSelector{MatchLabels: labels}},
		Status: appsv1.DeploymentStatus{
			ObservedGeneration: 1, Replicas: replicaCount, UpdatedReplicas: replicaCount, AvailableReplicas: replicaCount,
		},
	})
	p.pods("v1", "deployment", replicaCount)
	return p
}

// watch makes the Canary, as kubectl apply would, and lets Serin see it.
func (p *puppet) watch() {
	p.create(&v1alpha1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: "demo", Name: "read-api", UID: "canary", Generation: 1}})
	p.status(func(s *v1alpha1.CanaryStatus) {
		s.Phase, s.ObservedRevision, s.Message = v1alpha1.PhaseIdle, "rev-v1", "revision rev-v1 serves; waiting for a new template"
		s.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, ObservedGeneration: 1}}
	})
}

func (p *puppet) create(o client.Object) {
	p.t.Helper()
	if err := p.client.Create(context.Background(), o); err != nil {
		p.t.Error(err)
	}
}

// pods makes n pods of a version, and their ReplicaSet with the given owner.
func (p *puppet) pods(version string, owner types.UID, n int) {
	kind := "Canary"
	if owner == "deployment" {
		kind = "Deployment"
	}
	meta := func(name, kind string, owner types.UID) metav1.ObjectMeta {
		return metav1.ObjectMeta{
			Namespace: "demo", Name: name, UID: types.UID("uid-of-" + name), Labels: map[string]string{"app": "read-api"},
			OwnerReferences: []metav1.OwnerReference{{Kind: kind, Name: "its owner", UID: owner, Controller: new(true)}},
		}
	}
	set := "read-api-" + version
	replicaSet := &appsv1.ReplicaSet{ObjectMeta: meta(set, kind, owner)}
	if owner == "canary" {
		replicaSet.Labels = nil // Serin keeps a candidate's ReplicaSet apart from the Deployment's
	}
	p.create(replicaSet)
	for i := range n {
		p.create(&corev1.Pod{
			ObjectMeta: meta(fmt.Sprintf("%s-%d", set, i), "ReplicaSet", types.UID("uid-of-"+set)),
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Env: []corev1.EnvVar{{Name: "DEMO_VERSION", Value: version}}}}},
			Status:     corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}},
		})
	}
}

func (p *puppet) removePods(version string) {
	for i := range replicaCount {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "demo", Name: fmt.Sprintf("read-api-%s-%d", version, i)}}
		if err := p.client.Delete(context.Background(), pod); err != nil {
			p.t.Error(err)
		}
	}
}

// change reads an object, changes it and writes it back.
func change[T client.Object](p *puppet, o T, write func(context.Context, T) error, f func(T)) {
	if err := p.client.Get(context.Background(), p.cluster.Key, o); err != nil {
		p.t.Error(err)
		return
	}
	f(o)
	if err := write(context.Background(), o); err != nil {
		p.t.Error(err)
	}
}

func (p *puppet) status(f func(*v1alpha1.CanaryStatus)) {
	write := func(ctx context.Context, c *v1alpha1.Canary) error { return p.client.Status().Update(ctx, c) }
	change(p, &v1alpha1.Canary{}, write, func(c *v1alpha1.Canary) { f(&c.Status) })
}

func (p *puppet) pause(paused bool) {
	write := func(ctx context.Context, d *appsv1.Deployment) error { return p.client.Update(ctx, d) }
	change(p, &appsv1.Deployment{}, write, func(d *appsv1.Deployment) { d.Spec.Paused = paused })
}

// adopt makes the Deployment the owner of a version's ReplicaSet.
func (p *puppet) adopt(version string) {
	set := &appsv1.ReplicaSet{}
	if err := p.client.Get(context.Background(), types.NamespacedName{Namespace: "demo", Name: "read-api-" + version}, set); err != nil {
		p.t.Error(err)
		return
	}
	set.OwnerReferences[0].Kind, set.OwnerReferences[0].UID = "Deployment", "deployment"
	if err := p.client.Update(context.Background(), set); err != nil {
		p.t.Error(err)
	}
}

// Output is what kubectl prints; a patch of the Deployment starts a release.
func (p *puppet) Output(_ context.Context, args ...string) (string, error) {
	line := strings.Join(args, " ")
	p.typed = append(p.typed, line)
	switch {
	case strings.Contains(line, " patch deployment "):
		version := strings.TrimSuffix(filepath.Base(args[len(args)-1]), ".yaml")
		go p.release(version)
	case strings.HasPrefix(line, "apply "):
		p.watch()
	case strings.Contains(line, " get pods "):
		return "read-api-v1-0 read-api-v1-1 read-api-v1-2 read-api-v1-3", nil
	case strings.Contains(line, " events "):
		return "RolledBack rev-v3 and rev-v4 were refused", nil
	}
	return "what " + strings.Join(args[:3], " ") + " prints\n", nil
}

// release is what Serin does with a version.
func (p *puppet) release(version string) {
	outcome, ok := p.outcomes[version]
	if !ok {
		return
	}
	p.pause(true)
	time.Sleep(time.Second)
	if outcome == v1alpha1.ReasonReverted {
		p.pause(false)
		p.status(func(s *v1alpha1.CanaryStatus) {
			s.Phase, s.ObservedRevision, s.Message = v1alpha1.PhaseIdle, "rev-"+version, "revision rev-"+version+" serves"
			s.Conditions[0].Status = metav1.ConditionTrue
		})
		return
	}
	started := metav1.Now()
	p.pods(version, "canary", replicaCount)
	for i, weight := range []int32{10, 100} {
		p.status(func(s *v1alpha1.CanaryStatus) {
			s.Phase, s.ObservedRevision, s.Weight, s.Step = v1alpha1.PhaseProgressing, "rev-"+version, weight, fmt.Sprintf("%d/2", i+1)
			s.Conditions[0].Status = metav1.ConditionFalse
		})
		time.Sleep(10 * time.Second)
		if outcome == v1alpha1.ReasonRolledBack {
			break
		}
	}
	p.end(version, outcome, started)
}

func (p *puppet) end(version, outcome string, started metav1.Time) {
	p.meddle(version)
	end := v1alpha1.Release{Revision: "rev-" + version, Outcome: outcome, StartedAt: &started, Message: "revision rev-" + version + " is " + outcome}
	p.status(func(s *v1alpha1.CanaryStatus) {
		s.Phase, s.Weight, s.Step = v1alpha1.PhaseFinalizing, 0, ""
		if outcome == v1alpha1.ReasonRolledBack {
			s.Phase = v1alpha1.PhaseRollingBack
		}
		s.History = append([]v1alpha1.Release{end}, s.History...)
	})
	if outcome == v1alpha1.ReasonPromoted {
		p.adopt(version)
		p.removePods(p.serving)
		p.serving = version
		p.pause(false)
	} else {
		p.removePods(version)
	}
	time.Sleep(2 * time.Second)
	p.status(func(s *v1alpha1.CanaryStatus) {
		s.Phase, s.Message = v1alpha1.PhaseFailed, end.Message
		if outcome == v1alpha1.ReasonPromoted {
			s.Phase, s.Conditions[0].Status = v1alpha1.PhaseSucceeded, metav1.ConditionTrue
		}
	})
}
