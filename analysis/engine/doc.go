// Package engine decides, look by look, whether a release goes on, waits or goes back, with error rates that hold while
// one keeps looking.
//
// It has one idea: of the bad events (errors, or requests slower than a boundary near the baseline's quantile) that both
// arms had in a look, the candidate's share is known when nothing is wrong. What hits both arms cancels. The logarithm of
// the likelihood of every ratio between the arms' event rates is summed over looks, divided by how much more the
// baseline's own pods differ than independent requests would, and everything is read off that curve:
//
//   - roll back when a mixture of ratios worse than tolerated is so much more likely than the tolerated one that this
//     happens in at most one of a hundred releases without a regression, ever;
//   - advance when the ratios that would do harm at the next weight have become implausible;
//   - tell people the interval of the difference.
//
// The package is pure: no clock, no I/O, and the same looks give the same verdicts, also across a restart.
package engine
