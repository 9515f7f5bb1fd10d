//go:build race

package controllers

// raceDetector says that everything takes ten times as long.
const raceDetector = true
