// Package certificate holds what is asked of and got from a certificate authority.
package certificate

import "github.com/go-acme/lego/v5/certcrypto"

type (
	// Resource is a certificate that was issued.
	Resource struct {
		ID                      string
		Domains                 []string
		Certificate, PrivateKey []byte
	}
	// ObtainRequest asks for a new one.
	ObtainRequest struct {
		Domains, EmailAddresses []string
		Bundle                  bool
		Profile, PreferredChain string
		EnableCommonName        bool
		KeyType                 certcrypto.KeyType
	}
	// RenewOptions asks for the same one again.
	RenewOptions struct {
		Bundle                  bool
		EmailAddresses          []string
		Profile, PreferredChain string
		EnableCommonName        bool
	}
)
