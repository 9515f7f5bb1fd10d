// Package tlsalpn01 holds the options of the TLS challenge. They have no effect.
package tlsalpn01

import (
	"time"

	"github.com/go-acme/lego/v5/internal/absent"
)

// ACMETLS1Protocol is the protocol's name in ALPN; Traefik's TCP routing knows it.
const ACMETLS1Protocol = "acme-tls/1"

// ChallengeOption changes how the challenge is made.
type ChallengeOption func()

func SetDelay(time.Duration) ChallengeOption { return func() {} }

// ChallengeBlocks would make the challenge's certificate and key.
func ChallengeBlocks(_, _ string) (certificate, key []byte, err error) {
	return nil, nil, absent.ErrACME
}
