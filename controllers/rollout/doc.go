// Package rollout decides what a release does next.
//
// [Decide] is a pure function: plan, memory and what was observed go in; new memory and the level to bring the world to
// come out. It knows no clock, no cluster and no error. Everything that keeps a release safe is decided here, and only here:
//
//   - the weight rises only when the candidate's pods are ready for it, the last split has settled, and the evidence does not fail;
//   - the candidate's pods go only when the split has been observed at 0, settled and drained;
//   - a refused candidate is never promoted, unless a person retries it and it passes.
//
// # The way of a release
//
//	            push                    last step passed              adopted               route home, unpaused
//	Idle ───────────────▶ Progressing ─────────────────▶ Promoting ───────────▶ Finalizing ───────────────────▶ Succeeded
//	  ▲                      │    ▲                          │                      ▲
//	  │                      │    │ newer template           │ can't be             │ template is the baseline's again
//	  │        refused,      ▼    │ (drained first)          ▼ completed            │
//	  │        superseded  RollingBack ◀─────────────────────┘                      │
//	  │                      │    └─────────────────────────────────────────────────┤
//	  │                      ▼ drained                                              │
//	  │                    Failed ──────────────────────────────────────────────────┘
//	  └── (a revert ends Idle)
//
// # Duties of the caller, in this order
//
//  1. observe the world, with facts no older than its own last write;
//  2. call Decide;
//  3. persist [Decision.State] before anything else, and stop if somebody else persisted first;
//  4. bring the world to [Decision.Desired], all of it, every time, whether or not anything changed;
//  5. tell [Decision.Event], if any, only after 3;
//  6. call again after [Decision.RequeueAfter], or earlier when the world moves.
//
// A caller that dies between any two of these and starts again reaches the same end.
package rollout
