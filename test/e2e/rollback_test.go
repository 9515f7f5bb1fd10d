package e2e

import (
	"encoding/json"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// soon is the most that may lie between the verdict and the route's weight 0: it is the same reconcile.
const soon = 2 * time.Second

func twoPercentErrors(t *testing.T, c *cluster) {
	a := newApp(t, c, "errors")
	a.watchOver(steps(5*time.Second, 20, 60, 100), metrics(v1alpha1.Metric{
		Name: "errors", ErrorRate: &v1alpha1.ErrorRateMetric{MaxIncrease: &v1alpha1.ErrorRateIncrease{Absolute: "0.1%"}},
	}))
	a.send(120, 0)
	home := a.routeAsWritten()
	a.release(with("v2", "DEMO_ERROR_RATE", "2%"))
	a.refused("v2")
	a.nothingLeft(home)
	a.rolledBackWell("v2")

	revision := see(a, func(w *world) string { return w.revision("v2") })
	message := a.toldOfRollback(
		`^revision `+revision+` was refused at step [123] of 3 \(weight (20|60|100)% since \d\d:\d\d:\d\d UTC\): `, // what and where
		`errors [0-9.]+% vs [0-9.]+% on the baseline \(\+[0-9.]+ points; between .+ and .+; allowed .+\)`,          // by how much
		` of [0-9,]+ requests`,       // on how many
		`serin\.dev/retry=`+revision, // what to do
	)
	for _, what := range []string{"canary", "deployment"} {
		if out := a.kubectl("describe", what, appName); !strings.Contains(out, "RolledBack") || !strings.Contains(out, message) {
			t.Errorf("kubectl describe %s does not hold the event %q:\n%s", what, message, out)
		}
	}

	a.replays(message)

	a.release(good("v3"))
	a.promoted("v3")
	a.nothingLeft(home)
}

// replays walks the release that was refused with message once more, as the ConfigMap beside the Canary recorded it: the evidence is there, and
// ends in no promotion. It is a compact trace, which knows no pods, so that the replay may want more evidence than the operator did.
func (a *app) replays(message string) {
	a.Helper()
	recorded := a.kubectl("get", "configmap", appName+"-last-release", "--output", "jsonpath={.data.trace}")
	out, err := a.cluster.kubectlWith(a.Context(), recorded, "serin", "replay", "--trace", "-", "--output", "json")
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.ExitCode() != 3 && ended.ExitCode() != 4 {
		a.Errorf("the replay of a refused release should exit with 3, or 4 for lack of evidence: %v\n%s", err, out)
		return
	}
	var told struct {
		Outcome  string
		Recorded struct{ Outcome, Message string }
	}
	a.do("reading what the replay says", json.Unmarshal([]byte(out), &told))
	a.Logf("the replay says: %s", told.Outcome)
	if told.Recorded.Outcome != "RolledBack" || !strings.Contains(message, told.Recorded.Message) {
		a.Errorf("the replay says %+v of what was refused with %q", told, message)
	}
}

// rolledBackWell looks at how a refused version went: its traffic at once, the baseline never short of a pod, the template left, paused.
func (a *app) rolledBackWell(version string) {
	a.Helper()
	var judged, zero time.Time
	lost := 0
	a.journal.replay(func(w *world, e entry) {
		if _, ok := e.object.(*v1alpha1.Canary); ok && judged.IsZero() && w.phase() == v1alpha1.PhaseRollingBack {
			judged = e.at
		}
		if zero.IsZero() && !judged.IsZero() && w.routed() == 0 {
			zero = e.at
		}
		if pod, ok := e.object.(*corev1.Pod); ok && versionOf(pod.Spec) == "v1" && pod.DeletionTimestamp != nil {
			lost++
		}
	})
	if took := zero.Sub(judged); zero.IsZero() || took > soon {
		a.Errorf("the route's weight was 0 only %s after the verdict", took)
	}
	if lost > 0 {
		a.Errorf("the baseline lost pods")
	}
	a.until("the refused template to be left, paused", patience, func(w *world) bool {
		d := w.deployment()
		return d.Spec.Paused && versionOf(d.Spec.Template.Spec) == version && w.available("v1") == int(*d.Spec.Replicas)
	})
	a.until("the Canary to say that it is stalled", patience, func(w *world) bool {
		return isTrue(w.canary(), v1alpha1.ConditionStalled) && !isTrue(w.canary(), v1alpha1.ConditionReady)
	})
}

// toldOfRollback finds the event on Canary and Deployment, and answers its text, which must have all the parts.
func (a *app) toldOfRollback(parts ...string) string {
	a.Helper()
	a.until("the event RolledBack on Canary and Deployment", patience, func(w *world) bool { return w.told(v1alpha1.ReasonRolledBack) })
	note := see(a, func(w *world) string {
		ofCanary, ofDeployment := w.events("Canary", v1alpha1.ReasonRolledBack), w.events("Deployment", v1alpha1.ReasonRolledBack)
		if ofCanary[0].Note != ofDeployment[0].Note {
			a.Errorf("Canary and Deployment were told different things")
		}
		return ofCanary[0].Note
	})
	a.Logf("the event says: %s", note)
	for _, part := range parts {
		if !regexp.MustCompile(part).MatchString(note) {
			a.Errorf("the event RolledBack lacks %q: %s", part, note)
		}
	}
	return note
}

func slowVersion(t *testing.T, c *cluster) {
	a := newApp(t, c, "slow")
	a.watchOver(steps(5*time.Second, 40, 70, 100), metrics(v1alpha1.Metric{
		Name: "latency", Latency: &v1alpha1.LatencyMetric{MaxIncrease: &v1alpha1.LatencyIncrease{Relative: "10%", Absolute: "5ms"}},
	}))
	a.send(120, 0)
	a.release(with("v2", "DEMO_P95", "120ms"))
	a.refused("v2")
	a.rolledBackWell("v2")
	a.toldOfRollback(`latency p95 [0-9.]+m?s vs [0-9.]+m?s on the baseline \(\+[0-9.]+m?s; between .+ and .+; allowed .+\)`, ` of [0-9,]+ requests slower than `)
}

func retryAndRevert(t *testing.T, c *cluster) {
	a := newApp(t, c, "retry")
	a.watchOver()
	a.send(60, 0)
	home := a.routeAsWritten()
	a.release(with("v2", "DEMO_ERROR_RATE", "40%"))
	a.refused("v2")

	a.annotate(v1alpha1.AnnotationRetry, see(a, func(w *world) string { return w.revision("v2") }))
	a.until("the retry", patience, func(w *world) bool { return w.phase() == v1alpha1.PhaseProgressing && w.weight() > 0 })
	a.refused("v2")
	if n := see(a, func(w *world) int { return len(w.canary().Status.History) }); n != 2 {
		t.Errorf("the history holds %d releases, not 2", n)
	}

	a.push(good("v1"))
	a.until("the baseline to be at rest", patience, func(w *world) bool {
		return isTrue(w.canary(), v1alpha1.ConditionReady) && w.onlyServes("v1")
	})
	a.nothingLeft(home)
	a.until("the refused ReplicaSet to go", patience, func(w *world) bool { return w.replicaSet("v2") == nil })
	if n := see(a, func(w *world) int { return len(all[*appsv1.ReplicaSet](w)) }); n != 1 {
		t.Errorf("%d ReplicaSets are left, not 1", n)
	}
}

func crashingVersion(t *testing.T, c *cluster) {
	a := newApp(t, c, "crash")
	a.exempt[noRestart] = "the candidate is meant to crash"
	a.watchOver()
	a.send(60, 0)
	a.release(with("v2", "DEMO_P95", "never"))
	began := time.Now()
	a.until("the refusal", long, func(w *world) bool { return w.told(v1alpha1.ReasonRolledBack) })
	t.Logf("refused within %s of the push", since(began))
	a.refused("v2")
	a.rolledBackWell("v2")
	a.toldOfRollback(`CrashLoopBackOff`)
}

func missingImage(t *testing.T, c *cluster) {
	a := newApp(t, c, "image")
	a.watchOver()
	a.send(60, 0)
	a.release(version{name: "v2", image: "localhost:1/no-such-image:v1"})
	began := time.Now()
	a.until("the refusal", long, func(w *world) bool { return w.told(v1alpha1.ReasonRolledBack) })
	t.Logf("refused within %s of the push", since(began))
	a.refused("v2")
	a.rolledBackWell("v2")
	a.toldOfRollback(`ErrImagePull|ImagePullBackOff`, `no-such-image`)
}
