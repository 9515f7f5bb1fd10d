// Package http01 holds the options of the HTTP challenge. They have no effect.
package http01

import "time"

// PathPrefix is the path at which a token is looked for.
const PathPrefix = "/.well-known/acme-challenge/"

// ChallengeOption changes how the challenge is made.
type ChallengeOption func()

func SetDelay(time.Duration) ChallengeOption { return func() {} }
