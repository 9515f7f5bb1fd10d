// Package challenge holds the interface Traefik's own challenge servers implement.
package challenge

import "context"

// Provider shows a token to the certificate authority, and takes it away again.
type Provider interface {
	Present(ctx context.Context, domain, token, keyAuth string) error
	CleanUp(ctx context.Context, domain, token, keyAuth string) error
}
