package analysis

import "time"

// Look is what one interval of a release showed, of both arms. Looks follow each other in time and do not overlap.
type Look struct {
	Window Window
	// Weight is the candidate's share of the traffic during the look, 0 to 100; 0 before the release, when there is only a baseline to learn from.
	Weight int32
	// Next is the weight that a Pass would bring, Weight to 100.
	Next int32
	// Pods are the pods of both arms that Kubernetes knew of, also those that the source does not tell apart. A pod that the
	// source counts but that is missing here counts as one that became ready when it was first seen.
	Pods []Pod
	// Observations of the window, in any order. A metric and arm without one was not answered for: that is no evidence, and
	// not the same as a count of 0. What a source brings late, for a window that was looked at before, is left out by it.
	Observations []Observation
}

// Pod serves one arm.
type Pod struct {
	Name string
	Arm  Arm
	// ReadySince is when it last began to serve; a container that restarted begins anew.
	ReadySince time.Time
}
