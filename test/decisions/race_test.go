//go:build race

package decisions

// raceEnabled makes do with few releases: under the race detector everything takes ten times as long.
const raceEnabled = true
