// Package status is what the stand-in tells of itself, by itself: who reads it needs none of what the stand-in is made of.
package status

import "time"

// Path is where it is served.
const Path = "/status"

// Status counts since the stand-in began.
type Status struct {
	Since time.Time `json:"since"`
	// Pods are those whose requests were counted the last time, Requests and Errors what was counted of all in all.
	Pods     int     `json:"pods"`
	Requests float64 `json:"requests"`
	Errors   float64 `json:"errors"`
	// Looks are the questions about the pods' requests, Health the others, and Refused those of both that the rate limit refused.
	Looks   int `json:"looks"`
	Health  int `json:"health"`
	Refused int `json:"refused"`
	// Limit requests are answered an hour.
	Limit int `json:"limit"`
}
