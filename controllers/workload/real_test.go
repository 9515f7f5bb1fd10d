package workload

import (
	"path/filepath"
	"testing"

	"github.com/serin-dev/serin/controllers/workload/workloadtest"
)

// TestOnRealControllers tries everything against the real API server, Deployment controller, ReplicaSet controller and garbage collector.
func TestOnRealControllers(t *testing.T) {
	c := workloadtest.Start(t, filepath.Join("..", "..", "config", "crd", "bases"))
	for name, run := range map[string]func(*testing.T, *workloadtest.Cluster){
		"a first look at a Deployment at rest writes nothing":                  firstLook,
		"a first look in the middle of a rollout finds who serves":             firstLookMidRollout,
		"a release goes from push to hand-over with the pods that were judged": wholeRelease,
		"a release of an old revision takes its ReplicaSet":                    releaseOfOldRevision,
		"a release ends in every kind of Deployment":                           kindsOfDeployment,
		"a refused candidate leaves a record, and nothing once retired":        refusal,
		"a newer candidate replaces the one before":                            newerCandidate,
		"no template but the baseline's is let loose":                          nothingLetLoose,
		"a restart is no release":                                              restart,
		"a push that no gate stopped is taken back without loss of capacity":   failedOpen,
		"a rollout that had almost ended is taken back":                        failedOpenToTheEnd,
		"a resume by hand is taken back":                                       resumedByHand,
		"a push to a Deployment that recreates is taken back":                  failedOpenRecreate,
		"a Canary deleted in the foreground loses no pod before its finalizer": foregroundDeletion,
		"a Canary that vanished leaves a Deployment that needs nobody":         vanishedCanary,
		"a deleted Deployment takes the candidate along":                       deletedDeployment,
		"pods that can't become ready say why":                                 troubles,
		"ReplicaSets of others are left alone":                                 othersLeftAlone,
		"three operators hand over at once":                                    threeOperators,
		"an autoscaler never rests during a hand-over":                         restlessAutoscaler,
		"a resume by hand before any write of a hand-over":                     resumedHandOvers,
		"whatever comes between two writes of a hand-over":                     disturbedHandOvers,
		"a crash before or after any write of a release":                       crashes,
		"a Canary deleted between any two writes of a hand-over":               abandonedHandOvers,
		"the operator's own role suffices":                                     leastRights,
		"a candidate that admission changes is not kept":                       meddlingAdmission,
		"the gate pauses what a Canary targets, in the very write":             gate,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, c)
		})
	}
}
