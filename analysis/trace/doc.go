// Package trace writes a release down as the engine saw it, and reads it back: to replay it under another policy, and to let a
// report of a wrong decision carry its evidence.
//
// A trace is lines of JSON. The first is the [Header]: which release, which policy, which steps. Then follow the looks, those of
// the baseline before the release (weight 0) and those of the release, and at last a line with the [End]. A trace without it was
// cut short. docs/traces.md shows every field by example.
//
// All counts are sums since the header, so that what a look showed is the difference between two lines: lines may be cut out,
// and what they counted arrives with the next line that counts the same. A number is a decimal and sums are sums of decimals,
// hence nothing is rounded on the way: what is read are the looks that were written, bit for bit.
//
// A trace may begin in mid-release, when its operator was restarted. Then the header says so, and brings what the engine remembered ([Resumed]): looks alone would
// replay to other verdicts than the release had.
//
// There are two ways to write one. [Writer] streams everything the engine saw, pods included. [Compact] keeps the totals of each
// arm, a few kilobytes for a whole release, so that the last one can always be kept. [Reader] reads both, also zipped and as text.
//
// The package is pure: it knows no clock and no file, only streams that it is handed.
package trace
