package analysis

// Question is what a source asks of its backend about one arm, for a person who wants to ask the same by hand.
type Question struct {
	// Metric is the name of the metric that it serves.
	Metric string
	Arm    Arm
	// About says what the answer is: requests, errors or p95.
	About string
	// Text is the query in the backend's own language.
	Text string
}
