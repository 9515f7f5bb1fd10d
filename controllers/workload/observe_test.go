package workload

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestObservationsNameWhoServesAndWhoIsUnderTest(t *testing.T) {
	type seen struct {
		Wanted, RestartOf, Baseline, Candidate string
		Strays                                 int32
		Complete, HandedOver                   bool
	}
	for name, test := range map[string]struct {
		wanted              string
		sets                []string
		baseline, candidate string
		want                seen
	}{
		"at rest, the present template's set is the baseline": {
			"v1",
			[]string{"v0 deployment 0", "v1 deployment 4"},
			"", "",
			seen{Wanted: "v1", Baseline: "v1", Complete: true},
		},
		"after a rollback, the present template's set need not be the youngest": {
			"v0",
			[]string{"v0 deployment 4", "v1 deployment 0"},
			"", "",
			seen{Wanted: "v0", Baseline: "v0", Complete: true},
		},
		"in the middle of a rollout, the one with the most available pods serves": {
			"v2",
			[]string{"v1 deployment 3", "v2 deployment 2/1"},
			"", "",
			seen{Wanted: "v2", Baseline: "v1", Candidate: "v2"},
		},
		"with as many available pods, the present template's serves": {
			"v2",
			[]string{"v1 deployment 2", "v2 deployment 2"},
			"", "",
			seen{Wanted: "v2", Baseline: "v2", Strays: 2},
		},
		"without pods, the present template's serves": {
			"v1",
			[]string{"v1 deployment 0", "v2 deployment 0"},
			"", "",
			seen{Wanted: "v1", Baseline: "v1"},
		},
		"two rollouts in each other's way leave strays": {
			"v3",
			[]string{"v1 deployment 3", "v2 deployment 2/0", "v3 deployment 1/0"},
			"", "",
			seen{Wanted: "v3", Baseline: "v1", Candidate: "v3", Strays: 2},
		},
		"what was put aside serves, what is under test doesn't": {
			"v2",
			[]string{"v0 canary 0 aside=v2", "v1 canary 3 aside=v2", "v2 canary 4"},
			"", "",
			seen{Wanted: "v2", Baseline: "v1", Candidate: "v2"},
		},
		"a restart in full swing has no candidate": {
			"v1'",
			[]string{"v1 deployment 3", "v1' deployment 2"},
			"v1", "",
			seen{Wanted: "v1'", RestartOf: "v1", Baseline: "v1", Strays: 2},
		},
		"a restart of the refused template is one of that": {
			"v2'",
			[]string{"v0 deployment 0", "v1 deployment 4", "v2 canary 0", "v2'' deployment 0"},
			"v1", "v2",
			seen{Wanted: "new", RestartOf: "v2", Baseline: "v1", Candidate: "v2"},
		},
		"a candidate with pods keeps a rollout from being complete": {
			"v1",
			[]string{"v1 deployment 4", "v2 canary 1"},
			"v1", "v2",
			seen{Wanted: "v1", Baseline: "v1", Candidate: "v2"},
		},
		"a pod too few keeps a rollout from being complete": {
			"v1",
			[]string{"v1 deployment 4/3"},
			"v1", "",
			seen{Wanted: "v1", Baseline: "v1"},
		},
		"of two sets with one template, the older one has it": {
			"v2",
			[]string{"v1 deployment 4", "v2 canary 1", "v2 deployment 0"},
			"v1", "v2",
			seen{Wanted: "v2", Baseline: "v1", Candidate: "v2"},
		},
		"a set of another owner is nobody": {
			"v1",
			[]string{"v1 deployment 4", "v2 other 3"},
			"v1", "v2",
			seen{Wanted: "v1", Baseline: "v1", Complete: true},
		},
		"a baseline that is gone is told as gone": {
			"v2",
			[]string{"v2 deployment 4"},
			"v1", "v2",
			seen{Wanted: "v2", Candidate: "v2", Complete: true, HandedOver: true},
		},
		"it is handed over once nothing is aside": {
			"v2",
			[]string{"v0 deployment 0", "v1 deployment 0", "v2 deployment 4"},
			"v1", "v2",
			seen{Wanted: "v2", Baseline: "v1", Candidate: "v2", Complete: true, HandedOver: true},
		},
		"it is not handed over while the history is aside": {
			"v2",
			[]string{"v0 canary 0 aside=v2", "v1 deployment 0", "v2 deployment 4"},
			"v1", "v2",
			seen{Wanted: "v2", Baseline: "v1", Candidate: "v2", Complete: true},
		},
		"it is not handed over while the old pods are there": {
			"v2",
			[]string{"v1 deployment 1", "v2 deployment 4"},
			"v1", "v2",
			seen{Wanted: "v2", Baseline: "v1", Candidate: "v2"},
		},
		"it is handed over although a newer template was pushed": {
			"v2",
			[]string{"v1 deployment 0", "v2 deployment 4"},
			"v1", "v2",
			seen{Wanted: "v2", Baseline: "v1", Candidate: "v2", Complete: true, HandedOver: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := worldOf(4, test.wanted, test.sets...)
			o, _ := w.observe(test.baseline, test.candidate)
			if o.Wanted == w.deployment.template.name(func(string) bool { return false }) {
				o.Wanted = "new"
			}
			got := seen{o.Wanted, o.RestartOf, o.Baseline.Revision, o.Candidate.Revision, o.Strays, o.Complete, o.HandedOver}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestThePodsOfATemplateAreToldBeforeThereAreAny(t *testing.T) {
	w := worldOf(4, "v2", "v1 deployment 4")
	w.deployment.Spec.Template.Labels = map[string]string{"app": "web", "version": "2"}
	before, _ := w.observe("v1", "")
	revision := before.Wanted
	want := map[string]string{"app": "web", "version": "2", appsv1.DefaultDeploymentUniqueLabelKey: revision}
	if diff := cmp.Diff(want, before.WantedLabels); diff != "" || before.WantedSet != candidateName("web", revision) {
		t.Errorf("ReplicaSet %s: %s", before.WantedSet, diff)
	}
	if len(w.deployment.Spec.Template.Labels) != 2 {
		t.Error("the Deployment itself was changed")
	}
	w.put(w.setOf(1, "v2 canary 0"))
	after, _ := w.observe("v1", "v2")
	if diff := cmp.Diff(after.Candidate.Labels, after.WantedLabels); diff != "" || after.WantedSet != after.Candidate.Name {
		t.Errorf("once there is one, ReplicaSet %s: %s", after.WantedSet, diff)
	}
}

func TestOwnersAreTold(t *testing.T) {
	yes := true
	w := worldOf(4, "v1")
	earlier := Owning("web", "earlier-uid")
	flagger := metav1.OwnerReference{APIVersion: "flagger.app/v1beta1", Kind: "Canary", Name: "web", UID: "flagger-uid", Controller: &yes}
	ours := map[string]string{labelCanary: "web"}
	for name, test := range map[string]struct {
		refs   []metav1.OwnerReference
		labels map[string]string
		want   Owner
	}{
		"no reference":     {nil, nil, Nobody},
		"the Deployment's": {[]metav1.OwnerReference{w.deployment.controlling()}, nil, ByDeployment},
		"the Deployment's, and a label left behind":     {[]metav1.OwnerReference{w.deployment.controlling()}, ours, ByDeployment},
		"one that doesn't control":                      {[]metav1.OwnerReference{w.deployment.keeping()}, nil, Nobody},
		"the Canary's":                                  {[]metav1.OwnerReference{w.target.Owner, w.deployment.keeping()}, ours, ByCanary},
		"the Canary's, without a label":                 {[]metav1.OwnerReference{w.target.Owner}, nil, ByCanary},
		"the Canary's was collected, the label is left": {[]metav1.OwnerReference{w.deployment.keeping()}, ours, ByCanary},
		"an earlier Canary's of the same name":          {[]metav1.OwnerReference{earlier}, ours, ByCanary},
		"that of another project's Canary":              {[]metav1.OwnerReference{flagger}, ours, ByOther},
		"another Canary's":                              {[]metav1.OwnerReference{Owning("other", "other-uid")}, map[string]string{labelCanary: "other"}, ByOther},
	} {
		t.Run(name, func(t *testing.T) {
			rs := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{OwnerReferences: test.refs, Labels: test.labels}}
			if got := w.ownerOf(rs); got != test.want {
				t.Errorf("owner %d, want %d", got, test.want)
			}
		})
	}
}

func TestBoundsAreThoseOfTheDeploymentController(t *testing.T) {
	for name, test := range map[string]struct {
		replicas                int32
		surge, unavailable      intstr.IntOrString
		wantSurge, minAvailable int32
	}{
		"percentages round up and down":            {10, intstr.FromString("25%"), intstr.FromString("25%"), 3, 8},
		"numbers are taken as they are":            {10, intstr.FromInt32(4), intstr.FromInt32(0), 4, 10},
		"without either, one pod may be missing":   {3, intstr.FromString("0%"), intstr.FromString("1%"), 0, 2},
		"never more may be missing than there are": {2, intstr.FromInt32(0), intstr.FromInt32(5), 0, 0},
		"of no pods, none may be missing":          {0, intstr.FromString("25%"), intstr.FromString("25%"), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := worldOf(test.replicas, "v1").deployment
			d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{MaxSurge: &test.surge, MaxUnavailable: &test.unavailable}
			if d.surge() != test.wantSurge || d.minAvailable() != test.minAvailable {
				t.Errorf("surge %d and at least %d available, want %d and %d", d.surge(), d.minAvailable(), test.wantSurge, test.minAvailable)
			}
		})
	}
	recreate := worldOf(3, "v1").deployment
	recreate.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
	if recreate.surge() != 0 || recreate.minAvailable() != 3 {
		t.Errorf("a Deployment that recreates: surge %d and at least %d available", recreate.surge(), recreate.minAvailable())
	}
}

// What keeps a candidate with pods alive, and out of the Deployment's reach, whatever becomes of the Canary object.
func TestWhatIsHeldBearsWhatItNeeds(t *testing.T) {
	w := worldOf(4, "v2", "v0 deployment 0", "v1 deployment 4", "v2 canary 0")
	owners := func(s *set) (kinds []string) {
		for _, r := range s.OwnerReferences {
			if r.Controller != nil && *r.Controller {
				kinds = append(kinds, r.Kind+" controls")
				continue
			}
			kinds = append(kinds, r.Kind)
		}
		return kinds
	}
	check := func(what, revision, app string, want ...string) {
		t.Helper()
		s := w.find(revision)
		if diff := cmp.Diff(want, owners(s)); diff != "" || s.Labels["app"] != app {
			t.Errorf("%s: the Deployment's label is %q, the owners differ: %s", what, s.Labels["app"], diff)
		}
	}
	check("an empty candidate goes with the Canary", "v2", "web", "Canary controls")
	w.story(Desired{Pause: KeepPaused, Baseline: "v1", Candidate: "v2", CandidatePods: 4})
	check("a candidate with pods outlives it, unseen by the Deployment", "v2", "", "Canary controls", "Deployment")
	w.story(Desired{Pause: KeepPaused, Baseline: "v1", Candidate: "v0", CandidatePods: 0})
	check("an old revision without pods would go back", "v0", "web", "Canary controls", "Deployment")
	w.story(Desired{Pause: KeepPaused, Baseline: "v1", Candidate: "v0", CandidatePods: 1})
	check("an old revision with pods would not", "v0", "", "Canary controls", "Deployment")
	w.story(Desired{Baseline: "v1"})
	check("what is given back is as it was", "v0", "web", "Deployment controls")
	if s := w.find("v0"); s.marked() || s.revisionNumber() != 1 {
		t.Errorf("given back with labels %v and annotations %v", s.Labels, s.Annotations)
	}
}

func TestTheCandidateBecomesTheNewestRevision(t *testing.T) {
	handOver := Desired{Pause: KeepPaused, Baseline: "v1", Candidate: "v2", HandOver: true}
	for name, test := range map[string]struct {
		sets              []string
		revision, history string
	}{
		"a new one":                 {[]string{"v0 deployment 0", "v1 deployment 4", "v2 canary 4"}, "3", ""},
		"an old one":                {[]string{"v2 canary 4 taken", "v0 deployment 0", "v1 deployment 4"}, "4", "1"},
		"one that is newest by now": {[]string{"v0 deployment 0", "v1 deployment 4", "v2 canary 4 taken"}, "3", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := worldOf(4, "v2", test.sets...)
			if c := w.find("v2"); !c.takenOver() {
				delete(c.Annotations, annotationRevision)
			}
			w.story(handOver)
			a := w.find("v2").Annotations
			want := map[string]string{annotationRevision: test.revision, annotationDesired: "4", annotationMax: "5"}
			if test.history != "" {
				want[annotationRevisionHistory] = test.history
			}
			if diff := cmp.Diff(want, a); diff != "" {
				t.Error(diff)
			}
		})
	}
}
