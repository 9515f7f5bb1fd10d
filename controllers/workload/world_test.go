package workload

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// The worlds of these tests have a Deployment, web, of which a revision's template is told by its revision alone. Sets are written
//
//	<revision> <owner> <pods>[/<available>] [<mark> ...]
//
// oldest first. Owners: deployment, canary, nobody, other. Marks: taken, restoring, aside=<revision>. The template of v1' is a restart of v1's.
func worldOf(replicas int32, wanted string, sets ...string) *world {
	quarter := intstr.FromString("25%")
	labels := map[string]string{"app": "web"}
	w := &world{target: Target{Owner: Owning("web", "canary-uid")}}
	w.deployment = &deployment{template: templateNamed(wanted), Deployment: appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web", UID: "deployment-uid"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Paused: true, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Strategy: appsv1.DeploymentStrategy{RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &quarter, MaxUnavailable: &quarter}},
		},
	}}
	for i, text := range sets {
		w.put(w.setOf(i, text))
	}
	return w
}

func templateNamed(revision string) template {
	original, _, _ := strings.Cut(revision, "'")
	return template{exact: revision, unrestarted: original}
}

func (w *world) setOf(age int, text string) *set {
	words := strings.Fields(text)
	revision, owner := words[0], words[1]
	var pods, available int32
	if n, _ := fmt.Sscanf(words[2], "%d/%d", &pods, &available); n == 1 {
		available = pods
	}
	s := &set{revision: revision, template: templateNamed(revision), ReplicaSet: appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Name: "web-" + revision, UID: types.UID(revision), CreationTimestamp: metav1.Unix(int64(age), 0),
			Labels: map[string]string{"app": "web", appsv1.DefaultDeploymentUniqueLabelKey: revision}, Annotations: map[string]string{annotationRevision: strconv.Itoa(age + 1)},
		},
		Spec:   appsv1.ReplicaSetSpec{Replicas: &pods},
		Status: appsv1.ReplicaSetStatus{Replicas: pods, ReadyReplicas: available, AvailableReplicas: available},
	}}
	s.Spec.Template.Labels = map[string]string{"app": "web", appsv1.DefaultDeploymentUniqueLabelKey: revision}
	switch owner {
	case "deployment":
		s.OwnerReferences = []metav1.OwnerReference{w.deployment.controlling()}
	case "canary":
		s.owned = Nobody
		w.hold(s, &s.ReplicaSet, pods, strings.Contains(text, " taken"))
	case "other":
		yes := true
		s.OwnerReferences = []metav1.OwnerReference{{Kind: "Thing", Name: "other", UID: "other-uid", Controller: &yes}}
	}
	for _, mark := range words[3:] {
		key, value, _ := strings.Cut(mark, "=")
		switch key {
		case "taken":
			s.Annotations[markTakenOver] = "true"
		case "restoring":
			s.Annotations[markRestoring] = "true"
		case "aside":
			s.Annotations[markAsideFor] = "web-" + value
			s.Labels = s.shownLabels()
			s.Labels[labelCanary] = "web"
			if owner == "canary" {
				s.OwnerReferences = w.ownedBy(s, w.target.Owner, w.deployment.keeping())
			}
		default:
			panic("no such mark: " + mark)
		}
	}
	s.owned = w.ownerOf(&s.ReplicaSet)
	return s
}

// story carries out what the level asks for, as if every write succeeded and nothing else happened, and tells it.
func (w *world) story(want Desired) []string {
	var told []string
	for range 50 {
		step, waiting := w.next(want)
		switch {
		case step == nil && waiting == "":
			return told
		case step == nil:
			return append(told, "wait: "+waiting)
		case step.paused != nil:
			w.deployment.Spec.Paused = *step.paused
			told = append(told, fmt.Sprintf("paused=%t", *step.paused))
		case step.create != "":
			told = append(told, "make "+step.create)
			made := w.setOf(len(w.sets), step.create+" canary 0")
			made.template = w.deployment.template
			w.put(made)
		case step.remove:
			told = append(told, "remove "+step.set.revision)
			w.drop(step.set)
		default:
			told = append(told, w.carryOut(step))
		}
	}
	return append(told, "and so on without an end")
}

// carryOut changes a set, and says how: to whom it goes, and with how many pods.
func (w *world) carryOut(step *write) string {
	before := step.set
	after := &set{ReplicaSet: *step.after, template: before.template, revision: before.revision}
	after.owned = w.ownerOf(step.after)
	w.put(after)
	var text string
	switch {
	case after.aside() && !before.aside():
		text = "put aside"
	case before.held() && after.owned == ByDeployment:
		text = "give"
	case !before.held() && after.held():
		text = "take"
	default:
		text = "scale"
	}
	text += " " + after.revision
	if before.replicas() != after.replicas() {
		text += fmt.Sprintf(" %d→%d", before.replicas(), after.replicas())
	}
	return text
}

func TestEveryStageOfAHandOverIsRecognised(t *testing.T) {
	meant := Desired{Pause: KeepPaused, Baseline: "v1", Candidate: "v2", HandOver: true}
	other := Desired{Pause: KeepPaused, Baseline: "v1", Candidate: "v2"}
	ending := Desired{Baseline: "v1"}
	for name, test := range map[string]struct {
		wanted string
		sets   []string
		want   Desired
		story  []string
	}{
		"nothing is done yet": {
			"v2",
			[]string{"v0 deployment 0", "v1 deployment 4", "v2 canary 4"},
			meant,
			[]string{"put aside v0", "put aside v1", "give v2", "give v1 4→0", "give v0"},
		},
		"the candidate is an old revision": {
			"v2",
			[]string{"v2 canary 4 taken", "v0 deployment 0", "v1 deployment 4"},
			meant,
			[]string{"put aside v0", "put aside v1", "give v2", "give v1 4→0", "give v0"},
		},
		"as many pods of the candidate are missing as the Deployment's own strategy allows": {
			"v2",
			[]string{"v1 deployment 4", "v2 canary 4/3"},
			meant,
			[]string{"put aside v1", "give v2", "give v1 4→0"},
		},
		"more are missing": {
			"v2",
			[]string{"v0 deployment 0", "v1 deployment 4", "v2 canary 4/2"},
			meant,
			[]string{"wait: 2 pods of the candidate are available, the hand-over needs 3"},
		},
		"the candidate is too small": {
			"v2",
			[]string{"v1 deployment 4", "v2 canary 2"},
			meant,
			[]string{"scale v2 2→4", "wait: 2 pods of the candidate are available, the hand-over needs 3"},
		},
		"the history is put aside": {
			"v2",
			[]string{"v0 canary 0 aside=v2", "v1 deployment 4", "v2 canary 4"},
			meant,
			[]string{"put aside v1", "give v2", "give v1 4→0", "give v0"},
		},
		"the history is put aside, and the candidate has lost pods": {
			"v2",
			[]string{"v0 canary 0 aside=v2", "v1 deployment 4", "v2 canary 4/2"},
			meant,
			[]string{"wait: 2 pods of the candidate are available, the hand-over needs 3"},
		},
		"the history is put aside, and nobody means it any more": {
			"v2",
			[]string{"v0 canary 0 aside=v2", "v1 deployment 4", "v2 canary 4"},
			other,
			[]string{"give v0", "scale v2 4→0"},
		},
		"the baseline is put aside": {
			"v2",
			[]string{"v0 canary 0 aside=v2", "v1 canary 4 aside=v2", "v2 canary 4"},
			meant,
			[]string{"give v2", "give v1 4→0", "give v0"},
		},
		"the baseline is put aside, and the candidate has lost all its pods": {
			"v2",
			[]string{"v1 canary 4 aside=v2", "v2 canary 4/0"},
			meant,
			[]string{"give v2", "wait: the old pods stay until 3 of the candidate's are available again; 0 are"},
		},
		"the baseline is put aside, and another template was pushed": {
			"v3",
			[]string{"v0 canary 0 aside=v2", "v1 canary 4 aside=v2", "v2 canary 4"},
			meant,
			[]string{"give v2", "give v1 4→0", "give v0"},
		},
		"the baseline is put aside, and nobody means it any more: the baseline goes back first": {
			"v2",
			[]string{"v0 canary 0 aside=v2", "v1 canary 4 aside=v2", "v2 canary 4"},
			other,
			[]string{"give v1", "give v0", "scale v2 4→0"},
		},
		"the baseline is put aside, and the Canary is being deleted": {
			"v2",
			[]string{"v0 canary 0 aside=v2", "v1 canary 4 aside=v2", "v2 canary 4"},
			ending,
			[]string{"give v1", "give v0", "remove v2"},
		},
		"the baseline is put aside, and the candidate was deleted by hand": {
			"v2",
			[]string{"v0 canary 0 aside=v2", "v1 canary 4 aside=v2"},
			ending,
			[]string{"give v1", "give v0"},
		},
		"the candidate is given": {
			"v2",
			[]string{"v0 canary 0 aside=v2", "v1 canary 4 aside=v2", "v2 deployment 4"},
			meant,
			[]string{"give v1 4→0", "give v0"},
		},
		"the candidate is given, and nobody means it any more: there is no way back": {
			"v2",
			[]string{"v0 canary 0 aside=v2", "v1 canary 4 aside=v2", "v2 deployment 4"},
			ending,
			[]string{"give v1 4→0", "give v0"},
		},
		"the candidate is given and has lost pods": {
			"v2",
			[]string{"v1 canary 4 aside=v2", "v2 deployment 4/2"},
			meant,
			[]string{"wait: the old pods stay until 3 of the candidate's are available again; 2 are"},
		},
		"the candidate was let go of by somebody else: the Deployment adopts it": {
			"v2",
			[]string{"v1 canary 4 aside=v2", "v2 nobody 4"},
			meant,
			[]string{"give v1 4→0"},
		},
		"the old pods are gone": {
			"v2",
			[]string{"v0 canary 0 aside=v2", "v1 deployment 0", "v2 deployment 4"},
			meant,
			[]string{"give v0"},
		},
		"it is over": {
			"v2", []string{"v0 deployment 0", "v1 deployment 0", "v2 deployment 4"}, meant, nil,
		},
		"it is over, and somebody resumed and rolled something else": {
			"v3",
			[]string{"v1 deployment 0", "v2 deployment 3", "v3 deployment 1"},
			meant,
			[]string{"take v3", "give v3 1→0"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := worldOf(4, test.wanted, test.sets...)
			if diff := cmp.Diff(test.story, w.story(test.want)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAReleaseIsBroughtToItsLevel(t *testing.T) {
	release := Desired{Pause: KeepPaused, Baseline: "v1", Candidate: "v2", CandidatePods: 2}
	for name, test := range map[string]struct {
		wanted string
		sets   []string
		want   Desired
		story  []string
	}{
		"a candidate is made and scaled": {
			"v2", []string{"v1 deployment 8"}, Desired{Pause: KeepPaused, Baseline: "v1", Candidate: "new", CandidatePods: 2}, []string{"make new", "scale new 0→2"},
		},
		"a candidate at its level is left alone": {
			"v2", []string{"v1 deployment 8", "v2 canary 0"}, Desired{Pause: KeepPaused, Baseline: "v1", Candidate: "v2"}, nil,
		},
		"an old revision is taken and scaled": {
			"v2", []string{"v2 deployment 0", "v1 deployment 8"}, release, []string{"take v2", "scale v2 0→2"},
		},
		"a set of another owner is no candidate": {
			"v2", []string{"v1 deployment 8", "v2 other 3"}, release, []string{"wait: there is no ReplicaSet of revision v2, and the Deployment's template is that of new by now"},
		},
		"a candidate whose template is gone can't be made": {
			"v3", []string{"v1 deployment 8"}, release, []string{"wait: there is no ReplicaSet of revision v2, and the Deployment's template is that of new by now"},
		},
		"half a rollout is taken, with the pods that are needed until the baseline's are back": {
			"v2",
			[]string{"v1 deployment 6/2", "v2 deployment 4"},
			release,
			[]string{"take v2", "wait: 4 pods of revision v2 stay until the baseline's are back"},
		},
		"half a rollout that nobody needs goes to its level at once": {
			"v2", []string{"v1 deployment 6", "v2 deployment 4"}, release, []string{"take v2", "scale v2 4→2"},
		},
		"of half a rollout the pods that aren't available are no help": {
			"v2", []string{"v1 deployment 6/5", "v2 deployment 4/0"}, release, []string{"take v2", "scale v2 4→2"},
		},
		"a stray is taken, emptied and given back": {
			"v2", []string{"v1 deployment 6", "vx deployment 4", "v2 canary 2"}, release, []string{"take vx", "give vx 4→0"},
		},
		"a baseline that lost all its pods gets them back first": {
			"v2",
			[]string{"v1 deployment 0", "v2 deployment 8"},
			release,
			[]string{"scale v1 0→8", "take v2", "scale v2 8→6", "wait: 6 pods of revision v2 stay until the baseline's are back"},
		},
		"what serves is left alone when the baseline's set is gone": {
			"v2", []string{"v2 deployment 8"}, release, []string{"wait: revision v2 serves, and the baseline's ReplicaSet is gone"},
		},
		"an older candidate goes when there is a newer one": {
			"v3",
			[]string{"v1 deployment 8", "v2 canary 4", "v3 canary 0"},
			Desired{Pause: KeepPaused, Baseline: "v1", Candidate: "v3", CandidatePods: 1},
			[]string{"scale v3 0→1", "remove v2"},
		},
		"a taken candidate is given back empty": {
			"v3", []string{"v2 canary 4 taken", "v1 deployment 8"}, Desired{Baseline: "v1"}, []string{"give v2 4→0"},
		},
		"the marks that a vanished Canary left are taken off": {
			"v1", []string{"v1 deployment 8 aside=v2"}, Desired{Baseline: "v1"}, []string{"scale v1"},
		},
		"the baseline's template is let loose": {
			"v1", []string{"v1 deployment 8"}, Desired{Pause: LetRoll, Baseline: "v1"}, []string{"paused=false"},
		},
		"a restart of the baseline's template is let loose": {
			"v1'", []string{"v1 deployment 8"}, Desired{Pause: LetRoll, Baseline: "v1"}, []string{"paused=false"},
		},
		"another template is not": {
			"v2",
			[]string{"v1 deployment 8", "v2 deployment 0"},
			Desired{Pause: LetRoll, Baseline: "v1"},
			[]string{"wait: the Deployment stays paused: its template is that of revision v2 by now, not of v1"},
		},
		"nothing is let loose before the hand-over has ended": {
			"v2",
			[]string{"v1 canary 4 aside=v2", "v2 deployment 8/1"},
			Desired{Pause: LetRoll, Baseline: "v2"},
			[]string{"wait: the old pods stay until 2 of the candidate's are available again; 1 are"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := worldOf(8, test.wanted, test.sets...)
			made := w.wanted()
			if test.want.Candidate == "new" {
				test.want.Candidate = made
			}
			story := w.story(test.want)
			if w.find(test.wanted) == nil {
				for i := range story {
					story[i] = strings.ReplaceAll(story[i], made, "new")
				}
			}
			if diff := cmp.Diff(test.story, story); diff != "" {
				t.Error(diff)
			}
		})
	}
}
