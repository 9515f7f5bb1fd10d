package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/test/docs"
)

// scenery keeps the app of a page as the page wants it. From wherever the commands before left it, a new version begins the next scene.
type scenery struct {
	*app

	stands   bool
	versions int
}

// set brings the app there.
func (s *scenery) set(scene docs.Scene) {
	s.Helper()
	if _, own := scene.OwnNamespace(); own || scene == docs.Nothing {
		return
	}
	s.stand()
	switch scene {
	case docs.AtRest:
		s.rest()
	case docs.InFlight, docs.Refused, docs.AwaitingApproval, docs.OnItsWay:
		wanted := steps(10*time.Minute, 25, 50, 100)
		if scene == docs.OnItsWay {
			wanted = steps(2*time.Second, 25, 100)
		}
		s.plan(wanted, func(c *v1alpha1.Canary) {
			if scene == docs.AwaitingApproval {
				first := &c.Spec.Steps[0]
				first.Approval, first.Bake.Duration = true, time.Second
			}
		})
		s.versions++
		v := good("v" + strconv.Itoa(s.versions))
		if scene == docs.Refused {
			v = with(v.name, "DEMO_ERROR_RATE", "100%")
		}
		s.release(v)
		s.until(v.name+" to be "+string(scene), long, func(w *world) bool { return is(w, scene) && w.canary().Status.Revision == w.revision(v.name) })
	default:
		s.Fatalf("nobody knows how to make the scene %q", scene)
	}
}

func is(w *world, scene docs.Scene) bool {
	rollout := w.canary().Status.Rollout
	switch scene {
	case docs.InFlight, docs.OnItsWay:
		return w.phase() == v1alpha1.PhaseProgressing && w.weight() == 25 && w.routed() == 25
	case docs.AwaitingApproval:
		return w.phase() == v1alpha1.PhaseProgressing && rollout.Reason == v1alpha1.ReasonAwaitingApproval
	default:
		return w.phase() == v1alpha1.PhaseFailed && rollout.Refused
	}
}

// stand makes the app in its first version, a Canary over it, and a load.
func (s *scenery) stand() {
	s.Helper()
	if s.stands {
		return
	}
	s.stands, s.versions = true, 1
	s.apply(s.manifest("app.yaml"))
	s.apply(s.manifest("route.yaml"))
	s.until("the app to be complete", patience, func(w *world) bool { return w.onlyServes("v1") })
	s.watchOver()
	s.send(40, 0)
}

// plan gives the Canary other steps.
func (s *scenery) plan(changes ...func(*v1alpha1.Canary)) {
	s.Helper()
	wanted := s.canary(changes...)
	raw, err := json.Marshal(map[string]any{"spec": map[string]any{"steps": wanted.Spec.Steps}})
	s.do("encoding steps", err)
	s.do("changing the steps", s.cluster.Patch(s.Context(), wanted, client.RawPatch(types.MergePatchType, raw)))
}

// rest takes back what is under way, or was refused, by pushing the version that serves. The last release is there to be asked about.
func (s *scenery) rest() {
	s.Helper()
	if len(see(s.app, (*world).canary).Status.History) == 0 {
		s.set(docs.OnItsWay)
		s.promoted("v" + strconv.Itoa(s.versions))
		return
	}
	s.until("an end of what nobody can stop", long, func(w *world) bool {
		phase := w.phase()
		return phase != v1alpha1.PhasePromoting && phase != v1alpha1.PhaseFinalizing && phase != v1alpha1.PhaseRollingBack
	})
	serves := see(s.app, func(w *world) string {
		for _, rs := range all[*appsv1.ReplicaSet](w) {
			if rollout := w.canary().Status.Rollout; rollout != nil && rs.Labels[appsv1.DefaultDeploymentUniqueLabelKey] == rollout.Baseline {
				return versionOf(rs.Spec.Template.Spec)
			}
		}
		return "v1"
	})
	s.push(good(serves))
	s.until("rest", long, func(w *world) bool { return w.onlyServes(serves) && isTrue(w.canary(), v1alpha1.ConditionReady) })
}

// settled waits until the operator has acted on every wish that stands in the Canary: people take longer than that to paste the next command.
func (s *scenery) settled() error {
	return poll(s.Context(), patience, func() error {
		c := &v1alpha1.Canary{}
		err := s.cluster.Get(s.Context(), client.ObjectKey{Namespace: s.ns, Name: appName}, c)
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if c.Status.Rollout == nil || c.Status.Phase == v1alpha1.PhaseRollingBack {
			return errors.New("the operator has yet to look at the Canary, or to roll back")
		}
		for name, value := range c.Annotations {
			verb, is := strings.CutPrefix(name, v1alpha1.Group+"/")
			if is && c.Status.Rollout.Acknowledged[verb] != value && !strings.Contains(c.Status.Rollout.Ignored, name) {
				return fmt.Errorf("the operator has yet to act on %s=%s", name, value)
			}
		}
		return nil
	})
}

// tidiesUp deletes at the end what pages made in a namespace that is not theirs.
func (s *scenery) tidiesUp(kind client.ObjectList, namespace string) {
	s.Helper()
	list := func(ctx context.Context) (names map[string]client.Object, err error) {
		if err := s.cluster.List(ctx, kind, client.InNamespace(namespace)); err != nil {
			return nil, err
		}
		names = map[string]client.Object{}
		err = meta.EachListItem(kind, func(o runtime.Object) error {
			object, is := o.DeepCopyObject().(client.Object)
			if is {
				names[object.GetName()] = object
			}
			return nil
		})
		return names, err
	}
	before, err := list(s.Context())
	s.do("looking at what there is", err)
	s.atEnd = append(s.atEnd, func() error {
		after, err := list(cleanUp(s.T))
		for name, object := range after {
			if before[name] == nil {
				err = errors.Join(err, client.IgnoreNotFound(s.cluster.Delete(cleanUp(s.T), object)))
			}
		}
		return err
	})
}
