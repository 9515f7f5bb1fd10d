// Package decisions holds Serin to what it promises about its decisions. The benchmark is the command bench-decisions; its small
// form runs as a test.
package decisions
