// Package controllers joins the cluster to the decisions.
//
// Reconcile has four verbs, always in this order: observe the world, decide (package rollout, pure), record the memory, act. Recording comes first, so that
// a crash never forgets a decision that was acted upon, and it is an optimistic write, so that of two leaders only one goes on. Acting asserts the whole
// level that was decided, every time, whether or not anything changed: there is no script to resume after a crash.
package controllers
