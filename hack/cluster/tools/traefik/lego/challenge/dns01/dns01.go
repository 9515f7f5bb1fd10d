// Package dns01 holds the options of the DNS challenge. They have no effect.
package dns01

import (
	"strings"
	"time"
)

type (
	// ChallengeOption changes how the challenge is made.
	ChallengeOption func()
	// Client resolves names for the challenge.
	Client struct{}
	// Options configures a Client.
	Options struct{ RecursiveNameservers []string }
)

func NewClient(*Options) *Client { return new(Client) }
func SetDefaultClient(*Client)   {}

func CondOptions(bool, ...ChallengeOption) ChallengeOption           { return none }
func DisableAuthoritativeNssPropagationRequirement() ChallengeOption { return none }
func DisableRecursiveNSsPropagationRequirement() ChallengeOption     { return none }
func PropagationWait(time.Duration, bool) ChallengeOption            { return none }

func none() {}

// UnFqdn removes a name's final dot. Traefik uses it on every domain, ACME or not.
func UnFqdn(name string) string { return strings.TrimSuffix(name, ".") }
