package rollout_test

import (
	"math/rand/v2"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/controllers/rollout"
)

// mutation is something that happens to a release from outside, at any moment.
type mutation struct {
	name  string
	apply func(w *world, op *operator, r *rand.Rand)
}

// mutations are everything that may come in between. Each draws its details from r.
func mutations() []mutation {
	return []mutation{
		{"a newer template is pushed", func(w *world, _ *operator, _ *rand.Rand) { w.push("v3") }},
		{"the template is reverted", func(w *world, _ *operator, _ *rand.Rand) { w.push("v1") }},
		{"the workload is restarted", func(w *world, _ *operator, _ *rand.Rand) { w.push(w.wanted + restarted) }},
		{"the workload is scaled to 0, up or down", func(w *world, _ *operator, r *rand.Rand) { w.replicas = max(0, r.Int32N(16)-4) }},
		{"the evidence speaks against the candidate", func(w *world, op *operator, _ *rand.Rand) {
			w.verdicts[original(op.memory.Candidate)] = analysis.Report{Verdict: analysis.Fail, Message: "errors 5% against 0.1%"}
		}},
		{"the source falls silent, or could not tell the versions apart any more", func(w *world, _ *operator, _ *rand.Rand) {
			w.silent, w.alike = "dial tcp: connection refused", "both versions have the same labels"
		}},
		{"the candidate's pods crash, or never become ready", func(w *world, _ *operator, r *rand.Rand) {
			if r.IntN(2) == 0 {
				w.broken = original(w.wanted)
			} else {
				w.stuck = original(w.wanted)
			}
		}},
		{"somebody writes the route back, or another weight into it", func(w *world, _ *operator, r *rand.Rand) {
			if w.route.gone {
				return
			}
			w.route = route{home: true}
			if r.IntN(4) == 0 {
				w.route = route{weight: 77}
			}
			if r.IntN(2) == 0 {
				w.follow(w.route)
			}
		}},
		{"the route is deleted, or the gateway acknowledges nothing", func(w *world, _ *operator, r *rand.Rand) {
			if r.IntN(2) == 0 {
				w.route = route{gone: true}
				w.follow(w.route)
			} else {
				w.deaf = true
			}
		}},
		{"the operator is away for a while", func(w *world, op *operator, r *rand.Rand) {
			op.reload()
			for range r.IntN(200) {
				w.tick(interval)
			}
		}},
		{"somebody resumes the workload by hand", func(w *world, _ *operator, _ *rand.Rand) { w.paused = false }},
		{"a person wishes something for this revision", func(w *world, op *operator, r *rand.Rand) { wish(w, op.memory.Candidate, r) }},
		{"a person wishes something for another revision", func(w *world, _ *operator, r *rand.Rand) {
			for range 3 {
				wish(w, "v0", r)
			}
		}},
		{"the plan is edited", func(_ *world, op *operator, r *rand.Rand) {
			op.plan.Steps = [][]rollout.Step{
				{{Weight: 100, Bake: interval}},
				{{Weight: 5, Bake: interval}, {Weight: 30, Bake: interval, Approval: true}, {Weight: 100}},
				{{Weight: 20, Bake: 2 * interval}, {Weight: 50}, {Weight: 60, Bake: interval}, {Weight: 100, Bake: interval}},
			}[r.IntN(3)]
		}},
		{"the Canary is deleted", func(w *world, _ *operator, _ *rand.Rand) { w.ending = true }},
		{"the workload is deleted", func(w *world, _ *operator, _ *rand.Rand) { w.remove() }},
	}
}

// wish writes one verb for a revision, sometimes made new by what follows the @.
func wish(w *world, revision string, r *rand.Rand) {
	if r.IntN(3) == 0 {
		revision += "@" + w.now.Format(time.TimeOnly)
	}
	v := &w.wishes
	*[]*string{&v.Promote, &v.Abort, &v.Approve, &v.Pause, &v.Resume, &v.Retry}[r.IntN(6)] = revision
}
