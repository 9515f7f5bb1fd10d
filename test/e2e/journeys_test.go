package e2e

import (
	"slices"
	"testing"
)

// journeys lists all of them, by where they run.
func journeys() map[place][]journey {
	return map[place][]journey{
		first: {
			{"faults", "an operator killed again and again leads every release to the same end", operatorKilled},
			{"faults", "without the gate the guard keeps the traffic on the baseline", gateRemoved},
		},
		together: slices.Concat(argoCD(), documentation(), promotions(), rollbacks(), changes()),
		last: {
			{"coexistence", "uninstalling in mid-release leaves the baseline serving and plain objects, and installing again goes on", uninstalled},
			{"installation", "from the previous commit's build to the chart of this one no release starts, and the one under way goes on", upgradedToChart},
			{"installation", "helm upgrade and helm uninstall in mid-release harm nothing, and uninstalled in order plain objects remain", helmInMidRelease},
		},
	}
}

func promotions() []journey {
	return []journey{
		{"promotion", "a good version is promoted, and the pods that were judged are the pods that stay", goodVersion},
		{"promotion", "a Canary at rest makes no API calls", idle},
		{"promotion", "WebSockets stay open through a promotion until their pod leaves", webSockets},
		{"promotion", "without a traffic section the share follows the number of pods", podShare},
		{"promotion", "a route that Serin makes carries the split", generatedRoute},
		{"people", "approve, pause and resume mean one revision and are obeyed once", approvePauseResume},
		{"people", "promote skips the evidence and abort refuses at once", promoteAbort},
		{"coexistence", "the first Canary on a running Deployment restarts no pod", firstCanary},
		{"coexistence", "kubectl rollout restart rolls natively and starts no release", restartedNatively},
		{"coexistence", "a Deployment with 0 replicas passes through", zeroReplicas},
		{"coexistence", "kubectl apply of the same manifests changes nothing, at rest and in mid-release", func(t *testing.T, c *cluster) { appliedAgain(t, c, "apply") }},
		{"coexistence", "kubectl apply --server-side of the same manifests changes nothing, at rest and in mid-release", func(t *testing.T, c *cluster) {
			appliedAgain(t, c, "ssa", "--server-side")
		}},
	}
}

func rollbacks() []journey {
	return []journey{
		{"rollback", "two percent of errors are rolled back, told in one event, and a fix is promoted", twoPercentErrors},
		{"rollback", "a p95 half as long again is rolled back", slowVersion},
		{"evidence", "a good version that gets hardly any requests is not promoted on nothing", tooQuiet},
		{"evidence", "a slowdown of both versions rolls nothing back", sharedSlowdown},
		{"rollback", "a refused version can be retried, and reverted", retryAndRevert},
		{"rollback", "a candidate that crashes is refused with the pod's own reason", crashingVersion},
		{"rollback", "a candidate without an image is refused with the pod's own reason", missingImage},
	}
}

func changes() []journey {
	return []journey{
		{"change in mid-release", "scaling at every moment leaves enough pods behind every backend", scaled},
		{"change in mid-release", "a push at weight 0 starts over with the newest template", pushed("zero", atWeightZero)},
		{"change in mid-release", "a push in the middle of a step starts over with the newest template", pushed("mid", inStep)},
		{"change in mid-release", "a push while approval is awaited starts over with the newest template", pushed("await", awaitingApproval)},
		{"change in mid-release", "a push during the hand-over is released after it", pushed("handover", handingOver)},
		{"change in mid-release", "a push while the route goes home is released after it", pushed("final", finalizing)},
		{"change in mid-release", "a push while a bad version is rolled back is released after it", pushed("rolling", rollingBack)},
		{"change in mid-release", "a Canary deleted in mid-release leaves the baseline serving", canaryDeleted},
		{"change in mid-release", "a Deployment resumed by hand is paused again", resumedByHand},
		{"change in mid-release", "a route that somebody wrote back is set again", routeReverted},
		{"faults", "a metrics outage holds the release and nothing else", metricsOutage},
	}
}
