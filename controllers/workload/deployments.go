package workload

import (
	"context"
	"errors"
	"fmt"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// fieldManager is the name under which this package writes.
const fieldManager = "serin"

// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=apps,resources=deployments/finalizers,verbs=update
// +kubebuilder:rbac:groups=apps,resources=replicasets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list
// +kubebuilder:rbac:groups=serin.dev,resources=canaries/finalizers,verbs=update

// Deployments observes Deployments and brings them to a level. It keeps nothing between calls.
type Deployments struct {
	// Client reads and writes. It must not answer from a cache for unstructured objects, which is how a manager's client behaves unless told otherwise.
	Client client.Client
	// Heard answers from a cache what the metadata of Deployments and ReplicaSets were when last heard of; nil when nobody listens.
	Heard client.Reader
}

// Observe tells what is. baseline and candidate are the revisions asked about; either may be empty.
func (d *Deployments) Observe(ctx context.Context, t Target, baseline, candidate string) (Observation, error) {
	w, err := d.read(ctx, t)
	if err != nil {
		return Observation{}, err
	}
	seen, under := w.observe(baseline, candidate)
	if under == nil || under.Status.ReadyReplicas >= under.replicas() {
		return seen, nil
	}
	pods, err := d.pods(ctx, under)
	if err != nil {
		return Observation{}, fmt.Errorf("reading the pods of ReplicaSet %s: %w", under.Name, err)
	}
	seen.Candidate.Trouble, seen.Candidate.Fatal = troubleOf(&under.ReplicaSet, pods)
	return seen, nil
}

// Ensure brings the workload to a level, as far as that can be done without waiting. Every call reads everything anew and asserts all of it, writes nothing that
// is so already, and may be the last one before a crash. Of two writers only one wins: the other gets a conflict, which is an error worth another look at once.
func (d *Deployments) Ensure(ctx context.Context, t Target, want Desired) (Progress, error) {
	w, err := d.read(ctx, t)
	if err != nil {
		return Progress{}, err
	}
	var progress Progress
	for range mostWrites {
		if err := d.recount(ctx, w); err != nil {
			return progress, err
		}
		step, waiting := w.next(want)
		if step == nil {
			progress.Waiting, progress.Done = waiting, waiting == ""
			return progress, nil
		}
		if err := d.write(ctx, w, step); err != nil {
			return progress, fmt.Errorf("%s: %w", step.why, err)
		}
		progress.Paused = progress.Paused || step.paused != nil && *step.paused
	}
	return progress, fmt.Errorf("the level is not reached after %d writes", mostWrites)
}

// mostWrites in one call. A hand-over needs two for every revision in the history.
const mostWrites = 512

// read reads the Deployment and all ReplicaSets that matter, from the API server.
func (d *Deployments) read(ctx context.Context, t Target) (*world, error) {
	w := &world{target: t}
	raw := object("Deployment")
	err := d.Client.Get(ctx, t.Deployment, raw)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("reading the Deployment: %w", err)
	}
	selectors := []labels.Selector{labels.SelectorFromSet(labels.Set{labelCanary: labelValue(t.Owner.Name)})}
	if err == nil && raw.GetDeletionTimestamp() == nil {
		if w.deployment, err = parseDeployment(raw); err != nil {
			return nil, fmt.Errorf("reading the Deployment: %w", err)
		}
		selector, err := metav1.LabelSelectorAsSelector(w.deployment.Spec.Selector)
		if err != nil {
			return nil, fmt.Errorf("reading the Deployment's selector: %w", err)
		}
		selectors = append(selectors, selector)
	}
	for _, selector := range selectors {
		if err := d.list(ctx, w, selector); err != nil {
			return nil, fmt.Errorf("reading the ReplicaSets: %w", err)
		}
	}
	return w, nil
}

func (d *Deployments) list(ctx context.Context, w *world, selector labels.Selector) error {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(appsv1.SchemeGroupVersion.WithKind("ReplicaSetList"))
	err := d.Client.List(ctx, list, client.InNamespace(w.target.Deployment.Namespace), client.MatchingLabelsSelector{Selector: selector})
	if err != nil {
		return err
	}
	for i := range list.Items {
		s, err := w.parseSet(&list.Items[i])
		if err != nil {
			return err
		}
		w.put(s)
	}
	return nil
}

// write makes one write and takes its result into the world.
func (d *Deployments) write(ctx context.Context, w *world, step *write) error {
	logger := log.FromContext(ctx)
	if step.set != nil {
		logger = logger.WithValues("replicaSet", step.set.Name)
	}
	var err error
	switch {
	case step.paused != nil:
		err = d.setPaused(ctx, w, *step.paused)
	case step.create != "":
		logger = logger.WithValues("revision", step.create)
		err = d.create(ctx, w, step.create)
	case step.remove:
		err = d.remove(ctx, w, step.set)
	default:
		err = d.patch(ctx, w, step.set, step.after)
	}
	if err == nil {
		logger.Info(step.why)
	}
	return err
}

// setPaused writes spec.paused and nothing else. It lets go only what was read: another template must not be let loose. It pauses whatever there is by now: while
// the Deployment rolls, its controller writes to it several times a second, and every lost race would cost the baseline pods.
func (d *Deployments) setPaused(ctx context.Context, w *world, paused bool) error {
	before := &w.deployment.Deployment
	var raw *unstructured.Unstructured
	var err error
	if paused {
		raw, err = d.apply(ctx, before, fmt.Appendf(nil, `{"metadata":{"uid":%q},"spec":{"paused":true}}`, before.UID), "Deployment")
	} else {
		after := before.DeepCopy()
		after.Spec.Paused = false
		raw, err = d.send(ctx, before, after, "Deployment")
	}
	if err != nil {
		return err
	}
	w.deployment, err = parseDeployment(raw)
	return err
}

func (d *Deployments) patch(ctx context.Context, w *world, s *set, after *appsv1.ReplicaSet) error {
	raw, err := d.send(ctx, &s.ReplicaSet, after, "ReplicaSet")
	if err != nil {
		return err
	}
	written, err := w.parseSet(raw)
	if err != nil {
		return err
	}
	w.put(written)
	return nil
}

// send sends the difference between two states of an object, on the condition that it is still in the first.
func (d *Deployments) send(ctx context.Context, before, after client.Object, kind string) (*unstructured.Unstructured, error) {
	difference, err := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}).Data(after)
	if err != nil {
		return nil, err
	}
	return d.apply(ctx, before, difference, kind)
}

func (d *Deployments) apply(ctx context.Context, before client.Object, difference []byte, kind string) (*unstructured.Unstructured, error) {
	raw := object(kind)
	raw.SetNamespace(before.GetNamespace())
	raw.SetName(before.GetName())
	err := d.Client.Patch(ctx, raw, client.RawPatch(client.Merge.Type(), difference), client.FieldOwner(fieldManager))
	return raw, err
}

// remove deletes a set, on the condition that it is still the one that was read.
func (d *Deployments) remove(ctx context.Context, w *world, s *set) error {
	w.drop(s)
	err := d.Client.Delete(ctx, &s.ReplicaSet, client.Preconditions{UID: &s.UID, ResourceVersion: &s.ResourceVersion},
		client.PropagationPolicy(metav1.DeletePropagationBackground))
	return client.IgnoreNotFound(err)
}

// create makes the candidate's ReplicaSet as the Deployment controller would have made it, but empty and in the Canary's hands. It is rehearsed first: one that
// admission gives another template would never be recognised, and every pass would make another.
func (d *Deployments) create(ctx context.Context, w *world, revision string) error {
	raw, err := w.candidateObject(revision)
	if err != nil {
		return err
	}
	rehearsed := raw.DeepCopy()
	if err := d.Client.Create(ctx, rehearsed, client.DryRunAll, client.FieldOwner(fieldManager)); err != nil {
		return unmade(err)
	}
	if made, err := w.parseSet(rehearsed); err != nil || made.template != w.deployment.template {
		return errors.Join(err, fmt.Errorf("ReplicaSet %s would get another template than the Deployment's: something in this cluster changes ReplicaSets at admission", raw.GetName()))
	}
	if err := d.Client.Create(ctx, raw, client.FieldOwner(fieldManager)); err != nil {
		return unmade(err)
	}
	made, err := w.parseSet(raw)
	if err != nil {
		return err
	}
	w.put(made)
	return nil
}

// unmade says what to do about a name that is taken.
func unmade(err error) error {
	if apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("%w; it belongs neither to the Deployment nor to this Canary: remove it if nobody needs it", err)
	}
	return err
}

// candidateObject is the ReplicaSet to make for a revision. It carries the Deployment's annotations, among them the change cause, as the controller copies them.
func (w *world) candidateObject(revision string) (*unstructured.Unstructured, error) {
	content, err := labelled(w.deployment.raw, revision)
	if err != nil {
		return nil, err
	}
	hash := appsv1.DefaultDeploymentUniqueLabelKey
	shown := map[string]string{}
	maps.Copy(shown, w.deployment.Spec.Template.Labels)
	shown[hash], shown[labelCanary] = revision, labelValue(w.target.Owner.Name)
	typed, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:       w.deployment.Namespace,
			Name:            candidateName(w.deployment.Name, revision),
			Labels:          shown,
			Annotations:     copied(w.deployment.Annotations),
			OwnerReferences: []metav1.OwnerReference{w.target.Owner},
		},
		Spec: appsv1.ReplicaSetSpec{
			Replicas:        new(int32),
			MinReadySeconds: w.deployment.Spec.MinReadySeconds,
			Selector:        metav1.AddLabelToSelector(w.deployment.Spec.Selector.DeepCopy(), hash, revision),
		},
	})
	if err != nil {
		return nil, err
	}
	raw := &unstructured.Unstructured{Object: typed}
	raw.SetGroupVersionKind(appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))
	unstructured.RemoveNestedField(raw.Object, "status")
	return raw, unstructured.SetNestedMap(raw.Object, content, "spec", "template")
}

// copied are the annotations of a Deployment that its controller copies to ReplicaSets.
func copied(annotations map[string]string) map[string]string {
	kept := maps.Clone(annotations)
	for _, own := range []string{
		corev1.LastAppliedConfigAnnotation, annotationRevision, annotationRevisionHistory, annotationDesired, annotationMax, appsv1.DeprecatedRollbackTo,
	} {
		delete(kept, own)
	}
	return kept
}

func object(kind string) *unstructured.Unstructured {
	raw := &unstructured.Unstructured{}
	raw.SetGroupVersionKind(schema.GroupVersionKind{Group: appsv1.GroupName, Version: "v1", Kind: kind})
	return raw
}
