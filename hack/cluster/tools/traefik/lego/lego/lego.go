// Package lego is the client, which can be configured but not made.
package lego

import (
	"context"
	"crypto/x509"
	"net/http"
	"time"

	"github.com/go-acme/lego/v5/acme"
	"github.com/go-acme/lego/v5/certificate"
	"github.com/go-acme/lego/v5/challenge"
	"github.com/go-acme/lego/v5/challenge/dns01"
	"github.com/go-acme/lego/v5/challenge/http01"
	"github.com/go-acme/lego/v5/challenge/tlsalpn01"
	"github.com/go-acme/lego/v5/internal/absent"
	"github.com/go-acme/lego/v5/registration"
)

// DirectoryURLLetsEncrypt is the default certificate authority in Traefik's configuration: here, nobody.
const DirectoryURLLetsEncrypt = "https://acme.invalid/"

// Config configures a Client.
type Config struct {
	CADirURL, UserAgent string
	HTTPClient          *http.Client
	Certificate         struct{ Timeout time.Duration }
}

func NewConfig(_ any) *Config { return new(Config) }

// Client would talk to a certificate authority.
type Client struct {
	Challenge    challenges
	Registration registrations
	Certificate  certificates
}

// NewClient always fails, so no method below is ever called.
func NewClient(*Config) (*Client, error) { return nil, absent.ErrACME }

func CreateCertPool([]string, bool) (*x509.CertPool, error) { return nil, absent.ErrACME }

type challenges struct{}

func (challenges) SetDNS01Provider(challenge.Provider, ...dns01.ChallengeOption) error {
	return absent.ErrACME
}

func (challenges) SetHTTP01Provider(challenge.Provider, ...http01.ChallengeOption) error {
	return absent.ErrACME
}

func (challenges) SetTLSALPN01Provider(challenge.Provider, ...tlsalpn01.ChallengeOption) error {
	return absent.ErrACME
}

type registrations struct{}

func (registrations) Register(context.Context, registration.RegisterOptions) (*acme.ExtendedAccount, error) {
	return nil, absent.ErrACME
}

func (registrations) RegisterWithExternalAccountBinding(context.Context, registration.RegisterEABOptions) (*acme.ExtendedAccount, error) {
	return nil, absent.ErrACME
}

type certificates struct{}

func (certificates) Obtain(context.Context, certificate.ObtainRequest) (*certificate.Resource, error) {
	return nil, absent.ErrACME
}

func (certificates) Renew(context.Context, certificate.Resource, *certificate.RenewOptions) (*certificate.Resource, error) {
	return nil, absent.ErrACME
}
