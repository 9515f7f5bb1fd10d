// Package rollout decides what a release does next.
//
// [Decide] is a pure function: plan, memory and what was observed go in; new memory and the level to bring the world to
// come out. It knows no clock, no cluster and no error. Everything that keeps a release safe is decided here, and only here:
//
//   - the weight rises by one step at a time, and only when the candidate's pods are ready for it, the last split has settled, and the step has passed on
//     evidence, or a person or the plan waives the evidence;
//   - a candidate that no source could tell from the baseline gets nothing, unless a person promotes it;
//   - requests go to the baseline alone only while it has the pods to take them;
//   - the candidate's pods go only when the split has been observed at 0, settled and drained;
//   - a refused candidate gets nothing, unless a person retries it;
//   - a template that was not judged is never let loose, except where nothing serves that it could be compared with.
//
// # The way of a release
//
//	            push                    last step passed              handed over             route home, unpaused
//	Idle ───────────────▶ Progressing ─────────────────▶ Promoting ───────────▶ Finalizing ───────────────────▶ Succeeded
//	  ▲                      │                               │                      ▲
//	  │                      │ refused, superseded,          │ can't be             │ the template is
//	  │                      ▼ reverted, deleted ...         │ completed            │ the baseline's again
//	  └───────────────── RollingBack ◀───────────────────────┘                      │
//	   workload or           │    │                                                 │
//	   Canary is gone        │    └─────────────────────────────────────────────────┤
//	                         ▼ refused                                              │
//	                       Failed ──────────────────────────────────────────────────┘
//
// All of it, as the tests find it:
//
//	from         to           when
//	Idle         Progressing  a new template is wanted
//	Idle         Finalizing   a new template is wanted that nothing can be compared with
//	Idle         RollingBack  the baseline was replaced while nobody watched
//	Succeeded    Progressing  a new template is wanted
//	Succeeded    Finalizing   a new template is wanted that nothing can be compared with
//	Succeeded    RollingBack  the baseline was replaced while nobody watched
//	Succeeded    Idle         the workload is gone
//	Progressing  Promoting    the last step has passed, or the baseline was deleted and nothing else serves
//	Progressing  RollingBack  the candidate is refused, or nobody wants it any more
//	Progressing  Finalizing   the workload rolled it out while nobody watched, or nothing of either revision is left
//	Promoting    Finalizing   the candidate is the workload's own
//	Promoting    RollingBack  the hand-over can't be completed, or nobody wants it any more
//	Finalizing   Succeeded    the promotion is over
//	Finalizing   Idle         a revert or a template without a release is over
//	Finalizing   Progressing  a newer template is wanted
//	Finalizing   RollingBack  the baseline was replaced while nobody watched
//	RollingBack  Failed       the refused template is still wanted
//	RollingBack  Progressing  a newer template is wanted, or a person retries the refused one
//	RollingBack  Finalizing   the template is the baseline's again, or the workload rolled it out while nobody watched
//	RollingBack  Idle         the workload is gone, or the Canary is being deleted
//	Failed       Progressing  a person retries the refused template
//	Failed       RollingBack  a newer template is wanted, or the refused one got pods behind our back
//	Failed       Finalizing   the template is the baseline's again, or the workload rolled it out while nobody watched
//	Failed       Idle         the workload is gone
//
// # Duties of the caller, in this order
//
//  1. observe the world, with facts no older than its own last write;
//  2. call Decide;
//  3. persist [Decision.State] before anything else: at once if its [State.Significant] part has changed, and stop if somebody else persisted first, even
//     when there is nothing to persist;
//  4. bring the world to [Decision.Desired], all of it, every time, whether or not anything changed;
//  5. tell [Decision.Event], if any, only after 3;
//  6. call again after [Decision.RequeueAfter], or earlier when the world moves.
//
// A caller that dies between any two of these and starts again reaches the same end. It starts with what was persisted, and sets [State.EnteredAt] to the
// present if it is set: waits begin anew, for nobody was there to see them end.
package rollout
