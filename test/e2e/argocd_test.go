package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/api/v1alpha1"
)

func argoCD() []journey {
	return []journey{
		{"Argo CD", "with self-heal a good version is promoted, and a bad one is refused, reverted and fixed by commits alone", argoGenerated},
		{"Argo CD", "a route in Git keeps its split under the documented rule, by client-side and by server-side apply", argoOwnRoute},
		{"Argo CD", "each action is obeyed once, and self-heal leaves it", argoActions},
	}
}

// still is how long Argo CD is watched for syncs that nobody asked for. It looks at each Application every ten seconds here, and heals after five.
const still = 25 * time.Second

// generated makes the route Serin's own.
func (a *app) generated(c *v1alpha1.Canary) {
	c.Spec.Traffic.Routes = nil
	c.Spec.Traffic.Gateway = &v1alpha1.GatewayTraffic{
		ParentRefs: []v1alpha1.ParentReference{{Name: "gateway", Namespace: "gateway"}},
		Hostnames:  []string{a.ns + ".example"},
	}
}

// bad is a version that is refused.
func bad(name string) version { return with(name, "DEMO_ERROR_RATE", "40%") }

// argoGenerated walks through releases of which Argo CD knows no route, and so has nothing to ignore.
func argoGenerated(t *testing.T, c *cluster) {
	g := newGitOps(t, c, "argo", nil, nil, func(g *gitOps) map[string]string {
		return map[string]string{"app.yaml": g.appFile(good("v1")), "canary.yaml": g.canaryFile(g.generated)}
	})
	g.send(60, 0)

	g.commit("v2", map[string]string{"app.yaml": g.appFile(good("v2"))})
	g.promoted("v2")
	g.sees("the release to be Healthy", patience, func(s sighting) bool { return g.settled(s, "Healthy") })
	g.undisturbed("a good release")
	g.notHealthyEarly("v2")

	g.refusedByGit("v3")
	g.revert()
	g.until("v2 to be the template again", long, func(w *world) bool { return w.phase() == v1alpha1.PhaseIdle && w.onlyServes("v2") })
	g.sees("the revert to be Healthy", patience, func(s sighting) bool { return g.settled(s, "Healthy") })
	g.undisturbed("a revert")

	g.refusedByGit("v4")
	g.commit("v5", map[string]string{"app.yaml": g.appFile(good("v5"))})
	g.promoted("v5")
	g.sees("the fix to be Healthy", patience, func(s sighting) bool { return g.settled(s, "Healthy") })
	g.undisturbed("a fix")
}

// refusedByGit commits a version that is refused. Argo CD must show why, leave it at that, and not try again.
func (g *gitOps) refusedByGit(version string) {
	g.Helper()
	g.commit(version, map[string]string{"app.yaml": g.appFile(bad(version))})
	g.refused(version)
	s := g.sees("the refusal to be Synced and Degraded", patience, func(s sighting) bool { return g.settled(s, "Degraded") && s.canary == "Degraded" })
	stalled := see(g.app, func(w *world) string {
		return meta.FindStatusCondition(w.canary().Status.Conditions, v1alpha1.ConditionStalled).Message
	})
	told := see(g.app, func(w *world) bool {
		return slices.ContainsFunc(w.events("Canary", v1alpha1.ReasonRolledBack), func(e *eventsv1.Event) bool { return e.Note == s.message })
	})
	if s.message != stalled || !told {
		g.Errorf("the health message is %q, the condition says %q, and an event says the same: %t", s.message, stalled, told)
	}
	g.stays("refused", still, func(w *world) bool { return w.phase() == v1alpha1.PhaseFailed && w.deployment().Spec.Paused })
	g.undisturbed("a refused version")
}

// notHealthyEarly holds Argo CD to no word of health from the sync on until a version was promoted.
func (g *gitOps) notHealthyEarly(version string) {
	g.Helper()
	var promoted time.Time
	g.journal.replay(func(w *world, e entry) {
		if promoted.IsZero() && w.phase() == v1alpha1.PhaseSucceeded && w.canary().Status.Revision == w.revision(version) {
			promoted = e.at
		}
	})
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.sightings {
		if g.settled(s, "Healthy") && s.at.Before(promoted) {
			g.Errorf("%s before %s was promoted, it says %+v", promoted.Sub(s.at), version, s)
		}
	}
}

// undisturbed holds Argo CD to the sync of the last commit, and to no moment out of sync after it.
func (g *gitOps) undisturbed(what string) {
	g.Helper()
	seen := g.sinceCommit()
	results.note("Argo CD, %s of %s: %d sync, %d later, %s out of sync after it", what, g.ns, seen.syncs, seen.late, seen.outOfSync)
	if seen.syncs == 0 || seen.late > 0 || seen.outOfSync > 0 {
		g.Errorf("after %s: %+v", what, seen)
	}
	last := g.sees("the Application", patience, func(sighting) bool { return true })
	if made := slices.DeleteFunc(slices.Clone(last.resources), func(r string) bool { return !strings.HasSuffix(r, "-baseline") && !strings.HasSuffix(r, "-candidate") }); len(made) > 0 {
		g.Errorf("Argo CD counts among what is in Git: %v", made)
	}
}

// argoOwnRoute walks through releases with a route that is in Git and the documented rule, by client-side apply first, and then by server-side apply.
func argoOwnRoute(t *testing.T, c *cluster) {
	rule, options := documentedRule(t)
	g := newGitOps(t, c, "argoroute", options, rule, func(g *gitOps) map[string]string {
		return map[string]string{
			"app.yaml": g.appFile(good("v1")), "canary.yaml": g.canaryFile(steps(6*time.Second, 25, 50, 100)), "route.yaml": g.manifest("route-in-full.yaml"),
		}
	})
	g.send(60, 0)
	home := g.routeAsWritten()

	g.commit("v2", map[string]string{"app.yaml": g.appFile(good("v2"))})
	g.until("the first step", long, func(w *world) bool { return w.weight() == 25 && w.routed() == 25 })
	g.sees("the push to be synced", patience, func(s sighting) bool { return g.settled(s, "Progressing") })
	// A sync in the middle of a release brings the whole application.
	g.commit("a note", map[string]string{"note.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: note, namespace: " + g.ns + "}, data: {a: b}}\n"})
	g.promoted("v2")
	g.nothingLeft(home)
	g.sees("the release to be Healthy", patience, func(s sighting) bool { return g.settled(s, "Healthy") })
	g.undisturbed("a commit in the middle of a release with a route in Git")
	if see(g.app, func(w *world) bool { return w.told(v1alpha1.ReasonRouteReverted) }) {
		t.Error("Argo CD wrote the route back in the middle of a release")
	}

	g.configure(append(options, "ServerSideApply=true"))
	g.refusedByGit("v3")
	g.revert()
	g.until("v2 to be the template again", long, func(w *world) bool { return w.phase() == v1alpha1.PhaseIdle && w.onlyServes("v2") })
	g.sees("the revert to be Healthy", patience, func(s sighting) bool { return g.settled(s, "Healthy") })

	// What is not Serin's in the route is still Git's.
	const path = "    - path: {type: PathPrefix, value: /}\n"
	g.commit("another path", map[string]string{"route.yaml": strings.Replace(g.manifest("route-in-full.yaml"), path, path+strings.Replace(path, "/}", "/api}", 1), 1)})
	g.until("the path to be as in Git", patience, func(w *world) bool { return len(w.route().Spec.Rules[0].Matches) == 2 })
	g.sees("the path to be synced", patience, func(s sighting) bool { return g.settled(s, "Healthy") })
	g.stays("as in Git", 2*lag, func(w *world) bool { return len(w.route().Spec.Rules[0].Matches) == 2 })
	g.undisturbed("a change of a route in Git")
}

// documentedRule reads what an Application needs for a route of one's own.
func documentedRule(t *testing.T) (ignore []any, options []string) {
	t.Helper()
	raw, err := os.ReadFile("../../config/argocd/own-route.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var patch struct {
		Spec struct {
			IgnoreDifferences []any `json:"ignoreDifferences"`
			SyncPolicy        struct {
				SyncOptions []string `json:"syncOptions"`
			} `json:"syncPolicy"`
		} `json:"spec"`
	}
	if err := yaml.UnmarshalStrict(raw, &patch); err != nil || len(patch.Spec.IgnoreDifferences) != 1 {
		t.Fatalf("the patch holds no rule: %v", err)
	}
	return patch.Spec.IgnoreDifferences, patch.Spec.SyncPolicy.SyncOptions
}

// argoActions runs each action as its command line does, and holds the result against self-heal.
func argoActions(t *testing.T, c *cluster) {
	g := newGitOps(t, c, "argoact", nil, nil, func(g *gitOps) map[string]string {
		return map[string]string{"app.yaml": g.appFile(good("v1")), "canary.yaml": g.canaryFile(g.generated, func(c *v1alpha1.Canary) {
			c.Spec.Steps[0].Approval = true
			c.Spec.Steps[1].Bake.Duration = 10 * time.Minute
		})}
	})
	g.linked()
	g.send(60, 0)
	g.commit("v2", map[string]string{"app.yaml": g.appFile(good("v2"))})
	g.until("approval to be awaited", long, func(w *world) bool {
		return w.canary().Status.Rollout != nil && w.canary().Status.Rollout.Reason == v1alpha1.ReasonAwaitingApproval
	})
	g.sees("the release to wait for a person", patience, func(s sighting) bool { return s.canary == "Suspended" })

	g.act("pause", func(w *world) bool { return w.canary().Status.Rollout.Paused })
	g.act("resume", func(w *world) bool { return !w.canary().Status.Rollout.Paused })
	g.act("approve", func(w *world) bool { return w.weight() == 50 })
	g.sees("the release to go on", patience, func(s sighting) bool { return s.canary == "Progressing" && s.sync == "Synced" })
	g.act("abort", func(w *world) bool { return w.phase() == v1alpha1.PhaseFailed })
	g.sees("the refusal", patience, func(s sighting) bool { return g.settled(s, "Degraded") })
	g.act("retry", func(w *world) bool { return w.phase() == v1alpha1.PhaseProgressing && w.weight() == 25 })
	g.act("promote", func(w *world) bool { return w.phase() == v1alpha1.PhaseSucceeded })
	g.promoted("v2")
	g.sees("the promotion to be Healthy", patience, func(s sighting) bool { return g.settled(s, "Healthy") })
	g.stays("as it was wished", still, func(w *world) bool { return len(w.canary().Annotations) >= 6 })
	g.undisturbed("six actions")
	if out, err := g.argocd("app", "actions", "run", g.ns, "retry", "--kind", "Canary"); err == nil || !strings.Contains(out, "nothing to try again: no version is refused") {
		t.Errorf("an action that makes no sense says: %s", out)
	}
}

// act runs an action through Argo CD's API server and waits until it is obeyed.
func (g *gitOps) act(action string, obeyed func(*world) bool) {
	g.Helper()
	if out, err := g.argocd("app", "actions", "run", g.ns, action, "--kind", "Canary"); err != nil {
		g.Fatalf("running %s: %v: %s", action, err, out)
	}
	g.until(action+" to be obeyed", long, obeyed)
	if value := see(g.app, func(w *world) string { return w.canary().Annotations["serin.dev/"+action] }); value == "" {
		g.Errorf("%s left no annotation, or self-heal took it away", action)
	}
}

// linked asks Argo CD's API server for the links of the Canary, as its user interface does.
func (g *gitOps) linked() {
	g.Helper()
	_, err := g.cluster.kubectl(g.Context(), "--namespace", argoNamespace, "patch", "configmap", "argocd-cm", "--patch-file", "../../config/argocd/links.yaml")
	g.do("configuring the link", err)
	address := "http://" + g.cluster.node + ":8090/api/v1/applications/" + g.ns + "/resource/links?" +
		url.Values{"namespace": {g.ns}, "resourceName": {appName}, "group": {v1alpha1.GroupVersion().Group}, "version": {v1alpha1.GroupVersion().Version}, "kind": {"Canary"}}.Encode()
	want := "https://grafana.example/d/serin?var-namespace=" + g.ns + "&var-canary=" + appName
	g.do("reading the links", poll(g.Context(), patience, func() error {
		request, err := http.NewRequestWithContext(g.Context(), http.MethodGet, address, http.NoBody)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		var links struct {
			Items []struct{ Title, URL string }
		}
		if err := json.NewDecoder(answer.Body).Decode(&links); err != nil {
			return err
		}
		if len(links.Items) != 1 || links.Items[0].URL != want {
			return fmt.Errorf("%s: %+v, wanted %s", answer.Status, links, want)
		}
		return nil
	}))
}

// argocd is its command line, which asks its API server.
func (g *gitOps) argocd(args ...string) (string, error) {
	server := []string{"--server", g.cluster.node + ":8090", "--plaintext", "--config", g.repository + "/.git/argocd"}
	out, err := exec.CommandContext(g.Context(), "argocd", append(args, server...)...).CombinedOutput()
	return string(out), err
}
