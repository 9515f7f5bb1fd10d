package controllers

import (
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/controllers/traffic/gatewayapi"
	"github.com/serin-dev/serin/controllers/traffic/traffictest"
	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// TestReconcileOnAControlPlane tells whole stories of Reconcile against a real API server, Deployment controller, ReplicaSet controller, EndpointSlice controller and
// garbage collector, with a clock that only the story moves.
func TestReconcileOnAControlPlane(t *testing.T) {
	if testing.Short() {
		t.Skip("stories take a while")
	}
	crds := filepath.Join(traffictest.ModuleDir(t, "sigs.k8s.io/gateway-api"), "config", "crd", "standard", gatewayapi.Group+"_")
	c := workloadtest.Start(t, filepath.Join("..", "config", "crd", "bases"), crds+"httproutes.yaml", crds+"backendtlspolicies.yaml")
	if err := c.Client.Create(t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: theNode}}); err != nil {
		t.Fatal(err)
	}
	for name, tell := range map[string]func(*testing.T, *workloadtest.Cluster){
		"a first look at a Deployment that runs writes the status, and restarts nothing":                        firstLook,
		"a reference that is wrong stalls with its field, until what it names appears":                          wrongReferences,
		"a reference that is wrong when the release begins holds it, and it goes on by itself":                  goneBeforeTheRelease,
		"a Service deleted at a step holds the release, and does not stand in the way of a rollback":            goneAtAStep,
		"of two problems the second is told when the first is mended":                                           twoProblems,
		"of two Canaries the younger leaves the Deployment alone":                                               elderCanary,
		"a good release is promoted, in three writes a step":                                                    goodRelease,
		"a long release asks the API server for little":                                                         longRelease,
		"a step of an hour is told of as it goes, in a few writes":                                              longStep,
		"an operator that hears of no change comes to the same end":                                             hearsNothing,
		"a bad release is off the traffic in the pass that saw the evidence":                                    badRelease,
		"a rollback is told on the Canary and on the Deployment":                                                toldForReal,
		"what a refusal says is the same wherever it is told":                                                   toldAlike,
		"of a release in sixty steps every event is told":                                                       toldInFull,
		"a source that brings no evidence holds the release, is told of once, and is forgotten when it is back": outageEnds,
		"a source that brings no evidence until the deadline rolls back, with its reason":                       outageLasts,
		"a source that stays away holds the release for ever where that is asked for":                           outageHeld,
		"a MetricSource tells how it is, in one write an hour while that is well":                               sourceTold,
		"a source is asked when it has taken in what is asked for":                                              sourceIntake,
		"no key of a source can be read anywhere, however it fails":                                             keysStayIn,
		"a metrics backend that is ill for ten minutes holds the release, in whatever way it is":                illBackend,
		"a metrics backend that stays ill rolls back at the deadline, in whatever way it is":                    illBackendLasts,
		"a source that falls silent at a later step holds it, whatever it said before":                          silentLater,
		"a source with a rate limit is looked at less often, and nothing passes meanwhile":                      throttled,
		"an operator that slept decides nothing before it has looked again":                                     sleeper,
		"a source that is slower than it is looked at holds a step no longer than its deadline":                 sluggish,
		"a template that no source could tell from the baseline gets no traffic":                                unjudgeable,
		"at rest, a source that could judge no release is told of":                                              unjudgeableAtRest,
		"a name that is taken is told of, and holds the release":                                                takenNames,
		"a ReplicaSet that is deleted by hand leaves a way out":                                                 deletedSets,
		"a route that is written back is set again, and told with what Argo CD needs":                           revertedRoute,
		"a route that somebody writes another weight into is set again at once":                                 overruledRoute,
		"a gateway that acknowledges no step holds it, and then it is rolled back":                              deafAtAStep,
		"a gateway that acknowledges no rollback keeps the candidate's pods":                                    deafAtRollback,
		"a gateway that acknowledges no end keeps the generated Services":                                       deafAtTheEnd,
		"a Canary deleted at a step gives the traffic back, and says how to go on":                              deletedCanary,
		"a Canary deleted before a deaf gateway does not stay for ever":                                         deletedCanaryDeafGateway,
		"a Canary deleted at rest touches nothing":                                                              deletedAtRest,
		"a Canary deleted after a refusal takes the candidate's record along":                                   deletedAfterRefusal,
		"a Deployment deleted at a step takes the candidate along":                                              deletedDeployment,
		"verbs for another revision are ignored":                                                                staleVerbs,
		"a promotion by hand overrules the evidence":                                                            promotedByHand,
		"an abort and a retry are acted upon once each":                                                         abortedAndRetried,
		"a pause and an approval last until a person says otherwise":                                            pausedAndApproved,
		"a pass that lost a race does nothing, and the next one does it":                                        lostRaces,
		"a process that ends before and after every write comes to the same end":                                crashes,
		"a process that ends in the pass of a refusal comes to the same end":                                    crashPoints,
		"nothing is decided on what was overtaken by a write of one's own":                                      staleCache,
		"a leader that was suspended does not raise a weight that another one took back":                        suspendedLeader,
		"releases are counted, and what is told of a Canary goes with it":                                       countedReleases,
		"releases are written down, to be replayed":                                                             tracedReleases,
		"a release written down across a restart replays to the same verdict":                                   restartedTraces,
		"two leaders come to one end":                                                                           twoLeaders,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tell(t, c)
		})
	}
}
