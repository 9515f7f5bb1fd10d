//go:build race

package rollout_test

// raceEnabled thins out the largest tests: under the race detector everything takes ten times as long.
const raceEnabled = true
