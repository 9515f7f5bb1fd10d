package rollout_test

import (
	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/controllers/rollout"
)

// journey is a release with what happens to it. The happenings follow its progress, never the clock, so that a journey with crashes is the same journey.
type journey struct {
	name string
	// before arranges the world; during is called at every moment, with the weight that the data plane gives the candidate.
	before func(w *world, p *rollout.Plan)
	during func(w *world, weight int32)
	// impatient is set where the workload rolls by itself until the operator comes: it comes back soon, and lives until it has paused the workload.
	impatient bool
	want      rollout.Phase
}

func push(revision string) func(*world, int32) {
	return func(w *world, _ int32) { w.pushOnce(revision) }
}

// at calls then once the data plane gives the candidate weight.
func at(weight int32, then func(w *world)) func(*world, int32) {
	return func(w *world, is int32) {
		w.pushOnce("v2")
		if is == weight {
			then(w)
		}
	}
}

func journeys() []journey {
	failing := analysis.Report{Verdict: analysis.Fail, Message: "errors 5% against 0.1%"}
	doubtful := func(w *world, _ *rollout.Plan) {
		w.verdicts["v2"] = analysis.Report{Message: "12 requests of 50"}
	}
	return []journey{
		{name: "a good release", during: push("v2"), want: rollout.Succeeded},
		{name: "evidence against the candidate at 50%", during: at(50, func(w *world) { w.verdicts["v2"] = failing }), want: rollout.Failed},
		{name: "pods that crash at 10%", during: at(10, func(w *world) { w.broken = "v2" }), want: rollout.Failed},
		{name: "pods that never become ready", before: func(w *world, _ *rollout.Plan) { w.stuck = "v2" }, during: push("v2"), want: rollout.Failed},
		{name: "a newer template at 10%", during: at(10, func(w *world) { w.pushOnce("v3") }), want: rollout.Succeeded},
		{name: "a newer template at the hand-over", during: func(w *world, _ int32) {
			w.pushOnce("v2")
			if v1 := w.set("v1"); v1.owner == byCanary {
				w.pushOnce("v3")
			}
		}, want: rollout.Succeeded},
		{name: "a revert at 50%", during: at(50, func(w *world) { w.pushOnce("v1") }), want: rollout.Idle},
		{name: "a revert after a refusal", before: func(w *world, _ *rollout.Plan) { w.verdicts["v2"] = failing }, during: func(w *world, _ int32) {
			w.pushOnce("v2")
			if w.rolledBack("v2") {
				w.pushOnce("v1")
			}
		}, want: rollout.Idle},
		{name: "a fix after a refusal", before: func(w *world, _ *rollout.Plan) { w.verdicts["v2"] = failing }, during: func(w *world, _ int32) {
			w.pushOnce("v2")
			if w.rolledBack("v2") {
				w.pushOnce("v3")
			}
		}, want: rollout.Succeeded},
		{name: "another try after a refusal", before: func(w *world, _ *rollout.Plan) { w.verdicts["v2"] = failing }, during: func(w *world, _ int32) {
			w.pushOnce("v2")
			if w.rolledBack("v2") {
				delete(w.verdicts, "v2")
				w.wishes.Retry = "v2"
			}
		}, want: rollout.Succeeded},
		{name: "a Canary deleted at 10%", during: at(10, func(w *world) { w.ending = true }), want: rollout.Idle},
		{name: "a workload deleted at 50%", during: at(50, func(w *world) { w.remove() }), want: rollout.Idle},
		{name: "a workload scaled to 0 at 10%", during: at(10, func(w *world) { w.replicas = 0 }), want: rollout.Idle},
		{name: "a workload scaled up at 50%", during: at(50, func(w *world) { w.replicas = 9 }), want: rollout.Succeeded},
		{name: "an abort at 10%", during: at(10, func(w *world) { w.wishes.Abort = "v2" }), want: rollout.Failed},
		{name: "a promotion forced at 10%", before: doubtful, during: at(10, func(w *world) { w.wishes.Promote = "v2" }), want: rollout.Succeeded},
		{name: "no verdict, rolled back", before: doubtful, during: push("v2"), want: rollout.Failed},
		{name: "no verdict, advanced", before: func(w *world, p *rollout.Plan) {
			doubtful(w, p)
			p.OnInconclusive = rollout.AdvanceIfInconclusive
		}, during: push("v2"), want: rollout.Succeeded},
		{name: "a route written back at 50%", during: func(w *world, weight int32) {
			w.pushOnce("v2")
			if weight == 50 && !w.reverted {
				w.reverted, w.route = true, route{home: true}
			}
		}, want: rollout.Succeeded},
		{name: "a share of the pods", before: func(w *world, _ *rollout.Plan) { w.podShare = true }, during: push("v2"), want: rollout.Succeeded},
		{name: "a share of the pods, refused", before: func(w *world, _ *rollout.Plan) {
			w.podShare = true
			w.verdicts["v2"] = failing
		}, during: push("v2"), want: rollout.Failed},
		{name: "a Canary made in the middle of a rollout that somebody paused", before: func(w *world, _ *rollout.Plan) {
			w.wanted, w.paused = "v2", true
			w.sets = append(w.sets, &set{revision: "v2", owner: byDeployment, pods: 1, available: 1})
		}, during: func(*world, int32) {}, want: rollout.Succeeded},
		{name: "no gate", before: func(w *world, _ *rollout.Plan) { w.gate = false }, during: push("v2"), impatient: true, want: rollout.Succeeded},
		{name: "no gate, refused", before: func(w *world, _ *rollout.Plan) {
			w.gate = false
			w.verdicts["v2"] = failing
		}, during: push("v2"), impatient: true, want: rollout.Failed},
		{name: "a workload resumed by hand at 10%", during: func(w *world, weight int32) {
			w.pushOnce("v2")
			if weight == 10 && !w.reverted {
				w.reverted, w.paused = true, false
			}
		}, impatient: true, want: rollout.Succeeded},
	}
}
