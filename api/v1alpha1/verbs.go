package v1alpha1

import "strings"

// Finalizer keeps a Canary until the traffic is back on the baseline and its candidate is gone.
const Finalizer = Group + "/release"

// The verbs of people are annotations on a Canary, so that plain kubectl suffices and Git never reverts them:
//
//	kubectl annotate --overwrite canary read-api serin.dev/promote=6d4cf56db6
//
// The value is the revision meant, so that a stale wish never meets another revision. Each value is acted on once; to wish the
// same again write <revision>@<anything>. See [ParseVerb].
const (
	// AnnotationPromote promotes the candidate without waiting for further evidence, and overrules evidence against it.
	AnnotationPromote = Group + "/promote"
	// AnnotationAbort ends the release and gives the traffic back to the baseline.
	AnnotationAbort = Group + "/abort"
	// AnnotationApprove lets a step that awaits approval pass.
	AnnotationApprove = Group + "/approve"
	// AnnotationPause keeps the release where it is. Evidence against the candidate still rolls it back.
	AnnotationPause = Group + "/pause"
	// AnnotationResume ends a pause.
	AnnotationResume = Group + "/resume"
	// AnnotationRetry tries a refused candidate once more.
	AnnotationRetry = Group + "/retry"
)

// ParseVerb splits the value of a verb's annotation into the revision meant. It reports false for a value that names none, or that
// is too long to be acknowledged in the status; such a wish is not acted on.
func ParseVerb(value string) (revision string, ok bool) {
	if len(value) > MaxVerbValue {
		return "", false
	}
	revision, _, _ = strings.Cut(value, "@")
	return revision, revision != ""
}
