package workload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// stage is a namespace with one Deployment, web, and one Canary, web, and a witness who sees every change of every pod.
type stage struct {
	t       *testing.T
	cluster *workloadtest.Cluster
	ns      string
	canary  *v1alpha1.Canary
	target  Target
	witness *witness
}

func newStage(t *testing.T, c *workloadtest.Cluster) *stage {
	t.Helper()
	s := &stage{t: t, cluster: c, ns: c.Namespace(t)}
	s.canary = &v1alpha1.Canary{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "web"},
		Spec:       v1alpha1.CanarySpec{TargetRef: v1alpha1.TargetReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"}},
	}
	s.must(c.Client.Create(t.Context(), s.canary))
	s.target = Target{Deployment: types.NamespacedName{Namespace: s.ns, Name: "web"}, Owner: Owning("web", s.canary.UID)}
	s.witness = watchPods(t, c, s.ns)
	return s
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// deploy makes the Deployment and waits for it. Its strategy is the default one, a quarter of surge and of unavailability, unless adjusted.
func (s *stage) deploy(image string, replicas int32, adjust ...func(*appsv1.Deployment)) {
	s.t.Helper()
	labels := map[string]string{"app": "web"}
	quarter := intstr.FromString("25%")
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "web", Annotations: map[string]string{"kubernetes.io/change-cause": "because of " + image}},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Strategy: appsv1.DeploymentStrategy{
				Type:          appsv1.RollingUpdateDeploymentStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &quarter, MaxUnavailable: &quarter},
			},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: image}}},
			},
		},
	}
	for _, f := range adjust {
		f(d)
	}
	s.must(s.cluster.Client.Create(s.t.Context(), d))
	s.settle()
}

func (s *stage) deployment() *appsv1.Deployment {
	s.t.Helper()
	d, err := s.cluster.Typed.AppsV1().Deployments(s.ns).Get(s.t.Context(), "web", metav1.GetOptions{})
	s.must(err)
	return d
}

func (s *stage) patch(format string, args ...any) {
	s.t.Helper()
	_, err := s.cluster.Typed.AppsV1().Deployments(s.ns).Patch(s.t.Context(), "web", types.MergePatchType, fmt.Appendf(nil, format, args...), metav1.PatchOptions{})
	s.must(err)
}

// push changes the template as a person would, without a gate.
func (s *stage) push(image string) {
	s.t.Helper()
	s.patch(`{"metadata":{"annotations":{"kubernetes.io/change-cause":"because of %[1]s"}},"spec":{"template":{"spec":{"containers":[{"name":"app","image":"%[1]s"}]}}}}`, image)
}

// gatedPush changes the template and pauses in one write, as the gate does.
func (s *stage) gatedPush(image string) {
	s.t.Helper()
	s.patch(`{"metadata":{"annotations":{"kubernetes.io/change-cause":"because of %[1]s"}},"spec":{"paused":true,"template":{"spec":{"containers":[{"name":"app","image":"%[1]s"}]}}}}`, image)
}

func (s *stage) scale(replicas int32) {
	s.t.Helper()
	s.patch(`{"spec":{"replicas":%d}}`, replicas)
}

// settle waits until the Deployment's own rollout is over.
func (s *stage) settle() {
	s.t.Helper()
	workloadtest.Eventually(s.t, "the Deployment's own rollout", func(context.Context) (bool, error) {
		return s.observe("", "").Complete, nil
	})
}

// seen waits until the Deployment controller has seen the Deployment as it is now.
func (s *stage) seen() {
	s.t.Helper()
	workloadtest.Eventually(s.t, "the Deployment controller to look", func(context.Context) (bool, error) {
		d := s.deployment()
		return d.Status.ObservedGeneration >= d.Generation, nil
	})
}

func (s *stage) deployments() *Deployments { return &Deployments{Client: s.cluster.Client} }

func (s *stage) observe(baseline, candidate string) Observation {
	s.t.Helper()
	o, err := s.deployments().Observe(s.t.Context(), s.target, baseline, candidate)
	s.must(err)
	return o
}

// ensure calls Ensure until it says done, as a controller would: errors and conflicts lead to another call.
func (s *stage) ensure(d *Deployments, want Desired) Progress {
	s.t.Helper()
	var progress Progress
	workloadtest.Eventually(s.t, fmt.Sprintf("the level %+v", want), func(ctx context.Context) (bool, error) {
		var err error
		progress, err = d.Ensure(ctx, s.target, want)
		if err == nil && !progress.Done {
			err = errors.New(progress.Waiting)
		}
		return progress.Done, err
	})
	return progress
}

// candidateReady brings the candidate to that many available pods.
func (s *stage) candidateReady(baseline, candidate string, pods int32) {
	s.t.Helper()
	s.ensure(s.deployments(), Desired{Pause: KeepPaused, Baseline: baseline, Candidate: candidate, CandidatePods: pods})
	workloadtest.Eventually(s.t, "the candidate's pods", func(context.Context) (bool, error) {
		o := s.observe(baseline, candidate)
		return o.Candidate.Available == pods && o.Candidate.Pods == pods, nil
	})
}

// sets are the ReplicaSets of the namespace, oldest revision first.
func (s *stage) sets() []appsv1.ReplicaSet {
	s.t.Helper()
	list, err := s.cluster.Typed.AppsV1().ReplicaSets(s.ns).List(s.t.Context(), metav1.ListOptions{})
	s.must(err)
	slices.SortFunc(list.Items, func(a, b appsv1.ReplicaSet) int {
		return int((&set{ReplicaSet: a}).revisionNumber() - (&set{ReplicaSet: b}).revisionNumber())
	})
	return list.Items
}

// setOf is the ReplicaSet with an image.
func (s *stage) setOf(image string) *appsv1.ReplicaSet {
	s.t.Helper()
	for _, rs := range s.sets() {
		if imageOf(&rs.Spec.Template.Spec) == image {
			return &rs
		}
	}
	s.t.Fatalf("no ReplicaSet with image %s", image)
	return nil
}

// olderThanASecond waits until the ReplicaSet of an image is older than any that is made from now on: creation counts in seconds.
func (s *stage) olderThanASecond(image string) {
	s.t.Helper()
	made := s.setOf(image).CreationTimestamp.Time
	workloadtest.Eventually(s.t, "a second to pass", func(context.Context) (bool, error) { return time.Since(made) > time.Second, nil })
}

func imageOf(spec *corev1.PodSpec) string { return spec.Containers[0].Image }

// podUIDs are the pods of an image.
func (s *stage) podUIDs(image string) []types.UID {
	s.t.Helper()
	list, err := s.cluster.Typed.CoreV1().Pods(s.ns).List(s.t.Context(), metav1.ListOptions{})
	s.must(err)
	var uids []types.UID
	for i := range list.Items {
		if p := &list.Items[i]; imageOf(&p.Spec) == image && p.DeletionTimestamp == nil {
			uids = append(uids, p.UID)
		}
	}
	slices.Sort(uids)
	return uids
}

// versions deploys a history: every image but the last is rolled out, the last is pushed through the gate. It answers the revisions of the last two.
func (s *stage) versions(replicas int32, images ...string) (baseline, candidate string) {
	s.t.Helper()
	s.deploy(images[0], replicas)
	for _, image := range images[1 : len(images)-1] {
		s.push(image)
		s.settle()
	}
	baseline = s.observe("", "").Wanted
	s.gatedPush(images[len(images)-1])
	s.seen()
	return baseline, s.observe(baseline, "").Wanted
}

// noTrace fails the test if anything of ours is left on any ReplicaSet.
func (s *stage) noTrace() {
	s.t.Helper()
	for _, rs := range s.sets() {
		for key := range rs.Annotations {
			if slices.Contains([]string{markTakenOver, markRestoring, markAsideFor}, key) {
				s.t.Errorf("ReplicaSet %s bears %s", rs.Name, key)
			}
		}
		if rs.Labels[labelCanary] != "" || rs.Labels["app"] != "web" {
			s.t.Errorf("ReplicaSet %s has labels %v", rs.Name, rs.Labels)
		}
		if c := metav1.GetControllerOf(&rs); c == nil || c.Kind != "Deployment" || len(rs.OwnerReferences) != 1 {
			s.t.Errorf("ReplicaSet %s has owners %v", rs.Name, rs.OwnerReferences)
		}
	}
}

// hooked is a client that calls before ahead of every write, and does not write when that fails; and after, once written, failing with its error.
func (s *stage) hooked(before, after func(n int) error) *Deployments {
	n := 0
	around := func(write func() error) error {
		n++
		if before != nil {
			if err := before(n); err != nil {
				return err
			}
		}
		if err := write(); err != nil {
			if !apierrors.IsConflict(err) {
				s.t.Errorf("write %d: %v", n, err)
			}
			return err
		}
		if after != nil {
			return after(n)
		}
		return nil
	}
	return &Deployments{Client: interceptor.NewClient(s.cluster.Client, interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			if options := (&client.CreateOptions{}).ApplyOptions(opts); len(options.DryRun) > 0 {
				return c.Create(ctx, o, opts...)
			}
			return around(func() error { return c.Create(ctx, o, opts...) })
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			return around(func() error { return c.Patch(ctx, o, p, opts...) })
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			return around(func() error { return c.Delete(ctx, o, opts...) })
		},
	})}
}
